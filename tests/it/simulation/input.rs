//! What the shop's customers do, as records on their way to the input topics: identification, consent, carts, orders, refunds, mail opened;
//! some records twice, some late, some broken; some written in transactions, of which some are aborted.
//!
//! In a loaded run times are anything within some hours and everything is there before the start. In a live one, every customer's events
//! lie on a grid of ten minutes with less than a minute of play, and the reminder is due five minutes off the grid: whatever is delayed by
//! less than the four minutes between, the order in which a customer's events and deadlines happen is the same. Used by `world` and, as
//! the truth to recount from, by `recount`.

use std::collections::VecDeque;

use lifetide::engine::RowVersion;
use lifetide::worker::memory::MemoryRecord;
use lifetide::worker::partition_of;
use lifetide::worker::source::Input;
use lifetide::worker::upgrade::{GROUP, VERSION};

use super::kin::Deed;
use super::plan::Mode;
use super::{INPUTS, SLOTS, T0};
use crate::exactly_once::Random;

const CUSTOMERS: u64 = 14;
const COST: &str = "Cost Recorded";
const EVENTS_EACH: u64 = 14;
const MINUTE: i64 = 60_000;
/// Of a loaded run.
const SPAN_MS: u64 = 8 * 60 * 60_000;
const LATE_MS_MAX: u64 = 20 * 60_000;
/// Between an event and its record, live.
const DELAY_MS_MAX: u64 = 3_000;
/// How long a shop's transaction stays open, live.
const OPEN_MS_MAX: u64 = 45_000;
/// Of a close order: before the reminder is due, and from then until it is told. Together they are less than the grace of 15 s, by as much
/// as a worker may stand still before it looks again.
const CLOSE_EARLY_MS: u64 = 3_000;
const CLOSE_LATE_MS: u64 = 5_000;
pub const GRID_MS: i64 = 10 * MINUTE;
const GRID_CELLS: u64 = 20;
/// The reminder's delay: off the grid by half of it.
pub const REMINDER: &str = "25m";
pub const REMINDER_MS: i64 = 25 * MINUTE;

/// A record without its offset, which it gets where it is appended.
#[derive(Debug, Clone)]
pub struct Draft {
    key: Option<String>,
    value: Option<Vec<u8>>,
    timestamp_ms: i64,
    headers: Vec<(&'static str, String)>,
}

impl Draft {
    pub fn at(self, offset: i64) -> MemoryRecord {
        let headers = self.headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect();
        MemoryRecord::new(offset, self.key.as_ref().map(String::as_bytes), self.value.as_deref(), Some(self.timestamp_ms), headers)
    }
}

#[derive(Debug, Clone)]
pub enum Step {
    /// `writer`: of one of the shop's own transactions.
    Record {
        writer: Option<usize>,
        record: Draft,
    },
    Mark {
        writer: usize,
        commit: bool,
    },
}

#[derive(Debug, Clone)]
pub struct Arrival {
    pub at_ms: u64,
    pub input: Input,
    pub step: Step,
}

/// What an event said, for the recount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    Consent {
        given: bool,
    },
    /// Something was put into a cart.
    Cart {
        cart: String,
    },
    /// Nothing is left in whatever cart there is.
    Emptied,
    Order {
        cents: i64,
    },
    Other,
}

/// One event as it truly was: said once, however often its record is sent.
#[derive(Debug, Clone)]
pub struct Truth {
    pub customer: String,
    pub at_ms: i64,
    /// The record's time: nobody could know before.
    pub told_ms: i64,
    pub said: Said,
}

pub struct Story {
    pub arrivals: VecDeque<Arrival>,
    pub truths: Vec<Truth>,
    /// Event time after which nothing happens.
    pub end_ms: i64,
}

