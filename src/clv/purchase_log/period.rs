//! The period within which several purchases count as one.
//!
//! Periods are those of the calendar in UTC; a week begins on Monday. Purchase models describe separate decisions to buy, and a basket split over
//! two orders is one decision. Called by `builder` and the command line.

use std::fmt;
use std::str::FromStr;

use crate::clv::DAY_MS;

/// 1970-01-01 was a Thursday, three days after a Monday.
const DAYS_SINCE_MONDAY: i64 = 3;

/// A calendar unit, as options and files spell it: `day`, `week`, `month`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Period {
    #[default]
    Day,
    Week,
    Month,
}

impl Period {
    pub const ALL: [Period; 3] = [Period::Day, Period::Week, Period::Month];

    pub fn name(self) -> &'static str {
        match self {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
        }
    }

    /// The running number of the period that holds `at_ms`.
    pub fn number(self, at_ms: i64) -> i64 {
        let day = at_ms.div_euclid(DAY_MS);
        match self {
            Period::Day => day,
            Period::Week => (day + DAYS_SINCE_MONDAY).div_euclid(7),
            Period::Month => month(day),
        }
    }
}

/// Months since 0000-03 of a day counted from 1970-01-01. Years begin in March here, so that the odd day comes last; then the m-th month
/// begins on day (153 m + 2) / 5 of the year, for months have 153 days in five.
fn month(day: i64) -> i64 {
    const DAYS_FROM_MARCH_0000: i64 = 719_468;
    const DAYS_IN_400_YEARS: i64 = 146_097;
    let day = day + DAYS_FROM_MARCH_0000;
    let era = day.div_euclid(DAYS_IN_400_YEARS);
    let day_of_era = day.rem_euclid(DAYS_IN_400_YEARS);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    (era * 400 + year_of_era) * 12 + (5 * day_of_year + 2) / 153
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Period, String> {
        Period::ALL.into_iter().find(|period| period.name() == text).ok_or_else(|| format!("\"{text}\" is none of day, week, month"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    #[test]
    fn a_period_changes_exactly_where_the_calendar_says() {
        let mut yesterday = date(1895, 12, 31);
        let mut number = [0; 3];
        while yesterday.year() < 2105 {
            let today = yesterday.tomorrow().expect("far from the calendar's end");
            let at_ms = today.to_zoned(TimeZone::UTC).expect("UTC has every day").timestamp().as_millisecond();
            let found = Period::ALL.map(|period| period.number(at_ms));
            assert_eq!(found, Period::ALL.map(|period| period.number(at_ms + DAY_MS - 1)));
            if yesterday.year() > 1895 {
                let new = [true, today.weekday() == jiff::civil::Weekday::Monday, today.day() == 1];
                for i in 0..3 {
                    assert_eq!(found[i] - number[i], i64::from(new[i]), "{} on {today}", Period::ALL[i]);
                }
            }
            (yesterday, number) = (today, found);
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for period in Period::ALL {
            assert_eq!(period.to_string().parse(), Ok(period));
        }
        assert_eq!("year".parse::<Period>(), Err("\"year\" is none of day, week, month".to_string()));
    }
}
