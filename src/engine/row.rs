//! A customer at rest: a versioned compact row, the very bytes of committed state and changelog.
//!
//! Layout: the next deadline (i64, little endian; `i64::MAX`: none) so that a queue can be rebuilt without decoding, a version byte, a set
//! of presence bits, then only what is there. Times are distances from the customer's now. Decoding is total: corrupt bytes are a
//! `RowError`, whatever they are. A changed layout is a new version; older ones are still read, and written while others read no newer ones.
//! Called by `overlay`, and by `http` through `read_row`.

mod attribution;
pub(super) mod bytes;
mod cart;
mod contracts;
pub(super) mod currencies;
mod journey;
mod loyalty;
mod orders;
mod person;
mod plays;
mod reminded;
mod stays;
mod suppressed;
mod taste;
#[cfg(test)]
mod tests;
mod ties;
mod timeline;
mod worth;

use super::customer::Customer;
use super::overlay::NEVER;
use super::stages::Stage;
use bytes::Reader;

/// A layout that can be read and written here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowVersion(u8);

impl RowVersion {
    pub const OLDEST: RowVersion = RowVersion(1);
    pub const NEWEST: RowVersion = RowVersion(3);
    /// The first that keeps what plays have decided.
    const WITH_DECISIONS: RowVersion = RowVersion(2);
    /// The first that keeps channels, costs, contributions, offers, ties, and plays that no cart begins; who reads it reads cells and messages of the relay, too.
    pub const WITH_CELLS: RowVersion = RowVersion(3);

    /// `None`: not known here.
    pub fn from_number(number: u8) -> Option<RowVersion> {
        Some(RowVersion(number)).filter(|version| (RowVersion::OLDEST..=RowVersion::NEWEST).contains(version))
    }

    /// The newest that whoever reads rows up to a version can read.
    pub fn newest_up_to(number: u8) -> RowVersion {
        RowVersion(number).clamp(RowVersion::OLDEST, RowVersion::NEWEST)
    }

    /// Whether a slot that writes this version keeps cells.
    pub fn has_cells(self) -> bool {
        self >= RowVersion::WITH_CELLS
    }

    pub fn number(self) -> u8 {
        self.0
    }
}

impl std::fmt::Display for RowVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Bytes before the version.
const DEADLINE_BYTES: usize = 8;

/// A row that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    #[error("the row ends too early")]
    Truncated,
    #[error("row version {0} is not known here")]
    Version(u8),
    #[error("the row's {0} is malformed")]
    Malformed(&'static str),
}

/// Parts a row may lack.
mod part {
    pub const KNOWN: u16 = 1;
    pub const IDENTIFIED: u16 = 1 << 1;
    pub const LAST_EVENT: u16 = 1 << 2;
    pub const LATER_LIFE: u16 = 1 << 3;
    pub const SEEN: u16 = 1 << 4;
    pub const CONTACT: u16 = 1 << 5;
    pub const CONSENT: u16 = 1 << 6;
    pub const READING: u16 = 1 << 7;
    pub const SUMS: u16 = 1 << 8;
    pub const KEPT: u16 = 1 << 9;
    pub const FOLDED: u16 = 1 << 10;
    pub const HELD: u16 = 1 << 11;
    pub const CART: u16 = 1 << 12;
    pub const PLAYS: u16 = 1 << 13;
    pub const SENDS: u16 = 1 << 14;
    /// More parts follow, since `RowVersion::WITH_CELLS`.
    pub const FURTHER: u16 = 1 << 15;
}

/// Further parts a row may lack.
mod further {
    pub const FIRST_TOUCH: u16 = 1;
    /// Another channel than the first.
    pub const LAST_TOUCH: u16 = 1 << 1;
    pub const COSTS: u16 = 1 << 2;
    pub const CONTRIBUTION: u16 = 1 << 3;
    pub const SCORES: u16 = 1 << 4;
    pub const FLOWS: u16 = 1 << 5;
    pub const STAGE_SINCE: u16 = 1 << 6;
    pub const JOURNEY: u16 = 1 << 7;
    pub const VALUE_BAND: u16 = 1 << 8;
    pub const LOYALTY: u16 = 1 << 9;
    pub const TIER: u16 = 1 << 10;
    pub const ATTRIBUTION: u16 = 1 << 11;
    pub const STAYS: u16 = 1 << 12;
    /// Still more parts follow.
    pub const REST: u16 = 1 << 15;
    pub const ALL: u16 = ((1 << 13) - 1) | REST;
}

/// The last parts a row may lack.
mod rest {
    pub const AFFINITY: u16 = 1;
    pub const PROFILE: u16 = 1 << 1;
    pub const ATTEMPT: u16 = 1 << 2;
    pub const CONTRACTS: u16 = 1 << 3;
    pub const SUPPRESSED: u16 = 1 << 4;
    pub const TIES: u16 = 1 << 5;
    pub const REMINDED: u16 = 1 << 6;
    pub const TIMELINE: u16 = 1 << 7;
    pub const ALL: u16 = (1 << 8) - 1;
}

