//! Why a record was refused: a bounded list of reasons, so that they can be metric labels, and a detail for people.
//! The same bytes are always refused for the same reason with the same detail. A refusal is never an error of the program: the worker
//! turns it into a dead letter and goes on. Called by `event` where it refuses and by `worker` where the dead letter is written.

use super::limits::{MAX_DETAIL_BYTES, cut};

/// How far the record got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RejectStage {
    /// Its bytes, its JSON or the shape of a field could not be read.
    Decode,
    /// It could be read, but what it says cannot be.
    Validate,
    /// It was understood, and what follows from it cannot be written.
    Write,
}

impl RejectStage {
    /// Value of the header `lifetide.error.stage`.
    pub fn as_str(self) -> &'static str {
        match self {
            RejectStage::Decode => "decode",
            RejectStage::Validate => "validate",
            RejectStage::Write => "write",
        }
    }
}

/// A refusal. `detail` names field and value for people and may quote the record: it goes to the dead letter's header, never to a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    pub stage: RejectStage,
    pub reason: Reason,
    /// At most 200 bytes.
    pub detail: String,
}

impl Reject {
    /// A refusal at the stage its reason belongs to; an overlong detail is cut.
    pub(super) fn new(reason: Reason, detail: impl Into<String>) -> Reject {
        let mut detail = detail.into();
        detail.truncate(cut(&detail, MAX_DETAIL_BYTES).len());
        Reject { stage: reason.stage(), reason, detail }
    }

    /// Of a record from which follows what no topic takes: the worker's refusal, not the decoder's. `why` names sizes and topics.
    pub fn unwritable(why: &str) -> Reject {
        Reject::new(Reason::Unwritable, why)
    }

    /// Of a record that was read: what it asks for is not done. The engine's refusal, not the decoder's.
    pub fn by_engine(reason: Reason, why: &str) -> Reject {
        Reject::new(reason, why)
    }

    /// The same refusal of a field inside `place` (`products[3]`).
    pub(super) fn inside(self, place: &str) -> Reject {
        Reject::new(self.reason, format!("{place}.{}", self.detail))
    }
}

/// The bounded list. The names of `as_str` are metric labels and header values: they are never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The record has no key.
    MissingKey,
    /// The key is empty, too long or not UTF-8.
    InvalidKey,
    /// The record has no value, or an empty one.
    EmptyValue,
    /// The value is longer than `DecodeRules::max_record_bytes`.
    Oversize,
    /// The value is not UTF-8, not JSON, cut off, or has a field twice.
    InvalidJson,
    /// A field (or the record itself) is JSON of another type than it must be.
    WrongType,
    /// A field that this kind of event needs is absent, null or empty.
    MissingField,
    /// Neither `userId` nor `anonymousId`.
    MissingCustomer,
    /// The key is neither the `userId` nor the `anonymousId`.
    KeyMismatch,
    /// An id longer than `MAX_ID_BYTES`.
    TooLong,
    /// No `timestamp`, and the record has no timestamp of its own.
    MissingTime,
    /// `timestamp` is not RFC 3339.
    InvalidTime,
    /// Outside 1990..2100, or more than a day after the wall clock.
    TimeOutOfRange,
    /// Not a decimal number.
    InvalidAmount,
    /// Below zero, rounded to the currency's digits.
    NegativeAmount,
    /// More than 28 significant digits, or more minor units than an i64 holds.
    AmountOutOfRange,
    /// An amount that needs a currency has none, and there is no default.
    MissingCurrency,
    /// Not a currency of ISO 4217.
    UnknownCurrency,
    /// A quantity that is negative, not whole, too large or no number.
    InvalidQuantity,
    /// More than `MAX_PRODUCTS` products.
    TooManyProducts,
    /// An array of more than `MAX_ELEMENTS` events.
    TooManyEvents,
    /// A consent status other than `subscribed`, `unsubscribed`, `pending`.
    UnknownStatus,
    /// A kind of cost other than `acquire`, `retain`, `service`, or a version of CloudEvents other than 1.
    UnknownKind,
    /// A record of the relay that cannot be read.
    UnreadableRelay,
    /// What crossed from customer to customer too often.
    RelayHops,
    /// Two ids that are not to become one customer.
    MergeRefused,
    /// A referral that does not count: of oneself, of somebody referred before, in a circle.
    ReferralRefused,
    /// What follows from the record is too large for its topic, or refused by it for good.
    Unwritable,
}

