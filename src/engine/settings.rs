//! The rules the engine runs by, checked and ready: built by `config`, read by every file here, changed by nobody.
//! Nothing here reads text or has a default: `config` and `config/default.toml` do.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::erasure::ErasureKey;
use super::levels::Level;
use super::stages::{Graph, Stage};
use crate::clv;
use crate::event::Currency;

/// Everything configurable that can change a decision.
#[derive(Debug, Clone)]
pub struct Settings {
    pub lifecycle: Lifecycle,
    pub value: Value,
    /// `value_bands`, by name.
    pub value_bands: Vec<Level>,
    pub loyalty: Loyalty,
    pub consent: ConsentRule,
    pub plays: Vec<Play>,
    /// `plays.not_before`: sends due earlier are refused as back-fill.
    pub plays_not_before_ms: Option<i64>,
    /// `plays.global_holdout`: share of customers no play may reach, 0..=1.
    pub global_holdout: f64,
    /// `plays.priority_window`: how long before and after its own moment a play steps back for one of higher priority; 0: never.
    pub priority_window_ms: i64,
    /// `plays.salt` of the control arms.
    pub salt: String,
    /// Where a customer's own zone is unknown (`time.customer_zone`).
    pub customer_zone: TimeZone,
    /// Anonymous rows without e-mail and orders go after this long without an event.
    pub anonymous_ttl_ms: i64,
    /// Where another customer's slot is, is known (`input.partitioner`): else nobody is told anything.
    pub relays: bool,
    /// `identity.merge_known`: a known customer may become another, too.
    pub merges_known: bool,
    /// `customers.erasure_key`
    pub erasure_key: ErasureKey,
    /// `channels.rules`: the first that agrees names the channel.
    pub channels: Vec<ChannelRule>,
    /// `channels.source_questions`: questions of surveys that ask where somebody has heard of the shop.
    pub source_questions: Vec<String>,
    /// Days and months of cells (`time.report_zone`).
    pub report_zone: TimeZone,
    /// `state.decisions_kept`: of each customer, at most `timeline::DECISIONS_MAX`; 0: none.
    pub decisions_kept: usize,
    /// `aggregates.interval`
    pub aggregates_interval_ms: i64,
}

/// `{ medium = ["email"], channel = "email" }`: all patterns there are must agree with what an event tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelRule {
    pub source: Option<Pattern>,
    pub medium: Option<Pattern>,
    /// Domains, `google.*` for all of a name.
    pub referrer: Option<Pattern>,
    pub channel: String,
}

/// What a word of a campaign or referrer must be, in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    Any,
    OneOf(Vec<String>),
}

/// `stages.*`
#[derive(Debug, Clone)]
pub struct Lifecycle {
    pub graph: Graph,
    /// P(alive) that `lapse_at` is about; in the shipped graph who is below it has lapsed.
    pub lapsed_below: f64,
    /// How long after the last step towards an order somebody has dropped off.
    pub drop_off_after_ms: i64,
}

/// `clv.*`
#[derive(Debug, Clone)]
pub struct Value {
    pub parameters: clv::Parameters,
    pub horizon: clv::Horizon,
    /// `clv.monthly_retention`: chance that a contract goes on from month to month, 0..=1; `None`: nothing is expected of contracts.
    pub monthly_retention: Option<f64>,
    /// Contribution margin of net revenue; `None`: assumed 1.0 and said so in each record.
    pub margin: Option<f64>,
}

