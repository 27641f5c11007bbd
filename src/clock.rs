//! The clock. Everybody else gets time as an argument, so that a replay of yesterday decides as yesterday did.
//!
//! The only file that reads the system's clocks (a lint forbids it elsewhere); it neither sleeps nor keeps timers. Called by `worker`,
//! `http` and `cli`, which pass on what they read.

#![allow(clippy::disallowed_methods, reason = "the one place that reads the clock")]

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01 UTC. May jump when somebody sets the clock; 0 before 1970.
pub fn wall_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

/// Milliseconds since the first call in this process; never goes back. For durations and time-outs.
pub fn monotonic_ms() -> u64 {
    monotonic_us() / 1000
}

/// As `monotonic_ms`, in microseconds, for the duration of short work.
pub fn monotonic_us() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let elapsed = START.get_or_init(Instant::now).elapsed();
    u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
}
