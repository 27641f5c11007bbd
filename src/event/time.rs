//! Event time: RFC 3339 text to milliseconds since 1970, and the bounds it must lie in (`contracts.md` 1, *Time*).
//! Refuses times that no shop can mean, because one of them would move a whole slot's clock. Never looks at a clock: the wall time is an
//! argument. Called by the files that read wire formats.

use super::{Reason, Reject};
use jiff::fmt::temporal::Pieces;

/// 1990-01-01T00:00:00Z, the first moment allowed.
const EARLIEST_MS: i64 = 631_152_000_000;
/// 2100-01-01T00:00:00Z, the first moment no longer allowed.
const LATEST_MS: i64 = 4_102_444_800_000;
/// How far in wall mode an event may lie after the wall clock: clocks of shops are wrong by zones, not by days.
const MAX_AHEAD_MS: i64 = 24 * 3_600_000;

/// The time that holds for an event which states `stated_ms` in a record stamped `record_ms`.
///
/// The stated time is bounded before it is clamped, so that a year 9999 becomes a dead letter and not an event of today.
pub(super) fn event_time(stated_ms: Option<i64>, record_ms: Option<i64>, max_skew_ms: i64, wall_ms: Option<i64>) -> Result<i64, Reject> {
    let Some(unclamped_ms) = stated_ms.or(record_ms) else {
        return Err(Reject::new(Reason::MissingTime, "no timestamp, neither in the event nor on the record"));
    };
    let latest_ms = record_ms.map_or(i64::MAX, |record_ms| record_ms.saturating_add(max_skew_ms));
    let time_ms = unclamped_ms.min(latest_ms);
    if let Some(outside_ms) = [unclamped_ms, time_ms].into_iter().find(|&ms| !in_range(ms)) {
        return Err(Reject::new(Reason::TimeOutOfRange, format!("timestamp: {} is outside 1990..2100", spell(outside_ms))));
    }
    if let Some(now_ms) = wall_ms
        && time_ms > now_ms.saturating_add(MAX_AHEAD_MS)
    {
        return Err(Reject::new(
            Reason::TimeOutOfRange,
            format!("timestamp: {} is more than a day after the wall clock, {}", spell(time_ms), spell(now_ms)),
        ));
    }
    Ok(time_ms)
}

/// Whether the time lies in 1990..2100.
pub(super) fn in_range(time_ms: i64) -> bool {
    (EARLIEST_MS..LATEST_MS).contains(&time_ms)
}

/// Milliseconds since 1970 of an RFC 3339 text; finer digits are dropped. Refuses what is no such text (`InvalidTime`), or is one beyond
/// the last days of the year 9999 (`TimeOutOfRange`), where jiff's time line ends.
pub(super) fn parse_rfc3339(text: &str) -> Result<i64, Reason> {
    if let Some(time_ms) = parse_plain(text) {
        return Ok(time_ms);
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(time.as_millisecond());
    }
    let is_a_moment = Pieces::parse(text).is_ok_and(|pieces| pieces.time().is_some() && pieces.offset().is_some());
    Err(if is_a_moment { Reason::TimeOutOfRange } else { Reason::InvalidTime })
}

/// What nearly every shop writes, `2026-01-31T23:59:59Z` or with three digits behind the second; `None` leaves all else to jiff: the
/// last day of a month, leap seconds and the ends of the calendar, too.
fn parse_plain(text: &str) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b'T', h1, h2, b':', mi1, mi2, b':', s1, s2, ref rest @ ..] = *text.as_bytes() else {
        return None;
    };
    let millis = match *rest {
        [b'Z'] => 0,
        [b'.', ms1, ms2, ms3, b'Z'] => number([ms1, ms2, ms3])?,
        _ => return None,
    };
    let (year, month, day) = (number([y1, y2, y3, y4])?, number([mo1, mo2])?, number([d1, d2])?);
    let (hour, minute, second) = (number([h1, h2])?, number([mi1, mi2])?, number([s1, s2])?);
    let last_day = if month == 2 { 28 } else { 30 };
    if !(1..9999).contains(&year) || !(1..=12).contains(&month) || !(1..=last_day).contains(&day) || hour > 23 || minute > 59 || second > 59
    {
        return None;
    }
    Some((((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + millis)
}

/// The number that a few digits make; `None` if they are none.
fn number<const N: usize>(digits: [u8; N]) -> Option<i64> {
    let (mut number, mut are_digits) = (0, true);
    for digit in &digits {
        let value = digit.wrapping_sub(b'0');
        are_digits &= value <= 9;
        number = number * 10 + i64::from(value);
    }
    are_digits.then_some(number)
}

/// Days of the Gregorian calendar from year 1 on. Years are counted from March, so that the leap day comes last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    // 153 days in five months from March or August on; 719,469 from 0000-02-29 to 1970-01-01
    365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 719_469
}

/// The time for people; in milliseconds where the calendar ends.
fn spell(time_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(time_ms).map_or_else(|_| format!("{time_ms} ms"), |time| time.to_string())
}
