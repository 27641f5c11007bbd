//! What outlives the connections to Kafka: the way mails go, the pace, this process's last attempt, and the counts.
//!
//! One attempt is made here, from the right to send to the mark of its outcome; writing marks down is `office`'s. Called by `office`.

use super::carrier::{Carrier, Packing};
use super::teller::Teller;
use crate::clock;
use crate::config;
use crate::deliver::{Action, Mark, Outcome, Own, Pace, Parcel, State, moment, pause_ms};

pub struct Desk {
    pub own: Own,
    pub teller: Teller,
    packing: Packing,
    carrier: Box<dyn Carrier>,
    pace: Pace,
    attempts_max: u32,
    /// Times in a row that nobody was there.
    silences: u32,
    /// Of the clock that never goes back: until then nothing is tried.
    closed_until_ms: u64,
}

impl Desk {
    pub fn new(own: Own, packing: Packing, carrier: Box<dyn Carrier>, teller: Teller, settings: &config::Deliver, now_ms: u64) -> Desk {
        let pace = Pace::new(settings.rate_per_second, now_ms);
        let attempts_max = settings.attempts;
        Desk { own, teller, packing, carrier, pace, attempts_max, silences: 0, closed_until_ms: 0 }
    }

    /// Whether an attempt may be made now. A way that is closed is not asked before its pause is over.
    pub fn may_send(&mut self) -> bool {
        let now_ms = clock::monotonic_ms();
        if now_ms < self.closed_until_ms {
            return false;
        }
        if let Err(left_ms) = self.pace.take(now_ms) {
            self.closed_until_ms = now_ms + left_ms;
            return false;
        }
        match self.carrier.prepare() {
            Ok(()) => true,
            Err(why) => {
                self.close(&why);
                false
            }
        }
    }

    fn close(&mut self, why: &str) {
        self.silences = self.silences.saturating_add(1);
        let pause_ms = pause_ms(self.silences);
        self.closed_until_ms = clock::monotonic_ms() + pause_ms;
        tracing::warn!(pause_ms, "nothing is sent for now: {why}");
    }

    /// The bytes of it, or why there can be none.
    pub fn wrap(&self, action: &Action) -> Result<Parcel, String> {
        self.packing.wrap(action, clock::wall_ms())
    }

    pub fn mark(&self, action: &Action, state: State, attempts: u32) -> Mark {
        Mark {
            id: action.id.clone(),
            state,
            attempts,
            by: self.own.life.clone(),
            at: moment(clock::wall_ms()),
            expires_at: moment(action.expires_at_ms),
            play: action.play.clone(),
            why: None,
        }
    }

    /// The attempt itself; the mark `sending` must be there. Returns the mark of its outcome.
    pub fn attempt(&mut self, action: &Action, parcel: &Parcel, attempts: u32) -> Mark {
        self.own.last = Some((action.id.clone(), None));
        let began_us = clock::monotonic_us();
        let outcome = self.carrier.hand_over(parcel);
        self.teller.handed_over(clock::monotonic_us().saturating_sub(began_us));
        let (state, attempts, why) = match outcome {
            Outcome::Sent => (State::Sent, attempts + 1, None),
            Outcome::Later(why) if attempts + 1 < self.attempts_max => (State::Waiting, attempts + 1, Some(why)),
            Outcome::Later(why) | Outcome::Rejected(why) => (State::Failed, attempts + 1, Some(why)),
            Outcome::Unknown(why) => (State::Doubtful, attempts, Some(why)),
            Outcome::Unreachable(why) => {
                self.close(&format!("cannot be reached: {why}"));
                (State::Waiting, attempts, Some(why))
            }
        };
        if state == State::Sent {
            self.silences = 0;
        }
        let mark = Mark { why, ..self.mark(action, state, attempts) };
        self.own.last = Some((action.id.clone(), Some(mark.clone())));
        mark
    }

    /// Counts and logs how something ended.
    pub fn note(&mut self, mark: &Mark) {
        let (id, play, why) = (&mark.id, &mark.play, mark.why.as_deref().unwrap_or_default());
        match mark.state {
            State::Sent => {
                tracing::debug!(id, play, "sent");
                self.teller.count("sent", play);
            }
            State::Waiting => {
                tracing::info!(id, play, attempts = mark.attempts, why, "refused for now, is tried again");
                self.teller.count("put_off", play);
            }
            State::Failed => {
                tracing::warn!(id, play, attempts = mark.attempts, why, "not sent");
                self.teller.count("failed", play);
            }
            State::Doubtful | State::Sending => {
                tracing::warn!(id, play, why, "it is not known whether this was sent, and it is not sent again");
                self.teller.count("in_doubt", play);
            }
            State::Cancelled => self.teller.count("cancelled", play),
        }
    }
}
