//! A shop that never was: an endless, deterministic stream of the records its systems would send to Kafka.
//!
//! Customers come (some more than others), browse, fill carts, order or break off, read newsletters, change their consent, fall silent and
//! return; now and then a record is sent twice, late, by a wrong clock, or spoiled. The same seed gives the same bytes for ever. It covers
//! the input contract on purpose, rare cases included, and knows nothing of what becomes of the records.
//! No clock, no I/O: time starts where the caller says. Called by `cli` (generate, demo) and the tests.

mod basket;
mod customer;
pub mod day;
mod envelope;
mod fault;
mod json;
mod mailbox;
mod orders;
mod person;
mod random;
mod rates;
mod record;
#[cfg(test)]
mod tests;

pub use rates::ShopRates;
pub use record::{ShopRecord, ShopTopic, to_line};

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use customer::Customer;
use envelope::{Numbers, Scene, envelope, rfc3339};
use fault::{FAULTS, spoiled};
use person::Person;
use random::Random;

/// Records that may be sent again.
const REPEATABLE: usize = 1000;
/// Looks for somebody who is neither in the shop nor silent, before anybody will do.
const MAX_LOOKS: u32 = 8;
const MAX_LATE_MS: u64 = 10 * 60_000;
const MAX_AHEAD_MS: u64 = 2 * 3_600_000;

/// The stream. It ends only where the calendar does.
#[derive(Debug, Clone)]
pub struct Shop {
    seed: u64,
    random: Random,
    rates: ShopRates,
    numbers: Numbers,
    population: u32,
    customers: Vec<Customer>,
    /// Who is in the shop: step of the next turn, then customer; each customer once.
    visits: BinaryHeap<Reverse<(u64, u32)>>,
    is_visiting: Vec<bool>,
    sent: VecDeque<ShopRecord>,
    start_ms: i64,
    step_ms: i64,
    step: u64,
}

impl Shop {
    /// `customers` people, of whom the first ones come most often; record number n has the Kafka timestamp `start_ms + n * step_ms`.
    pub fn new(seed: u64, customers: u32, start_ms: i64, step_ms: i64) -> Shop {
        assert!(customers > 0, "a shop needs a customer");
        assert!(step_ms >= 0, "time does not go back");
        Shop {
            seed,
            random: Random::new(seed),
            rates: ShopRates::default(),
            numbers: Numbers::default(),
            population: customers,
            customers: vec![Customer::new(); customers as usize],
            visits: BinaryHeap::new(),
            is_visiting: vec![false; customers as usize],
            sent: VecDeque::with_capacity(REPEATABLE),
            start_ms,
            step_ms,
            step: 0,
        }
    }

    /// The same shop with other rates.
    pub fn with_rates(self, rates: ShopRates) -> Shop {
        Shop { rates, ..self }
    }

    /// The same shop goes on, its next record at `next_ms` and the others `step_ms` apart.
    pub fn continue_at(&mut self, next_ms: i64, step_ms: i64) {
        assert!(step_ms >= 0, "time does not go back");
        self.start_ms = next_ms - step_ms * self.step.cast_signed();
        self.step_ms = step_ms;
    }

    fn now_ms(&self) -> Option<i64> {
        self.step_ms.checked_mul(i64::try_from(self.step).ok()?)?.checked_add(self.start_ms)
    }

    fn repeat(&mut self, now_ms: i64) -> Option<ShopRecord> {
        if !self.random.chance(self.rates.duplicates) || self.sent.is_empty() {
            return None;
        }
        let position = self.random.below(self.sent.len() as u64) as usize;
        Some(ShopRecord { timestamp_ms: now_ms, ..self.sent[position].clone() })
    }

    /// When the event happened that is sent now.
    fn event_time_ms(&mut self, now_ms: i64, lags: bool) -> i64 {
        if self.random.chance(self.rates.late) || lags {
            return now_ms - self.random.within(1, MAX_LATE_MS).cast_signed();
        }
        if self.random.chance(self.rates.ahead) {
            return now_ms + self.random.within(1, MAX_AHEAD_MS).cast_signed();
        }
        now_ms
    }

    /// Who acts in this step: whose next turn has come, else somebody new, else whoever is next.
    fn next_customer(&mut self) -> u32 {
        if let Some(Reverse((due_step, customer))) = self.visits.peek().copied()
            && due_step <= self.step
        {
            self.visits.pop();
            return customer;
        }
        for look in 1..=MAX_LOOKS {
            let customer = self.random.skewed_below(self.population);
            let may_come = !self.customers[customer as usize].is_silent || look == MAX_LOOKS;
            if may_come && !self.is_visiting[customer as usize] {
                return customer;
            }
        }
        match self.visits.pop() {
            Some(Reverse((_, customer))) => customer,
            None => 0,
        }
    }

    fn turn(&mut self, now_ms: i64) -> Option<ShopRecord> {
        let index = self.next_customer();
        let time_ms = self.event_time_ms(now_ms, self.customers[index as usize].lags());
        let person = Person::new(self.seed, index);
        let time = rfc3339(time_ms, person.offset_hours)?;
        let customer = &mut self.customers[index as usize];
        let mut scene = Scene {
            person: &person,
            address_changes: customer.address_changes,
            tells_time: time_ms != now_ms || !self.random.one_in(100),
            random: &mut self.random,
            numbers: &mut self.numbers,
            time: &time,
        };
        let turn = customer.take_turn(&mut scene, &self.rates);
        let topic = turn.told.topic;
        let value = envelope(&mut scene, turn.told).into_bytes();
        self.is_visiting[index as usize] = turn.next_after_steps.is_some();
        if let Some(steps) = turn.next_after_steps {
            self.visits.push(Reverse((self.step + steps, index)));
        }
        Some(ShopRecord { topic, key: Some(person.id), timestamp_ms: now_ms, value })
    }

    fn spoil(&mut self, now_ms: i64) -> Option<ShopRecord> {
        let index = self.random.skewed_below(self.population);
        let person = Person::new(self.seed, index);
        let time = rfc3339(now_ms, person.offset_hours)?;
        let fault = *self.random.pick(&FAULTS);
        let scene = Scene {
            person: &person,
            address_changes: 0,
            tells_time: true,
            random: &mut self.random,
            numbers: &mut self.numbers,
            time: &time,
        };
        Some(spoiled(scene, fault, now_ms))
    }
}

impl Iterator for Shop {
    type Item = ShopRecord;

    fn next(&mut self) -> Option<ShopRecord> {
        let now_ms = self.now_ms()?;
        if let Some(record) = self.repeat(now_ms) {
            self.step += 1;
            return Some(record);
        }
        let record = match self.random.chance(self.rates.malformed) {
            true => self.spoil(now_ms)?,
            false => self.turn(now_ms)?,
        };
        self.step += 1;
        if self.sent.len() == REPEATABLE {
            self.sent.pop_front();
        }
        self.sent.push_back(record.clone());
        Some(record)
    }
}
