//! `value_bands.*`: named levels of money, and what it takes to reach them.
//!
//! What a level is compared with, the engine knows. Two levels that one amount would reach at once are refused, as is a name that records
//! use for being in none. Called by `check`.

use super::keys::Keys;
use super::values;
use crate::engine::{LEVELS_MAX, Level, NO_LEVEL};

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
        let Some(at_least) = keys.optional(&key, |entry| values::amounts(&entry.value)) else { continue };
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

fn has_bound_of(other: &Level, level: &Level) -> bool {
    level.at_least.iter().any(|(currency, minor)| other.at_least.get(currency) == Some(minor))
}

fn checked_name(name: &str) -> Result<(), String> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    if name == NO_LEVEL {
        return Err(format!("`{NO_LEVEL}` is what records say of who is in none"));
    }
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(is_letter) {
        return Err(format!("a name is at most {NAME_BYTES_MAX} of the characters a-z, 0-9, _ and -, got `{name}`"));
    }
    Ok(())
}
