//! How fast: a token bucket for the rate, and growing pauses between attempts.
//!
//! Time is an argument, in milliseconds of a clock that never goes back. Nothing is random: few processes send. Used by `cli::deliver`.

/// A second's worth may go at once after a quiet time.
const BURST_SECONDS: f64 = 1.0;
/// Before the second attempt; doubled each time.
const FIRST_PAUSE_MS: u64 = 1_000;
/// An outage is noticed to be over at the latest after this.
const LONGEST_PAUSE_MS: u64 = 60_000;

#[derive(Debug)]
pub struct Pace {
    per_second: f64,
    tokens: f64,
    looked_ms: u64,
}

impl Pace {
    pub fn new(per_second: f64, now_ms: u64) -> Pace {
        Pace { per_second, tokens: Pace::capacity(per_second), looked_ms: now_ms }
    }

    fn capacity(per_second: f64) -> f64 {
        (per_second * BURST_SECONDS).max(1.0)
    }

    /// Takes the right to send one, or says how many milliseconds until there is one.
    pub fn take(&mut self, now_ms: u64) -> Result<(), u64> {
        let passed_s = now_ms.saturating_sub(self.looked_ms) as f64 / 1e3;
        self.looked_ms = self.looked_ms.max(now_ms);
        self.tokens = (self.tokens + passed_s * self.per_second).min(Pace::capacity(self.per_second));
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(((1.0 - self.tokens) / self.per_second * 1e3).ceil() as u64)
    }
}

/// Between attempt `attempts` (from 1) and the next.
pub fn pause_ms(attempts: u32) -> u64 {
    let doublings = attempts.saturating_sub(1).min(16);
    (FIRST_PAUSE_MS << doublings).min(LONGEST_PAUSE_MS)
}
