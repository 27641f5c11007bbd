//! The part of a row about the person: ids seen, address, consent, reading.
//! Written and read by `row`; a new field is a new row version, never another meaning of these bytes.

use super::bytes::{Reader, bits, put_ago, put_all_fixed, put_text, put_u64};
use super::{RowError, part};
use crate::engine::consent::{ByTrait, Stated};
use crate::engine::contact::Contact;
use crate::engine::customer::Customer;
use crate::engine::seen::SEEN_MAX;
use crate::event::ConsentStatus;

mod contact_bit {
    pub const EMAIL: u8 = 1;
    pub const HARD_BOUNCED: u8 = 1 << 1;
    pub const SOFT_BOUNCED: u8 = 1 << 2;
    pub const FIRST_NAME: u8 = 1 << 3;
    pub const LOCALE: u8 = 1 << 4;
    pub const TIME_ZONE: u8 = 1 << 5;
}

/// Above the two bits of the status.
mod consent_bit {
    pub const THERE: u8 = 1 << 2;
    pub const DOUBLE_OPT_IN: u8 = 1 << 3;
    pub const COMPLAINT: u8 = 1 << 4;
    pub const SOURCE: u8 = 1 << 5;
}

pub fn encode(customer: &Customer, parts: u16, row: &mut Vec<u8>) {
    let now_ms = customer.now_ms;
    if parts & part::SEEN != 0 {
        put_u64(row, customer.seen.fingerprints().len() as u64);
        put_all_fixed(row, customer.seen.fingerprints());
    }
    if parts & part::CONTACT != 0 {
        encode_contact(&customer.contact, now_ms, row);
    }
    if parts & part::CONSENT != 0 {
        encode_stated(customer.consent.stated.as_ref(), now_ms, row);
        encode_trait(customer.consent.by_trait.as_ref(), now_ms, row);
    }
    if parts & part::READING != 0 {
        let read = [customer.last_open_ms, customer.last_click_ms];
        row.push(u8::from(read[0].is_some()) | u8::from(read[1].is_some()) << 1);
        read.into_iter().flatten().for_each(|at_ms| put_ago(row, now_ms, at_ms));
    }
}

pub fn decode(reader: &mut Reader<'_>, parts: u16, customer: &mut Customer) -> Result<(), RowError> {
    let now_ms = customer.now_ms;
    if parts & part::SEEN != 0 {
        let count = reader.count(SEEN_MAX, "ids seen")?;
        customer.seen.restore(reader.all_fixed(count)?);
    }
    if parts & part::CONTACT != 0 {
        decode_contact(reader, now_ms, &mut customer.contact)?;
    }
    if parts & part::CONSENT != 0 {
        customer.consent.stated = decode_stated(reader, now_ms)?;
        customer.consent.by_trait = decode_trait(reader, now_ms)?;
    }
    if parts & part::READING != 0 {
        let there = reader.byte()?;
        customer.last_open_ms = if there & 1 != 0 { Some(reader.ago(now_ms)?) } else { None };
        customer.last_click_ms = if there & 2 != 0 { Some(reader.ago(now_ms)?) } else { None };
    }
    Ok(())
}

fn encode_contact(contact: &Contact, now_ms: i64, row: &mut Vec<u8>) {
    let there = [
        (contact_bit::EMAIL, contact.has_email()),
        (contact_bit::HARD_BOUNCED, contact.hard_bounced),
        (contact_bit::SOFT_BOUNCED, contact.soft_bounces > 0),
        (contact_bit::FIRST_NAME, !contact.first_name.is_empty()),
        (contact_bit::LOCALE, !contact.locale.is_empty()),
        (contact_bit::TIME_ZONE, !contact.time_zone.is_empty()),
    ];
    row.push(bits(there));
    if contact.has_email() {
        put_text(row, &contact.email);
        put_ago(row, now_ms, contact.email_at_ms);
    }
    if contact.soft_bounces > 0 {
        row.push(contact.soft_bounces);
    }
    [&contact.first_name, &contact.locale, &contact.time_zone]
        .into_iter()
        .filter(|text| !text.is_empty())
        .for_each(|text| put_text(row, text));
}

