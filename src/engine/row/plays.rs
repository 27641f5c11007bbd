//! The part of a row about plays and the sends they remember.
//! Written and read by `row`; a new field is a new row version, never another meaning of these bytes.

use super::bytes::{Reader, put_ago, put_fixed, put_text, put_u64};
use super::{RowError, RowVersion, part};
use crate::engine::customer::{Customer, SENDS_MAX};
use crate::engine::plays::{Grant, Phase, PlayState, Sent};
use crate::engine::rules::{PLAYS_MAX, STEPS_MAX};

mod phase {
    pub const IDLE: u8 = 0;
    pub const WAITING: u8 = 1;
    pub const OVER: u8 = 2;
    pub const MASK: u8 = 3;
}

const RELEASE: u8 = 1 << 2;
const LAST_SEND: u8 = 1 << 3;
/// Since `RowVersion::WITH_DECISIONS`.
const DECIDED: u8 = 1 << 4;
/// Since `RowVersion::WITH_CELLS`.
const INSTANCE: u8 = 1 << 5;
const GRANT: u8 = 1 << 6;

pub fn encode(customer: &Customer, version: RowVersion, parts: u16, row: &mut Vec<u8>) {
    let now_ms = customer.now_ms;
    if parts & part::PLAYS != 0 {
        put_u64(row, written(customer, version).count() as u64);
        written(customer, version).for_each(|state| encode_state(state, version, now_ms, row));
    }
    if parts & part::SENDS != 0 {
        put_u64(row, customer.sends_ms.len() as u64);
        customer.sends_ms.iter().for_each(|at_ms| put_ago(row, now_ms, *at_ms));
    }
}

/// The plays a row of the version has a place for: older ones know those of carts alone.
pub fn written(customer: &Customer, version: RowVersion) -> impl Iterator<Item = &PlayState> {
    customer.plays.iter().filter(move |state| version >= RowVersion::WITH_CELLS || state.instance.is_empty())
}

pub fn decode(reader: &mut Reader<'_>, parts: u16, customer: &mut Customer) -> Result<(), RowError> {
    if parts & part::PLAYS != 0 {
        for _ in 0..reader.count(PLAYS_MAX, "plays")? {
            customer.plays.push(decode_state(reader, customer.now_ms)?);
        }
    }
    if parts & part::SENDS != 0 {
        for _ in 0..reader.count(SENDS_MAX, "sends")? {
            customer.sends_ms.push(reader.ago(customer.now_ms)?);
        }
    }
    Ok(())
}

fn encode_state(state: &PlayState, version: RowVersion, now_ms: i64, row: &mut Vec<u8>) {
    put_fixed(row, state.play);
    let last_send = if state.last_send_ms.is_some() { LAST_SEND } else { 0 };
    let decided_ms = state.decided_ms.filter(|_| version >= RowVersion::WITH_DECISIONS);
    let instance = if state.instance.is_empty() { 0 } else { INSTANCE };
    let grant = state.grant.filter(|_| version >= RowVersion::WITH_CELLS);
    let there = last_send | instance | if grant.is_some() { GRANT } else { 0 } | if decided_ms.is_some() { DECIDED } else { 0 };
    match state.phase {
        Phase::Idle => row.push(phase::IDLE | there),
        Phase::Over => row.push(phase::OVER | there),
        Phase::Waiting { step, due_ms, release_ms } => {
            row.push(phase::WAITING | there | if release_ms.is_some() { RELEASE } else { 0 });
            row.push(step);
            put_ago(row, now_ms, due_ms);
            release_ms.into_iter().for_each(|at_ms| put_ago(row, now_ms, at_ms));
        }
    }
    put_u64(row, state.out.len() as u64);
    for sent in &state.out {
        row.push(sent.step);
        put_ago(row, now_ms, sent.due_ms);
        put_ago(row, now_ms, sent.expires_ms);
    }
    state.last_send_ms.into_iter().chain(decided_ms).for_each(|at_ms| put_ago(row, now_ms, at_ms));
    if !state.instance.is_empty() {
        put_text(row, &state.instance);
    }
    if let Some(grant) = grant {
        put_fixed(row, grant.offer);
        put_ago(row, now_ms, grant.expires_ms);
    }
}

fn decode_state(reader: &mut Reader<'_>, now_ms: i64) -> Result<PlayState, RowError> {
    let play = reader.fixed()?;
    let bits = reader.byte()?;
    let phase = match bits & phase::MASK {
        phase::IDLE => Phase::Idle,
        phase::OVER => Phase::Over,
        phase::WAITING => {
            let (step, due_ms) = (reader.byte()?, reader.ago(now_ms)?);
            let release_ms = if bits & RELEASE != 0 { Some(reader.ago(now_ms)?) } else { None };
            Phase::Waiting { step, due_ms, release_ms }
        }
        _ => return Err(RowError::Malformed("play")),
    };
    let sends = reader.count(STEPS_MAX, "sends out")?;
    let mut out = Vec::with_capacity(sends);
    for _ in 0..sends {
        out.push(Sent { step: reader.byte()?, due_ms: reader.ago(now_ms)?, expires_ms: reader.ago(now_ms)? });
    }
    let last_send_ms = if bits & LAST_SEND != 0 { Some(reader.ago(now_ms)?) } else { None };
    let decided_ms = if bits & DECIDED != 0 { Some(reader.ago(now_ms)?) } else { None };
    let instance = if bits & INSTANCE != 0 { reader.text()?.to_owned() } else { String::new() };
    let grant = if bits & GRANT != 0 { Some(Grant { offer: reader.fixed()?, expires_ms: reader.ago(now_ms)? }) } else { None };
    Ok(PlayState { play, phase, instance, out, last_send_ms, decided_ms, grant })
}
