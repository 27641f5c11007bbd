//! The day of the year somebody was born on. The year is not kept: nobody needs it to congratulate.
//!
//! Reads the forms of `contracts.md` 1. What day it falls on in a year is asked by the engine. Called by `segment::traits` and by rows.

use jiff::civil::Date;

/// 29 February is a birthday, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Birthday {
    month: i8,
    day: i8,
}

/// Of which every day of a year is one.
const LEAP_YEAR: i16 = 2000;

impl Birthday {
    /// `None`: no year has such a day.
    pub fn new(month: i8, day: i8) -> Option<Birthday> {
        Date::new(LEAP_YEAR, month, day).ok().map(|_| Birthday { month, day })
    }

    /// `1990-04-01`, or `--04-01` of who keeps the year to themselves.
    pub fn parse(text: &str) -> Option<Birthday> {
        if let Some(day) = text.strip_prefix("--") {
            let date: Date = format!("{LEAP_YEAR}-{day}").parse().ok()?;
            return Birthday::new(date.month(), date.day());
        }
        let date: Date = text.get(.."1990-04-01".len()).filter(|_| text.is_ascii())?.parse().ok()?;
        Birthday::new(date.month(), date.day())
    }

    pub fn month(self) -> i8 {
        self.month
    }

    pub fn day(self) -> i8 {
        self.day
    }

    /// The day it is kept in a year: 29 February on the 28th where there is none.
    pub fn in_year(self, year: i16) -> Option<Date> {
        Date::new(year, self.month, self.day).or_else(|_| Date::new(year, self.month, self.day - 1)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_with_and_without_a_year() {
        let day = |month, day| Birthday::new(month, day);
        for (text, expected) in [
            ("1990-04-01", day(4, 1)),
            ("1990-04-01T00:00:00Z", day(4, 1)),
            ("--04-01", day(4, 1)),
            ("--02-29", day(2, 29)),
            ("1992-02-29", day(2, 29)),
            ("1991-02-29", None),
            ("--02-30", None),
            ("--4-1", None),
            ("04-01", None),
            ("1. April", None),
            ("", None),
        ] {
            assert_eq!(Birthday::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn a_leap_day_is_kept_a_day_early_in_other_years() {
        let leap_day = Birthday::new(2, 29).unwrap();
        let kept = [2027, 2028].map(|year| leap_day.in_year(year).unwrap().to_string());
        assert_eq!(kept, ["2027-02-28", "2028-02-29"]);
    }
}
