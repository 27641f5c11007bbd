//! What `deliver` counts: what became of actions, how long each handing over took, what is still to be dealt with.
//!
//! Labels are words of `deliver` and plays of the configuration; what another configuration asked for is `other`. Called by `cli::deliver`.

use super::{Metrics, US_PER_SECOND, add, forget, set};

/// What becomes of an action; each time it is tried again counts as `put_off`.
pub const DELIVERY_OUTCOMES: [&str; 9] =
    ["sent", "put_off", "failed", "in_doubt", "cancelled", "expired", "done", "not_a_send", "unreadable"];

/// The play of what names none that is known.
pub const OTHER_PLAY: &str = "other";

impl Metrics {
    /// From the start on there is a series of each outcome: a rate over one that was born at 1 is 0.
    pub fn expect_deliveries(&self, plays: impl Iterator<Item = impl AsRef<str>>) {
        let series = |play: &str| {
            DELIVERY_OUTCOMES.iter().for_each(|outcome| drop(self.defined.deliveries.outcomes.with_label_values(&[*outcome, play])));
        };
        plays.for_each(|play| series(play.as_ref()));
        series(OTHER_PLAY);
    }

    /// One of `DELIVERY_OUTCOMES`.
    pub fn record_delivery(&self, outcome: &'static str, play: &str) {
        debug_assert!(DELIVERY_OUTCOMES.contains(&outcome), "{outcome} is no outcome");
        add(&self.defined.deliveries.outcomes, &[outcome, play], 1);
    }

    /// `via`: `smtp` or `webhook`.
    pub fn record_handing_over(&self, via: &'static str, took_us: u64) {
        self.defined.deliveries.duration.with_label_values(&[via]).observe(took_us as f64 / US_PER_SECOND);
    }

    pub fn record_deliveries_lag(&self, partition: u32, records: u64) {
        set(&self.defined.deliveries.lag, &[&partition.to_string()], records);
    }

    /// No partition is ours any more.
    pub fn forget_all_deliveries_lags(&self) {
        self.defined.deliveries.lag.reset();
    }

    /// The partition is no longer ours.
    pub fn forget_deliveries_lag(&self, partition: u32) {
        forget(self.defined.deliveries.lag.remove_label_values(&[&partition.to_string()]));
    }
}
