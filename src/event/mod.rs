//! Foreign bytes in, `Event` out: one file per wire format, all of it pure.
//!
//! What the bytes mean for a customer is decided in `engine`; here they are only read, bounded and given types. Nothing in this room
//! panics, whatever the bytes: what cannot be read is a `Reject`, which the worker turns into a dead letter. Called by `worker` alone.

mod amount;
mod birthday;
mod cloudevents;
mod decode;
mod foreign;
mod format;
mod forms;
mod frame;
mod interaction;
mod item;
mod json;
mod limits;
mod loyalty;
mod mail;
mod mailgun;
mod money;
mod owned;
mod postmark;
mod reject;
mod scan;
mod segment;
mod sendgrid;
mod ses;
mod shopify;
mod subscription;
mod time;
mod told;
mod value;

#[cfg(test)]
pub(crate) mod tests;

pub use amount::signed_minor_units;
pub use birthday::Birthday;
pub use decode::decode;
pub use foreign::schema as schema_of_foreign;
pub use format::{EachHeader, Format, Wire};
pub use interaction::{Answer, Interaction, InteractionKind};
pub use item::{ITEMS_MAX, Item};
pub use limits::{MAX_CUSTOMER_ID_BYTES, MAX_ID_BYTES, MAX_NAME_BYTES, MAX_PRODUCTS, MAX_QUANTITY, cut};
pub use loyalty::{Loyalty, LoyaltyKind};
pub use money::{Currency, Money};
pub use reject::{Reason, Reject, RejectStage};
pub use segment::{meaning, names as names_of_events, schema as schema_of_event};
pub use subscription::{Subscription, SubscriptionKind};
pub use told::{Part, Told};

use std::borrow::Cow;

/// Text of a record: borrowed from its bytes unless it held an escape.
pub type Text<'a> = Cow<'a, str>;

/// One input record as Kafka gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw<'a> {
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    /// The record's own timestamp; `None` where Kafka has none.
    pub timestamp_ms: Option<i64>,
}

/// Which of an order's amounts is its value (`money.order_value`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderValue {
    Total,
    Revenue,
    Subtotal,
}

/// What decoding needs to know of the configuration.
#[derive(Debug, Clone)]
pub struct DecodeRules {
    pub order_value: OrderValue,
    /// For records that name no currency; without it an order is refused and a cart line has no price.
    pub default_currency: Option<Currency>,
    /// How far an event's time may lie after its record's own timestamp before it is clamped.
    pub max_skew_ms: i64,
    /// Larger values are refused unread.
    pub max_record_bytes: usize,
    /// By topic, in the order of the configuration; a topic beyond them is `Auto`.
    pub formats: Vec<Format>,
}

impl DecodeRules {
    /// The format of the topic of this number.
    pub fn format(&self, topic: usize) -> Format {
        self.formats.get(topic).copied().unwrap_or_default()
    }
}

/// Whose id the record is keyed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// `userId`
    Known,
    /// `anonymousId`
    Anonymous,
    /// Nobody's: a cost without `userId`.
    Nobody,
}

/// One thing that happened to one customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Event<'a> {
    /// The record key, equal to `userId` or `anonymousId`.
    pub customer: Text<'a>,
    pub identity: Identity,
    /// Event time after clamping (`contracts.md` 1, *Time*).
    pub time_ms: i64,
    /// The event's name as written (`Order Completed`), or `identify`, `alias`, `page`, …
    pub name: Text<'a>,
    pub message_id: Option<Text<'a>>,
    pub traits: Traits<'a>,
    /// `None`: neither a campaign nor a referrer is told.
    pub touch: Option<Touch<'a>>,
    /// What was bought, added to a cart or looked at; at most `ITEMS_MAX`.
    pub items: Vec<Item<'a>>,
    /// Of mails and of wishes about mails: the address a mail provider says it is about. It is not learned.
    pub address: Option<Text<'a>>,
    pub kind: Kind<'a>,
}

