//! What must come out, by the shortest way: one slot after the other, all records that were committed, sorted by time, given to the engine
//! one by one. No worker, no transactions, no restore, no group; the merge is a sort, dead letters are spelt out here.
//!
//! Why the outputs of a run equal these whatever went wrong:
//!
//! - *Loaded*, every input is read to its end before anything is taken without waiting for it, so the merge by time is a function of the
//!   records alone, and slot time of the events. Equality holds for each partition as a whole, order included.
//! - *Live*, nothing waits for anything, so records of different topics meet in any order. But a customer's events lie nine minutes apart and
//!   its deadlines at least four from any of them (`input`), and no fault delays an owner that keeps its slots by that much: a slot that
//!   moves is merged by time anew. So each customer's events and deadlines happen in the order of their times, and customers do not touch
//!   each other. Equality holds for each customer, order included.
//! - *Close*, an order may arrive after a reminder that it makes void. It is late by less than the grace, less what a worker may stand still
//!   unnoticed, so slot time has not reached the reminder yet: order and reminder, too, happen in the order of their times.
//!
//! One thing happens when a transaction happens to begin: once a slot's rows keep cells, everybody is scored anew, beside the records. Between
//! which records that was is asked of the changelog; what comes of it is expected to the byte.
//!
//! Customers who have to do with each other are `kin`'s affair. Called by `checks`.

use std::collections::BTreeMap;
use std::sync::Arc;

use lifetide::engine::{ALL_REGIONS, Cause, Committed, Moment, Outputs, Progress, RowVersion, Slot, Topic, Trace};
use lifetide::event::{self, Event, Format, Raw, Reject, Told, Wire};
use lifetide::worker::block::{self, TransactionHeader};
use lifetide::worker::memory::{MemoryRecord, Produced};
use lifetide::worker::source::{Input, Record as _};
use lifetide::worker::transaction::OutputTopic;
use lifetide::worker::upgrade::GROUP;

use super::kin;
use super::world::World;
use super::{INPUTS, SLOTS};

/// The value of a cell, by key.
pub type Cells = BTreeMap<Vec<u8>, Vec<u8>>;

/// Every row, by slot and customer; the rows of cells, too.
pub type Rows = BTreeMap<(u32, Vec<u8>), Vec<u8>>;

#[derive(Default)]
pub struct Expected {
    /// What each partition of each topic holds in the end, in order.
    pub outputs: BTreeMap<(OutputTopic, u32), Vec<Produced>>,
    pub rows: Rows,
    /// The last value of each cell, by key.
    pub cells: Cells,
    /// What is held of those who have to do with each other, and the figures they add to: they are in none of the others.
    pub kin: (Rows, Cells),
}

pub fn expect(world: &World) -> Expected {
    let mut expected = Expected::default();
    for slot in 0..SLOTS {
        run(world, slot, &mut expected);
    }
    if world.plan.kin {
        let all = (0..SLOTS).flat_map(|slot| records(world, slot).into_iter().enumerate());
        let theirs = all.flat_map(|(topic, records)| records.into_iter().filter(is_of_kin).map(move |record| (topic, record)));
        expected.kin = kin::expect(world, theirs.collect());
    }
    expected
}

/// What `engine::cells` names the row of costs that were counted.
const PAID_KEY: &str = "|paid";

/// The rows of one slot.
pub fn rows_of(committed: &Committed, slot: u32) -> Rows {
    let mut rows = Rows::new();
    for region in ALL_REGIONS {
        committed.with_region(slot, region as u16, |region| {
            let all = region.into_iter().flat_map(|region| region.rows());
            rows.extend(all.map(|(_, id, row)| ((slot, id.to_vec()), row.to_vec())));
            let cells = region.into_iter().flat_map(|region| region.cells());
            rows.extend(cells.map(|(key, row)| ((slot, key.as_bytes().to_vec()), in_no_order(key, row))));
        });
    }
    rows
}

/// The ids of costs without a customer stand in the order of their coming, which between customers is nobody's promise.
fn in_no_order(key: &str, row: &[u8]) -> Vec<u8> {
    let mut row = row.to_vec();
    if key == PAID_KEY {
        row[1..].as_chunks_mut::<8>().0.sort_unstable();
    }
    row
}