/// The next deadline of a row; `None`: it waits for nothing, or is no row.
pub fn deadline_ms(row: &[u8]) -> Option<i64> {
    let first = row.first_chunk::<DEADLINE_BYTES>()?;
    Some(i64::from_le_bytes(*first)).filter(|deadline| *deadline != NEVER)
}

/// Where the id of a row has gone, if it is a mark that says so. Others are not decoded.
pub fn moved_to(row: &[u8]) -> Option<String> {
    let mut reader = Reader::new(row.get(DEADLINE_BYTES + 1..)?);
    let parts = reader.u16().ok()?;
    let further = if parts & part::FURTHER != 0 { reader.u16().ok()? } else { 0 };
    let rest = if further & further::REST != 0 { reader.u16().ok()? } else { 0 };
    let customer = (rest & rest::TIES != 0).then(|| read_row(row).ok())??;
    customer.moved().map(|moved| moved.to.clone())
}

/// The stage's number where its name follows: stages of one's own.
const WRITTEN_OUT: u8 = 255;

/// A row as a customer, for reading. What follows from the settings (`derived`) is not filled in.
pub fn read_row(row: &[u8]) -> Result<Customer, RowError> {
    let mut customer = Customer::default();
    decode_into(row, &mut customer)?;
    Ok(customer)
}

/// Appends the row of a customer; `deadline_ms`: `NEVER` if none. An older version leaves out what it has no place for.
pub fn encode(customer: &Customer, version: RowVersion, deadline_ms: i64, row: &mut Vec<u8>) {
    row.extend_from_slice(&deadline_ms.to_le_bytes());
    row.push(version.number());
    let rest = if version.has_cells() { rest_of(customer) } else { 0 };
    let further = if version.has_cells() { further_parts_of(customer) } else { 0 } | if rest == 0 { 0 } else { further::REST };
    let parts = parts_of(customer, version) | if further == 0 { 0 } else { part::FURTHER };
    row.extend_from_slice(&parts.to_le_bytes());
    if further != 0 {
        row.extend_from_slice(&further.to_le_bytes());
    }
    if rest != 0 {
        row.extend_from_slice(&rest.to_le_bytes());
    }
    bytes::put_i64(row, customer.now_ms);
    encode_stage(customer.stage, version, row);
    if parts & part::LAST_EVENT != 0 {
        bytes::put_ago(row, customer.now_ms, customer.last_event_ms);
    }
    if parts & part::LATER_LIFE != 0 {
        bytes::put_u64(row, u64::from(customer.cycle));
        bytes::put_i64(row, customer.reactivated_day.unwrap_or(i64::MIN));
    }
    person::encode(customer, parts, row);
    let mut currencies = orders::encode(customer, parts, row);
    if let Some(open) = &customer.cart {
        cart::encode(open, customer.now_ms, &mut currencies, row);
    }
    plays::encode(customer, version, parts, row);
    worth::encode(customer, further, &mut currencies, row);
    journey::encode(customer, further, row);
    attribution::encode(customer, further, row);
    loyalty::encode(customer, further, &mut currencies, row);
    taste::encode(customer, rest, row);
    contracts::encode(customer, rest, &mut currencies, row);
    suppressed::encode(customer, rest, row);
    ties::encode(customer, rest, &mut currencies, row);
    reminded::encode(customer, rest, row);
    stays::encode(customer, version, further, row);
    timeline::encode(customer, rest, row);
}

/// Stages of one's own have no numbers, and no place in old rows.
fn encode_stage(stage: Option<Stage>, version: RowVersion, row: &mut Vec<u8>) {
    let Some(stage) = stage else { return row.push(0) };
    match stage.number() {
        Some(number) => row.push(number + 1),
        None if version.has_cells() => {
            row.push(WRITTEN_OUT);
            bytes::put_text(row, stage.as_str());
        }
        None => row.push(0),
    }
}

fn decode_stage(reader: &mut Reader<'_>) -> Result<Option<Stage>, RowError> {
    let stage = match reader.byte()? {
        0 => return Ok(None),
        WRITTEN_OUT => Stage::named(reader.text()?),
        number => Stage::NUMBERED.get(usize::from(number) - 1).copied(),
    };
    stage.map(Some).ok_or(RowError::Malformed("stage"))
}

