//! Lets the worker sleep until a queue stops being empty.
//!
//! librdkafka calls back on the edge from empty to not empty, from its own threads. One `Waker` serves all queues of a worker. It keeps
//! no count: whoever wakes looks everywhere. Used by `queue` and `consumer`.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

#[derive(Default)]
pub(super) struct Waker {
    awake: Mutex<bool>,
    changed: Condvar,
}

impl Waker {
    /// Never panics: it runs inside callbacks of C code.
    pub fn wake(&self) {
        *self.awake.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_one();
    }

    /// Returns at once if `wake` was called since the last sleep.
    pub fn sleep(&self, longest: Duration) {
        let awake = self.awake.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut awake, _) = self.changed.wait_timeout_while(awake, longest, |awake| !*awake).unwrap_or_else(PoisonError::into_inner);
        *awake = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_call_before_the_sleep_is_not_lost() {
        let waker = Arc::new(Waker::default());
        waker.wake();
        let other = Arc::clone(&waker);
        let sleeper = std::thread::spawn(move || {
            other.sleep(Duration::from_secs(60)); // returns at once
            other.sleep(Duration::from_secs(60)); // until woken
        });
        while !sleeper.is_finished() {
            waker.wake();
            std::thread::yield_now();
        }
        sleeper.join().unwrap();
    }
}
