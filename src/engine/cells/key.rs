//! What a cell is found by: its name, its dimensions in order, the beginning of its window. The key is text, and is stored.
//!
//! `cost|channel=email,currency=USD,kind=acquire|2026-01`. Values are cut and cleaned, so that no key can be read in two ways. It knows no
//! figures. Used by `cells` and by whoever counts.

use std::fmt::Write;
use std::hash::Hasher;

use jiff::civil::Date;
use rustc_hash::FxHasher;

use super::calendar::Day;
use crate::event::cut;

/// A dimension's value, for a table that people read. Longer: cut.
pub const VALUE_BYTES_MAX: usize = 32;

/// What is not known.
pub const UNKNOWN: &str = "unknown";
/// What is too many to be told apart.
pub const OTHER: &str = "other";

/// Dimensions that are never folded: sums of two currencies, or of two kinds of cost, would mean nothing.
const KEPT_DIMENSIONS: [&str; 2] = ["currency", "kind"];

/// What a cell adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    Count = 0,
    /// Minor units; the currency is a dimension.
    Sum = 1,
    /// Durations, of which quantiles can be read off.
    Sketch = 2,
}

impl Figure {
    pub const ALL: [Figure; 3] = [Figure::Count, Figure::Sum, Figure::Sketch];

    pub fn as_str(self) -> &'static str {
        match self {
            Figure::Count => "count",
            Figure::Sum => "sum",
            Figure::Sketch => "sketch",
        }
    }
}

/// The stretch of time a cell is about, in the zone of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    All = 0,
    Day = 1,
    Month = 2,
    /// From Monday on.
    Week = 3,
}

impl Window {
    pub const ALL: [Window; 4] = [Window::All, Window::Day, Window::Month, Window::Week];

    pub fn as_str(self) -> &'static str {
        match self {
            Window::All => "all",
            Window::Day => "day",
            Window::Month => "month",
            Window::Week => "week",
        }
    }
}

/// Where something is counted. `at_ms` decides the window.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub name: &'static str,
    pub figure: Figure,
    /// In order of their names; an empty value is not known.
    pub dims: &'a [(&'static str, &'a str)],
    pub window: Window,
    pub at_ms: i64,
}

impl Place<'_> {
    /// `day`: of `at_ms`.
    pub fn write_key(&self, day: &Day, key: &mut String) {
        debug_assert!(self.dims.is_sorted());
        self.write(key, |_, value| value, |key| write_start(self.window, day, key));
    }

    /// The key of what is counted once there are too many cells.
    pub fn write_folded_key(&self, key: &mut String) {
        let fold = |name, value| if KEPT_DIMENSIONS.contains(&name) { value } else { OTHER };
        self.write(key, fold, |key| key.push_str(if self.window == Window::All { Window::All.as_str() } else { OTHER }));
    }

    fn write<'a>(&'a self, key: &mut String, value_of: impl Fn(&'static str, &'a str) -> &'a str, write_start: impl Fn(&mut String)) {
        key.clear();
        key.push_str(self.name);
        for (number, (name, value)) in self.dims.iter().enumerate() {
            key.push(if number == 0 { '|' } else { ',' });
            key.push_str(name);
            key.push('=');
            push_clean(value_of(name, value), key);
        }
        if self.dims.is_empty() {
            key.push('|');
        }
        key.push('|');
        write_start(key);
    }

    /// The beginning of its window, as a number; `day`: of `at_ms`.
    fn start(&self, day: &Day) -> u32 {
        let number = |date: Date| (date.year() as u32) << 16 | (date.month() as u32) << 8 | date.day() as u32;
        match self.window {
            Window::All => 0,
            Window::Month => day.month,
            Window::Day => number(day.date),
            Window::Week => number(day.monday),
        }
    }

    /// A hash of what `KnownPlace` keeps. It means nothing beyond this process.
    pub fn hash(&self, day: &Day) -> u64 {
        let mut hash = FxHasher::default();
        hash.write_u64(u64::from(self.start(day)) << 8 | self.window as u64);
        hash.write_usize(self.name.as_ptr().addr());
        for (name, value) in self.dims {
            hash.write_usize(name.as_ptr().addr());
            hash.write(value.as_bytes());
        }
        hash.finish()
    }
}

