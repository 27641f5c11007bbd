//! The part of a row about where a customer came from, what they cost, and what they add to the figures of all.
//! Written and read by `row` since version 3; a new field is a new row version, never another meaning of these bytes.

use super::bytes::{Reader, bits, put_fixed, put_i64, put_text, put_u64, put_u128};
use super::currencies::Currencies;
use super::{RowError, further};
use crate::clv::formula::PresentValue;
use crate::clv::rfm::{Scores, Segment};
use crate::engine::cash_flow::Flows;
use crate::engine::costs::CostSum;
use crate::engine::customer::Customer;
use crate::engine::money::CURRENCIES_MAX;
use crate::engine::population::Contribution;
use crate::event::CostKind;

/// Bits beside the currency of a contribution.
const HAS_CHANNEL: u8 = 1;
const HAS_SEGMENT: u8 = 1 << 1;
const IS_MEMBER: u8 = 1 << 2;
const HAS_SOURCE: u8 = 1 << 3;

/// Days from 1970 beyond which no event is taken.
const DAY_MAX: u64 = 1_000_000;

pub fn encode(customer: &Customer, parts: u16, currencies: &mut Currencies, row: &mut Vec<u8>) {
    if parts & further::FIRST_TOUCH != 0 {
        put_text(row, &customer.touch.first);
    }
    if parts & further::LAST_TOUCH != 0 {
        put_text(row, &customer.touch.last);
    }
    if parts & further::COSTS != 0 {
        put_u64(row, customer.costs.len() as u64);
        for sum in &customer.costs {
            currencies.put(row, sum.currency, 0);
            sum.minor.iter().for_each(|minor| put_u128(row, *minor as u128));
        }
    }
    if parts & further::FLOWS != 0 {
        put_u64(row, customer.flows.len() as u64);
        for flows in &customer.flows {
            let (day, exact_minor) = flows.present.parts();
            currencies.put(row, flows.currency, 0);
            put_i64(row, day);
            row.extend_from_slice(&exact_minor);
        }
    }
    if let Some(contribution) = customer.contribution.as_ref().filter(|_| parts & further::CONTRIBUTION != 0) {
        let told_by = bits([
            (HAS_CHANNEL, contribution.has_channel),
            (HAS_SEGMENT, contribution.segment.is_some()),
            (IS_MEMBER, contribution.is_member),
            (HAS_SOURCE, contribution.has_source),
        ]);
        currencies.put(row, contribution.currency, told_by);
        put_u128(row, contribution.expected_minor as u128);
        put_u128(row, contribution.total_minor as u128);
        put_u64(row, u64::from(contribution.cohort));
        row.extend(contribution.segment.map(|segment| segment as u8));
    }
    if parts & further::SCORES != 0 {
        row.extend(customer.scores.map(Scores::to_number));
    }
    if let Some(band) = customer.value_band.filter(|_| parts & further::VALUE_BAND != 0) {
        put_fixed(row, band);
    }
}

pub fn decode(reader: &mut Reader<'_>, parts: u16, currencies: &mut Currencies, customer: &mut Customer) -> Result<(), RowError> {
    if parts & further::FIRST_TOUCH != 0 {
        reader.text_into(&mut customer.touch.first)?;
    }
    if parts & further::LAST_TOUCH != 0 {
        reader.text_into(&mut customer.touch.last)?;
    } else {
        customer.touch.last.clone_from(&customer.touch.first);
    }
    if parts & further::COSTS != 0 {
        for _ in 0..reader.count(CURRENCIES_MAX, "costs")? {
            let (currency, _) = currencies.get(reader)?;
            let mut minor = [0; CostKind::ALL.len()];
            for sum in &mut minor {
                *sum = reader.u128()? as i128;
            }
            customer.costs.push(CostSum { currency, minor });
        }
    }
    if parts & further::FLOWS != 0 {
        for _ in 0..reader.count(CURRENCIES_MAX, "cash flows")? {
            let (currency, _) = currencies.get(reader)?;
            let day = reader.i64()?;
            if day.unsigned_abs() > DAY_MAX {
                return Err(RowError::Malformed("day of a cash flow"));
            }
            let mut exact_minor = [0; 16];
            exact_minor.copy_from_slice(reader.take(16)?);
            customer.flows.push(Flows { currency, present: PresentValue::restore(day, exact_minor) });
        }
    }
    if parts & further::CONTRIBUTION != 0 {
        let (currency, bits) = currencies.get(reader)?;
        let (expected_minor, total_minor) = (reader.u128()? as i128, reader.u128()? as i128);
        let cohort = reader.u32("cohort")?;
        let segment = match bits & HAS_SEGMENT {
            0 => None,
            _ => Some(*Segment::ALL.get(usize::from(reader.byte()?)).ok_or(RowError::Malformed("segment"))?),
        };
        let [has_channel, is_member, has_source] = [HAS_CHANNEL, IS_MEMBER, HAS_SOURCE].map(|bit| bits & bit != 0);
        let told = Contribution { currency, expected_minor, total_minor, cohort, has_channel, segment, is_member, has_source };
        customer.contribution = Some(told);
    }
    if parts & further::SCORES != 0 {
        customer.scores = Some(Scores::from_number(reader.byte()?).ok_or(RowError::Malformed("scores"))?);
    }
    if parts & further::VALUE_BAND != 0 {
        customer.value_band = Some(reader.fixed()?);
    }
    Ok(())
}
