//! Words from one customer to another, and their bytes on the topic `relay`.
//!
//! A message is about its receiver, whose id is the record's key, and is no event: it has the event time of what caused it and names that
//! cause, from which the ids of all that follows derive. It counts its hops, since one word may lead to the next. Slots write it only once their
//! rows are of the version that stands in its first byte: whoever reads such rows reads it. What a message means is decided by `identity`
//! and `referrals`. Sent through `Scene::send`, read by `worker`.

use super::row::RowVersion;
use super::row::bytes::{Reader, put_i64, put_text, put_u64};
use super::row::{RowError, currencies};
use super::trace::Trace;
use crate::event::{Currency, Raw};

/// A word that leads to a word that leads to a word: no chain of ids is longer, a circle would be.
pub const HOPS_MAX: u8 = 4;

/// What began it all: an event, by its place in Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    pub slot: u32,
    pub topic: &'a str,
    pub offset: i64,
    /// Of a record of several events the number of this one.
    pub part: u16,
    /// The event's.
    pub name: &'a str,
    /// From customer to customer so far.
    pub hops: u8,
    /// Headers of the record, not part of its bytes.
    pub trace: Option<Trace<'a>>,
}

impl Origin<'_> {
    /// The event's place in Kafka as an id of it; the first event of a record has no number behind it.
    pub fn place(&self) -> String {
        let part = if self.part == 0 { String::new() } else { format!("#{}", self.part) };
        format!("{}/{}/{}{part}", self.topic, self.slot, self.offset)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Message<'a> {
    pub from: &'a str,
    /// Event time.
    pub time_ms: i64,
    pub origin: Origin<'a>,
    pub content: Content<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Content<'a> {
    /// You are me: give me what you have.
    MergeRequest,
    /// What I have, as a row; `None`: nothing.
    MergeRow(Option<&'a [u8]>),
    /// You do not get it.
    MergeRefused,
    /// An event of an id that is yours now, as it came.
    Forward(Raw<'a>),
    /// Forget that you were somebody else.
    Forget,
    /// You brought me, and this is what I have bought.
    Referred(Referred<'a>),
    /// Who you say has brought you has not, or need not be told.
    ReferralEnded(Ended),
    /// Whom you brought is forgotten.
    RefereeErased,
    /// Who has brought you bears this name now.
    ReferrerMoved(&'a str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Referred<'a> {
    /// Event time of the referral.
    pub since_ms: i64,
    /// Number of this word: the highest is the latest.
    pub told: u32,
    /// Fingerprint of the address; 0: none is known.
    pub email: u64,
    /// Net of refunds, in the primary currency.
    pub net: Option<(Currency, i128)>,
    /// The id the sender had before; empty: none.
    pub before: &'a str,
}

/// Why a referrer is told no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was none: the customer may be referred by somebody else.
    Refused = 0,
    /// It counts, but nobody wants to hear of it.
    Silent = 1,
}

/// What became of a message, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayFate {
    Sent,
    Applied,
    /// Told before, or nobody is there who cares.
    Repeated,
    Refused,
    /// Sent on to another id.
    PassedOn,
}

impl RelayFate {
    pub fn as_str(self) -> &'static str {
        match self {
            RelayFate::Sent => "sent",
            RelayFate::Applied => "applied",
            RelayFate::Repeated => "repeated",
            RelayFate::Refused => "refused",
            RelayFate::PassedOn => "passed_on",
        }
    }
}

mod kind {
    pub const MERGE_REQUEST: u8 = 0;
    pub const MERGE_ROW: u8 = 1;
    pub const MERGE_REFUSED: u8 = 2;
    pub const FORWARD: u8 = 3;
    pub const FORGET: u8 = 4;
    pub const REFERRED: u8 = 5;
    pub const REFERRAL_ENDED: u8 = 6;
    pub const REFEREE_ERASED: u8 = 7;
    pub const REFERRER_MOVED: u8 = 8;
}

impl<'a> Content<'a> {
    /// From a closed list: a label of metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Content::MergeRequest => "merge_request",
            Content::MergeRow(_) => "merge_row",
            Content::MergeRefused => "merge_refused",
            Content::Forward(_) => "forward",
            Content::Forget => "forget",
            Content::Referred(_) => "referred",
            Content::ReferralEnded(_) => "referral_ended",
            Content::RefereeErased => "referee_erased",
            Content::ReferrerMoved(_) => "referrer_moved",
        }
    }

    fn number(&self) -> u8 {
        match self {
            Content::MergeRequest => kind::MERGE_REQUEST,
            Content::MergeRow(_) => kind::MERGE_ROW,
            Content::MergeRefused => kind::MERGE_REFUSED,
            Content::Forward(_) => kind::FORWARD,
            Content::Forget => kind::FORGET,
            Content::Referred(_) => kind::REFERRED,
            Content::ReferralEnded(_) => kind::REFERRAL_ENDED,
            Content::RefereeErased => kind::REFEREE_ERASED,
            Content::ReferrerMoved(_) => kind::REFERRER_MOVED,
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Content::MergeRequest | Content::MergeRefused | Content::Forget | Content::RefereeErased => {}
            Content::MergeRow(row) => put_bytes(out, *row),
            Content::Forward(raw) => {
                put_bytes(out, raw.key);
                put_bytes(out, raw.value);
                out.push(u8::from(raw.timestamp_ms.is_some()));
                put_i64(out, raw.timestamp_ms.unwrap_or_default());
            }
            Content::Referred(told) => {
                put_i64(out, told.since_ms);
                put_u64(out, told.told.into());
                put_u64(out, told.email);
                out.push(u8::from(told.net.is_some()));
                if let Some((currency, minor)) = told.net {
                    currencies::put_written_out(out, currency);
                    super::row::bytes::put_u128(out, minor as u128);
                }
                put_text(out, told.before);
            }
            Content::ReferralEnded(why) => out.push(*why as u8),
            Content::ReferrerMoved(to) => put_text(out, to),
        }
    }

    fn read(number: u8, reader: &mut Reader<'a>) -> Result<Content<'a>, RowError> {
        Ok(match number {
            kind::MERGE_REQUEST => Content::MergeRequest,
            kind::MERGE_ROW => Content::MergeRow(take_bytes(reader)?),
            kind::MERGE_REFUSED => Content::MergeRefused,
            kind::FORWARD => {
                let (key, value) = (take_bytes(reader)?, take_bytes(reader)?);
                let (is_timed, timestamp_ms) = (reader.byte()? != 0, reader.i64()?);
                Content::Forward(Raw { key, value, timestamp_ms: Some(timestamp_ms).filter(|_| is_timed) })
            }
            kind::FORGET => Content::Forget,
            kind::REFERRED => Content::Referred(read_referred(reader)?),
            kind::REFERRAL_ENDED => Content::ReferralEnded(match reader.byte()? {
                0 => Ended::Refused,
                1 => Ended::Silent,
                _ => return Err(RowError::Malformed("end of a referral")),
            }),
            kind::REFEREE_ERASED => Content::RefereeErased,
            kind::REFERRER_MOVED => Content::ReferrerMoved(reader.text()?),
            _ => return Err(RowError::Malformed("kind of message")),
        })
    }
}

fn read_referred<'a>(reader: &mut Reader<'a>) -> Result<Referred<'a>, RowError> {
    let (since_ms, told, email) = (reader.i64()?, reader.u32("number of a word")?, reader.u64()?);
    let net = match reader.byte()? {
        0 => None,
        _ => Some((currencies::written_out(reader)?, reader.u128()? as i128)),
    };
    Ok(Referred { since_ms, told, email, net, before: reader.text()? })
}