fn run(world: &World, number: u32, expected: &mut Expected) {
    let committed = Arc::new(Committed::new());
    let mut slot = Slot::new(number, world.rules.engine.clone(), committed.clone()).with_row_version(world.rules.row_version);
    let mut out = Outputs::default();
    let mut produced = Vec::new();
    let is_live = world.plan.mode.is_live();
    let wall_ms = is_live.then_some(world.story.end_ms);
    let inputs = records(world, number);
    let order = if is_live { by_event_time } else { by_merge };
    let mut before_scoring = last_before_scoring(world, number);
    for (topic, record) in order(world, &inputs, wall_ms) {
        let name = &world.rules.topics[topic];
        let is_behind = |last: &TransactionHeader| last.offsets.iter().all(|input| input.topic != *name || input.offset <= record.offset());
        if let Some(last) = before_scoring.take_if(|last| is_behind(last)) {
            score_everybody(&mut slot, &last, is_live, &mut out);
        }
        match decode(world, record, wall_ms) {
            Ok(event) => {
                move_time(&mut slot, event.time_ms, is_live, &mut out);
                if is_of_kin(record) {
                    continue;
                }
                let (parent, state) = (header_of(record, "traceparent"), header_of(record, "tracestate"));
                let trace = parent.as_deref().map(|parent| Trace { parent, state: state.as_deref().unwrap_or_default() });
                slot.apply(&event, &Cause { topic: name, offset: record.offset(), part: 0, trace, record: raw(record) }, &mut out);
            }
            Err(_) if is_word(record) => {
                let is_ours = headers_of(record).contains(&(GROUP.to_owned(), world.rules.group.clone().into_bytes()));
                assert!(!is_ours || slot.raise_row_version(RowVersion::NEWEST), "it is told once");
            }
            Err(reject) => produced.push(dead_letter(name, number, record, &reject)),
        }
    }
    if let Some(last) = before_scoring {
        score_everybody(&mut slot, &last, is_live, &mut out);
    }
    move_time(&mut slot, world.story.end_ms, is_live, &mut out);
    slot.flush(&mut out);
    produced.extend(out.records().map(|record| decision(&record)));
    for record in produced {
        if let (OutputTopic::Aggregates, Some(key), Some(value)) = (record.topic, &record.key, &record.value) {
            expected.cells.insert(key.clone(), value.clone());
            continue;
        }
        expected.outputs.entry((record.topic, number)).or_default().push(record);
    }
    slot.seal();
    slot.publish();
    expected.rows.extend(rows_of(&committed, number));
}

/// The transaction after which everybody was scored anew: the history names something else from the next one on.
fn last_before_scoring(world: &World, slot: u32) -> Option<TransactionHeader> {
    let cluster = world.cluster.borrow();
    let blocks = cluster.output(OutputTopic::Changelog, slot).into_iter().flat_map(|log| log.history());
    let headers = blocks.map(|block| block::decode(block.value.as_deref().unwrap()).unwrap().0.transaction);
    let headers: Vec<TransactionHeader> = headers.collect();
    let changes = headers.windows(2).filter(|pair| pair[0].model_version != pair[1].model_version);
    let mut lasts = changes.map(|pair| pair[0].clone());
    let last = lasts.next();
    assert!(lasts.next().is_none(), "slot {slot}: everybody was scored anew twice");
    last
}

/// A slot's customers here are fewer than a worker scores at once.
fn score_everybody(slot: &mut Slot, last: &TransactionHeader, is_live: bool, out: &mut Outputs) {
    if let Some(time_ms) = last.time_ms {
        move_time(slot, time_ms, is_live, out);
    }
    // new customers are found among the committed
    slot.seal();
    slot.publish();
    assert_eq!(slot.rescore(usize::MAX, out), Progress::Done);
}

fn move_time(slot: &mut Slot, to_ms: i64, is_live: bool, out: &mut Outputs) {
    let moment = Moment { to_ms, wall_ms: is_live.then_some(to_ms) };
    while slot.tick(moment, usize::MAX, out) == Progress::More {}
}

/// The committed records of a slot's inputs, by topic.
fn records(world: &World, slot: u32) -> Vec<Vec<MemoryRecord>> {
    let cluster = world.cluster.borrow();
    (0..INPUTS).map(|topic| cluster.input_records(Input { topic, slot }, 0, usize::MAX).0).collect()
}

fn is_of_kin(record: &MemoryRecord) -> bool {
    record.key().is_some_and(kin::is_kin)
}

type Ordered<'a> = Vec<(usize, &'a MemoryRecord)>;

