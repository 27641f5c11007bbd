//! What a stage asks of a customer, and from when until when the customer, if nothing happens, does so.
//!
//! Time is in the answer and not in the question: whoever asks learns at once what holds now and when that will end. Looks, changes nothing.
//! Built by `config` and `shipped`, asked by `stages`.

use crate::engine::customer::Customer;
use crate::engine::gates::holds;
use crate::engine::settings::{Condition, Settings, Test};
use crate::event::InteractionKind;

/// Different chances of being alive that a graph asks about: each is an inversion of the model for every change of the orders.
pub const ALIVE_BOUNDS_MAX: usize = 4;

#[derive(Debug, Clone, PartialEq)]
pub enum StageCondition {
    /// Of the customer's money, orders and words, none of which time changes.
    Stands(Condition),
    /// Any of these.
    Is(Vec<CustomerFlag>),
    Count {
        of: Counted,
        test: Test,
        count: u32,
    },
    /// `bound`: a place in `Derived::alive_until_ms`.
    Alive {
        bound: usize,
        test: Test,
    },
    /// Time since a moment, if there was one.
    Since {
        moment: Moment,
        test: Test,
        ms: i64,
    },
}

/// What a customer is or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomerFlag {
    Identified,
    HasEmail,
    SignedUp,
    /// Has compared products.
    Comparing,
    /// Has an order that counts.
    Ordered,
    /// Ordered while in a stage of those who were gone, and has not moved on since.
    Returned,
    /// Of the loyalty programme.
    Member,
    /// Has a contract that runs.
    Subscribed,
}

impl CustomerFlag {
    pub const WORDS: [(&str, CustomerFlag); 8] = [
        ("identified", CustomerFlag::Identified),
        ("email", CustomerFlag::HasEmail),
        ("signed_up", CustomerFlag::SignedUp),
        ("comparing", CustomerFlag::Comparing),
        ("ordered", CustomerFlag::Ordered),
        ("returned", CustomerFlag::Returned),
        ("member", CustomerFlag::Member),
        ("subscriber", CustomerFlag::Subscribed),
    ];

    fn is_of(self, customer: &Customer) -> bool {
        match self {
            CustomerFlag::Identified => customer.identified,
            CustomerFlag::HasEmail => customer.contact.has_email(),
            CustomerFlag::SignedUp => customer.journey.as_ref().is_some_and(|journey| journey.signed_up_ms.is_some()),
            CustomerFlag::Comparing => seen(customer, InteractionKind::ProductsCompared) > 0,
            CustomerFlag::Ordered => customer.derived.purchases.is_some(),
            CustomerFlag::Returned => customer.reactivated_day.is_some() && customer.derived.purchases.is_some(),
            CustomerFlag::Member => customer.loyalty.is_some(),
            CustomerFlag::Subscribed => customer.contracts.as_ref().is_some_and(|contracts| !contracts.running.is_empty()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Days with an order after the first.
    RepeatDays,
    ProductViews,
    /// Customers who came by a referral of this one.
    Referred,
}

impl Counted {
    pub const WORDS: [(&str, Counted); 3] =
        [("repeat_days", Counted::RepeatDays), ("product_views", Counted::ProductViews), ("referred", Counted::Referred)];

    fn of(self, customer: &Customer) -> u32 {
        match self {
            Counted::RepeatDays => customer.derived.purchases.as_ref().map_or(0, |purchases| purchases.x()),
            Counted::ProductViews => seen(customer, InteractionKind::ProductViewed),
            Counted::Referred => customer.ties.as_ref().map_or(0, |ties| ties.referred),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    LatestOrder,
    SignUp,
    LatestEvent,
}

impl Moment {
    pub const WORDS: [(&str, Moment); 3] =
        [("since_order", Moment::LatestOrder), ("since_sign_up", Moment::SignUp), ("since_event", Moment::LatestEvent)];

    fn of(self, customer: &Customer) -> Option<i64> {
        match self {
            Moment::LatestOrder => customer.derived.purchases.as_ref().map(|purchases| purchases.latest_ms),
            Moment::SignUp => customer.journey.as_ref()?.signed_up_ms,
            Moment::LatestEvent => Some(customer.last_event_ms),
        }
    }
}

fn seen(customer: &Customer, kind: InteractionKind) -> u32 {
    customer.journey.as_ref().map_or(0, |journey| journey.count(kind))
}

/// From the first moment on, up to the second without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from_ms: i64,
    pub until_ms: i64,
}

impl Span {
    pub const ALWAYS: Span = Span { from_ms: i64::MIN, until_ms: i64::MAX };
    pub const NEVER: Span = Span { from_ms: i64::MAX, until_ms: i64::MIN };

    pub fn holds_at(&self, at_ms: i64) -> bool {
        self.from_ms <= at_ms && at_ms < self.until_ms
    }

    /// The first moment after this one at which it begins or ends; `i64::MAX`: there is none.
    pub fn next_bound_ms(&self, at_ms: i64) -> i64 {
        if self.from_ms > at_ms {
            self.from_ms
        } else if self.until_ms > at_ms {
            self.until_ms
        } else {
            i64::MAX
        }
    }

    fn when(holds: bool) -> Span {
        if holds { Span::ALWAYS } else { Span::NEVER }
    }

    /// On one side of a moment.
    fn beside(moment_ms: i64, test: Test) -> Span {
        match test {
            Test::AtLeast => Span { from_ms: moment_ms, ..Span::ALWAYS },
            Test::LessThan => Span { until_ms: moment_ms, ..Span::ALWAYS },
        }
    }

    fn and(self, other: Span) -> Span {
        Span { from_ms: self.from_ms.max(other.from_ms), until_ms: self.until_ms.min(other.until_ms) }
    }
}

/// Apart, since it may ask for a forecast: the room on the stack that takes would be made for every condition.
#[inline(never)]
fn stands(condition: &Condition, customer: &Customer, settings: &Settings) -> bool {
    holds(condition, customer, settings)
}

/// When all of it is so, if nothing happens.
pub fn span(conditions: &[StageCondition], customer: &Customer, settings: &Settings) -> Span {
    let mut all = Span::ALWAYS;
    for condition in conditions {
        all = all.and(span_of(condition, customer, settings));
        if all.from_ms >= all.until_ms {
            return Span::NEVER;
        }
    }
    all
}

/// Apart, or else all that any condition may ask for would be looked up before the first is asked.
#[inline(never)]
fn span_of(condition: &StageCondition, customer: &Customer, settings: &Settings) -> Span {
    match condition {
        StageCondition::Stands(condition) => Span::when(stands(condition, customer, settings)),
        StageCondition::Is(flags) => Span::when(flags.iter().any(|flag| flag.is_of(customer))),
        StageCondition::Count { of, test, count } => {
            let counted = of.of(customer);
            Span::when(match test {
                Test::AtLeast => counted >= *count,
                Test::LessThan => counted < *count,
            })
        }
        StageCondition::Alive { .. } if customer.derived.purchases.is_none() => Span::NEVER,
        StageCondition::Alive { bound, test } => match customer.derived.alive_until_ms[*bound] {
            // alive means above the bound: before the moment
            Some(until_ms) => Span::beside(until_ms, if *test == Test::LessThan { Test::AtLeast } else { Test::LessThan }),
            None => Span::when(*test == Test::AtLeast),
        },
        StageCondition::Since { moment, test, ms } => {
            moment.of(customer).map_or(Span::NEVER, |moment_ms| Span::beside(moment_ms.saturating_add(*ms), *test))
        }
    }
}
