//! Decides which state of a slot to go on from, when its changelog and its committed offsets do not fit together.
//!
//! If the committed state is in the log, whole and with a history, it is that one, whatever lies around it. Else it is the newest
//! transaction whose history is whole, with the input offsets it names: what came after it is processed again and may be written again,
//! under the same ids. Offsets below an input's log start are events lost for good, and only accepted when the caller says so. It writes
//! nothing. Called by `cli` (`state adopt`, `state repair`).

use crate::engine::Region;
use crate::worker::block::{InputOffset, TransactionHeader};
use crate::worker::metadata::Metadata;
use crate::worker::restore::{Restore, Target};
use crate::worker::source::{Bounds, CommittedOffset, Source};
use crate::worker::{Now, WorkerError};

use super::inspect::{committed_offsets, inspect};
use super::survey::Survey;
use super::{input_bounds, read_log};

/// What can be done for a slot.
pub enum Mending {
    /// Neither state nor offsets: there is nothing to go on from, and nothing in the way of beginning.
    Empty,
    /// It runs as it is, now and after the next restart.
    Sound,
    Change(Box<Choice>),
}

/// A state to go on from.
pub struct Choice {
    pub regions: Vec<(u16, Region)>,
    pub last: TransactionHeader,
    /// It is the very state that the committed offsets name.
    pub is_committed: bool,
    /// In the order of the topics.
    pub inputs: Vec<Moved>,
    /// Complete transactions in the log that do not belong to this history.
    pub left_out: usize,
    /// (changelog offset, what is wrong there).
    pub damages: Vec<(i64, String)>,
    /// Larger than that of any transaction of the slot that we know of.
    pub next_seq: u64,
}

/// What becomes of one input's offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub topic: String,
    pub committed: Option<i64>,
    pub next: i64,
    /// Offsets between the state and the log's start: events that were deleted before they were read.
    pub lost: i64,
}

/// Looks for the state of a slot to go on from. `accepts_loss`: also where events were deleted before they were read.
pub fn propose<S: Source>(
    source: &mut S,
    topics: &[String],
    slot: u32,
    accepts_loss: bool,
    clock: &impl Fn() -> Now,
) -> Result<Mending, WorkerError> {
    let committed = committed_offsets(source, slot, clock)?;
    let metadata = Metadata::newest(&committed);
    let low = source.changelog_bounds(slot)?.low;
    let survey = survey(source, slot, low)?;
    let has_offsets = committed.iter().any(Option::is_some);
    if !has_offsets && survey.found.is_empty() && survey.damages.is_empty() {
        return Ok(Mending::Empty);
    }
    // what is not alone will be refused sooner or later, whatever a look says now
    let is_alone = metadata.as_ref().is_some_and(|metadata| is_alone(&survey, metadata));
    if is_alone && inspect(source, topics, slot, clock)?.state.is_ok() {
        return Ok(Mending::Sound);
    }
    let refuse = |why: String| WorkerError::Refused(format!("slot {slot}: {why}"));
    let at = choose(&survey, metadata.as_ref()).ok_or_else(|| refuse(no_state(&survey)))?;
    let path = survey.path(at);
    let mut restore = Restore::new(slot, Target { seq: survey.found[at].seq, chain: survey.found[at].chain });
    read_log(source, slot, survey.found[path[0]].first, |entry| {
        let belongs = path.binary_search_by(|place| match &survey.found[*place] {
            found if found.last < entry.offset => std::cmp::Ordering::Less,
            found if found.first > entry.offset => std::cmp::Ordering::Greater,
            _ => std::cmp::Ordering::Equal,
        });
        if belongs.is_ok() && !restore.is_done() {
            restore.take(entry.offset, &entry.value).map_err(|error| error.to_string())?;
        }
        Ok(())
    })?;
    let restored = restore.finish(&[]).map_err(|error| refuse(error.to_string()))?;
    let bounds = input_bounds(source, topics, slot)?;
    let inputs = move_inputs(topics, &restored.last.offsets, &committed, &bounds, accepts_loss).map_err(refuse)?;
    let seqs = survey.found.iter().map(|found| found.seq).chain(metadata.as_ref().map(|metadata| metadata.seq));
    Ok(Mending::Change(Box::new(Choice {
        regions: restored.regions,
        is_committed: metadata.is_some_and(|metadata| metadata.chain == restored.last.chain),
        last: restored.last,
        inputs,
        left_out: survey.found.len() - path.len(),
        next_seq: seqs.max().unwrap_or_default().saturating_add(1),
        damages: survey.damages,
    })))
}

/// The transaction to go on from: the committed one, else the newest, if its rows are all known.
pub(super) fn choose(survey: &Survey, committed: Option<&Metadata>) -> Option<usize> {
    let committed = committed.and_then(|metadata| survey.find(metadata.chain)).filter(|at| survey.found[*at].is_covered);
    committed.or_else(|| survey.found.iter().rposition(|found| found.is_covered))
}

/// From the restore start on there is one history and nothing else, and it ends with the committed state.
pub(super) fn is_alone(survey: &Survey, committed: &Metadata) -> bool {
    let Some(at) = survey.find(committed.chain) else {
        return false;
    };
    let path = survey.path(at);
    let since_start = |first: i64| first >= committed.start;
    let all = survey.found.iter().filter(|found| since_start(found.first)).count();
    let own = path.iter().filter(|place| since_start(survey.found[**place].first)).count();
    all == own && !survey.damages.iter().any(|(offset, _)| since_start(*offset))
}

fn no_state(survey: &Survey) -> String {
    let first = survey.damages.first().map_or(String::new(), |(offset, what)| format!("; at changelog offset {offset}: {what}"));
    format!(
        "none of the {} transactions in the changelog has a whole history{first}; what is left: `state rebuild` or `state reset`",
        survey.found.len()
    )
}

/// The offsets that belong to the state; an input it does not know goes on where it was committed, or begins.
pub(super) fn move_inputs(
    topics: &[String],
    logged: &[InputOffset],
    committed: &[Option<CommittedOffset>],
    bounds: &[Bounds],
    accepts_loss: bool,
) -> Result<Vec<Moved>, String> {
    let mut moved = Vec::new();
    for ((topic, committed), bounds) in topics.iter().zip(committed).zip(bounds) {
        let committed = committed.as_ref().map(|committed| committed.offset);
        let of_state = logged.iter().find(|logged| logged.topic == *topic).map(|logged| logged.offset).or(committed);
        let wanted = of_state.unwrap_or(bounds.low);
        if wanted > bounds.high {
            return Err(format!(
                "the state goes on at offset {wanted} of {topic}, which ends at {}: is it another topic of that name?",
                bounds.high
            ));
        }
        let lost = (bounds.low - wanted).max(0);
        if lost > 0 && !accepts_loss {
            return Err(format!(
                "the state goes on at offset {wanted} of {topic}, whose log begins at {}: {lost} offsets were deleted before they were read; `--skip-lost` goes on without them",
                bounds.low
            ));
        }
        moved.push(Moved { topic: topic.clone(), committed, next: wanted + lost, lost });
    }
    Ok(moved)
}

fn survey<S: Source>(source: &mut S, slot: u32, from: i64) -> Result<Survey, WorkerError> {
    let mut survey = Survey::new(slot);
    read_log(source, slot, from, |entry| survey.take(entry.offset, &entry.value))?;
    survey.finish();
    Ok(survey)
}
