//! The part of a row about refusals of addresses that are not the known one.
//! Written and read by `row` since version 3; a new field is a new row version, never another meaning of these bytes.

use super::bytes::{Reader, put_ago, put_fixed};
use super::{RowError, rest};
use crate::engine::customer::Customer;
use crate::engine::suppressed::{Refusal, SUPPRESSED_MAX, Suppressed};

pub fn encode(customer: &Customer, parts: u16, row: &mut Vec<u8>) {
    if parts & rest::SUPPRESSED == 0 {
        return;
    }
    row.push(customer.suppressed.len() as u8);
    for Suppressed { address, refusal, at_ms } in &customer.suppressed {
        put_fixed(row, *address);
        row.push(*refusal as u8);
        put_ago(row, customer.now_ms, *at_ms);
    }
}

pub fn decode(reader: &mut Reader<'_>, parts: u16, customer: &mut Customer) -> Result<(), RowError> {
    if parts & rest::SUPPRESSED == 0 {
        return Ok(());
    }
    for _ in 0..reader.count_of_some(SUPPRESSED_MAX, "addresses suppressed")? {
        let address = reader.fixed()?;
        let refusal = *Refusal::ALL.get(usize::from(reader.byte()?)).ok_or(RowError::Malformed("refusal"))?;
        customer.suppressed.push(Suppressed { address, refusal, at_ms: reader.ago(customer.now_ms)? });
    }
    Ok(())
}