/// Draws a story, with the deeds of others in it. `upgrades`: half-way through it, every slot is told to write the newest rows, of this group and of others.
pub fn tell(mode: Mode, upgrades: Option<&str>, deeds: Vec<Deed>, random: &mut Random) -> Story {
    let mut truths = Vec::new();
    let mut sent: Vec<(i64, Input, Draft)> = Vec::new();
    for number in 0..CUSTOMERS {
        let customer = format!("c-{number}");
        let slot = partition_of(customer.as_bytes(), SLOTS);
        let mut carts = 0;
        for (turn, Moment { at_ms, late_ms, is_close }) in moments(mode, random).into_iter().enumerate() {
            let happening = match is_close {
                true => order(&customer, turn, &mut carts, random),
                false => happen(&customer, number, turn, &mut carts, random),
            };
            let message = format!("m-{number}-{turn}");
            let value = happening.to_json(&customer, number, &message, at_ms);
            let broken = random.below(40) == 0;
            let value = if broken { value.into_bytes()[..20].to_vec() } else { value.into_bytes() };
            if !broken {
                truths.push(Truth { customer: customer.clone(), at_ms, told_ms: at_ms + late_ms, said: happening.said });
            }
            let traceparent = (random.below(10) == 0).then(|| format!("00-{number:032x}-{turn:016x}-01"));
            let tracestate = number.is_multiple_of(2).then(|| format!("shop={turn}"));
            let headers = traceparent.map(|trace| ("traceparent", trace)).into_iter();
            let headers = headers.chain(tracestate.map(|state| ("tracestate", state))).collect();
            let record = Draft { key: Some(customer.clone()), value: Some(value), timestamp_ms: at_ms + late_ms, headers };
            let input = Input { topic: happening.topic, slot };
            if random.below(15) == 0 {
                let again_ms = at_ms + late_ms + random.below(if mode.is_live() { 2_000 } else { LATE_MS_MAX }) as i64;
                sent.push((again_ms, input, Draft { timestamp_ms: again_ms, ..record.clone() }));
            }
            sent.push((at_ms + late_ms, input, record));
        }
    }
    if let Some(group) = upgrades {
        let at_ms = T0 + SPAN_MS as i64 / 2;
        // said long after what it stands between has happened
        let word = |group: &str| {
            let headers = vec![(VERSION, RowVersion::NEWEST.to_string()), (GROUP, group.to_owned())];
            Draft { key: None, value: None, timestamp_ms: at_ms + 1_000 * SPAN_MS as i64, headers }
        };
        let words = [(at_ms - 1, "of others"), (at_ms, group)];
        sent.extend(words.iter().flat_map(|(at_ms, group)| (0..SLOTS).map(|slot| (*at_ms, Input { topic: 0, slot }, word(group)))));
    }
    let last_ms = truths.iter().map(|truth| truth.at_ms).chain(deeds.iter().map(|deed| deed.at_ms)).max().unwrap_or(T0);
    for Deed { customer, topic, at_ms, value } in deeds {
        let input = Input { topic, slot: partition_of(customer.as_bytes(), SLOTS) };
        let record = Draft { key: Some(customer), value: Some(value.into_bytes()), timestamp_ms: at_ms, headers: Vec::new() };
        sent.push((at_ms, input, record));
    }
    sent.sort_by_key(|(at_ms, input, _)| (*at_ms, *input));
    let end_ms = last_ms + REMINDER_MS + GRID_MS;
    Story { arrivals: arrivals(mode, sent, random), truths, end_ms }
}

/// When a customer does something, and when it is told.
struct Moment {
    at_ms: i64,
    late_ms: i64,
    /// An order, made shortly before a reminder may be due and told shortly after.
    is_close: bool,
}

fn moments(mode: Mode, random: &mut Random) -> Vec<Moment> {
    let mut times: Vec<i64> = (0..EVENTS_EACH)
        .map(|_| match mode {
            Mode::Loaded => T0 + random.below(SPAN_MS) as i64,
            Mode::Live | Mode::Close => T0 + random.below(GRID_CELLS) as i64 * GRID_MS + random.below(55_000) as i64,
        })
        .collect();
    times.sort_unstable();
    if mode.is_live() {
        times.dedup_by_key(|at_ms| (*at_ms - T0) / GRID_MS);
    }
    let mut moments = Vec::new();
    for at_ms in times {
        moments.push(Moment { at_ms, late_ms: delay(mode, random), is_close: false });
        if mode == Mode::Close && random.below(3) == 0 {
            let early_ms = 1 + random.below(CLOSE_EARLY_MS) as i64;
            let late_ms = early_ms + random.below(CLOSE_LATE_MS) as i64;
            moments.push(Moment { at_ms: at_ms + REMINDER_MS - early_ms, late_ms, is_close: true });
        }
    }
    moments.sort_by_key(|moment| moment.at_ms);
    moments
}

fn delay(mode: Mode, random: &mut Random) -> i64 {
    let longest = match mode {
        Mode::Live | Mode::Close => DELAY_MS_MAX,
        Mode::Loaded if random.below(12) == 0 => LATE_MS_MAX,
        Mode::Loaded => 1,
    };
    random.below(longest) as i64
}

struct Happening {
    topic: usize,
    name: &'static str,
    properties: String,
    said: Said,
}

