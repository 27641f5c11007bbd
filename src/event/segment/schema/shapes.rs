//! A type for the properties of each event, for what is around them, and for kinds of values that only these have.
//!
//! Nobody makes them: they are there to be described, and their comments are the descriptions. What an event must have besides, such as one
//! of several fields, `schema` adds.
#![expect(dead_code, reason = "types that describe and hold nothing")]

use serde_json::Value;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::event::CostKind;
use crate::event::forms::{CurrencyCode, Decimal, Id, Moment, MomentOrDay, Name, Quantity, form, of};
use crate::event::limits::MAX_POINTS;
use crate::event::segment::CALLS;

form!(
    /// Whole points.
    Points,
    of([Type::Integer]).minimum(Some(0)).maximum(Some(MAX_POINTS))
);
form!(
    /// What was agreed to.
    Status,
    of([Type::String]).enum_values(Some(["subscribed", "unsubscribed", "pending"]))
);
form!(
    /// What the money was spent for.
    CostPurpose,
    of([Type::String]).enum_values(Some(CostKind::RECORDED.map(CostKind::as_str)))
);
form!(
    /// How long a payment lasts; without it a month.
    Period,
    of([Type::String]).enum_values(Some(["month", "quarter", "half_year", "year"]))
);

/// An order was placed.
#[derive(ToSchema)]
pub(super) struct OrderCompleted {
    order_id: Id,
    /// Paid, with shipping and tax. `money.order_value` says which of the three amounts is an order's value; that one must be there.
    total: Option<Decimal>,
    revenue: Option<Decimal>,
    subtotal: Option<Decimal>,
    currency: Option<CurrencyCode>,
    /// Of `Checkout Started`: closes that cart.
    checkout_id: Option<Id>,
    cart_id: Option<Id>,
    /// Who closed the sale.
    salesperson_id: Option<Name>,
    /// For taste alone.
    products: Option<Vec<Product>>,
}

/// An order was paid back, in part or as a whole.
#[derive(ToSchema)]
pub(super) struct OrderRefunded {
    order_id: Id,
    refund_id: Option<Id>,
    /// Without it, all that remains.
    total: Option<Decimal>,
    currency: Option<CurrencyCode>,
}

/// What is about one order.
#[derive(ToSchema)]
pub(super) struct OfOrder {
    order_id: Id,
}

/// What became of a mail.
#[derive(ToSchema)]
pub(super) struct EmailHeard {
    /// Of mails that lifetide asked for, the play.
    campaign_id: Option<Id>,
}

/// A mail came back.
#[derive(ToSchema)]
pub(super) struct EmailBounced {
    /// `soft`, `transient` or `temporary` may heal; anything else, and nothing, is for good.
    bounce_type: Option<Name>,
    campaign_id: Option<Id>,
}

/// Marketing mails are wished for, or no longer.
#[derive(ToSchema)]
pub(super) struct ConsentStated {
    /// Anything but `email` is not ours.
    channel: Option<Name>,
    source: Option<Name>,
    double_opt_in: Option<bool>,
}

/// A wish about marketing mails has changed.
#[derive(ToSchema)]
pub(super) struct ConsentChanged {
    /// Anything but `email` is not ours.
    channel: Name,
    status: Status,
    source: Option<Name>,
    double_opt_in: Option<bool>,
}

/// A product; one of `product_id`, `sku` and `name` tells which.
#[derive(ToSchema)]
pub(super) struct Product {
    product_id: Option<Id>,
    sku: Option<Id>,
    name: Option<Name>,
    url: Option<Name>,
    image_url: Option<Name>,
    /// Of one piece.
    price: Option<Decimal>,
    currency: Option<CurrencyCode>,
    quantity: Option<Quantity>,
    category: Option<Name>,
}

/// A product was put into the cart, or taken out of it.
#[derive(ToSchema)]
pub(super) struct CartLine {
    /// Without it, the open cart.
    cart_id: Option<Id>,
    product_id: Option<Id>,
    sku: Option<Id>,
    name: Option<Name>,
    url: Option<Name>,
    image_url: Option<Name>,
    /// Of one piece.
    price: Option<Decimal>,
    currency: Option<CurrencyCode>,
    quantity: Option<Quantity>,
    category: Option<Name>,
}

/// The cart as it is.
#[derive(ToSchema)]
pub(super) struct CartContents {
    cart_id: Option<Id>,
    checkout_id: Option<Id>,
    /// Of `Checkout Started`, in place of `checkout_id`.
    order_id: Option<Id>,
    /// By which the customer comes back to it.
    url: Option<Name>,
    /// All there is in it; without it the cart was only seen.
    #[schema(max_items = 1000)]
    products: Option<Vec<Product>>,
    value: Option<Decimal>,
    currency: Option<CurrencyCode>,
}

