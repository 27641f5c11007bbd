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
}

impl Supervisor {
    /// Says that we have begun.
    pub fn greet() -> Supervisor {
        tell(&[NotifyState::Ready]);
        let beat_every_ms = sd_notify::watchdog_enabled().as_ref().map(Duration::as_millis).map(|bites_ms| bites_ms as u64 / BEATS);
        Supervisor { beat_every_ms, next_beat_ms: 0, status: "" }
    }

    /// To be called all the time; says something when there is something to say.
    pub fn tell(&mut self, health: &Health, now_ms: u64) {
        let status = health.state();
        if status != self.status {
            self.status = status;
            tell(&[NotifyState::Status(status)]);
        }
        let Some(beat_every_ms) = self.beat_every_ms.filter(|_| now_ms >= self.next_beat_ms) else {
            return;
        };
        if health.stuck(now_ms).is_empty() {
            self.next_beat_ms = now_ms + beat_every_ms;
            tell(&[NotifyState::Watchdog]);
        }
    }

    pub fn part(self) {
        tell(&[NotifyState::Stopping]);
    }
}

fn tell(states: &[NotifyState<'_>]) {
    // systemd may have closed its ear; then it is its own loss
    let _ = sd_notify::notify(states);
}
