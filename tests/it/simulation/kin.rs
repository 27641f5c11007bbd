//! Customers who have to do with each other: visitors who become customers, and customers who bring customers, across slots.
//!
//! When a word from one slot reaches another is anybody's guess under faults, so they are left out of the comparison record by record, and
//! compared by what is held of them in the end, with one engine to which all of it happened in order and every word came at once. The same
//! engine tells what they add to the figures of how everybody stands. Called by `input`, `oracle` and `checks`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lifetide::engine::{self, Cause, Committed, Content, Message, Moment, Outputs, Progress, Slot, Topic, hash_of};
use lifetide::event::{self, Event, Format, Raw, Wire};
use lifetide::worker::source::Record as _;

use super::T0;
use super::input::GRID_MS;
use super::oracle::{Cells, Rows};
use super::world::World;
use crate::exactly_once::Random;

const KIN: u64 = 6;

/// An event of theirs: key, topic, time, value.
pub struct Deed {
    pub customer: String,
    pub topic: usize,
    pub at_ms: i64,
    pub value: String,
}

/// Whether a record, a row or a figure is of one of them.
pub fn is_kin(key: &[u8]) -> bool {
    key.starts_with(b"kin-") || key.starts_with(b"web-")
}

/// What they do, a customer's deeds further apart than any fault delays an owner.
pub fn deeds(random: &mut Random) -> Vec<Deed> {
    let mut deeds = Vec::new();
    for number in 0..KIN {
        let (known, visitor) = (format!("kin-{number}"), format!("web-{number}"));
        let referrer = format!(r#""referrer_id":"kin-{}""#, number + 1);
        let plan: [(&str, usize, &str, String); 9] = [
            (&visitor, 2, "Product Viewed", String::new()),
            (&visitor, 0, "Order Completed", format!(r#""order_id":"w-{number}","total":1{number}.50,"currency":"USD""#)),
            (&known, 0, "Order Completed", format!(r#""order_id":"k-{number}-1","total":20,"currency":"USD""#)),
            (&known, 1, "identify", format!(r#""anonymousId":"{visitor}""#)),
            (&visitor, 2, "Product Viewed", String::new()),
            (&known, 1, "Referral Converted", referrer),
            (&known, 0, "Order Refunded", format!(r#""order_id":"w-{number}","total":1.25,"currency":"USD""#)),
            (&visitor, 0, "Order Completed", format!(r#""order_id":"w-{number}-2","total":7,"currency":"USD""#)),
            (&known, 2, "Product Viewed", String::new()),
        ];
        for (turn, (customer, topic, name, properties)) in plan.into_iter().enumerate() {
            if random.below(6) == 0 {
                continue;
            }
            let at_ms = T0 + (turn as i64 + 1) * GRID_MS + random.below(50_000) as i64;
            let at = jiff::Timestamp::from_millisecond(at_ms).unwrap();
            let who = if customer.starts_with("web") { "anonymousId" } else { "userId" };
            let head = format!(r#""{who}":"{customer}","messageId":"kin-{number}-{turn}","timestamp":"{at}""#);
            let value = match name {
                "identify" => format!(r#"{{"type":"identify",{head},{properties}}}"#),
                name => format!(r#"{{"type":"track","event":"{name}",{head},"properties":{{{properties}}}}}"#),
            };
            deeds.push(Deed { customer: customer.to_owned(), topic, at_ms, value });
        }
    }
    deeds
}

/// All of it in one slot, in order, with every word delivered at once: what is held in the end, and the figures.
pub fn expect(world: &World, records: Vec<(usize, lifetide::worker::memory::MemoryRecord)>) -> (Rows, Cells) {
    let committed = Arc::new(Committed::new());
    let mut slot = Slot::new(0, world.rules.engine.clone(), committed.clone());
    let mut out = Outputs::default();
    let mut cells = Cells::new();
    let rules = &world.rules.decode;
    let raw = |record: &lifetide::worker::memory::MemoryRecord| -> (Vec<u8>, Vec<u8>, Option<i64>) {
        (record.key().unwrap().to_vec(), record.value().unwrap().to_vec(), record.timestamp_ms())
    };
    let mut all: Vec<_> = records.iter().map(|(topic, record)| (*topic, record.offset(), raw(record))).collect();
    let read = |(key, value, timestamp_ms): &(Vec<u8>, Vec<u8>, Option<i64>)| {
        let raw = Raw { key: Some(key), value: Some(value), timestamp_ms: *timestamp_ms };
        decoded(&raw, rules).time_ms
    };
    all.sort_by_key(|(topic, offset, parts)| (read(parts), *topic, *offset));
    for (topic, offset, (key, value, timestamp_ms)) in &all {
        let record = Raw { key: Some(key), value: Some(value), timestamp_ms: *timestamp_ms };
        let event = decoded(&record, rules);
        let moment = Moment { to_ms: event.time_ms, wall_ms: None };
        while slot.tick(moment, usize::MAX, &mut out) == Progress::More {}
        slot.apply(&event, &Cause { topic: &world.rules.topics[*topic], offset: *offset, part: 0, trace: None, record }, &mut out);
        deliver(&mut slot, rules, &mut out, &mut cells);
    }
    slot.flush(&mut out);
    deliver(&mut slot, rules, &mut out, &mut cells);
    slot.seal();
    slot.publish();
    (super::oracle::rows_of(&committed, 0), cells)
}

fn decoded<'a>(raw: &Raw<'a>, rules: &event::DecodeRules) -> Event<'a> {
    let told = event::decode(raw, &Wire::bare(Format::Segment), rules, None).expect("every deed can be read");
    told.into_events_from(0).pop().expect("every deed is one event").1
}

fn deliver(slot: &mut Slot, rules: &event::DecodeRules, out: &mut Outputs, cells: &mut Cells) {
    loop {
        let mut messages = Vec::new();
        for record in out.records() {
            let (key, value) = (record.key.to_owned(), record.value.unwrap_or_default().to_vec());
            match record.topic {
                Topic::Relay => messages.push((key, value)),
                Topic::Aggregates => drop(cells.insert(key.into_bytes(), value)),
                _ => {}
            }
        }
        out.clear();
        if messages.is_empty() {
            return;
        }
        for (receiver, bytes) in messages {
            let message = Message::decode(&bytes, None).unwrap();
            match message.content {
                Content::Forward(raw) => {
                    let mut event = decoded(&raw, rules);
                    event.customer = receiver.as_str().into();
                    slot.apply_forwarded(&event, &message, &raw, out);
                }
                _ => drop(slot.receive(&receiver, &message, out)),
            }
        }
    }
}

/// What is held of them, in words, wherever it lies: without what depends on the moment it came together.
pub fn facts(rows: &Rows) -> BTreeMap<String, String> {
    let kin = rows.iter().filter(|((_, key), _)| is_kin(key));
    kin.map(|((_, key), row)| (String::from_utf8_lossy(key).into_owned(), fact(&engine::read_row(row).unwrap()))).collect()
}

fn fact(held: &engine::Customer) -> String {
    let orders: BTreeSet<_> = held.orders.kept.iter().map(|order| (order.id, order.at_ms, order.remaining_minor, order.counted)).collect();
    let sums: Vec<_> = held.orders.sums.iter().map(|sum| (sum.orders, sum.gross_minor, sum.refunds_minor)).collect();
    let seen: BTreeSet<u64> = held.seen.fingerprints().iter().copied().collect();
    let counts = held.journey.as_ref().map(|journey| journey.counts);
    let mut ties = held.ties.as_deref().cloned().unwrap_or_default();
    // whether a word of somebody else came first says nothing about them
    ties.aliases.iter_mut().for_each(|alias| alias.was_new = false);
    ties.referrer.iter_mut().for_each(|referrer| referrer.told = 0);
    ties.referees.iter_mut().for_each(|referee| referee.told = 0);
    ties.referees.sort_by(|a, b| a.id.cmp(&b.id));
    format!("{:?} {} {orders:?} {sums:?} {seen:?} {counts:?} {ties:?}", held.stage, held.known)
}

/// Figures of how everybody stands, whichever slot has counted them; histories of how they came to stand there are of each slot.
pub fn gauges<'a>(cells: impl Iterator<Item = (&'a Vec<u8>, &'a Vec<u8>)>) -> BTreeMap<String, i64> {
    const GAUGES: [&str; 5] = ["customers_in_stage", "valued_customers", "clv_customers", "loyalty_customers", "customers_acquired"];
    let mut sums = BTreeMap::new();
    for (key, value) in cells {
        let key = String::from_utf8_lossy(key);
        let (cell, _) = key.rsplit_once('|').expect("a cell is of a slot");
        if GAUGES.iter().any(|gauge| cell.split('|').next() == Some(gauge)) {
            let value: serde_json::Value = serde_json::from_slice(value).unwrap();
            *sums.entry(cell.to_owned()).or_insert(0) += value["value"].as_i64().unwrap();
        }
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

/// The slot a customer is in is the one their key lies in.
pub fn misplaced(rows: &Rows) -> Option<String> {
    let kin = rows.keys().filter(|(_, key)| is_kin(key));
    let mut wrong = kin.filter(|(slot, key)| lifetide::worker::partition_of(key, super::SLOTS) != *slot);
    wrong.next().map(|(slot, key)| format!("{} ({}) in slot {slot}", String::from_utf8_lossy(key), hash_of(&String::from_utf8_lossy(key))))
}
