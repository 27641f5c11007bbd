//! Times in records: RFC 3339, UTC, milliseconds: `2026-01-01T00:00:00.000Z`.
//!
//! Written by hand because every record holds some. Years outside 0000..9999 do not occur (`event` bounds times) and are clamped.

use super::json::{Json, pair_of};
use crate::clv::DAY_MS;

/// 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z.
const MIN_MS: i64 = -62_167_219_200_000;
const MAX_MS: i64 = 253_402_300_799_999;

/// Milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, utoipa::ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct Time(pub i64);

impl Json for Time {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.text());
    }
}

impl Time {
    /// With its quotes.
    fn text(self) -> [u8; 26] {
        let at_ms = self.0.clamp(MIN_MS, MAX_MS);
        let (year, month, day) = date_of(at_ms.div_euclid(DAY_MS));
        let ms = at_ms.rem_euclid(DAY_MS) as u32;
        let mut text = *br#""0000-00-00T00:00:00.000Z""#;
        let parts = [
            (1, year / 100),
            (3, year % 100),
            (6, month),
            (9, day),
            (12, ms / 3_600_000),
            (15, ms / 60_000 % 60),
            (18, ms / 1000 % 60),
            (21, ms % 1000 / 10),
        ];
        for (place, number) in parts {
            [text[place], text[place + 1]] = pair_of(number);
        }
        text[23] = b'0' + (ms % 10) as u8;
        text
    }
}

/// Proleptic Gregorian date of a day counted from 1970-01-01. Years are counted from March, so that the leap day ends them; 400 of them
/// are 146,097 days.
fn date_of(day: i64) -> (u32, u32, u32) {
    let from_march_0000 = (day + 719_468) as u64;
    let (era, day_of_era) = (from_march_0000 / 146_097, from_march_0000 % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year as u32, month as u32, day_of_month as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(at_ms: i64) -> String {
        String::from_utf8(Time(at_ms).text()[1..25].to_vec()).unwrap()
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (1_767_225_600_000, "2026-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (MAX_MS, "9999-12-31T23:59:59.999Z"),
            (i64::MAX, "9999-12-31T23:59:59.999Z"),
        ];
        for (at_ms, expected) in cases {
            assert_eq!(text(at_ms), expected);
        }
    }

    #[test]
    fn every_day_of_four_centuries_agrees_with_the_library() {
        for day in 0..146_097 {
            let at_ms = (day - 40_000) * DAY_MS + 45_296_789;
            let library = jiff::Timestamp::from_millisecond(at_ms).unwrap();
            assert_eq!(text(at_ms), format!("{library:.3}"));
        }
    }
}
