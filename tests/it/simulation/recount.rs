//! A second opinion that shares no code with the engine: what the shop knows to be true, counted in plain code, against what was written.
//!
//! A5: a reminder is sent once for a cart, to somebody who has agreed and whose later refusal was not known by then, not before its time, and
//! not when an order made at or after the cart's last change was known by then. "Known by then" means that the record's time lies before
//! the reminder's. Money: what each customer's last value says was ordered is what was ordered. Called by `checks`.

use std::collections::{BTreeMap, BTreeSet};

use lifetide::worker::memory::Produced;
use lifetide::worker::transaction::OutputTopic;
use serde_json::Value;

use super::input::{REMINDER_MS, Said, Truth};

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn json(record: &Produced) -> Value {
    serde_json::from_slice(record.value.as_deref().unwrap_or_default()).unwrap()
}

/// The first thing that is not as it must be.
pub fn complaint(truths: &[Truth], produced: &[&Produced]) -> Option<String> {
    reminders(truths, produced).err().or_else(|| money(truths, produced).err())
}

fn reminders(truths: &[Truth], produced: &[&Produced]) -> Result<(), String> {
    let mut sent = BTreeSet::new();
    for record in produced.iter().filter(|record| record.topic == OutputTopic::Actions) {
        let action = json(record);
        if text(&action, "/kind") != "send" {
            continue;
        }
        let (customer, cart) = (text(&action, "/customer_id").to_owned(), text(&action, "/cart/id").to_owned());
        let due_ms = text(&action, "/due_at").parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let what = format!("reminder of {customer} about {cart} due at {due_ms}");
        let own = || truths.iter().filter(|truth| truth.customer == customer && truth.at_ms < due_ms);
        // what was told later may have been read in time or not: it counts for the reminder, never against it
        let known = || own().filter(|truth| truth.told_ms < due_ms);
        let said = |truth: &&Truth, given| truth.said == Said::Consent { given };
        let consent_ms = own().filter(|truth| said(truth, true)).map(|truth| truth.at_ms).max();
        let refusal_ms = known().filter(|truth| said(truth, false)).map(|truth| truth.at_ms).max();
        if consent_ms <= refusal_ms {
            return Err(format!("{what}: without consent"));
        }
        let is_change = |truth: &&Truth| matches!(&truth.said, Said::Cart { cart: own } if *own == cart);
        let last_change_ms = own().filter(is_change).map(|truth| truth.at_ms).max();
        // another cart takes its place, with all that was known of it; a record that comes very late brings it back as it was then
        let is_end = |truth: &&Truth| match &truth.said {
            Said::Cart { cart: other } => *other != cart,
            Said::Emptied => true,
            _ => false,
        };
        let ended_ms = known().filter(is_end).map(|truth| truth.told_ms).max();
        let since = |truth: &&Truth| Some(truth.told_ms) > ended_ms;
        let known_change_ms = known().filter(is_change).filter(since).map(|truth| truth.at_ms).max();
        if known().any(|truth| matches!(truth.said, Said::Order { .. }) && Some(truth.at_ms) >= last_change_ms) {
            return Err(format!("{what}: after the order"));
        }
        if last_change_ms.is_none() || known_change_ms.is_some_and(|at_ms| at_ms + REMINDER_MS > due_ms) {
            return Err(format!("{what}: too early"));
        }
        if !sent.insert((customer, cart)) {
            return Err(format!("{what}: a second time"));
        }
    }
    Ok(())
}

fn money(truths: &[Truth], produced: &[&Produced]) -> Result<(), String> {
    let mut ordered: BTreeMap<&str, i64> = BTreeMap::new();
    for truth in truths {
        if let Said::Order { cents } = &truth.said {
            *ordered.entry(&truth.customer).or_default() += cents;
        }
    }
    let mut told: BTreeMap<String, i64> = BTreeMap::new();
    for record in produced.iter().filter(|record| record.topic == OutputTopic::Clv) {
        let value = json(record);
        told.insert(text(&value, "/customer_id").to_owned(), value.pointer("/historic/0/gross/minor").and_then(Value::as_i64).unwrap());
    }
    let same = ordered.len() == told.len() && ordered.iter().all(|(customer, cents)| told.get(*customer) == Some(cents));
    if same { Ok(()) } else { Err(format!("ordered: {ordered:?}, told: {told:?}")) }
}
