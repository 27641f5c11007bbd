//! The part of a row about the last decisions. What is in it is `timeline`'s.
//! Written and read by `row` since version 3; a new field is a new row version, never another meaning of these bytes.

use super::bytes::{Reader, put_u64};
use super::{RowError, rest};
use crate::engine::customer::Customer;

pub fn encode(customer: &Customer, parts: u16, row: &mut Vec<u8>) {
    if parts & rest::TIMELINE != 0 {
        put_u64(row, customer.timeline.bytes().len() as u64);
        row.extend_from_slice(customer.timeline.bytes());
    }
}

pub fn decode(reader: &mut Reader<'_>, parts: u16, customer: &mut Customer) -> Result<(), RowError> {
    if parts & rest::TIMELINE == 0 {
        return Ok(());
    }
    let length = usize::try_from(reader.u64()?).map_err(|_| RowError::Truncated)?;
    customer.timeline.set_bytes(reader.take(length)?)
}