/// By min(event time, record time), never falling within a partition; ties by topic, then offset.
fn by_merge<'a>(world: &World, inputs: &'a [Vec<MemoryRecord>], wall_ms: Option<i64>) -> Ordered<'a> {
    let mut all = Vec::new();
    for (topic, records) in inputs.iter().enumerate() {
        let mut last_ms = i64::MIN;
        for record in records {
            last_ms = last_ms.max(time_of(world, record, wall_ms));
            all.push((last_ms, topic, record));
        }
    }
    all.sort_by_key(|(order_ms, topic, record)| (*order_ms, *topic, record.offset()));
    all.into_iter().map(|(_, topic, record)| (topic, record)).collect()
}

/// By what happened first.
fn by_event_time<'a>(world: &World, inputs: &'a [Vec<MemoryRecord>], wall_ms: Option<i64>) -> Ordered<'a> {
    let mut all: Ordered<'a> = inputs.iter().enumerate().flat_map(|(topic, records)| records.iter().map(move |r| (topic, r))).collect();
    all.sort_by_key(|(topic, record)| (time_of(world, record, wall_ms), *topic, record.offset()));
    all
}

fn is_word(record: &MemoryRecord) -> bool {
    record.value().is_none()
}

/// Of the event, never after its record; of a broken one, the record's; of a word, none.
fn time_of(world: &World, record: &MemoryRecord, wall_ms: Option<i64>) -> i64 {
    if is_word(record) {
        return i64::MIN;
    }
    let record_ms = record.timestamp_ms().expect("every record of a story has its time");
    let decoded = decode(world, record, wall_ms);
    decoded.map_or(record_ms, |event: Event<'_>| event.time_ms.min(record_ms))
}

/// The records of a story are Segment's calls, each one event.
fn decode<'a>(world: &World, record: &'a MemoryRecord, wall_ms: Option<i64>) -> Result<Event<'a>, Reject> {
    event::decode(&raw(record), &Wire::bare(Format::Segment), &world.rules.decode, wall_ms).map(|told| match told {
        Told::One(event) => event,
        Told::Several(parts) => panic!("{parts:?}"),
    })
}

fn raw(record: &MemoryRecord) -> Raw<'_> {
    Raw { key: record.key(), value: record.value(), timestamp_ms: record.timestamp_ms() }
}

fn headers_of(record: &MemoryRecord) -> Vec<(String, Vec<u8>)> {
    let mut headers = Vec::new();
    record.each_header(&mut |name, value| headers.push((name.to_owned(), value.to_vec())));
    headers
}

fn header_of(record: &MemoryRecord, wanted: &str) -> Option<String> {
    headers_of(record).into_iter().find(|(name, _)| name == wanted).map(|(_, value)| String::from_utf8(value).unwrap())
}

fn decision(record: &lifetide::engine::Record<'_>) -> Produced {
    let topic = match record.topic {
        Topic::Transitions => OutputTopic::Transitions,
        Topic::Clv => OutputTopic::Clv,
        Topic::Actions => OutputTopic::Actions,
        Topic::Aggregates => OutputTopic::Aggregates,
        Topic::Relay => OutputTopic::Relay,
    };
    let mut headers = vec![("content-type", "application/json"), ("lifetide-id", record.id)];
    if let Some(Trace { parent, state }) = record.trace {
        headers.push(("traceparent", parent));
        headers.extend((!state.is_empty()).then_some(("tracestate", state)));
    }
    Produced {
        topic,
        key: Some(record.key.into()),
        value: record.value.map(<[u8]>::to_vec),
        timestamp_ms: Some(record.timestamp_ms),
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect(),
    }
}

fn dead_letter(topic: &str, slot: u32, record: &MemoryRecord, reject: &Reject) -> Produced {
    let mut headers = headers_of(record);
    let own = [
        ("__streams.errors.exception", reject.reason.as_str().to_owned()),
        ("__streams.errors.message", reject.detail.clone()),
        ("__streams.errors.topic", topic.to_owned()),
        ("__streams.errors.partition", slot.to_string()),
        ("__streams.errors.offset", record.offset().to_string()),
        ("lifetide.error.stage", reject.stage.as_str().to_owned()),
        ("lifetide.record.timestamp_ms", record.timestamp_ms().unwrap().to_string()),
        ("lifetide.record.partitions", SLOTS.to_string()),
    ];
    headers.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())));
    Produced {
        topic: OutputTopic::DeadLetters,
        key: record.key().map(<[u8]>::to_vec),
        value: record.value().map(<[u8]>::to_vec),
        timestamp_ms: None,
        headers,
    }
}
