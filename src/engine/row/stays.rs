//! The part of a row about the stages a customer has been in before.
//! Written and read by `row` since version 3; a new field is a new row version, never another meaning of these bytes.

use super::bytes::{Reader, put_ago, put_i64};
use super::{RowError, RowVersion, decode_stage, encode_stage, further};
use crate::engine::customer::Customer;
use crate::engine::stays::{STAYS_MAX, Stay};

/// Each time but the first is the distance from the one before: shorter than that from the customer's now.
pub fn encode(customer: &Customer, version: RowVersion, parts: u16, row: &mut Vec<u8>) {
    if parts & further::STAYS == 0 {
        return;
    }
    row.push(customer.stays.len() as u8);
    let mut former_ms = None;
    for Stay { stage, since_ms } in &customer.stays {
        encode_stage(Some(*stage), version, row);
        match former_ms.replace(*since_ms) {
            None => put_ago(row, customer.now_ms, *since_ms),
            Some(former_ms) => put_i64(row, since_ms.wrapping_sub(former_ms)),
        }
    }
}

pub fn decode(reader: &mut Reader<'_>, parts: u16, customer: &mut Customer) -> Result<(), RowError> {
    if parts & further::STAYS == 0 {
        return Ok(());
    }
    let mut former_ms: Option<i64> = None;
    for _ in 0..reader.count_of_some(STAYS_MAX, "former stages")? {
        let stage = decode_stage(reader)?.ok_or(RowError::Malformed("former stages"))?;
        let since_ms = match former_ms {
            None => reader.ago(customer.now_ms)?,
            Some(former_ms) => former_ms.wrapping_add(reader.i64()?),
        };
        former_ms = Some(since_ms);
        customer.stays.push(Stay { stage, since_ms });
    }
    Ok(())
}