impl<'a> Message<'a> {
    pub fn encode(&self, out: &mut Vec<u8>) {
        let Message { from, time_ms, origin, content } = self;
        out.extend_from_slice(&[RowVersion::WITH_CELLS.number(), content.number(), origin.hops]);
        put_i64(out, *time_ms);
        put_u64(out, origin.slot.into());
        put_i64(out, origin.offset);
        put_u64(out, origin.part.into());
        for text in [origin.topic, origin.name, from] {
            put_text(out, text);
        }
        content.write(out);
    }

    /// Total: whatever the bytes are, the answer is a message or what is wrong with them.
    pub fn decode(bytes: &'a [u8], trace: Option<Trace<'a>>) -> Result<Message<'a>, RowError> {
        let mut reader = Reader::new(bytes);
        let version = reader.byte()?;
        if version != RowVersion::WITH_CELLS.number() {
            return Err(RowError::Version(version));
        }
        let (number, hops) = (reader.byte()?, reader.byte()?);
        let (time_ms, slot, offset) = (reader.i64()?, reader.u32("slot")?, reader.i64()?);
        let part = u16::try_from(reader.u64()?).map_err(|_| RowError::Malformed("part"))?;
        let (topic, name, from) = (reader.text()?, reader.text()?, reader.text()?);
        let content = Content::read(number, &mut reader)?;
        reader.finish()?;
        Ok(Message { from, time_ms, origin: Origin { slot, topic, offset, part, name, hops, trace }, content })
    }
}

