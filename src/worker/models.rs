//! The value models in force: what was told to the process since it began, for workers to take up between two transactions.
//!
//! A count tells whether there is anything new, so that asking costs a worker one load. It knows neither files nor topics, and forgets what
//! was in force before. Filled by `cli`, read by `step`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::Settings;

#[derive(Debug, Default)]
pub struct Models {
    count: AtomicU64,
    newest: Mutex<Option<Arc<Settings>>>,
}

impl Models {
    /// Puts settings with other models into force.
    pub fn put(&self, settings: Arc<Settings>) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        *newest = Some(settings);
        self.count.fetch_add(1, Ordering::Release);
    }

    /// What came into force after so many changes, with their count now.
    pub fn newer_than(&self, count: u64) -> Option<(u64, Arc<Settings>)> {
        if self.count.load(Ordering::Acquire) == count {
            return None;
        }
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.clone().map(|settings| (self.count.load(Ordering::Acquire), settings))
    }
}
