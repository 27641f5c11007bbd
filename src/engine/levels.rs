//! Named levels of money: value bands and loyalty tiers, each with what it takes to reach it, by currency.
//!
//! A customer's row names a level by a fingerprint of its name, so that another name is another level. It knows no customers: what is
//! compared with a level, and when, `bands` and `tiers` decide. Built by `config`.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use crate::event::Currency;

/// Levels of a kind: customers are told apart by a handful, and each score looks at all of them.
pub const LEVELS_MAX: usize = 16;

/// Below the lowest level, for somebody who was in one; no level bears this name.
pub const NONE: &str = "none";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    pub name: String,
    /// How rows name it.
    pub key: u64,
    /// Minor units; in a currency that is not listed nobody reaches it.
    pub at_least: BTreeMap<Currency, i64>,
}

impl Level {
    pub fn new(name: &str, at_least: BTreeMap<Currency, i64>) -> Level {
        Level { name: name.to_owned(), key: key_of(name), at_least }
    }

    pub fn at_least_minor(&self, currency: Currency) -> Option<i128> {
        self.at_least.get(&currency).map(|minor| i128::from(*minor))
    }
}

/// The fingerprint of a level's name.
pub fn key_of(name: &str) -> u64 {
    xxh3_64(name.as_bytes())
}

/// The highest level that an amount reaches.
pub fn reached(levels: &[Level], currency: Currency, minor: i128) -> Option<&Level> {
    let told = levels.iter().filter_map(|level| Some((level.at_least_minor(currency)?, level)));
    told.filter(|(at_least, _)| *at_least <= minor).max_by_key(|(at_least, _)| *at_least).map(|(_, level)| level)
}

/// What a level in a row is called; `None`: there is none of this name any more.
pub fn name_of(levels: &[Level], key: u64) -> Option<&str> {
    if key == key_of(NONE) {
        return Some(NONE);
    }
    levels.iter().find(|level| level.key == key).map(|level| level.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_level_reached_counts_and_one_of_another_currency_never() {
        let currency = |code| Currency::from_code(code).unwrap();
        let level = |name, minor| Level::new(name, BTreeMap::from([(currency("USD"), minor)]));
        let levels = [level("gold", 500), level("silver", 100)];
        let name = |code, minor| reached(&levels, currency(code), minor).map(|level| level.name.as_str());
        assert_eq!([name("USD", 99), name("USD", 100), name("USD", 500)], [None, Some("silver"), Some("gold")]);
        assert_eq!(name("EUR", 10_000), None);
        assert_eq!(
            [name_of(&levels, key_of("gold")), name_of(&levels, key_of(NONE)), name_of(&levels, 7)],
            [Some("gold"), Some(NONE), None]
        );
    }
}
