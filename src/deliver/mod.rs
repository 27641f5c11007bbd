//! What `deliver` makes of an action: whether it is sent, when, and every byte of it.
//!
//! Pure: no network, no Kafka, no clock; time and what is known of former deliveries are arguments. Reading order: `action` (a record of the
//! topic `actions`), `mark` (a record of `deliveries`), `ledger` (what they add up to), `queue` (what becomes of the next action), `pace` (how
//! fast, and how long until the next attempt), `templates` (words), `letter` (a mail), `hook` (a signed HTTP request). It knows nothing of
//! customers but what an action says. Called by `cli::deliver`, which has the connections.

mod action;
mod hook;
mod ledger;
mod letter;
mod mark;
mod pace;
mod queue;
mod templates;
#[cfg(test)]
mod tests;

pub use action::{Action, Kind};
pub use hook::{Hook, HookRules, WebhookSecret};
pub use ledger::{Ledger, Own};
pub use letter::{Letter, LetterRules};
pub use mark::{Mark, State, moment, schema as schema_of_deliveries};
pub use pace::{Pace, pause_ms};
pub use queue::{Next, Queue, Skip};
pub use templates::{Templates, Texts};

/// How an attempt ended. Reasons are codes, never words of the other side, which may quote an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Taken over by the mail server or the receiver.
    Sent,
    /// Refused for now; counted among the attempts.
    Later(String),
    /// Nobody was there, so nothing was handed over; not counted.
    Unreachable(String),
    /// Refused for good.
    Rejected(String),
    /// Handed over without an answer: it may have been taken, so it is never tried again.
    Unknown(String),
}

/// What is handed over.
#[derive(Debug, Clone, PartialEq)]
pub enum Parcel {
    Letter(Letter),
    Hook(Hook),
}
