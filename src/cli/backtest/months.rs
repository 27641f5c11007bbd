//! Where months begin on a time axis, and how often to say so.
//!
//! Months are those of UTC. Called by `figures`.

use jiff::ToSpan;
use jiff::civil::date;
use jiff::tz::TimeZone;

/// Steps in months that leave the year readable.
const STEPS: [i64; 7] = [1, 2, 3, 6, 12, 24, 60];

/// Beginnings of months within the span, every few of them so that there are at most `most`, as `Jan 97`.
pub fn month_ticks(first_ms: i64, last_ms: i64, most: usize) -> Vec<(i64, String)> {
    STEPS.into_iter().map(|step| ticks(first_ms, last_ms, step)).find(|ticks| ticks.len() <= most).unwrap_or_default()
}

fn ticks(first_ms: i64, last_ms: i64, step: i64) -> Vec<(i64, String)> {
    let Ok(first) = jiff::Timestamp::from_millisecond(first_ms) else {
        return Vec::new();
    };
    let year = first.to_zoned(TimeZone::UTC).year();
    let mut month = date(year, 1, 1);
    let mut ticks = Vec::new();
    // an axis of more months than this has no readable ticks at any step
    for _ in 0..12 * 100 {
        let Ok(at) = month.to_zoned(TimeZone::UTC) else { break };
        let at_ms = at.timestamp().as_millisecond();
        if at_ms > last_ms {
            break;
        }
        if at_ms >= first_ms {
            ticks.push((at_ms, at.strftime("%b %y").to_string()));
        }
        let Ok(next) = month.checked_add(step.months()) else { break };
        month = next;
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_months_that_divide_the_year_and_few_enough() {
        let (first, last) = (852_076_800_000, 899_164_800_000); // 1997-01-01 to 1998-06-30
        let labels = |most| month_ticks(first, last, most).into_iter().map(|tick| tick.1).collect::<Vec<_>>();
        assert_eq!(labels(10), ["Jan 97", "Mar 97", "May 97", "Jul 97", "Sep 97", "Nov 97", "Jan 98", "Mar 98", "May 98"]);
        assert_eq!(labels(6), ["Jan 97", "Apr 97", "Jul 97", "Oct 97", "Jan 98", "Apr 98"]);
        assert_eq!(month_ticks(first, first, 4).len(), 1);
    }
}
