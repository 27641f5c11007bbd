//! What `deliver` would send now, and what it does not know the end of: looks at both topics, changes nothing, joins nothing.
//!
//! Actions that were dealt with are known by their marks or have expired, so it begins with the first there is. Addresses and subjects are
//! shown on stdout, where they were asked for. Called by `cli::deliver`.

use std::collections::BTreeMap;
use std::io::{Write, stdout};
use std::ops::ControlFlow;

use serde_json::json;

use super::carrier::Packing;
use super::office::note;
use super::{OutputFormat, partitions};
use crate::cli::exit::CommandError;
use crate::clock;
use crate::deliver::{Action, Ledger, Next, Own, Parcel, Queue};
use crate::kafka::topics::TopicFacts;
use crate::kafka::{Settings, TopicScan};
use crate::worker::WorkerError;
use crate::worker::source::Record as _;

pub fn dry_run(settings: &Settings, facts: &[TopicFacts], packing: &Packing, format: OutputFormat) -> Result<(), CommandError> {
    let ledger = ledger(settings, partitions(facts, &settings.output.relay))?;
    let actions = &settings.input_topics[0];
    let scan = TopicScan::open(settings, actions, partitions(facts, actions)).map_err(WorkerError::from)?;
    let mut queues: BTreeMap<u32, Vec<Vec<u8>>> = BTreeMap::new();
    let read = scan.read(&mut |slot, record| {
        // only sends that can still leave, and what calls them off
        let value = record.value().unwrap_or_default();
        if Action::read(value).is_ok_and(|action| action.expires_at_ms > clock::wall_ms()) {
            queues.entry(slot).or_default().push(value.to_vec());
        }
        ControlFlow::Continue(())
    });
    read.map_err(WorkerError::from)?;
    let own = Own::default();
    let mut out = stdout().lock();
    let mut sends = 0_usize;
    for values in queues.into_values() {
        let mut queue = Queue::default();
        values.iter().enumerate().for_each(|(number, value)| queue.push(number as i64, value, Vec::new()));
        queue.reach_end();
        loop {
            match queue.next(&ledger, &own, clock::wall_ms()) {
                Next::Nothing => break,
                Next::Send(action, _) => {
                    sends += 1;
                    writeln!(out, "{}", line(&action, packing, format))?;
                }
                Next::Wait(_) | Next::Skip(..) | Next::Conclude(_) => {}
            }
            queue.pop();
        }
    }
    if sends == 0 {
        eprintln!("nothing would be sent now");
    }
    Ok(())
}

fn line(action: &Action, packing: &Packing, format: OutputFormat) -> String {
    let (id, play, template) = (&action.id, &action.play, &action.template);
    let (to, what, why) = match packing.wrap(action, clock::wall_ms()) {
        Ok(Parcel::Letter(letter)) => (action.email.clone().unwrap_or_default(), letter.subject, None),
        Ok(Parcel::Hook(hook)) => (hook.url, hook.body, None),
        Err(why) => (String::new(), String::new(), Some(why)),
    };
    match (format, why) {
        (OutputFormat::Json, why) => {
            json!({ "id": id, "play": play, "template": template, "to": to, "what": what, "failed": why }).to_string()
        }
        (OutputFormat::Text, None) => format!("would send  {id}  {play} {template}  to {to}: {what}"),
        (OutputFormat::Text, Some(why)) => format!("would fail  {id}  {play} {template}  {why}"),
    }
}

pub fn in_doubt(settings: &Settings, partitions: u32, format: OutputFormat) -> Result<(), CommandError> {
    let ledger = ledger(settings, partitions)?;
    let mut out = stdout().lock();
    for mark in ledger.in_doubt() {
        match format {
            OutputFormat::Json => {
                writeln!(out, "{}", json!({ "id": mark.id, "play": mark.play, "at": mark.at.to_string(), "why": mark.why }))?
            }
            OutputFormat::Text => writeln!(out, "{}  {}  {}", mark.id, mark.at, mark.play)?,
        }
    }
    Ok(())
}

/// Of all slots together.
fn ledger(settings: &Settings, partitions: u32) -> Result<Ledger, CommandError> {
    let mut ledger = Ledger::default();
    let scan = TopicScan::open(settings, &settings.output.relay, partitions).map_err(WorkerError::from)?;
    let read = scan.read(&mut |_, record| {
        note(&mut ledger, record);
        ControlFlow::Continue(())
    });
    read.map_err(WorkerError::from)?;
    Ok(ledger)
}
