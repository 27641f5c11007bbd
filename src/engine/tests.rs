//! Tests of the engine as the worker sees it, and what they share: settings, events, and a small worker that keeps every record.
//!
//! Times in tests count from `T0`, in hours and days; customers have neutral ids.

mod any_settings;
mod attribution;
mod bands;
mod bounds;
mod carts;
mod cells;
mod consent;
mod contracts;
mod erasure;
mod gates;
mod journey;
mod lifecycle;
mod loyalty;
mod new_rules;
mod offers;
mod orders;
mod plays;
mod properties;
mod raising;
mod records;
mod relay;
mod relay_carts;
mod relay_plays;
mod segments;
mod sends;
mod stages;
mod stays;
mod tiers;
mod timeline;
mod timers;
mod triggers;
mod withdrawals;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::*;
use crate::clv;
use crate::event::{
    CartContents, CartDelta, CartLine, ConsentChange, ConsentStatus, ContentsSource, Cost, CostKind, Currency, Email, EmailSignal, Event,
    Identity, Kind, Money, Order, Product, Raw, Refund, Touch, TraitConsent, Traits,
};

/// 2026-01-01T00:00:00Z, a Thursday.
pub const T0: i64 = 1_767_225_600_000;
pub const SECOND: i64 = 1000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// For events that nobody sends on.
pub const NO_RECORD: Raw<'static> = Raw { key: None, value: None, timestamp_ms: None };

pub fn usd(minor: i64) -> Money {
    money(minor, "USD")
}

pub fn money(minor: i64, code: &str) -> Money {
    Money { minor, currency: Currency::from_code(code).unwrap() }
}

/// Of the shipped stages.
const BOUNDS: StageBounds = StageBounds {
    min_silence_ms: 30 * DAY,
    max_silence_ms: 730 * DAY,
    at_risk_below: 0.5,
    lapsed_below: 0.3,
    onboarding_timeout_ms: 14 * DAY,
    consideration_views: 3,
    loyal_x: 5,
};

fn lifecycle(bounds: &StageBounds) -> Lifecycle {
    Lifecycle { graph: shipped_stages(bounds), lapsed_below: bounds.lapsed_below, drop_off_after_ms: DAY }
}

/// The shipped defaults with a play that reminds after an hour.
pub fn settings() -> Settings {
    let purchase = clv::PurchaseModel::MbgNbd(clv::MbgNbd { r: 0.5248, alpha: 6.1833, a: 0.8909, b: 1.6141 });
    let spend = BTreeMap::from([("USD".to_owned(), clv::GammaGamma { p: 6.25, q: 3.74, v: 15.44 })]);
    let parameters = clv::Parameters {
        name: "mbg_nbd".into(),
        version: "cdnow-1".into(),
        fitted: false,
        purchase,
        spend,
        buyers: Some(2357),
        history_days: Some(273),
        rfm: None,
        seasonal: None,
    };
    Settings {
        lifecycle: lifecycle(&BOUNDS),
        value: Value {
            parameters,
            horizon: clv::Horizon { discount_monthly: 0.01, with_unending: false },
            monthly_retention: Some(0.8),
            margin: None,
        },
        value_bands: Vec::new(),
        loyalty: LoyaltyRules { tiers: Vec::new(), window_ms: 365 * DAY, grace_ms: 30 * DAY },
        consent: ConsentRule::OptIn,
        plays: vec![play("cart_recovery")],
        plays_not_before_ms: None,
        global_holdout: 0.0,
        priority_window_ms: 0,
        salt: "salt".into(),
        customer_zone: jiff::tz::TimeZone::UTC,
        anonymous_ttl_ms: 90 * DAY,
        relays: true,
        merges_known: false,
        erasure_key: ErasureKey(*b"0123456789abcdef"),
        source_questions: vec!["source".into()],
        channels: vec![channel_rule("email", "email"), channel_rule("cpc", "paid_search")],
        report_zone: jiff::tz::TimeZone::UTC,
        decisions_kept: 0,
        aggregates_interval_ms: 10 * SECOND,
    }
}

pub fn channel_rule(medium: &str, channel: &str) -> ChannelRule {
    ChannelRule { source: None, medium: Some(Pattern::OneOf(vec![medium.into()])), referrer: None, channel: channel.into() }
}

pub fn step(delay_ms: i64, template: &str) -> Step {
    Step { delay_ms, templates: vec![template.into()], offer: None }
}

pub fn play(name: &str) -> Play {
    Play {
        name: name.into(),
        version: "0badcafe".into(),
        trigger: Trigger::CartIdle,
        steps: vec![step(HOUR, "cart_1")],
        cancel_on: CancelOn { order: true, cart_emptied: true, cart_filled: false, stage_left: false, refund: false },
        when: Vec::new(),
        expires_ms: 24 * HOUR,
        cool_down_ms: None,
        caps: Vec::new(),
        cost: BTreeMap::new(),
        quiet: None,
        control: 0.0,
        priority: 50,
        mode: Mode::Live,
    }
}

/// An event of customer `u-1` at `T0 + at`, without a message id.
pub fn event(at: i64, name: &'static str, kind: Kind<'static>) -> Event<'static> {
    Event {
        customer: "u-1".into(),
        identity: Identity::Known,
        time_ms: T0 + at,
        name: name.into(),
        message_id: None,
        traits: Traits::default(),
        touch: None,
        items: Vec::new(),
        address: None,
        kind,
    }
}