/// What tells a place from all others, and is compared faster than its key is made: equal ones have equal keys. Names are the program's, and
/// told apart by where they lie.
pub struct KnownPlace {
    window: Window,
    start: u32,
    name: &'static str,
    dims: Box<[(&'static str, Box<str>)]>,
}

impl KnownPlace {
    pub fn of(place: &Place<'_>, day: &Day) -> KnownPlace {
        let dims = place.dims.iter().map(|(name, value)| (*name, Box::from(*value))).collect();
        KnownPlace { window: place.window, start: place.start(day), name: place.name, dims }
    }

    pub fn is(&self, place: &Place<'_>, day: &Day) -> bool {
        self.window == place.window
            && self.start == place.start(day)
            && std::ptr::eq(self.name, place.name)
            && self.dims.len() == place.dims.len()
            && self.dims.iter().zip(place.dims).all(|((name, value), (other, told))| std::ptr::eq(*name, *other) && **value == **told)
    }
}

fn push_clean(value: &str, key: &mut String) {
    let value = if value.is_empty() { UNKNOWN } else { cut(value, VALUE_BYTES_MAX) };
    key.extend(value.chars().map(|letter| if letter.is_control() || matches!(letter, '|' | ',' | '=') { '_' } else { letter }));
}

fn write_start(window: Window, day: &Day, key: &mut String) {
    let written = match window {
        Window::All => return key.push_str(Window::All.as_str()),
        Window::Week => write!(key, "{}", day.monday),
        Window::Day => write!(key, "{}", day.date),
        Window::Month => write!(key, "{:04}-{:02}", day.date.year(), day.date.month()),
    };
    written.expect("invariant: a string takes every text");
}

/// `2026-01`; a month is counted from January of year 0.
pub fn month_text(month: u32) -> String {
    let (year, month) = (month / 12, month % 12 + 1);
    let digit = |number: u32| char::from(b'0' + (number % 10) as u8);
    // years have four digits
    [digit(year / 1000), digit(year / 100), digit(year / 10), digit(year), '-', digit(month / 10), digit(month)].into_iter().collect()
}

/// A key of its parts, as they were read back: nothing is cut or cleaned.
pub fn key_of<'a>(name: &str, dims: impl Iterator<Item = (&'a str, &'a str)>, start: &str) -> String {
    let dims: Vec<String> = dims.map(|(name, value)| format!("{name}={value}")).collect();
    format!("{name}|{}|{start}", dims.join(","))
}

/// Name, dimensions and beginning of the window, read back from a key.
pub fn parts(key: &str) -> (&str, impl Iterator<Item = (&str, &str)>, &str) {
    let mut parts = key.splitn(3, '|');
    let mut next = || parts.next().unwrap_or_default();
    let (name, dims, start) = (next(), next(), next());
    (name, dims.split(',').filter_map(|dim| dim.split_once('=')), start)
}

#[cfg(test)]
mod tests {
    use super::super::calendar::Calendar;
    use super::*;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn known_places_are_told_apart_as_their_keys_are(
            values in prop::array::uniform4("[a-b\\x00]{0,2}"), times in prop::array::uniform2(0..4_000_000_000_i64), windows in prop::array::uniform2(0..4_usize),
        ) {
            const NAMES: [&str; 2] = ["a", "b"];
            let zone = TimeZone::UTC;
            let dims = [[(NAMES[0], values[0].as_str()), (NAMES[1], &values[1])], [(NAMES[0], &values[2]), (NAMES[1], &values[3])]];
            let place = |n: usize| Place { name: NAMES[0], figure: Figure::Count, dims: &dims[n], window: Window::ALL[windows[n]], at_ms: times[n] };
            let day = |n: usize| Calendar::new(zone.clone()).day(times[n]);
            let is_known = KnownPlace::of(&place(0), &day(0)).is(&place(1), &day(1));
            let is_same_key = key(&place(0), &zone) == key(&place(1), &zone);
            prop_assert!(!is_known || is_same_key);
            prop_assert!(!is_known || place(0).hash(&day(0)) == place(1).hash(&day(1)));
            // keys are clean, so that values which are not may have one key
            let is_same_place = dims[0] == dims[1] && windows[0] == windows[1] && is_same_key;
            prop_assert!(is_known || !is_same_place);
        }
    }

    fn key(place: &Place<'_>, zone: &TimeZone) -> String {
        let mut key = "left over".to_owned();
        place.write_key(&Calendar::new(zone.clone()).day(place.at_ms), &mut key);
        key
    }

    #[test]
    fn keys_are_stored_and_so_never_change() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        // half past eleven in the evening in London, of another day and month in Berlin
        let at_ms = 1_769_902_200_000;
        let dims = [("channel", "paid|search,a=b\n"), ("currency", "USD"), ("region", "")];
        let place = |window, dims| Place { name: "cost", figure: Figure::Sum, dims, window, at_ms };
        let cases = [
            (place(Window::All, &[][..]), "cost||all"),
            (place(Window::Month, &dims), "cost|channel=paid_search_a_b_,currency=USD,region=unknown|2026-02"),
            (place(Window::Day, &dims[1..2]), "cost|currency=USD|2026-02-01"),
            (place(Window::Week, &dims[1..2]), "cost|currency=USD|2026-01-26"),
        ];
        for (place, expected) in cases {
            assert_eq!(key(&place, &zone), expected);
        }
        let mut folded = String::new();
        cases[1].0.write_folded_key(&mut folded);
        assert_eq!(folded, "cost|channel=other,currency=USD,region=other|other");
        let long = "é".repeat(40);
        let place = Place { dims: &[("channel", &long)], ..cases[0].0 };
        assert_eq!(key(&place, &zone), format!("cost|channel={}|all", "é".repeat(16)));
        let month = |zone: &TimeZone| month_text(Calendar::new(zone.clone()).day(at_ms).month);
        assert_eq!((month(&zone), month(&TimeZone::UTC)), ("2026-02".to_owned(), "2026-01".to_owned()));
    }

    #[test]
    fn a_key_is_read_back() {
        let (name, dims, start) = parts("cost|channel=email,currency=USD|2026-01");
        let dims: Vec<_> = dims.collect();
        assert_eq!((name, &dims, start), ("cost", &vec![("channel", "email"), ("currency", "USD")], "2026-01"));
        assert_eq!(key_of(name, dims.into_iter(), start), "cost|channel=email,currency=USD|2026-01");
        let (name, dims, start) = parts("clv||all");
        assert_eq!((name, dims.count(), start), ("clv", 0, "all"));
    }
}
