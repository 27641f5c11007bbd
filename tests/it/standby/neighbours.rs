//! Workers of one process that run the same slot for a while, because one of them hears late of its loss or of what it was given: the rows they
//! serve lie in one place, and nobody's may be wiped, overwritten or built upon by the other. Over the log in memory, which lets everybody
//! commit: what is right must not hang on the group alone.

use lifetide::engine::ALL_REGIONS;
use lifetide::worker::source::Claim;
use lifetide::worker::transaction::{Position, Transaction, TransactionError};

use super::*;

/// When something happens to another worker in the middle of a transaction of this one.
#[derive(Clone, Copy, PartialEq)]
enum Moment {
    Begun,
    Committed,
}

type Event = Rc<RefCell<Option<(Moment, Box<dyn FnOnce()>)>>>;

struct Interrupted {
    inner: MemoryTransaction,
    event: Event,
}

impl Interrupted {
    fn reach(&self, moment: Moment) {
        let is_it = self.event.borrow().as_ref().is_some_and(|(at, _)| *at == moment);
        if let Some((_, happen)) = self.event.borrow_mut().take_if(|_| is_it) {
            happen();
        }
    }
}

impl Transaction for Interrupted {
    pass_on!(writer, send, abort, renew, fence, trim);

    fn begin(&mut self) -> Result<(), TransactionError> {
        self.inner.begin()?;
        self.reach(Moment::Begun);
        Ok(())
    }

    fn commit(&mut self, positions: &[Position], claim: &Claim) -> Result<(), TransactionError> {
        self.inner.commit(positions, claim)?;
        self.reach(Moment::Committed);
        Ok(())
    }
}

/// Another worker of the same process.
fn beside<T: Transaction>(log: &Log, life: u64, other: &Member<T>) -> Member {
    let rules = Rules { shelf: other.shelf.clone(), ..rules_of(life) };
    Member::with(log, rules, MemoryTransaction::new(log.clone()), other.committed.clone())
}

/// Every row of a slot, in order.
fn rows(committed: &Committed, slot: u32) -> Vec<(Vec<u8>, Vec<u8>)> {
    let of_region = |region: u32| {
        committed.with_region(slot, region as u16, |region| {
            let rows = region.into_iter().flat_map(|region| region.rows());
            rows.map(|(_, id, row)| (id.to_vec(), row.to_vec())).collect::<Vec<_>>()
        })
    };
    let mut rows: Vec<_> = ALL_REGIONS.flat_map(of_region).collect();
    rows.sort();
    rows
}

/// What a process that knows only the log makes of it.
fn rows_by_the_log(log: &Log, slot: u32) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut fresh = Member::new(log, 9, &[], None);
    fresh.told(Membership::Assigned(vec![slot]));
    rows(&fresh.committed, slot)
}

#[test]
fn who_hears_late_of_a_loss_leaves_the_rows_of_the_next_owner_alone() {
    type Hears = fn(&mut Member);
    let lost: Hears = |first| drop(first.told(Membership::Lost(vec![1])));
    let revoked: Hears = |first| drop(first.told(Membership::Revoked(vec![1])));
    let ended: Hears = |first| first.worker.leave();
    for (name, hears) in [("lost", lost), ("revoked", revoked), ("ended", ended)] {
        let (log, mut first) = history();
        let mut second = beside(&log, 2, &first);
        second.told(Membership::Assigned(vec![1]));
        let before = rows(&second.committed, 1);
        assert!(before.len() > 5);
        hears(&mut first);
        assert_eq!(rows(&second.committed, 1), before, "{name}");
        load(&log, 22);
        second.steps(60);
        assert_eq!(second.worker.status().running, [1], "{name}");
        let held = rows(&second.committed, 1);
        assert_ne!(held, before, "{name}");
        let given_back = second.told(Membership::Revoked(vec![1])).len() + second.committed.size(1).0;
        assert_eq!(given_back, 0, "{name}: its own rows go with it");
        assert!(second.told(Membership::Assigned(vec![1]))[0].was_warm, "{name}");
        // whoever takes a slot over writes its cells anew: only now may another one
        assert_eq!(held, rows_by_the_log(&log, 1), "{name}");
    }
}

#[test]
fn who_hears_late_of_a_slot_and_at_once_of_its_loss_leaves_its_owner_alone() {
    let (log, mut owner) = history();
    let before = rows(&owner.committed, 1);
    let mut late = beside(&log, 2, &owner);
    late.changes.borrow_mut().push_back(Membership::Assigned(vec![1]));
    late.told(Membership::Lost(vec![1]));
    assert_eq!(rows(&owner.committed, 1), before);
    load(&log, 22);
    owner.steps(60);
    assert_eq!((owner.fenced, owner.worker.status().running.len()), (0, SLOTS as usize));
    assert_eq!(rows(&owner.committed, 1), rows_by_the_log(&log, 1));
}

/// One worker's slot goes to another of its process at this moment of a transaction.
fn overtaken(moment: Moment) -> (Log, Member<Interrupted>, Member) {
    let log = MemoryLog::new(4, SLOTS, true);
    load(&log, 21);
    let event = Event::default();
    let transaction = Interrupted { inner: MemoryTransaction::new(log.clone()), event: event.clone() };
    let mut first = Member::with(&log, rules_of(1), transaction, Arc::new(Committed::new()));
    first.told(Membership::Assigned(vec![1]));
    let second = Rc::new(RefCell::new(beside(&log, 2, &first)));
    load(&log, 22);
    let (overtaker, changes) = (second.clone(), first.changes.clone());
    let happen = move || {
        assert_eq!(overtaker.borrow_mut().told(Membership::Assigned(vec![1])).len(), 1);
        changes.borrow_mut().push_back(Membership::Lost(vec![1]));
    };
    *event.borrow_mut() = Some((moment, Box::new(happen)));
    first.steps(60);
    assert!(event.borrow().is_none(), "it never happened");
    let Ok(second) = Rc::try_unwrap(second) else { unreachable!("it has happened, and is gone") };
    (log, first, second.into_inner())
}

#[test]
fn a_transaction_that_may_have_read_the_rows_of_another_is_void() {
    let (log, first, second) = overtaken(Moment::Begun);
    assert_eq!((first.fenced, first.worker.status()), (1, Default::default()));
    assert_eq!(rows(&second.committed, 1), rows_by_the_log(&log, 1));
}

#[test]
fn what_was_committed_before_another_took_over_is_not_published_over_its_rows() {
    let (log, first, second) = overtaken(Moment::Committed);
    assert_eq!((first.fenced, first.worker.status()), (0, Default::default()));
    assert_eq!(rows(&second.committed, 1), rows_by_the_log(&log, 1));
}

#[test]
fn an_owner_whose_rows_were_replaced_in_error_restores_them_and_goes_on() {
    let (log, mut owner) = history();
    let mut late = beside(&log, 2, &owner);
    late.told(Membership::Assigned(vec![1]));
    late.told(Membership::Lost(vec![1]));
    assert_eq!(owner.committed.size(1).0, 0, "as long as the owner has nothing to do");
    load(&log, 22);
    owner.steps(60);
    assert_eq!((owner.fenced, owner.worker.status().running.len()), (1, SLOTS as usize));
    assert_eq!(rows(&owner.committed, 1), rows_by_the_log(&log, 1));
}
