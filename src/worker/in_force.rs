//! The settings in force: what was told to the process since it began, for workers to take up between two transactions.
//!
//! A count tells whether there is anything new, so that asking costs a worker one load. It knows neither files nor topics, and forgets what
//! was in force before. Filled by `cli`, read by `step`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::Settings;

#[derive(Debug, Default)]
pub struct InForce {
    count: AtomicU64,
    newest: Mutex<Option<Change>>,
}

/// What comes into force at once.
#[derive(Debug, Clone)]
pub struct Change {
    /// Value models and rules.
    pub settings: Arc<Settings>,
    /// Fingerprint of the configuration, for block headers.
    pub configuration: u64,
}

impl InForce {
    pub fn put(&self, change: Change) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        *newest = Some(change);
        self.count.fetch_add(1, Ordering::Release);
    }

    /// What came into force after so many changes, with their count now.
    pub fn newer_than(&self, count: u64) -> Option<(u64, Change)> {
        if self.count.load(Ordering::Acquire) == count {
            return None;
        }
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.clone().map(|change| (self.count.load(Ordering::Acquire), change))
    }
}
