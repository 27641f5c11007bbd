//! Orders, refunds and cancellations out of event files, as `run` understands them: the same decoder, each order once.
//!
//! A refund lowers its order, wherever in the files it stands, and counts at the order's time; one without an order counts as a refund at its own.
//! Records that are no events of a customer, or refused by the decoder, are counted and left out, as `run` would send them to the dead
//! letters. Called by `purchases::read`.

use std::collections::BTreeMap;
use std::io::BufRead;

use rustc_hash::{FxHashMap, FxHashSet};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::currencies::Currencies;
use crate::cli::replay::each_line;
use crate::cli::replay::lines::event_line;
use crate::config::Config;
use crate::event::{DecodeRules, Event, Format, Kind, Money, Part, Raw, Reject, Told, Wire, decode};

/// Orders and refunds as met so far.
pub struct Orders {
    rules: DecodeRules,
    /// Input topics, by whose number the rules know formats.
    topics: Vec<String>,
    /// By the fingerprint of customer and order.
    orders: FxHashMap<u64, Order>,
    refunds: Vec<Refund>,
    /// Fingerprints of customer and refund id.
    refund_ids: FxHashSet<u64>,
    repeated: u64,
    refused: BTreeMap<&'static str, u64>,
}

#[derive(Clone, Copy)]
struct Order {
    at_ms: i64,
    remaining: Money,
}

struct Refund {
    order: u64,
    customer: Box<str>,
    at_ms: i64,
    /// `None`: all that remains.
    amount: Option<Money>,
}

impl Orders {
    pub fn new(config: &Config) -> Orders {
        let rules = config.input.decode.clone();
        Orders {
            rules,
            topics: config.input.topics.clone(),
            orders: FxHashMap::default(),
            refunds: Vec::new(),
            refund_ids: FxHashSet::default(),
            repeated: 0,
            refused: BTreeMap::new(),
        }
    }

    /// Adds all orders of one file; refunds wait for `finish`.
    pub fn read(&mut self, reader: &mut dyn BufRead, currencies: &mut Currencies) -> Result<(), String> {
        let mut rules = self.rules.clone();
        rules.default_currency = rules.default_currency.or(currencies.stated());
        each_line(reader, |text| {
            let line = event_line(text).map_err(|error| error.to_string())?;
            let raw = Raw { key: line.key.as_ref().map(String::as_bytes), value: line.value.as_deref(), timestamp_ms: line.timestamp_ms };
            let each_header = |visit: &mut dyn FnMut(&str, &[u8])| {
                line.headers.iter().for_each(|(name, value)| visit(name, value.as_bytes()));
            };
            let wire = Wire { format: self.format_of(line.topic.as_deref()), each_header: &each_header };
            let told = decode(&raw, &wire, &rules, None);
            self.take_all(told, currencies)
        })
    }

    /// A bare event is of no topic.
    fn format_of(&self, topic: Option<&str>) -> Format {
        let number = self.topics.iter().position(|known| Some(known.as_str()) == topic);
        number.map_or(Format::Auto, |number| self.rules.format(number))
    }

    fn take_all(&mut self, told: Result<Told<'_>, Reject>, currencies: &mut Currencies) -> Result<(), String> {
        let mut refuse = |reject: &Reject| *self.refused.entry(reject.reason.as_str()).or_default() += 1;
        match &told {
            Err(reject) => refuse(reject),
            Ok(Told::Several(parts)) => parts.iter().for_each(|part| {
                if let Part::Refused { reject, .. } = part {
                    refuse(reject);
                }
            }),
            Ok(Told::One(_)) => {}
        }
        told.iter().flat_map(Told::events).try_for_each(|event| self.take(event, currencies))
    }

    fn take(&mut self, event: &Event<'_>, currencies: &mut Currencies) -> Result<(), String> {
        let fingerprint = |id: &str| xxh3_64_with_seed(id.as_bytes(), xxh3_64_with_seed(event.customer.as_bytes(), 0));
        let (order_id, amount) = match &event.kind {
            Kind::OrderCompleted(order) => {
                let found = Order { at_ms: event.time_ms, remaining: order.value };
                if self.orders.contains_key(&fingerprint(&order.order_id)) {
                    self.repeated += 1;
                    return Ok(());
                }
                self.orders.insert(fingerprint(&order.order_id), found);
                return currencies.add(&event.customer, event.time_ms, order.value.minor, order.value.currency);
            }
            Kind::OrderRefunded(refund) => {
                let is_new = refund.refund_id.as_ref().is_none_or(|id| self.refund_ids.insert(fingerprint(id)));
                if !is_new {
                    self.repeated += 1;
                    return Ok(());
                }
                (&refund.order_id, refund.amount)
            }
            Kind::OrderCancelled { order_id } => (order_id, None),
            _ => return Ok(()),
        };
        self.refunds.push(Refund { order: fingerprint(order_id), customer: event.customer.as_ref().into(), at_ms: event.time_ms, amount });
        Ok(())
    }

    /// Takes all refunds off; gives what is to be remarked.
    pub fn finish(mut self, currencies: &mut Currencies) -> Result<Option<String>, String> {
        let mut unknown = 0;
        for refund in &self.refunds {
            let customer = &refund.customer;
            let Some(order) = self.orders.get_mut(&refund.order) else {
                match refund.amount.filter(|amount| amount.minor > 0) {
                    Some(amount) => currencies.add(customer, refund.at_ms, -amount.minor, amount.currency)?,
                    None => unknown += 1,
                }
                continue;
            };
            let remaining = order.remaining;
            let amount = refund.amount.unwrap_or(remaining);
            if amount.currency != remaining.currency {
                unknown += 1;
                continue;
            }
            let minor = amount.minor.min(remaining.minor);
            if minor > 0 {
                order.remaining.minor -= minor;
                currencies.add(customer, order.at_ms, -minor, remaining.currency)?;
            }
        }
        let refused: Vec<String> = self.refused.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        let told = [
            (!refused.is_empty()).then(|| format!("records refused: {}", refused.join(", "))),
            (self.repeated > 0).then(|| format!("{} orders or refunds were repeated and count once", self.repeated)),
            (unknown > 0).then(|| format!("{unknown} refunds fit no order and were left out")),
        ];
        let told: Vec<String> = told.into_iter().flatten().collect();
        Ok((!told.is_empty()).then(|| told.join("; ")))
    }
}
