//! When to say how far a worker's restores have come: one line for all its slots, at a bounded pace.
//!
//! The gauges say it for each slot, for machines; this is for whoever watches the log of a start. It logs nothing itself and reads no
//! clock. Used by `observer`.

use crate::worker::RestoreState;

/// Often enough to see that something moves, seldom enough for a restore of an hour.
const LOG_EVERY_MS: u64 = 5_000;

#[derive(Debug, Default)]
pub struct RestoreLog {
    logged_ms: Option<u64>,
}

/// All restores of a worker together.
#[derive(Debug, PartialEq, Eq)]
pub struct Remaining {
    pub slots: usize,
    pub records: u64,
    pub bytes: u64,
}

impl RestoreLog {
    /// What to say now, if anything; to be asked at every measurement.
    pub fn due(&mut self, restores: &[RestoreState], now_ms: u64) -> Option<Remaining> {
        if restores.is_empty() {
            self.logged_ms = None;
            return None;
        }
        if self.logged_ms.is_some_and(|logged_ms| now_ms.saturating_sub(logged_ms) < LOG_EVERY_MS) {
            return None;
        }
        self.logged_ms = Some(now_ms);
        Some(Remaining {
            slots: restores.len(),
            records: restores.iter().map(|restore| restore.remaining_records).sum(),
            bytes: restores.iter().map(|restore| restore.remaining_bytes).sum(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restore_is_spoken_of_at_once_then_every_five_seconds_and_no_more_when_it_has_ended() {
        let state = |slot| RestoreState { slot, remaining_records: 10, remaining_bytes: 4_000 };
        let both = Some(Remaining { slots: 2, records: 20, bytes: 8_000 });
        let mut log = RestoreLog::default();
        let cases = [
            (0, vec![], None),
            (500, vec![state(1), state(2)], both),
            (1_000, vec![state(1), state(2)], None),
            (5_499, vec![state(1), state(2)], None),
            (5_500, vec![state(2)], Some(Remaining { slots: 1, records: 10, bytes: 4_000 })),
            (6_000, vec![], None),
            (6_500, vec![state(3)], Some(Remaining { slots: 1, records: 10, bytes: 4_000 })),
        ];
        for (now_ms, restores, expected) in cases {
            assert_eq!(log.due(&restores, now_ms), expected, "at {now_ms}");
        }
    }
}