/// What any event may tell about the person (`traits` of identify, else `context.traits`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Traits<'a> {
    pub email: Option<Text<'a>>,
    pub first_name: Option<Text<'a>>,
    pub locale: Option<Text<'a>>,
    /// IANA name; unknown names are kept out here.
    pub time_zone: Option<Text<'a>>,
    pub region: Option<Text<'a>>,
    pub customer_type: Option<Text<'a>>,
    pub birthday: Option<Birthday>,
    /// `email_marketing_consent`; only from identify, never from `context.traits`.
    pub consent: Option<TraitConsent>,
}

/// Where the customer came from: `context.campaign` and `context.referrer`. At least one is there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Touch<'a> {
    pub source: Option<Text<'a>>,
    pub medium: Option<Text<'a>>,
    /// A url or a host.
    pub referrer: Option<Text<'a>>,
}

/// The consent trait: a text, a boolean, or Shopify's object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraitConsent {
    pub status: ConsentStatus,
    pub double_opt_in: bool,
    /// `consent_updated_at` where the object has it; else the event's time holds.
    pub at_ms: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsentStatus {
    Subscribed,
    Unsubscribed,
    Pending,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind<'a> {
    OrderCompleted(Order<'a>),
    OrderRefunded(Refund<'a>),
    OrderCancelled {
        order_id: Text<'a>,
    },
    Email(Email<'a>),
    /// `Subscribed`, `Unsubscribed`, `Consent Changed` of the e-mail channel.
    Consent(ConsentChange<'a>),
    /// `Product Added`, `Product Removed`.
    CartLine(CartLine<'a>),
    /// `Cart Viewed`, `Cart Updated`, `Checkout Started`.
    CartContents(CartContents<'a>),
    /// An upstream's own `Cart Abandoned`.
    CartAbandoned(CartContents<'a>),
    /// `Cost Recorded`
    Cost(Cost<'a>),
    /// `Signed Up`, `Product Viewed`, `Call Logged` and their kin.
    Interaction(Interaction<'a>),
    /// `Loyalty Enrolled`, `Points Earned`, `Points Redeemed`, `Reward Redeemed`.
    Loyalty(Loyalty),
    /// `Subscription Started`, `Subscription Payment`, `Subscription Cancelled`.
    Subscription(Subscription<'a>),
    Identify,
    /// `alias` with a `previousId`, or `identify` with a `userId` and another `anonymousId`: that id is this customer's, too.
    Joined {
        former_id: Text<'a>,
        is_identify: bool,
    },
    /// `Referral Sent`
    ReferralSent,
    /// `Referral Converted`, of who was referred.
    ReferralConverted {
        referrer_id: Text<'a>,
    },
    /// `Customer Erased`: the person is to be forgotten, with everything up to the event's time.
    Erased,
    /// `Promotion Viewed`, `Order Updated` and their kin, by name: known, and nothing of them is kept.
    Noted(&'static str),
    /// A name this version gives no meaning: the customer was seen, nothing else.
    Unknown,
}

impl Kind<'_> {
    /// Segment's name of the event, from a closed list: an unknown event has the label `other`.
    pub fn label(&self) -> &'static str {
        match self {
            Kind::OrderCompleted(_) => "Order Completed",
            Kind::OrderRefunded(_) => "Order Refunded",
            Kind::OrderCancelled { .. } => "Order Cancelled",
            Kind::Email(email) => email.signal.event_name(),
            Kind::Consent(_) => "Consent Changed",
            Kind::CartLine(CartLine { delta: CartDelta::Added, .. }) => "Product Added",
            Kind::CartLine(CartLine { delta: CartDelta::Removed, .. }) => "Product Removed",
            Kind::CartContents(contents) | Kind::CartAbandoned(contents) => match contents.source {
                ContentsSource::Viewed => "Cart Viewed",
                ContentsSource::Updated => "Cart Updated",
                ContentsSource::CheckoutStarted => "Checkout Started",
                ContentsSource::Abandoned => "Cart Abandoned",
            },
            Kind::Cost(_) => "Cost Recorded",
            Kind::Interaction(interaction) => interaction.kind.event_name(),
            Kind::Loyalty(loyalty) => loyalty.kind.event_name(),
            Kind::Subscription(subscription) => subscription.kind.event_name(),
            Kind::Identify | Kind::Joined { is_identify: true, .. } => "identify",
            Kind::Joined { is_identify: false, .. } => "alias",
            Kind::ReferralSent => "Referral Sent",
            Kind::ReferralConverted { .. } => "Referral Converted",
            Kind::Erased => "Customer Erased",
            Kind::Noted(name) => name,
            Kind::Unknown => "other",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Order<'a> {
    pub order_id: Text<'a>,
    pub checkout_id: Option<Text<'a>>,
    pub cart_id: Option<Text<'a>>,
    /// By `DecodeRules::order_value`; never negative.
    pub value: Money,
    /// Who closed it.
    pub salesperson_id: Option<Text<'a>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Refund<'a> {
    pub order_id: Text<'a>,
    pub refund_id: Option<Text<'a>>,
    /// `None`: the full remainder. Never negative.
    pub amount: Option<Money>,
}

/// Money spent on customers, or on one.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost<'a> {
    pub cost_id: Option<Text<'a>>,
    pub kind: CostKind,
    /// Never negative.
    pub amount: Money,
    pub channel: Option<Text<'a>>,
    pub region: Option<Text<'a>>,
    pub customer_type: Option<Text<'a>>,
    pub product_type: Option<Text<'a>>,
    /// The beginning of the time it is for; `None`: that of the event.
    pub from_ms: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostKind {
    Acquire = 0,
    Retain = 1,
    Service = 2,
    /// What loyalty rewards cost: told by `Reward Redeemed` alone.
    Reward = 3,
}

impl CostKind {
    pub const ALL: [CostKind; 4] = [CostKind::Acquire, CostKind::Retain, CostKind::Service, CostKind::Reward];
    /// Those of `Cost Recorded`.
    pub const RECORDED: [CostKind; 3] = [CostKind::Acquire, CostKind::Retain, CostKind::Service];

    pub fn as_str(self) -> &'static str {
        match self {
            CostKind::Acquire => "acquire",
            CostKind::Retain => "retain",
            CostKind::Service => "service",
            CostKind::Reward => "reward",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Email<'a> {
    pub signal: EmailSignal,
    /// `campaign_id`: of mails that lifetide asked for, the play.
    pub campaign_id: Option<Text<'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailSignal {
    Delivered,
    Opened,
    Clicked,
    /// `bounce_type` hard, or none given.
    HardBounce,
    SoftBounce,
    Complaint,
}

impl EmailSignal {
    /// As Segment writes it.
    pub fn event_name(self) -> &'static str {
        match self {
            EmailSignal::Delivered => "Email Delivered",
            EmailSignal::Opened => "Email Opened",
            EmailSignal::Clicked => "Email Link Clicked",
            EmailSignal::HardBounce | EmailSignal::SoftBounce => "Email Bounced",
            EmailSignal::Complaint => "Email Marked as Spam",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct ConsentChange<'a> {
    pub status: ConsentStatus,
    pub source: Option<Text<'a>>,
    pub double_opt_in: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CartDelta {
    Added,
    Removed,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CartLine<'a> {
    pub cart_id: Option<Text<'a>>,
    pub delta: CartDelta,
    pub product: Product<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentsSource {
    Viewed,
    Updated,
    CheckoutStarted,
    Abandoned,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CartContents<'a> {
    pub cart_id: Option<Text<'a>>,
    /// `checkout_id`, else `order_id`, of Checkout Started.
    pub checkout_id: Option<Text<'a>>,
    pub source: ContentsSource,
    pub url: Option<Text<'a>>,
    /// `None`: the record names no products.
    pub products: Option<Vec<Product<'a>>>,
    /// `value` as the shop states it; the engine prefers the sum of the lines where it has them all.
    pub value: Option<Money>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Product<'a> {
    /// `product_id`, else `sku`, else `name`; a product without any is refused.
    pub product_id: Text<'a>,
    pub sku: Option<Text<'a>>,
    pub name: Option<Text<'a>>,
    pub url: Option<Text<'a>>,
    pub image_url: Option<Text<'a>>,
    /// Of one piece; `None` without a currency to count it in.
    pub price: Option<Money>,
    /// At least 1 where not given; 0 is allowed in contents and drops the line.
    pub quantity: u32,
}