/// Bytes, or none.
fn put_bytes(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    put_u64(out, bytes.map_or(0, |bytes| bytes.len() as u64 + 1));
    out.extend_from_slice(bytes.unwrap_or_default());
}

fn take_bytes<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>, RowError> {
    match reader.u64()? {
        0 => Ok(None),
        length => Ok(Some(reader.take(usize::try_from(length - 1).map_err(|_| RowError::Truncated)?)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_reads_back_as_it_was_written_and_no_part_of_it_does() {
        let raw = Raw { key: Some(b"browser-1"), value: Some(b"{}"), timestamp_ms: Some(7) };
        let euros = Currency::from_code("EUR").unwrap();
        let referred = Referred { since_ms: -5, told: 3, email: 0, net: Some((euros, 5_720)), before: "browser-1" };
        let contents = [
            Content::MergeRequest,
            Content::MergeRow(None),
            Content::MergeRow(Some(b"")),
            Content::MergeRow(Some(b"row")),
            Content::MergeRefused,
            Content::Forward(raw),
            Content::Forward(Raw { value: None, timestamp_ms: None, ..raw }),
            Content::Forget,
            Content::Referred(referred),
            Content::Referred(Referred { net: None, before: "", ..referred }),
            Content::ReferralEnded(Ended::Refused),
            Content::ReferralEnded(Ended::Silent),
            Content::RefereeErased,
            Content::ReferrerMoved("u-2"),
        ];
        let trace = Some(Trace { parent: "00-1", state: "a=1" });
        let origin = Origin { slot: 3, topic: "shop.carts", offset: 77, part: 300, name: "identify", hops: 2, trace };
        for content in contents {
            let message = Message { from: "u-1", time_ms: 1_767_225_600_000, origin, content };
            let mut bytes = Vec::new();
            message.encode(&mut bytes);
            assert_eq!(Message::decode(&bytes, trace), Ok(message));
            for end in 0..bytes.len() {
                assert!(Message::decode(&bytes[..end], None).is_err(), "{content:?} cut at {end}");
            }
            bytes[0] += 1;
            assert_eq!(Message::decode(&bytes, None), Err(RowError::Version(4)), "of a version that is not known here");
        }
    }

    #[test]
    fn messages_are_stored_and_so_never_change_within_a_version() {
        let origin = Origin { slot: 3, topic: "a", offset: 7, part: 2, name: "identify", hops: 1, trace: None };
        let mut bytes = Vec::new();
        Message { from: "u-1", time_ms: 5, origin, content: Content::MergeRequest }.encode(&mut bytes);
        assert_eq!(bytes, b"\x03\x00\x01\x0a\x03\x0e\x02\x01a\x08identify\x03u-1");
    }
}
