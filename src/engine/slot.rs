//! One slot: its clock, its customers, its queue of deadlines, and the transaction that is open on them.
//!
//! The order of calls in a transaction: any number of `tick` and `apply` (before an event, `tick` to its time until `Done`), then `seal`,
//! `changes`, and `publish` once it is committed or `discard` if it was not. Nothing here fails, waits or reads a clock; equal calls give
//! equal bytes, however they are cut into transactions. Called by `worker`.

mod erase;
mod figures;
mod referral;
mod relay;
mod rescoring;
mod transaction;

pub use transaction::Change;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::apply::{self, Outcome};
use super::cells::Cells;
use super::committed::{ALL_REGIONS, Committed, hash_of};
use super::deadline::{self, Due, Fate};
use super::erasure::MarkId;
use super::outputs::Outputs;
use super::overlay::{NEVER, Overlay};
use super::plays;
use super::relay::Content;
use super::row::{self, RowVersion};
use super::rules::Rules;
use super::scene::{Cause, Occasion, Scene};
use super::settings::Settings;
use super::timers::{Next, Ready, Timers};
use crate::event::{Event, Identity, Kind, Raw};
use rescoring::Rescoring;

/// How far slot time may move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub to_ms: i64,
    /// In wall mode, what the clock says: a mail due too long before it is stale.
    pub wall_ms: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is due any more; slot time is where it was to go.
    Done,
    /// The limit was reached; slot time is at the last deadline fired.
    More,
}

pub struct Slot {
    number: u32,
    rules: Rules,
    committed: Arc<Committed>,
    overlay: Overlay,
    /// Erasures of the open transaction, with their times.
    marks: BTreeMap<MarkId, i64>,
    /// Nobody pays for marks before there is one.
    has_marks: bool,
    cells: Cells,
    timers: Timers,
    time_ms: Option<i64>,
    published_time_ms: Option<i64>,
    published_row_version: RowVersion,
    rescoring: Rescoring,
    published_rescoring: Rescoring,
}

impl Slot {
    /// A slot with nothing in it.
    pub fn new(number: u32, settings: Arc<Settings>, committed: Arc<Committed>) -> Slot {
        let rules = Rules::new(settings.clone());
        let cells = Cells::new(number, &settings, committed.clone(), RowVersion::NEWEST);
        let slot = Slot {
            number,
            rules,
            committed,
            overlay: Overlay::new(RowVersion::NEWEST),
            marks: BTreeMap::new(),
            has_marks: false,
            cells,
            timers: Timers::default(),
            time_ms: None,
            published_time_ms: None,
            published_row_version: RowVersion::NEWEST,
            rescoring: Rescoring::default(),
            published_rescoring: Rescoring::default(),
        };
        slot.with_row_version(RowVersion::NEWEST)
    }

    /// The same slot writing rows of a version, which others may read who read no newer one; whoever is in it has been scored so. What
    /// this version has no place for is forgotten after each event.
    pub fn with_row_version(mut self, version: RowVersion) -> Slot {
        self.set_row_version(version);
        self.published_row_version = version;
        self.rescoring = Rescoring::none(&self.scoring());
        self.published_rescoring.clone_from(&self.rescoring);
        self
    }

    /// Of the rows that are written.
    pub fn row_version(&self) -> RowVersion {
        self.overlay.version()
    }

    /// Writes rows of a newer version from here on, unless the transaction is discarded; `false`: it is not newer. If they keep more of a
    /// score, everybody is to be scored anew.
    pub fn raise_row_version(&mut self, version: RowVersion) -> bool {
        let is_newer = version > self.overlay.version();
        if is_newer {
            self.set_row_version(version);
            self.begin_rescoring();
        }
        is_newer
    }

    fn set_row_version(&mut self, version: RowVersion) {
        self.overlay.set_version(version);
        self.cells.set_version(version);
    }

    /// A slot whose rows have been restored into `committed`. Reads of each row the first field only.
    pub fn restored(number: u32, settings: Arc<Settings>, committed: Arc<Committed>, time_ms: Option<i64>) -> Slot {
        let mut deadlines = Vec::new();
        for region in ALL_REGIONS {
            committed.with_region(number, region as u16, |rows| {
                let rows = rows.into_iter().flat_map(|r| r.rows());
                deadlines.extend(rows.filter_map(|(hash, _, bytes)| Some((hash, row::deadline_ms(bytes)?))));
            });
        }
        let timers = Timers::rebuilt(deadlines.into_iter());
        let has_marks = erase::has_marks(&committed, number);
        let slot = Slot::new(number, settings, committed);
        let cells = slot.cells.restored(time_ms);
        Slot { timers, has_marks, cells, time_ms, published_time_ms: time_ms, ..slot }
    }

    pub fn number(&self) -> u32 {
        self.number
    }

    /// Slot time; `None` before any is known.
    pub fn time_ms(&self) -> Option<i64> {
        self.time_ms
    }

    /// The earliest queued deadline, or when changed cells are to be written. Nobody is due before it; whether somebody is due at it shows
    /// when it is looked at.
    pub fn next_deadline_ms(&self) -> Option<i64> {
        match (self.timers.earliest_ms(), self.cells.due_ms()) {
            (Some(timer_ms), Some(cells_ms)) => Some(timer_ms.min(cells_ms)),
            (timer_ms, cells_ms) => timer_ms.or(cells_ms),
        }
    }

    /// Deadlines queued.
    pub fn timers(&self) -> usize {
        self.timers.len()
    }

