//! The part of a row about what ties a customer to others, and all there is in the row of an id that was given up.
//! Written and read by `row` since version 3; a new field is a new row version, never another meaning of these bytes.

use super::bytes::{Reader, bits, put_ago, put_text, put_u64, put_u128};
use super::currencies::Currencies;
use super::{RowError, rest};
use crate::engine::customer::Customer;
use crate::engine::ties::{ALIASES_MAX, Alias, Moved, REFEREES_MAX, Referee, Referrer, Ties};

mod has {
    pub const MOVED: u8 = 1;
    pub const ALIASES: u8 = 1 << 1;
    pub const REFERRALS: u8 = 1 << 2;
    pub const REFERRER: u8 = 1 << 3;
    pub const ALL: u8 = (1 << 4) - 1;
}

const SETTLED: u8 = 1;
const WAS_NEW: u8 = 1 << 1;

pub fn encode(customer: &Customer, parts: u16, currencies: &mut Currencies, row: &mut Vec<u8>) {
    let Some(ties) = customer.ties.as_ref().filter(|_| parts & rest::TIES != 0) else {
        return;
    };
    let now_ms = customer.now_ms;
    let Ties { moved, aliases, referrals_sent, referred, referees, referrer } = ties.as_ref();
    row.push(bits([
        (has::MOVED, moved.is_some()),
        (has::ALIASES, !aliases.is_empty()),
        (has::REFERRALS, *referrals_sent > 0 || *referred > 0 || !referees.is_empty()),
        (has::REFERRER, referrer.is_some()),
    ]));
    if let Some(moved) = moved {
        put_text(row, &moved.to);
        put_ago(row, now_ms, moved.until_ms);
    }
    if !aliases.is_empty() {
        put_u64(row, aliases.len() as u64);
        for alias in aliases {
            put_text(row, &alias.id);
            put_ago(row, now_ms, alias.asked_ms);
            row.push(bits([(SETTLED, alias.is_settled), (WAS_NEW, alias.was_new)]));
        }
    }
    if *referrals_sent > 0 || *referred > 0 || !referees.is_empty() {
        put_u64(row, u64::from(*referrals_sent));
        put_u64(row, u64::from(*referred));
        put_u64(row, referees.len() as u64);
        for referee in referees {
            put_text(row, &referee.id);
            put_ago(row, now_ms, referee.since_ms);
            put_u64(row, u64::from(referee.told));
            row.push(u8::from(referee.net.is_some()));
            if let Some((currency, minor)) = referee.net {
                currencies.put(row, currency, 0);
                put_u128(row, minor as u128);
            }
        }
    }
    if let Some(referrer) = referrer {
        put_text(row, &referrer.id);
        put_ago(row, now_ms, referrer.since_ms);
        put_u64(row, u64::from(referrer.told));
    }
}

pub fn decode(reader: &mut Reader<'_>, parts: u16, currencies: &mut Currencies, customer: &mut Customer) -> Result<(), RowError> {
    if parts & rest::TIES == 0 {
        return Ok(());
    }
    let now_ms = customer.now_ms;
    let there = reader.byte()?;
    if there & !has::ALL != 0 {
        return Err(RowError::Malformed("ties"));
    }
    let mut ties = Box::<Ties>::default();
    if there & has::MOVED != 0 {
        ties.moved = Some(Moved { to: reader.text()?.to_owned(), until_ms: reader.ago(now_ms)? });
    }
    if there & has::ALIASES != 0 {
        for _ in 0..reader.count(ALIASES_MAX, "other ids")? {
            let (id, asked_ms, state) = (reader.text()?.to_owned(), reader.ago(now_ms)?, reader.byte()?);
            ties.aliases.push(Alias { id, asked_ms, is_settled: state & SETTLED != 0, was_new: state & WAS_NEW != 0 });
        }
    }
    if there & has::REFERRALS != 0 {
        ties.referrals_sent = reader.u32("referrals")?;
        ties.referred = reader.u32("referrals")?;
        for _ in 0..reader.count(REFEREES_MAX, "referred customers")? {
            ties.referees.push(decode_referee(reader, now_ms, currencies)?);
        }
    }
    if there & has::REFERRER != 0 {
        let (id, since_ms) = (reader.text()?.to_owned(), reader.ago(now_ms)?);
        ties.referrer = Some(Referrer { id, since_ms, told: reader.u32("number of a word")? });
    }
    customer.ties = Some(ties);
    Ok(())
}

fn decode_referee(reader: &mut Reader<'_>, now_ms: i64, currencies: &mut Currencies) -> Result<Referee, RowError> {
    let (id, since_ms, told) = (reader.text()?.to_owned(), reader.ago(now_ms)?, reader.u32("number of a word")?);
    let net = match reader.byte()? {
        0 => None,
        _ => Some((currencies.get(reader)?.0, reader.u128()? as i128)),
    };
    Ok(Referee { id, since_ms, told, net })
}
