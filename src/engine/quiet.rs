//! Quiet hours: until when a mail must wait, in the customer's own time zone.
//!
//! Uses the time zone data compiled in, never the machine's, so that every instance and every replay agrees. Called by `gates`.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::settings::QuietHours;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The zone of that IANA name, else `fallback`.
pub fn zone_of(name: &str, fallback: &TimeZone) -> TimeZone {
    if name.is_empty() {
        return fallback.clone();
    }
    ZONES.get(name).unwrap_or_else(|_| fallback.clone())
}

/// The end of the quiet hours `at_ms` lies in; `None`: it lies in none. Always later than `at_ms`.
pub fn quiet_until_ms(hours: &QuietHours, zone: &TimeZone, at_ms: i64) -> Option<i64> {
    let local = Timestamp::from_millisecond(at_ms).ok()?.to_zoned(zone.clone()).datetime();
    let (date, time) = (local.date(), local.time());
    let wraps = hours.until < hours.from;
    let ends_today = time < hours.until;
    let is_quiet = if wraps { time >= hours.from || ends_today } else { time >= hours.from && ends_today };
    if !is_quiet {
        return None;
    }
    let last_date = if ends_today { date } else { date.tomorrow().ok()? };
    // where clocks go back the end comes twice: the later one is certainly over; where they go forward it is the end of the gap
    let end = zone.to_ambiguous_timestamp(last_date.to_datetime(hours.until)).later().ok()?.as_millisecond();
    (end > at_ms).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn quiet_hours_end_in_the_customers_zone() {
        let night = QuietHours { from: time(21, 0, 0, 0), until: time(8, 0, 0, 0) };
        let noon = QuietHours { from: time(12, 0, 0, 0), until: time(14, 0, 0, 0) };
        let never = QuietHours { from: time(8, 0, 0, 0), until: time(8, 0, 0, 0) };
        let cases = [
            (night, "UTC", "2026-01-01T20:59:59.999Z", None),
            (night, "UTC", "2026-01-01T21:00:00Z", Some("2026-01-02T08:00:00Z")),
            (night, "UTC", "2026-01-02T07:59:59.999Z", Some("2026-01-02T08:00:00Z")),
            (night, "UTC", "2026-01-02T08:00:00Z", None),
            (night, "Europe/Berlin", "2026-07-01T19:00:00Z", Some("2026-07-02T06:00:00Z")),
            (night, "America/New_York", "2026-07-01T19:00:00Z", None),
            // the night in which Berlin's clocks go forward is an hour shorter
            (night, "Europe/Berlin", "2026-03-28T20:00:00Z", Some("2026-03-29T06:00:00Z")),
            (noon, "UTC", "2026-01-01T13:00:00Z", Some("2026-01-01T14:00:00Z")),
            (noon, "UTC", "2026-01-01T14:00:00Z", None),
            (never, "UTC", "2026-01-01T08:00:00Z", None),
        ];
        for (hours, zone, at, until) in cases {
            let zone = zone_of(zone, &TimeZone::UTC);
            assert_eq!(quiet_until_ms(&hours, &zone, ms(at)), until.map(ms), "{hours:?} at {at}");
        }
    }

    #[test]
    fn an_end_that_comes_twice_is_the_later_one() {
        let hours = QuietHours { from: time(21, 0, 0, 0), until: time(2, 30, 0, 0) };
        let zone = zone_of("Europe/Berlin", &TimeZone::UTC);
        let second_0215 = ms("2026-10-25T01:15:00Z");
        assert_eq!(quiet_until_ms(&hours, &zone, second_0215), Some(ms("2026-10-25T01:30:00Z")));
    }

    #[test]
    fn unknown_zones_fall_back() {
        assert_eq!(zone_of("Nowhere/Atlantis", &TimeZone::UTC), TimeZone::UTC);
    }
}
