//! How an action is wrapped for the way it goes, and what a way must be able to do.
//!
//! It decides nothing about retries: an attempt has an outcome, and `office` does the rest. Implemented by `smtp` and `webhook`.

use crate::deliver::{Action, Hook, HookRules, Letter, LetterRules, Outcome, Parcel, Templates};

pub enum Packing {
    Letters(Templates, LetterRules),
    Hooks(Templates, HookRules),
}

impl Packing {
    /// Every byte that goes out; the error is a code or names a template.
    pub fn wrap(&self, action: &Action, now_ms: i64) -> Result<Parcel, String> {
        match self {
            Packing::Letters(templates, rules) => Letter::write(action, templates, rules, now_ms).map(Parcel::Letter),
            Packing::Hooks(templates, rules) => Hook::write(action, templates, rules, now_ms).map(Parcel::Hook),
        }
    }
}

pub trait Carrier {
    /// Gets ready to hand something over; a failure is of the way, not of a mail, and nothing has been sent.
    fn prepare(&mut self) -> Result<(), String>;

    /// One attempt.
    fn hand_over(&mut self, parcel: &Parcel) -> Outcome;
}
