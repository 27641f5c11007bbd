//! What a cell is found by: its name, its dimensions in order, the beginning of its window. The key is text, and is stored.
//!
//! `cost|channel=email,currency=USD,kind=acquire|2026-01`. Values are cut and cleaned, so that no key can be read in two ways. It knows no
//! figures. Used by `cells` and by whoever counts.

use std::fmt::Write;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

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
}

impl Figure {
    pub const ALL: [Figure; 2] = [Figure::Count, Figure::Sum];

    pub fn as_str(self) -> &'static str {
        match self {
            Figure::Count => "count",
            Figure::Sum => "sum",
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
    pub fn write_key(&self, zone: &TimeZone, key: &mut String) {
        debug_assert!(self.dims.is_sorted());
        self.write(key, |_, value| value, |key| write_start(self.window, self.at_ms, zone, key));
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
}

fn push_clean(value: &str, key: &mut String) {
    let value = if value.is_empty() { UNKNOWN } else { cut(value, VALUE_BYTES_MAX) };
    key.extend(value.chars().map(|letter| if letter.is_control() || matches!(letter, '|' | ',' | '=') { '_' } else { letter }));
}

fn write_start(window: Window, at_ms: i64, zone: &TimeZone, key: &mut String) {
    if window == Window::All {
        return key.push_str(Window::All.as_str());
    }
    let date = date(at_ms, zone);
    let written = match window {
        Window::Week => write!(key, "{}", monday(date)),
        Window::Day => write!(key, "{date}"),
        _ => write!(key, "{:04}-{:02}", date.year(), date.month()),
    };
    written.expect("invariant: a string takes every text");
}

/// What a duration counts as in a dimension of upper bounds: the least of them that is not below it. `bounds` count `unit_ms`.
pub fn at_most(duration_ms: i64, unit_ms: i64, bounds: &[(i64, &'static str)]) -> &'static str {
    bounds.iter().find(|(bound, _)| duration_ms <= bound * unit_ms).map_or("longer", |(_, text)| text)
}

/// The month of a moment, counted from January of year 0.
pub fn month_of(at_ms: i64, zone: &TimeZone) -> u32 {
    let date = date(at_ms, zone);
    u32::try_from(i32::from(date.year()) * 12 + i32::from(date.month()) - 1).unwrap_or(0)
}

/// `2026-01`
pub fn month_text(month: u32) -> String {
    format!("{:04}-{:02}", month / 12, month % 12 + 1)
}

fn date(at_ms: i64, zone: &TimeZone) -> Date {
    // event times lie between 1990 and 2100
    Timestamp::from_millisecond(at_ms).unwrap_or_default().to_zoned(zone.clone()).date()
}

/// The first day of a day's week.
fn monday(date: Date) -> Date {
    let since_monday = i64::from(date.weekday().to_monday_zero_offset());
    // event times lie between 1990 and 2100
    date.checked_sub(Span::new().days(since_monday)).unwrap_or(date)
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
    use super::*;

    fn key(place: &Place<'_>, zone: &TimeZone) -> String {
        let mut key = "left over".to_owned();
        place.write_key(zone, &mut key);
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
        assert_eq!(month_text(month_of(at_ms, &zone)), "2026-02");
        assert_eq!(month_text(month_of(at_ms, &TimeZone::UTC)), "2026-01");
    }

    #[test]
    fn a_key_is_read_back() {
        let (name, dims, start) = parts("cost|channel=email,currency=USD|2026-01");
        assert_eq!((name, dims.collect::<Vec<_>>(), start), ("cost", vec![("channel", "email"), ("currency", "USD")], "2026-01"));
        let (name, dims, start) = parts("clv||all");
        assert_eq!((name, dims.count(), start), ("clv", 0, "all"));
    }
}
