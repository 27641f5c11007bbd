//! The part of a row about the loyalty programme: points, and the tier.
//! Written and read by `row` since version 3; a new field is a new row version, never another meaning of these bytes.

use super::bytes::{Reader, bits, put_ago, put_fixed, put_u64, put_u128};
use super::currencies::Currencies;
use super::{RowError, further};
use crate::engine::customer::Customer;
use crate::engine::loyalty::{EXPIRIES_MAX, Expiring, Loyalty};
use crate::engine::tiers::{MONTHS_MAX, Month, Tier};

/// What a tier has.
mod has {
    pub const NAME: u8 = 1;
    pub const LOST: u8 = 1 << 1;
    pub const MONTHS: u8 = 1 << 2;
    pub const ALL: u8 = (1 << 3) - 1;
}

pub fn encode(customer: &Customer, parts: u16, currencies: &mut Currencies, row: &mut Vec<u8>) {
    let now_ms = customer.now_ms;
    if let Some(loyalty) = customer.loyalty.as_ref().filter(|_| parts & further::LOYALTY != 0) {
        put_ago(row, now_ms, loyalty.since_ms);
        put_u64(row, loyalty.lasting);
        put_u64(row, loyalty.expiring.len() as u64);
        for part in &loyalty.expiring {
            put_ago(row, now_ms, part.expires_ms);
            put_u64(row, part.points);
        }
    }
    if let Some(tier) = customer.tier.as_ref().filter(|_| parts & further::TIER != 0) {
        encode_tier(tier, now_ms, currencies, row);
    }
}

fn encode_tier(tier: &Tier, now_ms: i64, currencies: &mut Currencies, row: &mut Vec<u8>) {
    row.push(bits([(has::NAME, tier.key.is_some()), (has::LOST, tier.lost_ms.is_some()), (has::MONTHS, !tier.months.is_empty())]));
    if let Some(key) = tier.key {
        put_fixed(row, key);
        put_ago(row, now_ms, tier.since_ms);
    }
    if let Some(lost_ms) = tier.lost_ms {
        put_ago(row, now_ms, lost_ms);
    }
    if !tier.months.is_empty() {
        put_u64(row, tier.months.len() as u64);
        for month in &tier.months {
            put_ago(row, now_ms, month.latest_ms);
            currencies.put(row, month.currency, 0);
            put_u128(row, month.minor as u128);
        }
    }
}

pub fn decode(reader: &mut Reader<'_>, parts: u16, currencies: &mut Currencies, customer: &mut Customer) -> Result<(), RowError> {
    let now_ms = customer.now_ms;
    if parts & further::LOYALTY != 0 {
        let mut loyalty = Box::new(Loyalty { since_ms: reader.ago(now_ms)?, lasting: reader.u64()?, expiring: Vec::new() });
        for _ in 0..reader.count(EXPIRIES_MAX, "points")? {
            loyalty.expiring.push(Expiring { expires_ms: reader.ago(now_ms)?, points: reader.u64()? });
        }
        customer.loyalty = Some(loyalty);
    }
    if parts & further::TIER != 0 {
        customer.tier = Some(Box::new(decode_tier(reader, now_ms, currencies)?));
    }
    Ok(())
}

fn decode_tier(reader: &mut Reader<'_>, now_ms: i64, currencies: &mut Currencies) -> Result<Tier, RowError> {
    let there = reader.byte()?;
    if there & !has::ALL != 0 {
        return Err(RowError::Malformed("tier"));
    }
    let mut tier = Tier::default();
    if there & has::NAME != 0 {
        tier.key = Some(reader.fixed()?);
        tier.since_ms = reader.ago(now_ms)?;
    }
    if there & has::LOST != 0 {
        tier.lost_ms = Some(reader.ago(now_ms)?);
    }
    if there & has::MONTHS != 0 {
        for _ in 0..reader.count(MONTHS_MAX, "months of spend")? {
            let latest_ms = reader.ago(now_ms)?;
            let (currency, _) = currencies.get(reader)?;
            tier.months.push(Month { latest_ms, currency, minor: reader.u128()? as i128 });
        }
    }
    Ok(tier)
}
