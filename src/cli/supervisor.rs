//! What systemd is told, where it started us: that we have begun, how we are, and that every worker still goes through its loop.
//!
//! Restoring may take minutes and is no failure to start, so we have begun as soon as workers and HTTP run; the status line says the rest. A
//! worker that is stuck is not covered up: the watchdog then hears nothing, and systemd begins anew. Without systemd it does nothing. Called by
//! `process`.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::http::Health;

/// Told so often within the time after which the watchdog bites.
const BEATS: u64 = 3;

pub struct Supervisor {
    /// `None`: there is no watchdog.
    beat_every_ms: Option<u64>,
    next_beat_ms: u64,
    status: &'static str,
    say: Say,
}

type Say = Box<dyn FnMut(NotifyState<'_>)>;

impl Supervisor {
    /// Says that we have begun.
    pub fn greet() -> Supervisor {
        // systemd may have closed its ear; then it is its own loss
        Supervisor::begin(sd_notify::watchdog_enabled(), Box::new(|state| drop(sd_notify::notify(&[state]))))
    }

    fn begin(bites_after: Option<Duration>, mut say: Say) -> Supervisor {
        say(NotifyState::Ready);
        let beat_every_ms = bites_after.as_ref().map(Duration::as_millis).map(|bites_ms| bites_ms as u64 / BEATS);
        Supervisor { beat_every_ms, next_beat_ms: 0, status: "", say }
    }

    /// To be called all the time; says something when there is something to say.
    pub fn tell(&mut self, health: &Health, now_ms: u64) {
        let status = health.state();
        if status != self.status {
            self.status = status;
            (self.say)(NotifyState::Status(status));
        }
        let Some(beat_every_ms) = self.beat_every_ms.filter(|_| now_ms >= self.next_beat_ms) else {
            return;
        };
        if health.stuck(now_ms).is_empty() {
            self.next_beat_ms = now_ms + beat_every_ms;
            (self.say)(NotifyState::Watchdog);
        }
    }

    pub fn part(mut self) {
        (self.say)(NotifyState::Stopping);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::http::Phase;

    #[test]
    fn the_watchdog_hears_nothing_as_long_as_a_worker_is_stuck() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = heard.clone();
        let say = Box::new(move |state: NotifyState<'_>| ear.lock().unwrap().push(state.to_string()));
        let said = || std::mem::take(&mut *heard.lock().unwrap());
        let health = Health::new(2, 0).with_patience(10_000);
        let mut supervisor = Supervisor::begin(Some(Duration::from_secs(3)), say);
        supervisor.tell(&health, 0);
        assert_eq!(said(), ["READY=1", "STATUS=starting", "WATCHDOG=1"]);
        supervisor.tell(&health, 999);
        assert_eq!(said(), [""; 0], "a third of the time is often enough");
        (0..2).for_each(|worker| health.set_phase(worker, Phase::Running));
        supervisor.tell(&health, 1_000);
        assert_eq!(said(), ["STATUS=running", "WATCHDOG=1"]);
        health.beat(0, 10_001);
        supervisor.tell(&health, 10_001);
        supervisor.tell(&health, 60_000);
        assert_eq!(said(), [""; 0], "one is alive, the other is stuck");
        (0..2).for_each(|worker| health.beat(worker, 60_000));
        supervisor.tell(&health, 60_001);
        supervisor.part();
        assert_eq!(said(), ["WATCHDOG=1", "STOPPING=1"]);
    }

    #[test]
    fn without_a_watchdog_only_what_changes_is_told() {
        let heard = Arc::new(Mutex::new(0));
        let ear = heard.clone();
        let mut supervisor = Supervisor::begin(None, Box::new(move |_| *ear.lock().unwrap() += 1));
        let health = Health::new(1, 0);
        (0..100).for_each(|now_ms| supervisor.tell(&health, now_ms * 1_000));
        assert_eq!(*heard.lock().unwrap(), 2, "ready, and starting");
    }
}