impl Happening {
    /// Customers of every fourth number have told no address.
    fn to_json(&self, customer: &str, number: u64, message: &str, at_ms: i64) -> String {
        let at = jiff::Timestamp::from_millisecond(at_ms).unwrap();
        let email = if number % 4 == 3 { String::new() } else { format!(r#""email":"{customer}@example.com""#) };
        // every second cost names nobody
        let who = if self.name == COST && number % 2 == 1 { "anonymousId" } else { "userId" };
        let head = format!(r#""{who}":"{customer}","messageId":"{message}","timestamp":"{at}""#);
        let properties = &self.properties;
        match self.name {
            "identify" => {
                let comma = if email.is_empty() || properties.is_empty() { "" } else { "," };
                format!(r#"{{"type":"identify",{head},"traits":{{{properties}{comma}{email}}}}}"#)
            }
            name => {
                let campaign = format!(r#""campaign":{{"medium":"{}"}}"#, ["email", "cpc", "fax"][number as usize % 3]);
                format!(
                    r#"{{"type":"track","event":"{name}",{head},"properties":{{{properties}}},"context":{{"traits":{{{email}}},{campaign}}}}}"#
                )
            }
        }
    }
}

/// What a customer does in a turn. Customers of an odd number never say a word about consent.
fn happen(customer: &str, number: u64, turn: usize, carts: &mut u64, random: &mut Random) -> Happening {
    let speaks = number.is_multiple_of(2);
    let cart = format!("k-{customer}-{carts}");
    let said = |topic, name, properties: String, said| Happening { topic, name, properties, said };
    let given = random.below(4) > 0;
    match random.below(20) {
        0..3 if speaks => said(1, "identify", format!(r#""email_marketing_consent":{given}"#), Said::Consent { given }),
        3..4 if speaks => {
            let status = if given { "subscribed" } else { "unsubscribed" };
            said(1, "Consent Changed", format!(r#""channel":"email","status":"{status}""#), Said::Consent { given })
        }
        0..5 => said(1, "Email Opened", String::new(), Said::Other),
        5..12 => {
            let price = 1 + random.below(90);
            let product = random.below(5);
            let properties = format!(r#""cart_id":"{cart}","product_id":"p-{product}","price":{price}.50,"currency":"USD""#);
            said(2, "Product Added", properties, Said::Cart { cart })
        }
        12..13 => said(2, "Cart Updated", format!(r#""cart_id":"{cart}","products":[]"#), Said::Emptied),
        13..17 => order(customer, turn, carts, random),
        17..18 => {
            let order = format!("o-{customer}-{}", random.below(turn as u64 + 1));
            said(0, "Order Refunded", format!(r#""order_id":"{order}","total":0.25,"currency":"USD""#), Said::Other)
        }
        _ => {
            let topic = random.below(INPUTS as u64) as usize;
            let cost = format!(r#""cost_id":"k-{number}-{turn}","kind":"acquire","amount":{turn}.10,"currency":"USD","channel":"email""#);
            let (name, properties) = if turn.is_multiple_of(3) { ("Store Locator Used", String::new()) } else { (COST, cost) };
            said(topic, name, properties, Said::Other)
        }
    }
}

/// An order ends the customer's cart, whether it names it or not.
fn order(customer: &str, turn: usize, carts: &mut u64, random: &mut Random) -> Happening {
    let cents = 100 + random.below(9_000) as i64;
    let cart = if random.below(2) == 0 { format!(r#","cart_id":"k-{customer}-{carts}""#) } else { String::new() };
    *carts += 1;
    let total = format!("{}.{:02}", cents / 100, cents % 100);
    let properties = format!(r#""order_id":"o-{customer}-{turn}","total":{total},"currency":"USD"{cart}"#);
    Happening { topic: 0, name: "Order Completed", properties, said: Said::Order { cents } }
}

/// Puts records into the shop's transactions here and there, with junk in those that are aborted.
fn arrivals(mode: Mode, sent: Vec<(i64, Input, Draft)>, random: &mut Random) -> VecDeque<Arrival> {
    let mut arrivals = Vec::new();
    for (number, (at_ms, input, record)) in sent.into_iter().enumerate() {
        let at_ms = if mode.is_live() { (at_ms - T0).max(0) as u64 } else { 0 };
        let writer = 1_000 + number;
        let until_ms = if mode == Mode::Live { at_ms + random.below(OPEN_MS_MAX) } else { at_ms };
        let mut push = |at_ms, step| arrivals.push(Arrival { at_ms, input, step });
        match random.below(30) {
            0 => {
                push(at_ms, Step::Record { writer: Some(writer), record });
                push(until_ms, Step::Mark { writer, commit: true });
            }
            1 => {
                let junk = Draft { value: Some(b"aborted: nobody may read this".to_vec()), ..record.clone() };
                push(at_ms, Step::Record { writer: Some(writer), record: junk });
                push(at_ms, Step::Record { writer: None, record });
                push(until_ms, Step::Mark { writer, commit: false });
            }
            _ => push(at_ms, Step::Record { writer: None, record }),
        }
    }
    arrivals.sort_by_key(|arrival| arrival.at_ms);
    arrivals.into()
}
