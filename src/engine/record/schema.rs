//! What the records of each topic look like, as JSON Schema: from the structs that are written, with what their encoders always write.
//!
//! Words that are a closed list are listed; reasons are shown as examples, since later versions have more of them. It sees no record: that
//! all of them are like this, the tests find out. Called by `cli::schema` through `engine`.

use serde_json::Value;
use utoipa::openapi::{Object, ObjectBuilder, Type};

use super::action::{ActionRecord, CartRecord, ConsentRecord, LineRecord, LoyaltyRecord, OfferRecord, status_text};
use super::cell::{BinRecord, CellRecord, SketchRecord};
use super::clv::{ClvRecord, ContractsRecord, Future, HistoricEntry, Inputs, Model, Npv, ReferralValue, ReliabilityRecord};
use super::likes::{CountRecord, LikingRecord};
use super::transition::TransitionRecord;
use crate::engine::Why;
use crate::engine::gates::Arm;
use crate::engine::plays::{ActionKind, Reason};
use crate::engine::transitions::TRACKS;
use crate::event::ConsentStatus;
use crate::schema::Described;

pub fn transitions() -> Value {
    Described::of::<TransitionRecord<'_>>().written::<TransitionRecord<'_>>().closed("a record of lifetide.transitions")
}

pub fn aggregates() -> Value {
    Described::of::<CellRecord<'_>>()
        .written::<CellRecord<'_>>()
        .written::<SketchRecord>()
        .written::<BinRecord>()
        .closed("a record of lifetide.aggregates")
}

pub fn clv() -> Value {
    Described::of::<ClvRecord<'_>>()
        .written::<ClvRecord<'_>>()
        .written::<ContractsRecord>()
        .written::<Future<'_>>()
        .written::<HistoricEntry<'_>>()
        .written::<Inputs>()
        .written::<Model<'_>>()
        .written::<Npv>()
        .written::<ReferralValue>()
        .written::<ReliabilityRecord>()
        // without them it is a look at a customer, over HTTP
        .filled("ClvRecord", &["id", "cause"])
        .closed("a record of lifetide.clv")
}

pub fn actions() -> Value {
    Described::of::<ActionRecord<'_>>()
        .written::<ActionRecord<'_>>()
        .written::<CartRecord<'_>>()
        .written::<ConsentRecord<'_>>()
        .written::<CountRecord>()
        .written::<LikingRecord<'_>>()
        .written::<LineRecord<'_>>()
        .written::<LoyaltyRecord<'_>>()
        .written::<OfferRecord<'_>>()
        .closed("a record of lifetide.actions")
}

fn words(what: &str, all: impl IntoIterator<Item = &'static str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).description(Some(what)).enum_values(Some(all)).build()
}

fn examples(what: &str, all: impl IntoIterator<Item = &'static str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).description(Some(what)).examples(all).build()
}

pub(super) fn tracks() -> Object {
    words("What has changed.", TRACKS)
}

pub(super) fn kinds() -> Object {
    words("`send` a mail, `cancel` a send, or nothing is sent.", ActionKind::ALL.map(ActionKind::as_str))
}

pub(super) fn arms() -> Object {
    words("Of the play's experiment.", [Arm::Treatment, Arm::Control].map(Arm::as_str))
}

pub(super) fn consents() -> Object {
    words("", [ConsentStatus::Subscribed, ConsentStatus::Unsubscribed, ConsentStatus::Pending].map(status_text))
}

pub(super) fn reasons_of_transitions() -> Object {
    examples("Others may come with later versions.", [Why::Order, Why::Silence, Why::Refund].map(Why::as_str))
}

pub(super) fn reasons_of_actions() -> Object {
    let some = [Reason::CartIdle, Reason::Order, Reason::NoConsent, Reason::Unsubscribed, Reason::Control];
    examples("Of what is suppressed, the first gate that failed. Others may come with later versions.", some.map(Reason::as_str))
}

/// An object of one kind among others, all fields of which are always there.
pub(super) fn fields(kind: &str, what: &str, all: &[(&str, Type)]) -> Object {
    let tag = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([kind]));
    let object = ObjectBuilder::new().description(Some(what)).property("type", tag).required("type");
    let with = |object: ObjectBuilder, (name, of): &(&str, Type)| {
        object.property(*name, ObjectBuilder::new().schema_type(of.clone())).required(*name)
    };
    all.iter().fold(object, with).build()
}
