//! The part of a row about carts that plays have decided about.
//! Written and read by `row` since version 3; a new field is a new row version, never another meaning of these bytes.

use super::bytes::{Reader, put_all_fixed};
use super::{RowError, rest};
use crate::engine::customer::Customer;
use crate::engine::plays::REMINDED_MAX;

pub fn encode(customer: &Customer, parts: u16, row: &mut Vec<u8>) {
    if parts & rest::REMINDED != 0 {
        row.push(customer.reminded.len() as u8);
        put_all_fixed(row, &customer.reminded);
    }
}

pub fn decode(reader: &mut Reader<'_>, parts: u16, customer: &mut Customer) -> Result<(), RowError> {
    if parts & rest::REMINDED == 0 {
        return Ok(());
    }
    let count = reader.count_of_some(REMINDED_MAX, "carts decided about")?;
    customer.reminded.extend(reader.all_fixed(count)?);
    Ok(())
}
