//! What a customer's value adds to the figures of all customers: customer equity, and value by cohort, segment and channel,
//! by where they say they have heard of the shop, of members of the loyalty programme and of others.
//!
//! The row keeps what was added last, so that the next score can take it away again; who has none has nothing to take away. It counts on
//! cells and writes no record. Called by `value` with each `clv` record, by `loyalty` when somebody joins, by `journey` when they say where they come
//! from, by `unite` and `identity` when two become one, and by `slot` when a customer is erased.

use super::cells::{Cells, Figure, Place, UNKNOWN, Window, month_text};
use super::customer::Customer;
use super::outputs::Outputs;
use crate::clv::rfm::Segment;
use crate::event::Currency;

/// What the cells were last given for a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contribution {
    pub currency: Currency,
    /// Expected future value; never negative.
    pub expected_minor: i128,
    /// Net of refunds plus expected; never negative.
    pub total_minor: i128,
    /// Month of the first order, counted from January of year 0.
    pub cohort: u32,
    /// Under the channel of the first touch, which never changes; else it was not known.
    pub has_channel: bool,
    pub segment: Option<Segment>,
    /// In the loyalty programme.
    pub is_member: bool,
    /// Under the answer where they have heard of the shop, the first one told; else none was given.
    pub has_source: bool,
}

/// What a figure is told by, beside the currency.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    All,
    Channel,
    Cohort,
    Segment,
    Membership,
    Source,
}

impl Contribution {
    /// Whether both are in the same cells.
    fn is_told_as(&self, other: &Contribution) -> bool {
        let Contribution { currency, cohort, has_channel, segment, is_member, has_source, expected_minor: _, total_minor: _ } = *self;
        (currency, cohort, has_channel, segment, is_member, has_source)
            == (other.currency, other.cohort, other.has_channel, other.segment, other.is_member, other.has_source)
    }
}

/// A figure of the population.
struct Facet {
    name: &'static str,
    by: By,
    figure: Figure,
    of: fn(&Contribution) -> i128,
}

const fn facet(name: &'static str, by: By, figure: Figure, of: fn(&Contribution) -> i128) -> Facet {
    Facet { name, by, figure, of }
}

const ONE: fn(&Contribution) -> i128 = |_| 1;
const TOTAL: fn(&Contribution) -> i128 = |contribution| contribution.total_minor;
const EXPECTED: fn(&Contribution) -> i128 = |contribution| contribution.expected_minor;

const FACETS: [Facet; 12] = [
    facet("customer_equity", By::All, Figure::Sum, EXPECTED),
    facet("valued_customers", By::All, Figure::Count, ONE),
    facet("clv_total", By::Cohort, Figure::Sum, TOTAL),
    facet("clv_customers", By::Cohort, Figure::Count, ONE),
    facet("clv_total", By::Channel, Figure::Sum, TOTAL),
    facet("clv_customers", By::Channel, Figure::Count, ONE),
    facet("clv_total", By::Segment, Figure::Sum, TOTAL),
    facet("clv_customers", By::Segment, Figure::Count, ONE),
    facet("loyalty_clv", By::Membership, Figure::Sum, TOTAL),
    facet("loyalty_customers", By::Membership, Figure::Count, ONE),
    facet("answer_clv", By::Source, Figure::Sum, TOTAL),
    facet("answer_customers", By::Source, Figure::Count, ONE),
];

/// A contribution with the words its dimensions have.
struct Told<'a> {
    contribution: &'a Contribution,
    currency: &'a str,
    cohort: String,
    channel: &'a str,
    source: &'a str,
}

type Dims<'a> = [(&'static str, &'a str)];

impl<'a> Told<'a> {
    /// `origin`: the channel of the first touch, and the answer where they have heard of the shop.
    fn of(contribution: &'a Contribution, origin: (&'a str, &'a str)) -> Told<'a> {
        let channel = if contribution.has_channel { origin.0 } else { UNKNOWN };
        Told { contribution, currency: contribution.currency.code(), cohort: month_text(contribution.cohort), channel, source: origin.1 }
    }

    /// Calls `take` with the dimensions in order; `None`: there is nothing to tell it by.
    fn with_dims<T>(&self, by: By, take: impl FnOnce(&Dims<'_>) -> T) -> Option<T> {
        let currency = ("currency", self.currency);
        Some(match by {
            By::All => take(&[currency]),
            By::Channel => take(&[("channel", self.channel), currency]),
            By::Cohort => take(&[("cohort", &self.cohort), currency]),
            By::Segment => take(&[currency, ("segment", self.contribution.segment?.as_str())]),
            By::Source if self.contribution.has_source => take(&[("answer", self.source), ("cohort", &self.cohort), currency]),
            By::Source => return None,
            By::Membership => take(&[currency, ("member", if self.contribution.is_member { "yes" } else { "no" })]),
        })
    }
}

/// Puts what the customer adds from now on in place of what they added so far.
pub fn contribute(customer: &mut Customer, present: Option<Contribution>, cells: &mut Cells, out: &mut Outputs) {
    let former = customer.contribution;
    if !cells.are_kept() || former == present {
        return;
    }
    customer.contribution = present;
    let origin = (customer.touch.first.as_str(), customer.source().map_or(UNKNOWN, |source| source.answer.as_str()));
    if let (Some(former), Some(present)) = (&former, &present)
        && former.is_told_as(present)
    {
        return move_sums(former, present, origin, cells, out);
    }
    let [former, present] = [&former, &present].map(|contribution| contribution.as_ref().map(|c| Told::of(c, origin)));
    for facet in &FACETS {
        let value = |told: &Told<'_>| (facet.of)(told.contribution);
        let is_same = |dims: &Dims<'_>| present.as_ref().and_then(|told| told.with_dims(facet.by, |own| own == dims)) == Some(true);
        let mut add = |dims: &Dims<'_>, delta| {
            let place = Place { name: facet.name, figure: facet.figure, dims, window: Window::All, at_ms: 0 };
            cells.add(&place, delta, out);
        };
        // of one and the same cell only the difference moves: the count of its changes tells of changes
        let mut moved_from = 0;
        if let Some(told) = &former {
            told.with_dims(facet.by, |dims| if is_same(dims) { moved_from = value(told) } else { add(dims, -value(told)) });
        }
        if let Some(told) = &present {
            told.with_dims(facet.by, |dims| add(dims, value(told) - moved_from));
        }
    }
}

/// What nearly always happens: another value in the same cells.
fn move_sums(former: &Contribution, present: &Contribution, origin: (&str, &str), cells: &mut Cells, out: &mut Outputs) {
    let told = Told::of(present, origin);
    for facet in &FACETS {
        let delta = (facet.of)(present) - (facet.of)(former);
        if delta != 0 {
            told.with_dims(facet.by, |dims| {
                cells.add(&Place { name: facet.name, figure: facet.figure, dims, window: Window::All, at_ms: 0 }, delta, out);
            });
        }
    }
}
