//! The days of moments in the zone of reports, remembered: events come nearly all of a few days, and a zone's rules take long to ask.
//!
//! A day is known by where it begins and ends, so that the answer is the zone's own, days of 23 and 25 hours included. Owned by `cells`.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

use crate::clv::DAY_MS;

/// Days remembered: those of first orders lie months back. Each has one place only, by its number.
const DAYS: usize = 256;

/// A day as figures name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    pub date: Date,
    /// The first day of its week.
    pub monday: Date,
    /// Counted from January of year 0.
    pub month: u32,
    from_ms: i64,
    to_ms: i64,
}

pub struct Calendar {
    zone: TimeZone,
    days: Box<[Option<Day>; DAYS]>,
}

impl Calendar {
    pub fn new(zone: TimeZone) -> Calendar {
        Calendar { zone, days: Box::new([None; DAYS]) }
    }

    /// The day of a moment.
    pub fn day(&mut self, at_ms: i64) -> Day {
        let place = at_ms.div_euclid(DAY_MS).rem_euclid(DAYS as i64) as usize;
        if let Some(known) = self.days[place].filter(|day| (day.from_ms..day.to_ms).contains(&at_ms)) {
            return known;
        }
        // event times lie between 1990 and 2100
        let day = Day::of(&Timestamp::from_millisecond(at_ms).unwrap_or_default().to_zoned(self.zone.clone()), at_ms);
        self.days[place] = Some(day);
        day
    }
}

impl Day {
    fn of(moment: &Zoned, at_ms: i64) -> Day {
        let date = moment.date();
        let begin_ms = |zoned: Zoned| zoned.start_of_day().map(|begin| begin.timestamp().as_millisecond());
        // where the calendar ends, a day is known by the one moment
        let from_ms = begin_ms(moment.clone()).unwrap_or(at_ms);
        let to_ms = moment.tomorrow().and_then(begin_ms).unwrap_or(at_ms + 1);
        let since_monday = i64::from(date.weekday().to_monday_zero_offset());
        let monday = date.checked_sub(Span::new().days(since_monday)).unwrap_or(date);
        let month = u32::try_from(i32::from(date.year()) * 12 + i32::from(date.month()) - 1).unwrap_or(0);
        Day { date, monday, month, from_ms, to_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_zone_asked_for_the_first_time_or_again() {
        for zone in ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia"] {
            let zone = TimeZone::get(zone).unwrap();
            let mut calendar = Calendar::new(zone.clone());
            // every 37 minutes of two years and a half, over all changes of the clocks; then back
            let moments = (0..35_000).map(|step| 1_293_000_000_000 + step * 37 * 60_000);
            for at_ms in moments.clone().chain(moments.rev()) {
                let date = Timestamp::from_millisecond(at_ms).unwrap().to_zoned(zone.clone()).date();
                let day = calendar.day(at_ms);
                assert_eq!((day.date, day.month), (date, date.year() as u32 * 12 + date.month() as u32 - 1), "{at_ms}");
            }
        }
    }
}