    /// Moves slot time on and fires what is due by then, in order of (deadline, customer id), each at its own time. Looks at or fires at
    /// most `limit` entries of the queue.
    pub fn tick(&mut self, moment: Moment, limit: usize, out: &mut Outputs) -> Progress {
        let to_ms = self.time_ms.map_or(moment.to_ms, |time| time.max(moment.to_ms));
        let mut rest = limit;
        while self.next_deadline_ms().is_some_and(|due_ms| due_ms <= to_ms) {
            if rest == 0 {
                return Progress::More;
            }
            rest -= 1;
            if self.flush_if_next(out) {
                continue;
            }
            match self.timers.pop() {
                Some(Next::Look { deadline_ms, hash }) => self.look(deadline_ms, hash),
                Some(Next::Fire(due)) => self.fire(&due, moment.wall_ms, out),
                None => return Progress::More,
            }
        }
        self.time_ms = Some(to_ms);
        Progress::Done
    }

    /// Applies an event. What was due by its time has been fired by `tick`.
    pub fn apply(&mut self, event: &Event<'_>, cause: &Cause<'_>, out: &mut Outputs) -> Outcome {
        self.apply_on(event, Occasion::Event { cause: *cause, name: &event.name }, &cause.record, out)
    }

    /// The same on any occasion; `record`: as the event came, in case it is to be sent on.
    fn apply_on(&mut self, event: &Event<'_>, occasion: Occasion<'_>, record: &Raw<'_>, out: &mut Outputs) -> Outcome {
        if event.identity == Identity::Nobody {
            return self.count_cost(event, out);
        }
        if self.is_erased_at(&event.customer, event.time_ms) {
            return Outcome::Erased;
        }
        if event.kind == Kind::Erased {
            return self.erase(event, occasion, out);
        }
        self.open(hash_of(&event.customer), &event.customer);
        let (customer, entry) = self.overlay.current();
        let of_whom = (&*event.customer, event.time_ms);
        let mut scene = Scene::of_event(&self.rules, self.number, of_whom, occasion, &mut self.cells, out);
        if let Some(moved) = customer.moved().filter(|_| scene.can_tell()) {
            let is_own = event.identity == Identity::Known && !self.rules.settings.merges_known;
            if !is_own {
                scene.send(&moved.to, &Content::Forward(*record));
                return Outcome::Forwarded;
            }
            // known after all: whoever took the id for a visitor's had asked before this was heard
            customer.clear();
        }
        let overtakes = entry.deadline_ms <= event.time_ms;
        let Some(outcome) = apply::apply(customer, event, overtakes, &mut scene) else {
            return Outcome::Duplicate;
        };
        entry.exists = true;
        self.settle();
        outcome
    }

    /// Sorts everybody behind a queued hash into those due now and those due later.
    fn look(&mut self, deadline_ms: i64, hash: u64) {
        let (overlay, timers) = (&self.overlay, &mut self.timers);
        let mut sort = |id: &str, own_ms: i64| match own_ms {
            NEVER => {}
            own_ms if own_ms <= deadline_ms => timers.ready(Ready { deadline_ms: own_ms, id: id.into(), hash }),
            own_ms => timers.offer(hash, own_ms),
        };
        for entry in overlay.with_hash(hash) {
            sort(overlay.id(entry), entry.deadline_ms);
        }
        self.committed.for_hash(self.number, hash, |id, bytes| {
            let id = text_of(id);
            if overlay.find(hash, id).is_none() {
                sort(id, row::deadline_ms(bytes).unwrap_or(NEVER));
            }
        });
    }

    fn fire(&mut self, due: &Ready, wall_ms: Option<i64>, out: &mut Outputs) {
        self.open(due.hash, &due.id);
        let (customer, entry) = self.overlay.current();
        if entry.deadline_ms != due.deadline_ms {
            if entry.deadline_ms != NEVER {
                self.timers.offer(due.hash, entry.deadline_ms);
            }
            return;
        }
        let mut next = deadline::next(customer, &self.rules);
        while let Some(present) = next.filter(|next| next.at_ms <= due.deadline_ms) {
            let mut scene = Scene {
                rules: &self.rules,
                slot: self.number,
                customer_id: &due.id,
                occasion: present.occasion(&self.rules),
                time_ms: present.at_ms,
                wall_ms,
                out,
                cells: &mut self.cells,
                written: 0,
            };
            if present.fire(customer, &mut scene) == Fate::Gone {
                customer.clear();
                entry.exists = false;
                next = None;
                break;
            }
            next = deadline::next(customer, &self.rules);
        }
        entry.deadline_ms = NEVER; // its place in the queue is used up
        self.time_ms = Some(self.time_ms.map_or(due.deadline_ms, |time| time.max(due.deadline_ms)));
        self.settle_until(next);
    }

    fn open(&mut self, hash: u64, id: &str) {
        if self.overlay.open(self.number, hash, id, &self.committed) {
            self.overlay.current().0.derive(&self.rules.settings);
        }
    }

    /// The customer at hand has changed: its deadline is set anew.
    fn settle(&mut self) {
        let (customer, entry) = self.overlay.current();
        let next = if entry.exists { deadline::next(customer, &self.rules) } else { None };
        self.settle_until(next);
    }

    /// The same where the next deadline is known. It is queued if it is earlier than what is queued.
    fn settle_until(&mut self, next: Option<Due>) {
        self.cells.arm(self.time_ms);
        self.overlay.mark_changed();
        let (customer, entry) = self.overlay.current();
        // who waits is never pruned, so that it changes no deadline
        plays::prune(customer, &self.rules);
        let deadline_ms = next.map_or(NEVER, |next| next.at_ms);
        if deadline_ms < entry.deadline_ms {
            self.timers.offer(entry.hash, deadline_ms);
        }
        entry.deadline_ms = deadline_ms;
    }
}

/// A row's id.
fn text_of(id: &[u8]) -> &str {
    std::str::from_utf8(id).expect("invariant: rows are put under the ids of events, which are text")
}
