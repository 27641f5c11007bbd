//! A history in memory, run through the very worker that `run` uses: lines in, committed records out.
//!
//! Lines are dealt to slots by the partitioner and keep their order per topic and slot. Time is the events' own. Nothing is read or
//! written here: `replay` brings the lines and takes the records. Called by `replay` and by the scenario tests.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use thiserror::Error;

use super::lines::Line;
use crate::config::Config;
use crate::engine::Committed;
use crate::worker::memory::{MemoryLog, MemorySource, MemoryTransaction, Produced};
use crate::worker::source::Input;
use crate::worker::{Next, Now, TimeMode, Worker, WorkerError, partition_of};

use super::super::rules;

/// There is no present in a replay: time is the events'.
const NO_TIME: Now = Now { mono_ms: 0, wall_ms: 0 };
/// A replay's bases would only be thrown away.
const NO_BASES: f64 = 0.0;
/// Records of one transaction: large, because each costs a pass over the changed rows, but bounded, because outputs wait for its end.
const COMMIT_RECORDS: u64 = 50_000;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HistoryError {
    #[error("topic {0} is not one of input.topics")]
    UnknownTopic(String),
    #[error("offset {offset} does not follow {last} of the same topic and slot")]
    Offset { offset: i64, last: i64 },
    #[error(transparent)]
    Worker(#[from] WorkerError),
}

pub struct History {
    topics: Vec<String>,
    slots: u32,
    log: Rc<RefCell<MemoryLog>>,
    committed: Arc<Committed>,
    worker: Worker<MemorySource, MemoryTransaction>,
}

impl History {
    /// An empty history of this many slots; slot time runs on to `until_ms` in the end, where given.
    pub fn new(config: &Config, slots: u32, until_ms: Option<i64>) -> History {
        let topics = config.input.topics.clone();
        let mut rules = rules::worker_rules(config, slots, 0);
        rules.time = TimeMode::Event { until_ms };
        rules.base_ratio = NO_BASES;
        rules.commit_records_max = COMMIT_RECORDS;
        // there is nobody else to leave a slot to
        rules.state_bytes_max = None;
        rules.relays_at_once = true;
        let log = MemoryLog::new(rules.topics.len(), slots, false);
        let committed = Arc::new(Committed::new());
        let worker = Worker::new(MemorySource::new(log.clone()), MemoryTransaction::new(log.clone()), rules, committed.clone());
        History { topics, slots, log, committed, worker }
    }

    /// Appends a line to its topic (the first, where it names none) and slot (of its key; the first, without one).
    pub fn add(&mut self, line: Line) -> Result<(), HistoryError> {
        let topic = match line.topic {
            None => 0,
            Some(name) => self.topics.iter().position(|topic| *topic == name).ok_or(HistoryError::UnknownTopic(name))?,
        };
        let slot = line.key.as_ref().map_or(0, |key| partition_of(key.as_bytes(), self.slots));
        let headers = line.headers.into_iter().map(|(name, value)| (name, value.into_bytes())).collect();
        let key = line.key.as_ref().map(|key| key.as_bytes());
        let appended =
            self.log.borrow_mut().append(Input { topic, slot }, line.offset, key, line.value.as_deref(), line.timestamp_ms, headers);
        appended.map_err(|last| HistoryError::Offset { offset: line.offset.unwrap_or_default(), last })
    }

    /// Runs everything, handing each committed record to `take`.
    pub fn run(&mut self, mut take: impl FnMut(Produced)) -> Result<(), HistoryError> {
        loop {
            let next = self.worker.step(NO_TIME)?;
            self.log.borrow_mut().produced.drain(..).for_each(&mut take);
            self.worker.take_report();
            if matches!(next, Next::Wait(_)) && self.worker.status().recovering.is_empty() {
                return Ok(());
            }
        }
    }

    /// The rows as they are in the end.
    pub fn committed(&self) -> &Arc<Committed> {
        &self.committed
    }
}
