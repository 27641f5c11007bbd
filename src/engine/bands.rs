//! The value band of a customer: the highest of the configured ones that their total value, past and expected, reaches. Told on the
//! track `value_band`.
//!
//! It is looked at whenever the value is told anew, and never otherwise: nobody changes band for what others did, nor because a day has
//! passed. Who falls below all bands is in `none`. Called by `value`; read by `actions`.

use super::customer::Customer;
use super::levels::{self, NONE};
use super::lifecycle::Why;
use super::plays;
use super::record::money::Amount;
use super::scene::Scene;
use super::settings::{Settings, Track};
use super::transitions;

/// Says so if the total is of another band than before.
pub fn settle(customer: &mut Customer, total: &Amount, by: Why, scene: &mut Scene<'_>) {
    let bands = &scene.rules.settings.value_bands;
    // rows of old versions have no place for a band
    if !scene.cells.are_kept() || bands.is_empty() {
        customer.value_band = None;
        return;
    }
    let to = levels::reached(bands, total.currency, total.minor).map_or(NONE, |band| band.name.as_str());
    let former = customer.value_band;
    // who never was in a band falls out of none
    if former.unwrap_or(levels::key_of(NONE)) == levels::key_of(to) {
        return;
    }
    customer.value_band = Some(levels::key_of(to));
    let from = former.and_then(|key| levels::name_of(bands, key));
    transitions::write(customer, Track::ValueBand.as_str(), from, to, by, scene);
    plays::on_level(customer, Track::ValueBand, to, scene.time_ms, scene);
}

/// The band's name; `None`: in none, or in one that the configuration no longer has.
pub fn band_of<'a>(customer: &Customer, settings: &'a Settings) -> Option<&'a str> {
    levels::name_of(&settings.value_bands, customer.value_band?).filter(|name| *name != NONE)
}
