//! The part of a row about orders and money.
//! Written and read by `row`; a new field is a new row version, never another meaning of these bytes.

use super::bytes::{Reader, put_ago, put_fixed, put_u64, put_u128};
use super::currencies::{Currencies, put_written_out, written_out};
use super::{RowError, part};
use crate::clv::LogTimes;
use crate::engine::customer::Customer;
use crate::engine::money::{CURRENCIES_MAX, Sum};
use crate::engine::orders::{Claim, Folded, HELD_MAX, KEPT_MAX, Kept};
use crate::event::Money;

/// The caller's bit beside an order's currency.
const COUNTED: u8 = 1;

/// Answers with the currencies named, for the cart.
pub fn encode(customer: &Customer, parts: u16, row: &mut Vec<u8>) -> Currencies {
    let orders = &customer.orders;
    if parts & part::SUMS != 0 {
        put_u64(row, orders.sums.len() as u64);
        orders.sums.iter().for_each(|sum| encode_sum(sum, parts, row));
    }
    let mut currencies = Currencies::of(&orders.sums);
    if parts & part::KEPT != 0 {
        put_u64(row, orders.kept.len() as u64);
        let mut before_ms = customer.now_ms;
        for order in &orders.kept {
            put_fixed(row, order.id);
            put_ago(row, before_ms, order.at_ms);
            put_u64(row, order.remaining_minor as u64);
            currencies.put(row, order.currency, if order.counted { COUNTED } else { 0 });
            before_ms = order.at_ms;
        }
    }
    if let Some(folded) = &orders.folded {
        put_u64(row, u64::from(folded.days));
        for at_ms in [folded.first_ms, folded.last_ms, folded.latest_ms] {
            put_ago(row, customer.now_ms, at_ms);
        }
        put_fixed(row, folded.log_times.to_bits());
    }
    if parts & part::HELD != 0 {
        put_u64(row, orders.held.len() as u64);
        for claim in &orders.held {
            encode_claim(claim, &mut currencies, row);
        }
    }
    currencies
}

pub fn decode(reader: &mut Reader<'_>, parts: u16, customer: &mut Customer) -> Result<Currencies, RowError> {
    let now_ms = customer.now_ms;
    let orders = &mut customer.orders;
    if parts & part::SUMS != 0 {
        for _ in 0..reader.count(CURRENCIES_MAX, "sums")? {
            orders.sums.push(decode_sum(reader, parts)?);
        }
    }
    let mut currencies = Currencies::of(&orders.sums);
    if parts & part::KEPT != 0 {
        let mut before_ms = now_ms;
        for _ in 0..reader.count(KEPT_MAX, "orders")? {
            let id = reader.fixed()?;
            before_ms = reader.ago(before_ms)?;
            let remaining_minor = reader.u64()? as i64;
            let (currency, bits) = currencies.get(reader)?;
            orders.kept.push(Kept { id, at_ms: before_ms, remaining_minor, currency, counted: bits & COUNTED != 0 });
        }
    }
    if parts & part::FOLDED != 0 {
        let days = reader.u32("days")?;
        let (first_ms, last_ms, latest_ms) = (reader.ago(now_ms)?, reader.ago(now_ms)?, reader.ago(now_ms)?);
        orders.folded = Some(Folded { days, first_ms, last_ms, latest_ms, log_times: LogTimes::from_bits(reader.fixed()?) });
    }
    if parts & part::HELD != 0 {
        for _ in 0..reader.count(HELD_MAX, "held refunds")? {
            orders.held.push(decode_claim(reader, &mut currencies)?);
        }
    }
    Ok(currencies)
}

fn encode_sum(sum: &Sum, parts: u16, row: &mut Vec<u8>) {
    put_written_out(row, sum.currency);
    put_u64(row, u64::from(sum.orders));
    put_u128(row, sum.gross_minor as u128);
    put_u128(row, sum.refunds_minor as u128);
    if parts & part::FOLDED != 0 {
        put_u128(row, sum.folded_first_minor as u128);
        put_u128(row, sum.folded_repeat_minor as u128);
    }
}

fn decode_sum(reader: &mut Reader<'_>, parts: u16) -> Result<Sum, RowError> {
    let mut sum = Sum::new(written_out(reader)?);
    sum.orders = reader.u32("count of orders")?;
    sum.gross_minor = reader.u128()? as i128;
    sum.refunds_minor = reader.u128()? as i128;
    if parts & part::FOLDED != 0 {
        sum.folded_first_minor = reader.u128()? as i128;
        sum.folded_repeat_minor = reader.u128()? as i128;
    }
    Ok(sum)
}

fn encode_claim(claim: &Claim, currencies: &mut Currencies, row: &mut Vec<u8>) {
    put_fixed(row, claim.order);
    row.push(u8::from(claim.amount.is_some()));
    if let Some(amount) = claim.amount {
        currencies.put(row, amount.currency, 0);
        put_u64(row, amount.minor as u64);
    }
}

fn decode_claim(reader: &mut Reader<'_>, currencies: &mut Currencies) -> Result<Claim, RowError> {
    let order = reader.fixed()?;
    if reader.byte()? == 0 {
        return Ok(Claim { order, amount: None });
    }
    let (currency, _) = currencies.get(reader)?;
    Ok(Claim { order, amount: Some(Money { minor: reader.u64()? as i64, currency }) })
}