/// Money was spent on customers; without a `userId` on nobody in particular.
#[derive(ToSchema)]
pub(super) struct CostRecorded {
    cost_id: Option<Id>,
    kind: CostPurpose,
    amount: Decimal,
    currency: Option<CurrencyCode>,
    channel: Option<Name>,
    region: Option<Name>,
    customer_type: Option<Name>,
    product_type: Option<Name>,
    /// The beginning of the time it is for.
    from: Option<MomentOrDay>,
}

/// Something was looked at.
#[derive(ToSchema)]
pub(super) struct Looked {
    product_id: Option<Id>,
    sku: Option<Id>,
    category: Option<Name>,
}

/// A ticket was opened or resolved.
#[derive(ToSchema)]
pub(super) struct Ticket {
    ticket_id: Id,
    /// What it has cost.
    cost: Option<Decimal>,
    currency: Option<CurrencyCode>,
    salesperson_id: Option<Name>,
}

/// Somebody called.
#[derive(ToSchema)]
pub(super) struct Call {
    /// What it has cost.
    cost: Option<Decimal>,
    currency: Option<CurrencyCode>,
    salesperson_id: Option<Name>,
}

/// A question was answered; free text is never read.
#[derive(ToSchema)]
pub(super) struct Survey {
    survey_id: Id,
    question_id: Id,
    answer_id: Id,
}

/// Points came in.
#[derive(ToSchema)]
pub(super) struct PointsEarned {
    points: Points,
    /// Of a day: good to its end in UTC.
    expires_at: Option<MomentOrDay>,
}

/// Points were spent.
#[derive(ToSchema)]
pub(super) struct PointsRedeemed {
    points: Points,
}

/// A reward was given: what it costs the shop, the points it took, or both.
#[derive(ToSchema)]
pub(super) struct RewardRedeemed {
    value: Option<Decimal>,
    currency: Option<CurrencyCode>,
    points: Option<Points>,
}

/// A subscription began, or was paid for.
#[derive(ToSchema)]
pub(super) struct SubscriptionPaid {
    subscription_id: Id,
    amount: Decimal,
    currency: Option<CurrencyCode>,
    period: Option<Period>,
}

/// A subscription ends.
#[derive(ToSchema)]
pub(super) struct SubscriptionCancelled {
    subscription_id: Id,
}

/// Who was referred has done what was asked for.
#[derive(ToSchema)]
pub(super) struct ReferralConverted {
    /// The customer who referred this one.
    referrer_id: Id,
}

/// A step of the customer's way.
#[derive(ToSchema)]
pub(super) struct Way {
    /// Who closed the sale.
    salesperson_id: Option<Name>,
}

/// Nothing that is read.
#[derive(ToSchema)]
pub(super) struct Bare {}

/// Who the customer is: of `identify`, and `context.traits` of any call.
#[derive(ToSchema)]
pub(super) struct Traits {
    /// At most 320 bytes.
    email: Option<String>,
    first_name: Option<String>,
    #[schema(rename = "firstName")]
    first_name_camel: Option<String>,
    /// Its first word stands in for a first name that is not told.
    name: Option<String>,
    locale: Option<String>,
    /// IANA.
    timezone: Option<String>,
    region: Option<String>,
    customer_type: Option<String>,
    /// `1990-04-01`, or `--04-01`; the year is not kept.
    #[schema(pattern = "^([0-9]{4}|-)-[0-9]{2}-[0-9]{2}$")]
    birthday: Option<String>,
    /// `true`, `false`, `subscribed`, `unsubscribed`, `pending`, or the object Shopify has for it. Read of `identify` alone.
    email_marketing_consent: Option<Value>,
}

/// The campaign that brought the customer.
#[derive(ToSchema)]
pub(super) struct Campaign {
    source: Option<String>,
    medium: Option<String>,
}

/// Where the call comes from.
#[derive(ToSchema)]
pub(super) struct Context {
    traits: Option<Traits>,
    locale: Option<String>,
    /// IANA.
    timezone: Option<String>,
    campaign: Option<Campaign>,
    /// A url or a host, or an object with a `url`.
    referrer: Option<Value>,
}

/// What a customer did, as Segment and RudderStack send it. The record's key is the `userId`, else the `anonymousId`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Event {
    #[schema(schema_with = calls)]
    r#type: String,
    /// Of `track`: what happened. Names that are not listed in `$defs` only say that the customer was seen.
    event: Option<String>,
    user_id: Option<Id>,
    anonymous_id: Option<Id>,
    /// Of `alias`: another id of the customer.
    previous_id: Option<Id>,
    /// Without it, the record's own time.
    timestamp: Option<Moment>,
    /// Repeats are known by it.
    message_id: Option<Id>,
    traits: Option<Traits>,
    context: Option<Context>,
    /// Of `track`: what the event is about, by its name.
    properties: Option<Value>,
}

fn calls() -> ObjectBuilder {
    of([Type::String]).description(Some("`page`, `screen` and `group` only say that the customer was seen.")).enum_values(Some(CALLS))
}
