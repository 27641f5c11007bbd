//! The part of a row about what a customer likes, is, and is about to buy.
//! Written and read by `row` since version 3; a new field is a new row version, never another meaning of these bytes.

use super::bytes::{Reader, bits, put_ago, put_text, put_u64};
use super::{RowError, rest};
use crate::engine::attempt::{Attempt, AttemptStep};
use crate::engine::customer::Customer;
use crate::engine::profile::Profile;
use crate::event::Birthday;

/// What a profile has.
mod has {
    pub const REGION: u8 = 1;
    pub const CUSTOMER_TYPE: u8 = 1 << 1;
    pub const BIRTHDAY: u8 = 1 << 2;
    pub const ALL: u8 = (1 << 3) - 1;
}

/// Beside the step of an attempt: a checkout has begun.
const HAS_CHECKOUT: u8 = 1 << 7;

pub fn encode(customer: &Customer, parts: u16, row: &mut Vec<u8>) {
    if parts & rest::AFFINITY != 0 {
        put_u64(row, customer.affinity.bytes().len() as u64);
        row.extend_from_slice(customer.affinity.bytes());
    }
    if let Some(profile) = customer.profile.as_ref().filter(|_| parts & rest::PROFILE != 0) {
        let Profile { region, customer_type, birthday } = profile.as_ref();
        row.push(bits([
            (has::REGION, !region.is_empty()),
            (has::CUSTOMER_TYPE, !customer_type.is_empty()),
            (has::BIRTHDAY, birthday.is_some()),
        ]));
        [region, customer_type].into_iter().filter(|text| !text.is_empty()).for_each(|text| put_text(row, text));
        if let Some(birthday) = birthday {
            row.extend_from_slice(&[birthday.month() as u8, birthday.day() as u8]);
        }
    }
    if let Some(attempt) = customer.attempt.as_ref().filter(|_| parts & rest::ATTEMPT != 0) {
        row.push(attempt.step as u8 | if attempt.checkout_ms.is_some() { HAS_CHECKOUT } else { 0 });
        put_ago(row, customer.now_ms, attempt.latest_ms);
        if let Some(began_ms) = attempt.checkout_ms {
            put_ago(row, customer.now_ms, began_ms);
        }
    }
}

pub fn decode(reader: &mut Reader<'_>, parts: u16, customer: &mut Customer) -> Result<(), RowError> {
    if parts & rest::AFFINITY != 0 {
        let length = usize::try_from(reader.u64()?).map_err(|_| RowError::Truncated)?;
        customer.affinity.set_bytes(reader.take(length)?)?;
    }
    if parts & rest::PROFILE != 0 {
        let there = reader.byte()?;
        if there & !has::ALL != 0 {
            return Err(RowError::Malformed("profile"));
        }
        let mut profile = Box::<Profile>::default();
        if there & has::REGION != 0 {
            reader.text_into(&mut profile.region)?;
        }
        if there & has::CUSTOMER_TYPE != 0 {
            reader.text_into(&mut profile.customer_type)?;
        }
        if there & has::BIRTHDAY != 0 {
            let (month, day) = (reader.byte()? as i8, reader.byte()? as i8);
            profile.birthday = Some(Birthday::new(month, day).ok_or(RowError::Malformed("birthday"))?);
        }
        customer.profile = Some(profile);
    }
    if parts & rest::ATTEMPT != 0 {
        let first = reader.byte()?;
        let step = AttemptStep::ALL.get(usize::from(first & !HAS_CHECKOUT)).ok_or(RowError::Malformed("attempt"))?;
        let latest_ms = reader.ago(customer.now_ms)?;
        let checkout_ms = if first & HAS_CHECKOUT != 0 { Some(reader.ago(customer.now_ms)?) } else { None };
        customer.attempt = Some(Attempt { step: *step, latest_ms, checkout_ms });
    }
    Ok(())
}
