//! Everything known of one customer. Plain data: what it means is decided in the file of each part.
//!
//! Every list has a bound, stated at its part; texts are bounded by `event`. At rest a customer is a row (`row`), and what is absent costs
//! nothing there. Values are reused from transaction to transaction, so `clear` keeps the buffers.

use super::affinity::Affinity;
use super::attempt::Attempt;
use super::attribution::Attribution;
use super::cart::Cart;
use super::cash_flow::Flows;
use super::consent::Consent;
use super::contact::Contact;
use super::contracts::Contracts;
use super::costs::CostSum;
use super::journey::{Journey, Source};
use super::lifecycle;
use super::loyalty::Loyalty;
use super::money;
use super::orders::{Orders, Purchases};
use super::plays::PlayState;
use super::population::Contribution;
use super::profile::Profile;
use super::seen::Seen;
use super::settings::Settings;
use super::stages::{ALIVE_BOUNDS_MAX, Stage};
use super::stays::Stay;
use super::suppressed::Suppressed;
use super::tiers::Tier;
use super::ties::{Moved, Ties};
use super::timeline::Timeline;
use super::touch::Touches;
use crate::clv::rfm::Scores;
use crate::event::CostKind;

/// Send times kept for frequency caps: a cap above this count cannot be honoured and is refused by the configuration.
pub const SENDS_MAX: usize = 8;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Customer {
    /// The latest event time applied or deadline fired; never goes back.
    pub now_ms: i64,
    /// The latest event time.
    pub last_event_ms: i64,
    /// Keyed by a user id, not by an anonymous one.
    pub known: bool,
    /// An `identify` call was seen.
    pub identified: bool,
    /// `None` until the first event has been applied.
    pub stage: Option<Stage>,
    /// Since when; `None`: the figures over all customers do not count them in it.
    pub stage_since_ms: Option<i64>,
    /// Stages before the present one, the newest last; at most `stays::STAYS_MAX`.
    pub stays: Vec<Stay>,
    /// Lives of this customer: 1, and one more with each order while lapsed.
    pub cycle: u32,
    /// UTC day of the order that brought them back, while that makes their stage.
    pub reactivated_day: Option<i64>,
    pub seen: Seen,
    pub contact: Contact,
    pub consent: Consent,
    /// Event times of the last e-mail opened and the last link clicked.
    pub last_open_ms: Option<i64>,
    pub last_click_ms: Option<i64>,
    pub orders: Orders,
    pub cart: Option<Cart>,
    /// At most one per configured play, `plays::PLAYS_MAX`.
    pub plays: Vec<PlayState>,
    /// Event times of the latest e-mails sent, oldest first; at most `SENDS_MAX`.
    pub sends_ms: Vec<i64>,
    /// Marks of carts that plays have decided about, the oldest first; at most `plays::REMINDED_MAX`.
    pub reminded: Vec<u64>,
    /// Empty unless `Settings::decisions_kept`.
    pub timeline: Timeline,
    pub touch: Touches,
    /// About addresses other than the known one, the oldest first; at most `SUPPRESSED_MAX`.
    pub suppressed: Vec<Suppressed>,
    /// By first cost of the currency; at most `money::CURRENCIES_MAX`.
    pub costs: Vec<CostSum>,
    /// By first flow of the currency; at most `money::CURRENCIES_MAX`.
    pub flows: Vec<Flows>,
    /// Recency, frequency and money, as last scored.
    pub scores: Option<Scores>,
    /// `levels::key_of` the band of the total value; `None`: never in any.
    pub value_band: Option<u64>,
    /// Boxed: most customers have none.
    pub journey: Option<Box<Journey>>,
    /// Boxed: most customers have none.
    pub attribution: Option<Box<Attribution>>,
    /// Boxed: most customers are in no programme.
    pub loyalty: Option<Box<Loyalty>>,
    /// Boxed: there with a first tier, or with orders that a tier may need.
    pub tier: Option<Box<Tier>>,
    pub affinity: Affinity,
    /// Boxed: few shops tell any of it.
    pub profile: Option<Box<Profile>>,
    /// While one goes on.
    pub attempt: Option<Attempt>,
    /// Boxed: most customers subscribe to nothing.
    pub contracts: Option<Box<Contracts>>,
    /// Boxed: most customers have to do with nobody.
    pub ties: Option<Box<Ties>>,
    /// What the cells of the slot hold of this customer.
    pub contribution: Option<Contribution>,
    /// Follows from the rest and the settings; not stored.
    pub derived: Derived,
    /// Of another customer, who was here before: its buffers are for the next cart.
    pub former_cart: Spare<Cart>,
}