pub fn order(at: i64, id: &str, value: Money) -> Event<'static> {
    event(
        at,
        "Order Completed",
        Kind::OrderCompleted(Order { order_id: id.to_owned().into(), checkout_id: None, cart_id: None, value, salesperson_id: None }),
    )
}

pub fn refund(at: i64, id: &str, amount: Option<Money>) -> Event<'static> {
    event(at, "Order Refunded", Kind::OrderRefunded(Refund { order_id: id.to_owned().into(), refund_id: None, amount }))
}

pub fn product(id: &str, price: Option<Money>, quantity: u32) -> Product<'static> {
    Product { product_id: id.to_owned().into(), sku: None, name: None, url: None, image_url: None, price, quantity }
}

pub fn line(at: i64, delta: CartDelta, product: Product<'static>) -> Event<'static> {
    event(at, "Product Added", Kind::CartLine(CartLine { cart_id: Some("c-1".into()), delta, product }))
}

pub fn added(at: i64, id: &str, quantity: u32) -> Event<'static> {
    line(at, CartDelta::Added, product(id, Some(usd(1000)), quantity))
}

pub fn removed(at: i64, id: &str, quantity: u32) -> Event<'static> {
    line(at, CartDelta::Removed, product(id, None, quantity))
}

pub fn contents(at: i64, source: ContentsSource, products: Option<Vec<Product<'static>>>) -> Event<'static> {
    let contents = CartContents { cart_id: Some("c-1".into()), checkout_id: None, source, url: None, products, value: None };
    let kind = if source == ContentsSource::Abandoned { Kind::CartAbandoned(contents) } else { Kind::CartContents(contents) };
    event(at, "Cart Viewed", kind)
}

/// An `identify` call that makes the customer reachable.
pub fn identified(at: i64) -> Event<'static> {
    let consent = TraitConsent { status: ConsentStatus::Subscribed, double_opt_in: false, at_ms: None };
    let traits = Traits { email: Some("u-1@example.com".into()), consent: Some(consent), ..Traits::default() };
    Event { traits, ..event(at, "identify", Kind::Identify) }
}

pub fn email(at: i64, signal: EmailSignal) -> Event<'static> {
    event(at, "Email", Kind::Email(Email { signal, campaign_id: None }))
}

pub fn states(at: i64, status: ConsentStatus) -> Event<'static> {
    event(at, "Consent Changed", Kind::Consent(ConsentChange { status, source: None, double_opt_in: false }))
}

/// The worker of the tests: one slot, every record kept.
pub struct Shop {
    pub slot: Slot,
    pub out: Outputs,
    pub committed: Arc<Committed>,
    pub settings: Settings,
    offset: i64,
}

impl Shop {
    pub fn new() -> Shop {
        Shop::with(settings())
    }

    pub fn with(settings: Settings) -> Shop {
        let committed = Arc::new(Committed::new());
        let slot = Slot::new(3, Arc::new(settings.clone()), Arc::clone(&committed));
        Shop { slot, out: Outputs::default(), committed, settings, offset: 0 }
    }

    /// Fires what is due, then applies the event.
    pub fn feed(&mut self, event: &Event<'_>) -> Outcome {
        self.tick(event.time_ms, None);
        let cause = Cause { topic: "shop.events", offset: self.offset, part: 0, trace: None, record: NO_RECORD };
        self.offset += 1;
        self.slot.apply(event, &cause, &mut self.out)
    }

    pub fn feed_all(&mut self, events: &[Event<'_>]) -> &mut Shop {
        for event in events {
            self.feed(event);
        }
        self
    }

    /// Lets time pass up to `T0 + at`.
    pub fn until(&mut self, at: i64) -> &mut Shop {
        self.tick(T0 + at, None);
        self
    }

    pub fn tick(&mut self, to_ms: i64, wall_ms: Option<i64>) {
        while self.slot.tick(Moment { to_ms, wall_ms }, 2, &mut self.out) == Progress::More {}
    }

    pub fn commit(&mut self) {
        self.slot.seal();
        self.slot.publish();
    }

    /// The values written to a topic since the last call of `clear`; null for tombstones.
    pub fn written(&self, topic: Topic) -> Vec<Json> {
        self.out
            .records()
            .filter(|r| r.topic == topic)
            .map(|r| r.value.map_or(Json::Null, |value| serde_json::from_slice(value).unwrap()))
            .collect()
    }

    /// `kind/reason` of each action.
    pub fn actions(&self) -> Vec<String> {
        self.written(Topic::Actions).iter().map(|a| format!("{}/{}", text(a, "kind"), text(a, "reason"))).collect()
    }

    /// `to/reason` of each transition.
    pub fn stages(&self) -> Vec<String> {
        self.written(Topic::Transitions).iter().map(|t| format!("{}/{}", text(t, "to"), text(t, "reason"))).collect()
    }

    /// The customer as it would be stored now.
    pub fn customer(&mut self, id: &str) -> Customer {
        self.commit();
        let hash = hash_of(id);
        self.committed.with_row(3, hash, id, |row| read_row(row).unwrap()).unwrap()
    }

    pub fn counted(&self, counter: Counter) -> usize {
        self.out.notes().iter().filter(|n| **n == Note::Count(counter)).count()
    }
}

pub fn text<'a>(record: &'a Json, field: &str) -> &'a str {
    record[field].as_str().unwrap_or_else(|| panic!("{field} of {record}"))
}
