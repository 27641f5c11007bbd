//! A worker that is no member of its group for a while: its transactions are void, no record is blamed for it, and it goes on afterwards.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use lifetide::cli::rules;
use lifetide::cli::shop::Shop;
use lifetide::engine::Committed;
use lifetide::worker::memory::{MemoryLog, MemoryRecord, MemorySource, MemoryTransaction, Produced};
use lifetide::worker::source::{Claim, Input, Source, SourceError};
use lifetide::worker::transaction::OutputTopic;
use lifetide::worker::{Now, Worker, WorkerError};

use crate::pass_on::pass_on;
use crate::settings;

const EVENTS: usize = 400;

/// A source that is no member while `absences` last.
struct Absent {
    inner: MemorySource,
    absences: Rc<Cell<u32>>,
}

impl Source for Absent {
    type Record = MemoryRecord;

    pass_on!(membership, wait, take, start, committed, bounds, changelog);

    fn claim(&mut self) -> Result<Claim, SourceError> {
        match self.absences.get() {
            0 => self.inner.claim(),
            left => {
                self.absences.set(left - 1);
                Err(SourceError::Unavailable("not a member of the group at present".into()))
            }
        }
    }
}

/// What is written (of a cell the last value, whenever that was), and how many transactions count as fenced, when from the third commit on so many claims fail.
fn run(absences: u32) -> Result<(Vec<Produced>, usize), WorkerError> {
    let log = MemoryLog::new(4, 1, true);
    for record in Shop::new(3, 30, 1_767_225_600_000, 600_000).take(EVENTS) {
        let input = Input { topic: record.topic as usize, slot: 0 };
        let key = record.key.as_ref().map(|key| key.as_bytes());
        log.borrow_mut().append(input, None, key, Some(&record.value), Some(record.timestamp_ms), Vec::new()).unwrap();
    }
    let config = settings::config(&["time.mode=\"event\"".to_owned()]);
    let mut rules = rules::worker_rules(&config, 1, 1);
    rules.commit_records_max = 40;
    let left = Rc::new(Cell::new(0));
    let source = Absent { inner: MemorySource::new(log.clone()), absences: left.clone() };
    let mut worker = Worker::new(source, MemoryTransaction::new(log.clone()), rules, Arc::new(Committed::new()));
    let (mut commits, mut fenced) = (0, 0);
    for step in 0..1_000 {
        worker.step(Now { mono_ms: step * 500, wall_ms: 0 })?;
        let report = worker.take_report();
        if commits < 3 && commits + report.commits.len() >= 3 {
            left.set(absences);
        }
        (commits, fenced) = (commits + report.commits.len(), fenced + report.fenced.len());
    }
    let (mut produced, mut cells) = (Vec::new(), BTreeMap::new());
    for record in log.borrow().produced.iter().cloned() {
        match record.topic {
            OutputTopic::Aggregates => drop(cells.insert(record.key.clone(), Produced { timestamp_ms: None, ..record })),
            _ => produced.push(record),
        }
    }
    produced.extend(cells.into_values());
    Ok((produced, fenced))
}

#[test]
fn a_member_that_was_away_for_a_while_goes_on_and_writes_the_same() {
    let (expected, fenced) = run(0).unwrap();
    assert!(expected.len() > 100 && fenced == 0, "{} records, {fenced} fenced", expected.len());
    assert_eq!(run(8).unwrap(), (expected, 8));
}

#[test]
fn a_member_that_stays_away_is_built_anew_and_no_record_is_blamed() {
    match run(100) {
        Err(WorkerError::Unavailable(why)) => assert!(why.contains("not a member"), "{why}"),
        other => panic!("expected that a new worker may succeed, got {other:?}"),
    }
}
