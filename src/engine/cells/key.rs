//! What a cell is found by: its name, its dimensions in order, the beginning of its window. The key is text, and is stored.
//!
//! `cost|channel=email,currency=USD,kind=acquire|2026-01`. Values are cut and cleaned, so that no key can be read in two ways. It knows no
//! figures. Used by `cells` and by whoever counts.

use std::fmt::Write;

use super::calendar::Day;
use crate::event::cut;

/// A dimension's value, for a table that people read. Longer: cut.
const VALUE_BYTES_MAX: usize = 32;

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

    /// Bytes that tell this place from all others, made faster than its key: places with equal bytes have equal keys. They mean
    /// nothing beyond this process, and their order nothing at all.
    pub fn write_parts(&self, day: &Day, parts: &mut Vec<u8>) {
        parts.clear();
        let (window, month) = (self.window as u8, day.month.to_le_bytes());
        let start = match self.window {
            Window::All => [0; 4],
            Window::Month => month,
            Window::Day => [month[0], month[1], month[2], day.date.day() as u8],
            Window::Week => [day.monday.year() as u8, (day.monday.year() >> 8) as u8, day.monday.month() as u8, day.monday.day() as u8],
        };
        parts.push(window);
        parts.extend_from_slice(&start);
        parts.extend_from_slice(&name_parts(self.name, ""));
        for (name, value) in self.dims {
            parts.extend_from_slice(&name_parts(name, value));
            parts.extend_from_slice(value.as_bytes());
        }
    }
}

/// Where a name of the program lies, which says which it is, and how long it and the value behind it are.
fn name_parts(name: &'static str, value: &str) -> [u8; 16] {
    let mut parts = [0; 16];
    parts[..8].copy_from_slice(&(name.as_ptr().addr() as u64).to_le_bytes());
    parts[8..12].copy_from_slice(&(name.len() as u32).to_le_bytes());
    parts[12..].copy_from_slice(&(value.len() as u32).to_le_bytes());
    parts
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
        fn places_with_equal_parts_have_equal_keys(
            values in prop::array::uniform4("[a-b\\x00]{0,2}"), times in prop::array::uniform2(0..4_000_000_000_i64), windows in prop::array::uniform2(0..4_usize),
        ) {
            const NAMES: [&str; 2] = ["a", "b"];
            let zone = TimeZone::UTC;
            let dims = [[(NAMES[0], values[0].as_str()), (NAMES[1], &values[1])], [(NAMES[0], &values[2]), (NAMES[1], &values[3])]];
            let place = |n: usize| Place { name: NAMES[0], figure: Figure::Count, dims: &dims[n], window: Window::ALL[windows[n]], at_ms: times[n] };
            let parts = |n: usize| {
                let mut parts = Vec::new();
                place(n).write_parts(&Calendar::new(zone.clone()).day(times[n]), &mut parts);
                parts
            };
            let is_same_key = key(&place(0), &zone) == key(&place(1), &zone);
            prop_assert!(parts(0) != parts(1) || is_same_key);
            // keys are clean, so that values which are not may have one key
            let is_same_place = dims[0] == dims[1] && windows[0] == windows[1] && is_same_key;
            prop_assert!(parts(0) == parts(1) || !is_same_place);
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