fn parts_of(customer: &Customer, version: RowVersion) -> u16 {
    let Customer { orders, contact, consent, .. } = customer;
    let there = [
        (part::KNOWN, customer.known),
        (part::IDENTIFIED, customer.identified),
        (part::LAST_EVENT, customer.last_event_ms != customer.now_ms),
        (part::LATER_LIFE, customer.cycle != 1 || customer.reactivated_day.is_some()),
        (part::SEEN, !customer.seen.fingerprints().is_empty()),
        (
            part::CONTACT,
            contact.has_email() || !contact.first_name.is_empty() || !contact.locale.is_empty() || !contact.time_zone.is_empty(),
        ),
        (part::CONSENT, consent.stated.is_some() || consent.by_trait.is_some()),
        (part::READING, customer.last_open_ms.is_some() || customer.last_click_ms.is_some()),
        (part::SUMS, !orders.sums.is_empty()),
        (part::KEPT, !orders.kept.is_empty()),
        (part::FOLDED, orders.folded.is_some()),
        (part::HELD, !orders.held.is_empty()),
        (part::CART, customer.cart.is_some()),
        (part::PLAYS, plays::written(customer, version).next().is_some()),
        (part::SENDS, !customer.sends_ms.is_empty()),
    ];
    bytes::bits(there)
}

fn further_parts_of(customer: &Customer) -> u16 {
    bytes::bits([
        (further::FIRST_TOUCH, !customer.touch.first.is_empty()),
        (further::LAST_TOUCH, customer.touch.last != customer.touch.first),
        (further::COSTS, !customer.costs.is_empty()),
        (further::CONTRIBUTION, customer.contribution.is_some()),
        (further::SCORES, customer.scores.is_some()),
        (further::FLOWS, !customer.flows.is_empty()),
        (further::STAGE_SINCE, customer.stage_since_ms.is_some()),
        (further::JOURNEY, customer.journey.is_some()),
        (further::ATTRIBUTION, customer.attribution.is_some()),
        (further::VALUE_BAND, customer.value_band.is_some()),
        (further::LOYALTY, customer.loyalty.is_some()),
        (further::TIER, customer.tier.is_some()),
        (further::STAYS, !customer.stays.is_empty()),
    ])
}

fn rest_of(customer: &Customer) -> u16 {
    bytes::bits([
        (rest::AFFINITY, !customer.affinity.is_empty()),
        (rest::PROFILE, customer.profile.is_some()),
        (rest::SUPPRESSED, !customer.suppressed.is_empty()),
        (rest::ATTEMPT, customer.attempt.is_some()),
        (rest::CONTRACTS, customer.contracts.is_some()),
        (rest::TIES, customer.ties.is_some()),
        (rest::REMINDED, !customer.reminded.is_empty()),
        (rest::TIMELINE, !customer.timeline.is_empty()),
    ])
}

/// Fills a cleared customer from a row. After an error the customer is of no use.
pub fn decode_into(row: &[u8], customer: &mut Customer) -> Result<(), RowError> {
    let mut reader = Reader::new(row);
    reader.take(DEADLINE_BYTES)?;
    let version = reader.byte()?;
    let version = RowVersion::from_number(version).ok_or(RowError::Version(version))?;
    let parts = reader.u16()?;
    let further = if parts & part::FURTHER != 0 { reader.u16()? } else { 0 };
    let rest = if further & further::REST != 0 { reader.u16()? } else { 0 };
    if further & !further::ALL != 0 || rest & !rest::ALL != 0 || (parts & part::FURTHER != 0 && !version.has_cells()) {
        return Err(RowError::Malformed("parts"));
    }
    customer.now_ms = reader.i64()?;
    customer.stage = decode_stage(&mut reader)?;
    customer.known = parts & part::KNOWN != 0;
    customer.identified = parts & part::IDENTIFIED != 0;
    customer.last_event_ms = if parts & part::LAST_EVENT != 0 { reader.ago(customer.now_ms)? } else { customer.now_ms };
    customer.cycle = 1;
    if parts & part::LATER_LIFE != 0 {
        customer.cycle = reader.u32("cycle")?;
        customer.reactivated_day = Some(reader.i64()?).filter(|day| *day != i64::MIN);
    }
    person::decode(&mut reader, parts, customer)?;
    let mut currencies = orders::decode(&mut reader, parts, customer)?;
    if parts & part::CART != 0 {
        let mut cart = customer.former_cart.take().unwrap_or_default();
        cart::decode(&mut reader, customer.now_ms, &mut currencies, &mut cart)?;
        customer.cart = Some(cart);
    }
    plays::decode(&mut reader, parts, customer)?;
    worth::decode(&mut reader, further, &mut currencies, customer)?;
    journey::decode(&mut reader, further, customer)?;
    attribution::decode(&mut reader, further, customer)?;
    loyalty::decode(&mut reader, further, &mut currencies, customer)?;
    taste::decode(&mut reader, rest, customer)?;
    contracts::decode(&mut reader, rest, &mut currencies, customer)?;
    suppressed::decode(&mut reader, rest, customer)?;
    ties::decode(&mut reader, rest, &mut currencies, customer)?;
    reminded::decode(&mut reader, rest, customer)?;
    stays::decode(&mut reader, further, customer)?;
    timeline::decode(&mut reader, rest, customer)?;
    reader.finish()
}
