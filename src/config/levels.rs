//! `value_bands.*` and `loyalty.*`: named levels of money, and what it takes to reach them.
//!
//! What a level is compared with, the engine knows. Two levels that one amount would reach at once are refused, as is a name that records
//! use for being in none. Called by `check`.

use toml::Value;

use super::keys::Keys;
use super::layers::Entry;
use super::values::{self, DAY_MS, DURATION_MS_MAX, expected};
use crate::engine::{LEVELS_MAX, Level, LoyaltyRules, NO_LEVEL, WINDOW_DAYS_MAX};

/// Instead of a name, in the trigger of a play.
pub const ANY_LEVEL: &str = "any";
/// Names stand in records.
const NAME_BYTES_MAX: usize = 32;

const BANDS: &str = "value_bands";

/// The value bands, by name.
pub fn value_bands(keys: &mut Keys<'_>) -> Vec<Level> {
    let names: Vec<&str> = keys.open(BANDS).into_iter().map(|(name, _)| name).collect();
    if names.len() > LEVELS_MAX {
        keys.refuse(BANDS, format!("{} bands, at most {LEVELS_MAX} are possible", names.len()));
    }
    let mut bands: Vec<Level> = Vec::new();
    for name in names {
        let key = format!("{BANDS}.{name}");
        let Some(at_least) = keys.optional(&key, |entry: &Entry| values::amounts(&entry.value, 1)) else { continue };
        let band = Level::new(name, at_least);
        if let Err(message) = checked_name(name) {
            keys.refuse(&key, message);
        } else if let Some(twin) = bands.iter().find(|other| has_bound_of(other, &band)) {
            keys.refuse(&key, format!("begins at the same amount as {}", twin.name));
        }
        bands.push(band);
    }
    bands
}

pub fn loyalty(keys: &mut Keys<'_>) -> LoyaltyRules {
    LoyaltyRules {
        tiers: keys.optional("loyalty.tiers", tiers).unwrap_or_default(),
        window_ms: keys.required("loyalty.window", values::duration(DAY_MS..=WINDOW_DAYS_MAX * DAY_MS)),
        grace_ms: keys.required("loyalty.grace", values::duration(0..=DURATION_MS_MAX)),
    }
}

fn tiers(entry: &Entry) -> Result<Vec<Level>, String> {
    let array = entry.value.as_array().filter(|array| array.len() <= LEVELS_MAX);
    let form =
        || expected(&format!("at most {LEVELS_MAX} tiers such as [{{ name = \"silver\", spend = {{ USD = 20000 }} }}]"), &entry.value);
    let tiers: Vec<Level> = array.ok_or_else(form)?.iter().map(tier).collect::<Result<_, _>>()?;
    for (place, tier) in tiers.iter().enumerate() {
        for lower in &tiers[..place] {
            if lower.name == tier.name {
                return Err(format!("names the tier {} twice", tier.name));
            }
            let is_more = |(currency, minor)| lower.at_least.get(currency).is_none_or(|less| less < minor);
            if !tier.at_least.iter().all(is_more) {
                return Err(format!("spend must rise from tier to tier, and {} takes no more than {}", tier.name, lower.name));
            }
        }
    }
    Ok(tiers)
}

fn tier(value: &Value) -> Result<Level, String> {
    let form = || expected("a tier such as { name = \"silver\", spend = { USD = 20000 } }", value);
    let table = value.as_table().filter(|table| table.len() == 2).ok_or_else(form)?;
    let name = table.get("name").and_then(Value::as_str).ok_or_else(form)?;
    checked_name(name)?;
    let spend = values::amounts(table.get("spend").ok_or_else(form)?, 1).map_err(|message| format!("{name}: {message}"))?;
    Ok(Level::new(name, spend))
}

fn has_bound_of(other: &Level, level: &Level) -> bool {
    level.at_least.iter().any(|(currency, minor)| other.at_least.get(currency) == Some(minor))
}

fn checked_name(name: &str) -> Result<(), String> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    if name == NO_LEVEL {
        return Err(format!("`{NO_LEVEL}` is what records say of who is in none"));
    }
    if name == ANY_LEVEL {
        return Err(format!("`{ANY_LEVEL}` is what plays say that begin with every one of them"));
    }
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(is_letter) {
        return Err(format!("a name is at most {NAME_BYTES_MAX} of the characters a-z, 0-9, _ and -, got `{name}`"));
    }
    Ok(())
}