fn decode_contact(reader: &mut Reader<'_>, now_ms: i64, contact: &mut Contact) -> Result<(), RowError> {
    let there = reader.byte()?;
    if there & contact_bit::EMAIL != 0 {
        reader.text_into(&mut contact.email)?;
        contact.email_at_ms = reader.ago(now_ms)?;
    }
    contact.hard_bounced = there & contact_bit::HARD_BOUNCED != 0;
    if there & contact_bit::SOFT_BOUNCED != 0 {
        contact.soft_bounces = reader.byte()?;
    }
    let texts = [
        (contact_bit::FIRST_NAME, &mut contact.first_name),
        (contact_bit::LOCALE, &mut contact.locale),
        (contact_bit::TIME_ZONE, &mut contact.time_zone),
    ];
    for (bit, text) in texts {
        if there & bit != 0 {
            reader.text_into(text)?;
        }
    }
    Ok(())
}

fn encode_stated(stated: Option<&Stated>, now_ms: i64, row: &mut Vec<u8>) {
    let Some(stated) = stated else {
        return row.push(0);
    };
    let mut bits = consent_bit::THERE | status_bits(stated.status);
    bits |= if stated.double_opt_in { consent_bit::DOUBLE_OPT_IN } else { 0 };
    bits |= if stated.complaint { consent_bit::COMPLAINT } else { 0 };
    bits |= if stated.source.is_empty() { 0 } else { consent_bit::SOURCE };
    row.push(bits);
    put_ago(row, now_ms, stated.at_ms);
    if !stated.source.is_empty() {
        put_text(row, &stated.source);
    }
}

fn decode_stated(reader: &mut Reader<'_>, now_ms: i64) -> Result<Option<Stated>, RowError> {
    let bits = reader.byte()?;
    if bits & consent_bit::THERE == 0 {
        return Ok(None);
    }
    let at_ms = reader.ago(now_ms)?;
    let source = if bits & consent_bit::SOURCE != 0 { reader.text()?.to_owned() } else { String::new() };
    let (double_opt_in, complaint) = (bits & consent_bit::DOUBLE_OPT_IN != 0, bits & consent_bit::COMPLAINT != 0);
    Ok(Some(Stated { status: status(bits)?, complaint, double_opt_in, source, at_ms }))
}

fn encode_trait(by_trait: Option<&ByTrait>, now_ms: i64, row: &mut Vec<u8>) {
    let Some(by_trait) = by_trait else {
        return row.push(0);
    };
    let double_opt_in = if by_trait.double_opt_in { consent_bit::DOUBLE_OPT_IN } else { 0 };
    row.push(consent_bit::THERE | status_bits(by_trait.status) | double_opt_in);
    put_ago(row, now_ms, by_trait.at_ms);
}

fn decode_trait(reader: &mut Reader<'_>, now_ms: i64) -> Result<Option<ByTrait>, RowError> {
    let bits = reader.byte()?;
    if bits & consent_bit::THERE == 0 {
        return Ok(None);
    }
    Ok(Some(ByTrait { status: status(bits)?, double_opt_in: bits & consent_bit::DOUBLE_OPT_IN != 0, at_ms: reader.ago(now_ms)? }))
}

fn status_bits(status: ConsentStatus) -> u8 {
    match status {
        ConsentStatus::Subscribed => 0,
        ConsentStatus::Unsubscribed => 1,
        ConsentStatus::Pending => 2,
    }
}

fn status(bits: u8) -> Result<ConsentStatus, RowError> {
    match bits & 3 {
        0 => Ok(ConsentStatus::Subscribed),
        1 => Ok(ConsentStatus::Unsubscribed),
        2 => Ok(ConsentStatus::Pending),
        _ => Err(RowError::Malformed("consent")),
    }
}
