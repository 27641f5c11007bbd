//! How long something may take: bounds waits and measures calls, by the clock that never goes back.
//!
//! It says nothing about the time of day, which the caller of `Producer` passes in. Used by `consumer`, `producer` and `admin`.

use std::time::Duration;

use crate::clock::{monotonic_ms, monotonic_us};

pub(super) struct Deadline {
    end_ms: u64,
}

impl Deadline {
    pub fn after(longest: Duration) -> Deadline {
        Deadline { end_ms: monotonic_ms() + longest.as_millis() as u64 }
    }

    pub fn is_over(&self) -> bool {
        monotonic_ms() >= self.end_ms
    }

    /// 0 when it is over.
    pub fn left_ms(&self) -> i32 {
        i32::try_from(self.end_ms.saturating_sub(monotonic_ms())).unwrap_or(i32::MAX)
    }
}

/// Runs `call` and says how long it took.
pub(super) fn timed<T>(call: impl FnOnce() -> T) -> (T, Duration) {
    let begin_us = monotonic_us();
    let result = call();
    (result, Duration::from_micros(monotonic_us() - begin_us))
}
