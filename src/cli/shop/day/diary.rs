//! What a customer of the generated day has told so far, and the pen to tell more: event time, the record around it, now and then late or
//! by a clock that is ahead.
//!
//! Which event comes next is the stories'. Used by the other files of `day` alone.

use super::{DAY_MS, HOUR_MS};
use crate::cli::shop::basket::Basket;
use crate::cli::shop::envelope::{Call, Numbers, Scene, Told, envelope, rfc3339};
use crate::cli::shop::json::JsonObject;
use crate::cli::shop::mailbox;
use crate::cli::shop::orders::OrderHistory;
use crate::cli::shop::person::Person;
use crate::cli::shop::random::Random;
use crate::cli::shop::record::{ShopRecord, ShopTopic};

const LATE_ONE_IN: u64 = 200;
const AHEAD_ONE_IN: u64 = 20_000;
const UNTIMED_ONE_IN: u64 = 100;
const MAX_LATE_MS: u64 = 10 * 60_000;
const MAX_AHEAD_MS: u64 = 2 * 3_600_000;

pub(super) struct Diary<'a> {
    pub(super) person: Person,
    pub(super) random: Random,
    pub(super) numbers: &'a mut Numbers,
    start_ms: i64,
    pub(super) now_ms: i64,
    pub(super) basket: Option<Basket>,
    pub(super) orders: OrderHistory,
    /// Nothing of this customer is late, ahead, or thought over for long.
    pub(super) is_punctual: bool,
    records: &'a mut Vec<ShopRecord>,
}

impl<'a> Diary<'a> {
    pub(super) fn new(person: Person, random: Random, numbers: &'a mut Numbers, start_ms: i64, records: &'a mut Vec<ShopRecord>) -> Self {
        let (basket, orders) = (None, OrderHistory::default());
        Diary { person, random, numbers, start_ms, now_ms: start_ms, basket, orders, is_punctual: false, records }
    }

    /// Somebody else's day goes on here, with nothing in their hands.
    pub(super) fn turn_into(&mut self, person: &Person) {
        self.person = person.clone();
        self.basket = None;
        self.orders = OrderHistory::default();
    }

    /// Goes on, or back, to a moment between two hours of the day.
    pub(super) fn turn_to(&mut self, from_hour: i64, until_hour: i64) {
        let span_ms = (until_hour - from_hour) * HOUR_MS;
        self.now_ms = self.start_ms + from_hour * HOUR_MS + self.random.below(span_ms.unsigned_abs()).cast_signed();
    }

    pub(super) fn is_over(&self) -> bool {
        self.now_ms >= self.start_ms + DAY_MS
    }

    /// Mostly a minute or two; some think it over.
    pub(super) fn pause(&mut self) {
        let is_long = self.random.one_in(20) && !self.is_punctual;
        let (least_s, most_s) = if is_long { (1_200, 5_400) } else { (5, 120) };
        self.wait_s(least_s, most_s);
    }

    pub(super) fn wait_s(&mut self, least_s: u64, most_s: u64) {
        self.now_ms += self.random.within(1000 * least_s, 1000 * most_s).cast_signed();
    }

    pub(super) fn track(&mut self, topic: ShopTopic, event: &'static str, properties: JsonObject) {
        self.tell(|_| Told::track(topic, event, properties));
    }

    /// Who they are: traits that everybody gives, and those that costs can be told by.
    pub(super) fn identify(&mut self, consent: Option<&str>, former_id: Option<String>) {
        let region = *self.random.pick(&["north", "south", "overseas"]);
        let customer_type = *self.random.pick(&["private", "business"]);
        let birthday = *self.random.pick(&["--01-01", "1980-01-02", "--02-29", "1971-06-30"]);
        let (has_region, has_birthday) = (self.random.percent(50), self.random.percent(30));
        self.tell(|scene| {
            let told = mailbox::identify(scene, consent);
            let mut traits = told.body;
            if has_region {
                traits = traits.text("region", region).text("customer_type", customer_type);
            }
            let birthday = has_birthday.then_some(birthday);
            Told { body: traits.text_if("birthday", birthday), former_id, ..told }
        });
    }

    pub(super) fn alias(&mut self, former_id: String) {
        let body = JsonObject::new();
        self.tell(|_| Told { topic: ShopTopic::Emails, call: Call::Alias, body, former_id: Some(former_id) });
    }

    /// Tells one event of now, unless the day is over.
    pub(super) fn tell<'t>(&mut self, make: impl FnOnce(&mut Scene) -> Told + 't) {
        if self.is_over() {
            return;
        }
        let (mut time_ms, mut sent_ms) = (self.now_ms, self.now_ms);
        if !self.is_punctual && self.random.one_in(LATE_ONE_IN) {
            sent_ms += self.random.within(1, MAX_LATE_MS).cast_signed();
        } else if !self.is_punctual && self.random.one_in(AHEAD_ONE_IN) {
            time_ms += self.random.within(1, MAX_AHEAD_MS).cast_signed();
        }
        let tells_time = time_ms != sent_ms || !self.random.one_in(UNTIMED_ONE_IN);
        self.send(time_ms, sent_ms, tells_time, make);
    }

    /// Tells now, in punctual records, of what was long ago.
    pub(super) fn tell_of(&mut self, time_ms: i64, make: impl FnOnce(&mut Scene) -> Told) {
        self.send(time_ms, self.now_ms, true, make);
    }

    fn send(&mut self, time_ms: i64, sent_ms: i64, tells_time: bool, make: impl FnOnce(&mut Scene) -> Told) {
        // the calendar's years hold every day that can be asked for
        let Some(time) = rfc3339(time_ms, self.person.offset_hours) else { return };
        let mut scene =
            Scene { person: &self.person, address_changes: 0, random: &mut self.random, numbers: self.numbers, time: &time, tells_time };
        let told = make(&mut scene);
        let topic = told.topic;
        let value = envelope(&mut scene, told).into_bytes();
        self.records.push(ShopRecord { topic, key: Some(self.person.id.clone()), timestamp_ms: sent_ms, value });
    }
}