/// `loyalty.*`
#[derive(Debug, Clone)]
pub struct Loyalty {
    /// From the lowest on; spend rises from each to the next in every currency both have.
    pub tiers: Vec<Level>,
    /// In which spend counts; at most `tiers::WINDOW_DAYS_MAX`.
    pub window_ms: i64,
    /// How long a tier stays after spend no longer holds it.
    pub grace_ms: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsentRule {
    /// Who has confirmed it, too.
    DoubleOptIn,
    OptIn,
    SoftOptIn,
    None,
}

/// One `[plays.<name>]` table.
#[derive(Debug, Clone)]
pub struct Play {
    pub name: String,
    /// Changes with any of the play's rules: hash of its configuration, 8 hex digits.
    pub version: String,
    pub trigger: Trigger,
    pub steps: Vec<Step>,
    pub cancel_on: CancelOn,
    pub when: Vec<Condition>,
    pub expires_ms: i64,
    pub cool_down_ms: Option<i64>,
    pub caps: Vec<Cap>,
    /// `{ USD = 5 }`: minor units a send costs, by currency; empty: nothing worth asking about.
    pub cost: BTreeMap<Currency, i64>,
    pub quiet: Option<QuietHours>,
    /// Share of customers in the control arm, 0..=1.
    pub control: f64,
    pub priority: u32,
    pub mode: Mode,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// `{ cart = "idle" }`
    CartIdle,
    /// `{ stage = "lapsed" }`
    StageEntered(Stage),
    /// `{ event = "Order Completed" }`, by the event's name as written, or what that means.
    EventSeen(String),
    /// `{ band = "high" }`, `{ tier = "gold" }`, `{ segment = "champions" }`; `None`: `"any"`.
    LevelReached { track: Track, name: Option<String> },
    /// `{ date = "birthday" }`
    Birthday,
    /// `{ date = "next_order" }`: the moment by which the next order has come with a chance of one half.
    NextOrderDue,
}

/// The tracks on which customers move beside the lifecycle, as far as plays may begin there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Track {
    ValueBand,
    /// Upwards alone begins anything.
    Tier,
    Rfm,
}

impl Track {
    pub const fn as_str(self) -> &'static str {
        match self {
            Track::ValueBand => "value_band",
            Track::Tier => "tier",
            Track::Rfm => "rfm",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// From the trigger.
    pub delay_ms: i64,
    /// At least one; of several each customer gets one.
    pub templates: Vec<String>,
    pub offer: Option<Offer>,
}

/// `offer = "WELCOME10"`, `offer_ttl = "14d"`: all steps of a play that have one have the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub id: String,
    /// From the send that grants it.
    pub ttl_ms: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CancelOn {
    pub order: bool,
    /// Of plays that a cart begins.
    pub cart_emptied: bool,
    /// Of plays that no cart begins: something lies in the cart.
    pub cart_filled: bool,
    /// Of plays that a stage begins.
    pub stage_left: bool,
    /// Of plays that news of an order begin: it was refunded in full, or cancelled.
    pub refund: bool,
}

/// One of `when`: what must be so at the moment of a send.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// `{ field = "cart.value", ge = { USD = 2000 } }`: minor units by currency.
    Money { field: MoneyField, test: Test, minor: BTreeMap<Currency, i64> },
    /// `{ field = "orders", ge = 3 }`: those not refunded in full.
    Orders { test: Test, count: u32 },
    /// `{ field = "p_alive", lt = 0.4 }`
    Alive { test: Test, share: f64 },
    /// `{ field = "stage", in = ["loyal"] }`
    Word { field: WordField, among: Vec<String> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// `ge`
    AtLeast,
    /// `lt`
    LessThan,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoneyField {
    /// Of the open cart.
    CartValue,
    /// Of all orders in the primary currency, net of refunds.
    HistoricNet,
    /// Expected over the horizon, in the primary currency.
    FutureValue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordField {
    Stage,
    /// By recency, frequency and money.
    Segment,
    /// Of the first touch.
    Channel,
    /// `de` stands for `de-AT`, too.
    Locale,
    /// `promising_rfm`, `frequent_low_value`: one customer may have several.
    Flag,
    ValueBand,
    Tier,
    /// As the traits tell it.
    Region,
    /// As the traits tell it.
    CustomerType,
}

/// `caps = { email = "1/1d" }`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    pub channel: Channel,
    pub count: u32,
    pub window_ms: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    Email,
}

/// `"21:00-08:00"` in the customer's zone; an end before the start is the next day's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    pub from: jiff::civil::Time,
    pub until: jiff::civil::Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Live,
    /// Decides and records, never sends.
    Shadow,
    /// Not run at all.
    Off,
}

impl Mode {
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Live => "live",
            Mode::Shadow => "shadow",
            Mode::Off => "off",
        }
    }
}
