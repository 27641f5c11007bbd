//! The part of a row about a customer's way beside orders, mails and carts, and since when they are in their stage.
//! Written and read by `row` since version 3; a new field is a new row version, never another meaning of these bytes.

use super::bytes::{Reader, put_ago, put_all_fixed, put_fixed, put_text, put_u64};
use super::{RowError, further};
use crate::engine::customer::Customer;
use crate::engine::journey::{Journey, Parcel, Source, TICKETS_MAX};
use crate::event::InteractionKind;

const KINDS: usize = InteractionKind::ALL.len();

/// Bits beside the counts.
mod has {
    pub const SIGN_UP: u8 = 1;
    pub const TICKETS: u8 = 1 << 1;
    pub const PARCEL: u8 = 1 << 2;
    pub const DELIVERED: u8 = 1 << 3;
    pub const SALESPERSON: u8 = 1 << 4;
    pub const SOURCE: u8 = 1 << 5;
    pub const ALL: u8 = (1 << 6) - 1;
}

pub fn encode(customer: &Customer, parts: u16, row: &mut Vec<u8>) {
    let now_ms = customer.now_ms;
    if let Some(since_ms) = customer.stage_since_ms.filter(|_| parts & further::STAGE_SINCE != 0) {
        put_ago(row, now_ms, since_ms);
    }
    let Some(journey) = customer.journey.as_ref().filter(|_| parts & further::JOURNEY != 0) else {
        return;
    };
    let Journey { counts, signed_up_ms, latest_ms, open_tickets, parcel, salesperson, source } = journey.as_ref();
    row.push(super::bytes::bits([
        (has::SIGN_UP, signed_up_ms.is_some()),
        (has::TICKETS, !open_tickets.is_empty()),
        (has::PARCEL, parcel.is_some()),
        (has::DELIVERED, parcel.is_some_and(|parcel| parcel.is_delivered)),
        (has::SALESPERSON, !salesperson.is_empty()),
        (has::SOURCE, source.is_some()),
    ]));
    let kinds = counts.iter().enumerate().fold(0, |kinds, (kind, count)| if *count == 0 { kinds } else { kinds | 1 << kind });
    put_u64(row, kinds);
    counts.iter().filter(|count| **count != 0).for_each(|count| put_u64(row, u64::from(*count)));
    put_ago(row, now_ms, *latest_ms);
    if let Some(at_ms) = signed_up_ms {
        put_ago(row, now_ms, *at_ms);
    }
    if !open_tickets.is_empty() {
        put_u64(row, open_tickets.len() as u64);
        put_all_fixed(row, open_tickets);
    }
    if let Some(parcel) = parcel {
        put_fixed(row, parcel.order);
        put_ago(row, now_ms, parcel.at_ms);
    }
    if !salesperson.is_empty() {
        put_text(row, salesperson);
    }
    if let Some(Source { answer, at_ms }) = source {
        put_text(row, answer);
        put_ago(row, now_ms, *at_ms);
    }
}

pub fn decode(reader: &mut Reader<'_>, parts: u16, customer: &mut Customer) -> Result<(), RowError> {
    let now_ms = customer.now_ms;
    if parts & further::STAGE_SINCE != 0 {
        customer.stage_since_ms = Some(reader.ago(now_ms)?);
    }
    if parts & further::JOURNEY == 0 {
        return Ok(());
    }
    let bits = reader.byte()?;
    let kinds = reader.u64()?;
    if bits & !has::ALL != 0 || kinds >> KINDS != 0 {
        return Err(RowError::Malformed("journey"));
    }
    let mut journey = Box::<Journey>::default();
    for (kind, count) in journey.counts.iter_mut().enumerate() {
        if kinds & (1 << kind) != 0 {
            *count = reader.u32("count of interactions")?;
        }
    }
    journey.latest_ms = reader.ago(now_ms)?;
    if bits & has::SIGN_UP != 0 {
        journey.signed_up_ms = Some(reader.ago(now_ms)?);
    }
    if bits & has::TICKETS != 0 {
        let count = reader.count(TICKETS_MAX, "open tickets")?;
        journey.open_tickets.extend(reader.all_fixed(count)?);
    }
    if bits & has::PARCEL != 0 {
        let (order, at_ms) = (reader.fixed()?, reader.ago(now_ms)?);
        journey.parcel = Some(Parcel { order, is_delivered: bits & has::DELIVERED != 0, at_ms });
    }
    if bits & has::SALESPERSON != 0 {
        reader.text_into(&mut journey.salesperson)?;
    }
    if bits & has::SOURCE != 0 {
        journey.source = Some(Source { answer: reader.text()?.to_owned(), at_ms: reader.ago(now_ms)? });
    }
    customer.journey = Some(journey);
    Ok(())
}
