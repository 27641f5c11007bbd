//! The part of a row about mails a customer clicked and plays that wanted to mail them.
//! Written and read by `row` since version 3; a new field is a new row version, never another meaning of these bytes.

use super::bytes::{Reader, bits, put_ago, put_fixed, put_u64};
use super::{RowError, further};
use crate::engine::attribution::{Attribution, CLICKS_MAX, Click, EXPOSURES_MAX, Exposure};
use crate::engine::customer::Customer;

const IS_CONTROL: u8 = 1;
const HAS_ORDERED: u8 = 1 << 1;

pub fn encode(customer: &Customer, parts: u16, row: &mut Vec<u8>) {
    let Some(attribution) = customer.attribution.as_ref().filter(|_| parts & further::ATTRIBUTION != 0) else {
        return;
    };
    put_u64(row, u64::from(attribution.touches));
    put_u64(row, attribution.clicks.len() as u64);
    for click in &attribution.clicks {
        put_fixed(row, click.play);
        put_ago(row, customer.now_ms, click.at_ms);
    }
    put_u64(row, attribution.exposures.len() as u64);
    for exposure in &attribution.exposures {
        row.push(bits([(IS_CONTROL, exposure.is_control), (HAS_ORDERED, exposure.has_ordered)]));
        put_fixed(row, exposure.play);
        put_ago(row, customer.now_ms, exposure.at_ms);
    }
}

pub fn decode(reader: &mut Reader<'_>, parts: u16, customer: &mut Customer) -> Result<(), RowError> {
    if parts & further::ATTRIBUTION == 0 {
        return Ok(());
    }
    let mut attribution = Box::new(Attribution { touches: reader.u32("mails before the first order")?, ..Attribution::default() });
    for _ in 0..reader.count(CLICKS_MAX, "clicks")? {
        attribution.clicks.push(Click { play: reader.fixed()?, at_ms: reader.ago(customer.now_ms)? });
    }
    for _ in 0..reader.count(EXPOSURES_MAX, "exposures")? {
        let bits = reader.byte()?;
        if bits & !(IS_CONTROL | HAS_ORDERED) != 0 {
            return Err(RowError::Malformed("exposure"));
        }
        let (play, at_ms) = (reader.fixed()?, reader.ago(customer.now_ms)?);
        attribution.exposures.push(Exposure { play, is_control: bits & IS_CONTROL != 0, has_ordered: bits & HAS_ORDERED != 0, at_ms });
    }
    customer.attribution = Some(attribution);
    Ok(())
}