impl Reason {
    /// Every reason, in the order of the checks; for pre-registered metric labels and documentation.
    pub const ALL: [Reason; 28] = [
        Reason::MissingKey,
        Reason::InvalidKey,
        Reason::EmptyValue,
        Reason::Oversize,
        Reason::InvalidJson,
        Reason::WrongType,
        Reason::MissingField,
        Reason::MissingCustomer,
        Reason::KeyMismatch,
        Reason::TooLong,
        Reason::MissingTime,
        Reason::InvalidTime,
        Reason::TimeOutOfRange,
        Reason::InvalidAmount,
        Reason::NegativeAmount,
        Reason::AmountOutOfRange,
        Reason::MissingCurrency,
        Reason::UnknownCurrency,
        Reason::InvalidQuantity,
        Reason::TooManyProducts,
        Reason::TooManyEvents,
        Reason::UnknownStatus,
        Reason::UnknownKind,
        Reason::UnreadableRelay,
        Reason::RelayHops,
        Reason::MergeRefused,
        Reason::ReferralRefused,
        Reason::Unwritable,
    ];

    /// The reason as metric label and header value.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::MissingKey => "missing_key",
            Reason::InvalidKey => "invalid_key",
            Reason::EmptyValue => "empty_value",
            Reason::Oversize => "oversize",
            Reason::InvalidJson => "invalid_json",
            Reason::WrongType => "wrong_type",
            Reason::MissingField => "missing_field",
            Reason::MissingCustomer => "missing_customer",
            Reason::KeyMismatch => "key_mismatch",
            Reason::TooLong => "too_long",
            Reason::MissingTime => "missing_time",
            Reason::InvalidTime => "invalid_time",
            Reason::TimeOutOfRange => "time_out_of_range",
            Reason::InvalidAmount => "invalid_amount",
            Reason::NegativeAmount => "negative_amount",
            Reason::AmountOutOfRange => "amount_out_of_range",
            Reason::MissingCurrency => "missing_currency",
            Reason::UnknownCurrency => "unknown_currency",
            Reason::InvalidQuantity => "invalid_quantity",
            Reason::TooManyProducts => "too_many_products",
            Reason::TooManyEvents => "too_many_events",
            Reason::UnknownStatus => "unknown_status",
            Reason::UnknownKind => "unknown_kind",
            Reason::UnreadableRelay => "unreadable_relay",
            Reason::RelayHops => "relay_hops",
            Reason::MergeRefused => "merge_refused",
            Reason::ReferralRefused => "referral_refused",
            Reason::Unwritable => "unwritable",
        }
    }

    /// Bytes, JSON and shape are `Decode`; what the fields mean is `Validate`; what becomes of them `Write`.
    pub fn stage(self) -> RejectStage {
        match self {
            Reason::MissingKey
            | Reason::InvalidKey
            | Reason::EmptyValue
            | Reason::InvalidJson
            | Reason::WrongType
            | Reason::MissingField
            | Reason::MissingCustomer
            | Reason::UnreadableRelay => RejectStage::Decode,
            Reason::Oversize
            | Reason::KeyMismatch
            | Reason::TooLong
            | Reason::MissingTime
            | Reason::InvalidTime
            | Reason::TimeOutOfRange
            | Reason::InvalidAmount
            | Reason::NegativeAmount
            | Reason::AmountOutOfRange
            | Reason::MissingCurrency
            | Reason::UnknownCurrency
            | Reason::InvalidQuantity
            | Reason::TooManyProducts
            | Reason::TooManyEvents
            | Reason::UnknownStatus
            | Reason::UnknownKind
            | Reason::RelayHops
            | Reason::MergeRefused
            | Reason::ReferralRefused => RejectStage::Validate,
            Reason::Unwritable => RejectStage::Write,
        }
    }
}
