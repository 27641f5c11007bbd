//! The actions of one slot that were read and not yet dealt with, and what becomes of the first.
//!
//! It reads ahead so that a `cancel` that has arrived stops its send, and lets nothing go before it has seen the end of the partition or is
//! full. Order is kept: an action that waits for its next attempt holds up those behind it, so that positions say what was done. It does
//! nothing itself. Driven by `cli::deliver`.

use std::collections::VecDeque;

use super::action::{Action, Kind};
use super::ledger::{Ledger, Own};
use super::mark::{Mark, State, moment};

/// Records read ahead of a slot: a `cancel` further away than this comes too late.
const RECORDS_MAX: usize = 500;
/// An action with a full cart has some 10 KiB.
const BYTES_MAX: usize = 4 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skip {
    /// No send.
    NotForUs,
    Cancelled,
    Expired,
    /// Sent, failed, or given up before.
    Done,
    /// An attempt of another life: nobody knows how it ended.
    InDoubt,
    Unreadable,
}

impl Skip {
    pub fn word(self) -> &'static str {
        match self {
            Skip::NotForUs => "not_a_send",
            Skip::Cancelled => "cancelled",
            Skip::Expired => "expired",
            Skip::Done => "done",
            Skip::InDoubt => "in_doubt",
            Skip::Unreadable => "unreadable",
        }
    }
}

/// What becomes of the first action.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// None is there, or more may still arrive that belong to it.
    Nothing,
    /// Not before this time, Unix milliseconds.
    Wait(i64),
    /// Not sent; the mark, if any, is to be written.
    Skip(Skip, Option<Mark>),
    /// Was attempted by this very process, which could not write down how it ended.
    Conclude(Mark),
    /// To be attempted; so many attempts were answered before.
    Send(Box<Action>, u32),
}

struct Item {
    offset: i64,
    bytes: usize,
    action: Result<Action, String>,
}

#[derive(Default)]
pub struct Queue {
    items: VecDeque<Item>,
    bytes: usize,
    is_at_end: bool,
    /// Until then the first one waits, Unix milliseconds.
    not_before_ms: i64,
}

impl Queue {
    pub fn has_room(&self) -> bool {
        self.items.len() < RECORDS_MAX && self.bytes < BYTES_MAX
    }

    /// `trace`: as `Action` has it.
    pub fn push(&mut self, offset: i64, value: &[u8], trace: Vec<(String, String)>) {
        let action = Action::read(value).map(|action| Action { trace, ..action });
        self.items.push_back(Item { offset, bytes: value.len(), action });
        self.bytes += value.len();
        self.is_at_end = false;
    }

    /// Nothing more has been written for now.
    pub fn reach_end(&mut self) {
        self.is_at_end = true;
    }

    /// Everything that has been written was dealt with.
    pub fn is_done(&self) -> bool {
        self.is_at_end && self.items.is_empty()
    }

    /// The play of the first one; empty where it cannot be read.
    pub fn first_play(&self) -> &str {
        self.items.front().and_then(|item| item.action.as_ref().ok()).map_or("", |action| &action.play)
    }

    /// The first one is dealt with; returns the position behind it.
    pub fn pop(&mut self) -> i64 {
        let item = self.items.pop_front().expect("invariant: what was dealt with is there");
        self.bytes -= item.bytes;
        self.not_before_ms = 0;
        item.offset + 1
    }

    pub fn hold_first_until(&mut self, at_ms: i64) {
        self.not_before_ms = at_ms;
    }

    pub fn next(&self, ledger: &Ledger, own: &Own, now_ms: i64) -> Next {
        let Some(first) = self.items.front() else { return Next::Nothing };
        let Ok(action) = &first.action else { return Next::Skip(Skip::Unreadable, None) };
        let mark = |id: &str, state| Mark {
            id: id.to_owned(),
            state,
            attempts: 0,
            by: own.life.clone(),
            at: moment(now_ms),
            expires_at: moment(action.expires_at_ms),
            play: action.play.clone(),
            why: None,
        };
        match (action.kind, &action.cancels) {
            (Kind::Send, _) => {}
            (Kind::Cancel, Some(id)) => {
                let is_open = ledger.find(id).is_none_or(|mark| mark.state == State::Waiting);
                return Next::Skip(Skip::NotForUs, is_open.then(|| mark(id, State::Cancelled)));
            }
            (Kind::Cancel | Kind::Other, _) => return Next::Skip(Skip::NotForUs, None),
        }
        let found = ledger.find(&action.id);
        match found.map(|mark| (mark.state, mark.by == own.life)) {
            Some((State::Sent | State::Failed | State::Doubtful, _)) => return Next::Skip(Skip::Done, None),
            Some((State::Cancelled, _)) => return Next::Skip(Skip::Cancelled, None),
            Some((State::Sending, false)) => return Next::Skip(Skip::InDoubt, Some(mark(&action.id, State::Doubtful))),
            Some((State::Sending, true)) => match own.last.as_ref().filter(|(id, _)| *id == action.id) {
                Some((_, Some(outcome))) => return Next::Conclude(outcome.clone()),
                Some((_, None)) => return Next::Skip(Skip::InDoubt, Some(mark(&action.id, State::Doubtful))),
                // the mark was written and the attempt never made: its commit had seemed to fail
                None => {}
            },
            Some((State::Waiting, _)) | None => {}
        }
        if action.expires_at_ms <= now_ms {
            return Next::Skip(Skip::Expired, None);
        }
        if self.is_called_off(&action.id) {
            return Next::Skip(Skip::Cancelled, Some(mark(&action.id, State::Cancelled)));
        }
        // asked last: what is called off or expires meanwhile waits no longer
        if self.not_before_ms > now_ms {
            return Next::Wait(self.not_before_ms);
        }
        if !self.is_at_end && self.has_room() {
            return Next::Nothing;
        }
        Next::Send(Box::new(action.clone()), found.map_or(0, |mark| mark.attempts))
    }

    fn is_called_off(&self, id: &str) -> bool {
        let mut actions = self.items.iter().filter_map(|item| item.action.as_ref().ok());
        actions.any(|action| action.kind == Kind::Cancel && action.cancels.as_deref() == Some(id))
    }
}
