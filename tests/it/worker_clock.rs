//! The worker with the wall clock, over the log in memory: when slot time follows which clock, what a grace protects, what an outage and a
//! back-fill do not send.

use std::sync::Arc;

use lifetide::cli::rules;
use lifetide::engine::Committed;
use lifetide::worker::memory::{MemoryLog, MemorySource, MemoryTransaction, Produced};
use lifetide::worker::source::Input;
use lifetide::worker::transaction::{OutputTopic, Transaction};
use lifetide::worker::{Now, Worker, partition_of};
use serde_json::Value;

use crate::settings;

pub const T0: i64 = 1_767_225_600_000;
pub const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;

/// One slot unless told otherwise, three topics, a clock that is moved by hand.
pub struct World<T: Transaction> {
    pub log: std::rc::Rc<std::cell::RefCell<MemoryLog>>,
    pub worker: Worker<MemorySource, T>,
    wall_ms: i64,
}

impl World<MemoryTransaction> {
    pub fn new(sets: &[&str]) -> World<MemoryTransaction> {
        World::with(sets, MemoryTransaction::new)
    }
}

impl<T: Transaction> World<T> {
    pub fn with(sets: &[&str], make: impl Fn(std::rc::Rc<std::cell::RefCell<MemoryLog>>) -> T) -> World<T> {
        World::with_slots(sets, 1, make)
    }

    /// The events are ann's, who is in slot 0 of one or of `slots`.
    pub fn with_slots(sets: &[&str], slots: u32, make: impl Fn(std::rc::Rc<std::cell::RefCell<MemoryLog>>) -> T) -> World<T> {
        assert_eq!(partition_of(b"ann", slots), 0);
        let log = MemoryLog::new(4, slots, true);
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        let rules = rules::worker_rules(&settings::config(&sets), slots, 1);
        let worker = Worker::new(MemorySource::new(log.clone()), make(log.clone()), rules, Arc::new(Committed::new()));
        World { log, worker, wall_ms: T0 }
    }

    pub fn put(&mut self, topic: usize, event: &str, at_ms: i64, rest: &str) {
        let at = jiff::Timestamp::from_millisecond(at_ms).unwrap();
        let value = format!(
            r#"{{"type":"track","event":"{event}","userId":"ann","timestamp":"{at}","properties":{{{rest}}},"context":{{"traits":{{"email":"ann@example.com"}}}}}}"#
        );
        let input = Input { topic, slot: 0 };
        self.log.borrow_mut().append(input, None, Some(b"ann"), Some(value.as_bytes()), Some(at_ms), Vec::new()).unwrap();
    }

    pub fn fill_cart(&mut self, at_ms: i64) {
        self.put(2, "Product Added", at_ms, r#""cart_id":"c","product_id":"mug","price":5,"currency":"USD""#);
    }

    pub fn order(&mut self, at_ms: i64) {
        self.put(0, "Order Completed", at_ms, r#""order_id":"o","cart_id":"c","total":5,"currency":"USD""#);
    }

    /// Lets the worker do all it will do at this moment; returns the actions as (kind, reason, event time).
    fn actions_at(&mut self, wall_ms: i64) -> Vec<(String, Value)> {
        self.wall_ms = wall_ms;
        for _ in 0..50 {
            let now = Now { mono_ms: (wall_ms - T0 + HOUR) as u64, wall_ms };
            self.worker.step(now).unwrap();
        }
        let produced: Vec<Produced> = self.log.borrow_mut().produced.drain(..).collect();
        let actions = produced.into_iter().filter(|record| record.topic == OutputTopic::Actions);
        let values = actions.map(|record| serde_json::from_slice::<Value>(&record.value.unwrap()).unwrap());
        values.map(|value| (value["kind"].as_str().unwrap().to_owned(), value["reason"].clone())).collect()
    }
}

const NO_CONSENT_NEEDED: &str = "consent.require=\"none\"";

#[test]
fn a_reminder_comes_by_the_clock_alone_after_the_grace() {
    let mut world = World::new(&[NO_CONSENT_NEEDED]);
    world.fill_cart(T0);
    assert_eq!(world.actions_at(T0), []);
    assert_eq!(world.actions_at(T0 + HOUR + 14 * SECOND), [], "within the grace");
    assert_eq!(world.actions_at(T0 + HOUR + 15 * SECOND).len(), 1);
}

#[test]
fn an_order_within_the_grace_stops_the_reminder_even_when_others_are_busy() {
    let mut world = World::new(&[NO_CONSENT_NEEDED]);
    world.fill_cart(T0);
    assert_eq!(world.actions_at(T0), []);
    // somebody's e-mail is opened after the reminder fell due, and only then the order of a minute before arrives
    world.put(1, "Email Opened", T0 + HOUR + 5 * SECOND, "");
    assert_eq!(world.actions_at(T0 + HOUR + 5 * SECOND), []);
    world.order(T0 + HOUR - MINUTE);
    assert_eq!(world.actions_at(T0 + HOUR + 9 * SECOND), []);
    assert_eq!(world.actions_at(T0 + 2 * HOUR), [], "neither a send nor a cancel");
}

#[test]
fn after_an_outage_the_order_further_on_still_stops_the_reminder() {
    let mut world = World::new(&[NO_CONSENT_NEEDED]);
    world.fill_cart(T0);
    world.put(1, "Email Opened", T0 + 3 * HOUR, "");
    world.order(T0 + 30 * MINUTE);
    assert_eq!(world.actions_at(T0 + 5 * HOUR), []);
}

#[test]
fn a_back_fill_of_old_events_mails_nobody() {
    let mut world = World::new(&[NO_CONSENT_NEEDED]);
    world.fill_cart(T0);
    let actions = world.actions_at(T0 + 30 * 24 * HOUR);
    assert_eq!(actions, [("suppressed".to_owned(), Value::from("stale"))]);
}

#[test]
fn a_slot_that_saw_only_dead_letters_restarts() {
    let mut world = World::new(&[]);
    let input = Input { topic: 0, slot: 0 };
    world.log.borrow_mut().append(input, None, Some(b"ann"), Some(b"{broken"), Some(T0), Vec::new()).unwrap();
    world.actions_at(T0);
    let log = world.log.clone();
    let rules = rules::worker_rules(&settings::config(&[]), 1, 2);
    world.worker = Worker::new(MemorySource::new(log.clone()), MemoryTransaction::new(log), rules, Arc::new(Committed::new()));
    world.actions_at(T0 + SECOND);
    assert_eq!(world.worker.status().running, [0]);
    let states = world.worker.slot_states();
    assert_eq!((states[0].customers, states[0].time_ms), (0, None));
}
