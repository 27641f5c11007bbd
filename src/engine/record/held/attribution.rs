//! What a row holds of mails a customer clicked and of plays that wanted to mail them, in words.
//!
//! Nothing is left out; a play that is no longer configured has no name. Part of `held`.

use super::play_name;
use crate::engine::attribution::{Attribution, Click, Exposure};
use crate::engine::record::json::json_object;
use crate::engine::record::time::Time;
use crate::engine::settings::Settings;

#[derive(utoipa::ToSchema)]
pub(super) struct HeldAttribution<'a> {
    emails_before_first_order: u32,
    clicks: Vec<HeldClick<'a>>,
    exposures: Vec<HeldExposure<'a>>,
}

json_object!(HeldAttribution<'_> { emails_before_first_order, clicks, exposures });

#[derive(utoipa::ToSchema)]
struct HeldClick<'a> {
    play: Option<&'a str>,
    at: Time,
}

json_object!(HeldClick<'_> { play, at });

#[derive(utoipa::ToSchema)]
struct HeldExposure<'a> {
    play: Option<&'a str>,
    control: bool,
    ordered: bool,
    at: Time,
}

json_object!(HeldExposure<'_> { play, control, ordered, at });

pub(super) fn held<'a>(attribution: &Attribution, settings: &'a Settings) -> HeldAttribution<'a> {
    let click = |click: &Click| HeldClick { play: play_name(click.play, settings), at: Time(click.at_ms) };
    let exposure = |exposure: &Exposure| HeldExposure {
        play: play_name(exposure.play, settings),
        control: exposure.is_control,
        ordered: exposure.has_ordered,
        at: Time(exposure.at_ms),
    };
    HeldAttribution {
        emails_before_first_order: attribution.touches,
        clicks: attribution.clicks.iter().map(click).collect(),
        exposures: attribution.exposures.iter().map(exposure).collect(),
    }
}