/// What means nothing and is there to be used again: with it or without it, two customers are equal.
#[derive(Debug, Clone)]
pub struct Spare<T>(Option<T>);

impl<T> Spare<T> {
    pub fn take(&mut self) -> Option<T> {
        self.0.take()
    }

    /// Keeps a value in place of the one kept before, if there is one.
    fn keep(&mut self, value: Option<T>) {
        self.0 = value.or(self.0.take());
    }
}

impl<T> Default for Spare<T> {
    fn default() -> Spare<T> {
        Spare(None)
    }
}

impl<T> PartialEq for Spare<T> {
    fn eq(&self, _: &Spare<T>) -> bool {
        true
    }
}

/// What is read so often that it is computed once per change of the orders.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Derived {
    pub purchases: Option<Purchases>,
    /// By the bounds of the graph of stages.
    pub alive_until_ms: [Option<i64>; ALIVE_BOUNDS_MAX],
}

impl Customer {
    /// Where they have heard of the shop, if they were asked and have told.
    pub fn source(&self) -> Option<&Source> {
        self.journey.as_ref()?.source.as_ref()
    }

    /// To be called whenever the orders have changed, and after decoding.
    pub fn derive(&mut self, settings: &Settings) {
        let purchases = self.orders.purchases();
        let alive_until_ms = purchases.as_ref().map(|purchases| lifecycle::alive_until_each_ms(purchases, settings)).unwrap_or_default();
        self.derived = Derived { purchases, alive_until_ms };
    }

    /// Whether the row goes away by itself: nobody could be addressed or recognised by it.
    pub fn is_fleeting(&self) -> bool {
        !self.known && !self.contact.has_email() && self.orders.is_empty() && self.contracts.is_none()
    }

    /// Where this id has gone, if it has: then nothing else is known here.
    pub fn moved(&self) -> Option<&Moved> {
        self.ties.as_ref()?.moved.as_ref()
    }

    /// What the customer cost in the primary currency, by `CostKind`.
    pub fn costs_minor(&self) -> [i128; CostKind::ALL.len()] {
        let sum = self.orders.primary().and_then(|sum| money::find(&self.costs, sum.currency));
        sum.map_or_else(Default::default, |sum| sum.minor)
    }

    /// Keeps the latest sends: no cap counts more, whichever moment it looks back from.
    pub fn remember_send(&mut self, at_ms: i64) {
        let place = self.sends_ms.partition_point(|sent_ms| *sent_ms <= at_ms);
        self.sends_ms.insert(place, at_ms);
        if self.sends_ms.len() > SENDS_MAX {
            self.sends_ms.remove(0);
        }
    }

    /// A customer nobody has heard of, in the same buffers.
    pub fn clear(&mut self) {
        // every field is named, so that none is forgotten
        let Customer { now_ms, last_event_ms, known, identified, stage, cycle, reactivated_day, .. } = self;
        (*now_ms, *last_event_ms, *known, *identified, *stage, *cycle, *reactivated_day) = (0, 0, false, false, None, 0, None);
        let Customer { last_open_ms, last_click_ms, scores, contribution, derived, .. } = self;
        (*last_open_ms, *last_click_ms, *scores, *contribution, *derived) = (None, None, None, None, Derived::default());
        self.former_cart.keep(self.cart.take());
        let Customer { stage_since_ms, journey, attribution, value_band, loyalty, tier, .. } = self;
        (*stage_since_ms, *journey, *attribution, *value_band, *loyalty, *tier) = (None, None, None, None, None, None);
        let Customer { affinity, profile, attempt, contracts, .. } = self;
        (*profile, *attempt, *contracts) = (None, None, None);
        affinity.clear();
        self.ties = None;
        let Customer {
            stays, timeline, seen, contact, consent, orders, plays, sends_ms, reminded, touch, suppressed, costs, flows, ..
        } = self;
        *consent = Consent::default();
        stays.clear();
        timeline.clear();
        seen.clear();
        contact.clear();
        orders.clear();
        plays.clear();
        sends_ms.clear();
        reminded.clear();
        touch.clear();
        suppressed.clear();
        costs.clear();
        flows.clear();
    }
}
