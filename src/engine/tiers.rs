//! The tier of a customer: the highest of the configured ones that their spend within the qualifying window reaches. Told on the track
//! `tier`: up at once, down only after a time of grace, at that very moment.
//!
//! Spend is that of counted orders net of refunds, in the customer's primary currency. Orders no longer kept one by one are added up by
//! month, and leave the window with the latest of their month. Who falls below all tiers is in `none`. Called by `apply`, `deadline` and
//! `slot`; the row keeps the tier by its name's fingerprint.

use super::customer::Customer;
use super::levels::{self, Level, NONE};
use super::lifecycle::Why;
use super::orders::Kept;
use super::plays;
use super::scene::Scene;
use super::settings::{Loyalty, Settings, Track};
use super::transitions;
use crate::clv::DAY_MS;
use crate::event::Currency;

/// Days of one sum of older orders.
const MONTH_DAYS: i64 = 31;

/// Sums of older orders a row keeps: those that the longest window touches.
pub const MONTHS_MAX: usize = 13;

/// The longest qualifying window.
pub const WINDOW_DAYS_MAX: i64 = 366;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tier {
    /// `levels::key_of` it; `None`: never in any.
    pub key: Option<u64>,
    pub since_ms: i64,
    /// Since when spend no longer holds it.
    pub lost_ms: Option<i64>,
    /// Older orders, by time; at most `MONTHS_MAX`.
    pub months: Vec<Month>,
}

impl Tier {
    /// Adds older orders; the oldest month falls out where there are too many.
    fn add(&mut self, month: Month) {
        let is_of_it = |own: &&mut Month| own.currency == month.currency && own.number() == month.number();
        match self.months.iter_mut().find(is_of_it) {
            Some(own) => {
                own.latest_ms = own.latest_ms.max(month.latest_ms);
                own.minor += month.minor;
            }
            None => self.months.push(month),
        }
        self.months.sort_by_key(|month| month.latest_ms);
        if self.months.len() > MONTHS_MAX {
            self.months.remove(0);
        }
    }
}

/// What older orders of a month and a currency came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    /// Of the latest of them.
    pub latest_ms: i64,
    pub currency: Currency,
    pub minor: i128,
}

impl Month {
    fn number(&self) -> i64 {
        self.latest_ms.div_euclid(MONTH_DAYS * DAY_MS)
    }
}

/// An order is no longer kept one by one.
pub fn keep(customer: &mut Customer, order: &Kept, scene: &Scene<'_>) {
    if !scene.cells.are_kept() || scene.rules.settings.loyalty.tiers.is_empty() || !order.counted {
        return;
    }
    let month = Month { latest_ms: order.at_ms, currency: order.currency, minor: i128::from(order.remaining_minor) };
    customer.tier.get_or_insert_default().add(month);
}

/// Takes over the sums of another's older orders; the tier is our own, until spend says otherwise.
pub fn unite(customer: &mut Customer, other: Option<Box<Tier>>) {
    let Some(other) = other.filter(|other| !other.months.is_empty()) else { return };
    let tier = customer.tier.get_or_insert_default();
    other.months.into_iter().for_each(|month| tier.add(month));
}

/// Money back from an order that is no longer kept: from the latest of what is left of them.
pub fn take_back(customer: &mut Customer, currency: Currency, minor: i128) {
    let Some(tier) = &mut customer.tier else { return };
    let mut left = minor;
    for month in tier.months.iter_mut().rev().filter(|month| month.currency == currency) {
        let taken = left.min(month.minor);
        month.minor -= taken;
        left -= taken;
    }
}

/// Orders and sums of older ones in a currency, by time.
fn spent(customer: &Customer, currency: Currency) -> impl DoubleEndedIterator<Item = (i64, i128)> {
    let months = customer.tier.iter().flat_map(|tier| &tier.months).filter(move |month| month.currency == currency);
    let kept = customer.orders.kept.iter().filter(move |order| order.currency == currency);
    months.map(|month| (month.latest_ms, month.minor)).chain(kept.map(|order| (order.at_ms, i128::from(order.remaining_minor))))
}

/// Spend within the window that ends at the customer's now.
pub fn spend_minor(customer: &Customer, currency: Currency, rules: &Loyalty) -> i128 {
    let begin_ms = customer.now_ms - rules.window_ms;
    spent(customer, currency).filter(|(at_ms, _)| *at_ms > begin_ms).map(|(_, minor)| minor).sum()
}

/// The tier the customer is in, if it is still one.
fn tier_of<'a>(customer: &Customer, rules: &'a Loyalty) -> Option<&'a Level> {
    let key = customer.tier.as_ref()?.key?;
    rules.tiers.iter().find(|tier| tier.key == key)
}

/// The name of the customer's tier; `None`: in none, or in one that the configuration no longer has.
pub fn name_of<'a>(customer: &Customer, settings: &'a Settings) -> Option<&'a str> {
    tier_of(customer, &settings.loyalty).map(|tier| tier.name.as_str())
}

/// The next tier above the customer's, and the spend it still takes, in minor units of the primary currency.
pub fn next_of<'a>(customer: &Customer, settings: &'a Settings) -> Option<(&'a Level, i128)> {
    let (rules, currency) = (&settings.loyalty, customer.orders.primary()?.currency);
    let above = tier_of(customer, rules).and_then(|own| rank(rules, own)).map_or(0, |rank| rank + 1);
    let (next, at_least) = rules.tiers[above..].iter().find_map(|tier| Some((tier, tier.at_least_minor(currency)?)))?;
    Some((next, (at_least - spend_minor(customer, currency, rules)).max(0)))
}

fn rank(rules: &Loyalty, tier: &Level) -> Option<usize> {
    rules.tiers.iter().position(|other| other.key == tier.key)
}

/// When the customer falls if they spend no more, or when spend no longer holds the tier and grace begins.
pub fn due_ms(customer: &Customer, settings: &Settings) -> Option<i64> {
    let rules = &settings.loyalty;
    let own = tier_of(customer, rules)?;
    match customer.tier.as_ref()?.lost_ms {
        Some(lost_ms) => Some(lost_ms.saturating_add(rules.grace_ms)),
        None => Some(held_until_ms(customer, own, rules).unwrap_or(customer.now_ms)),
    }
}

/// From the latest order backwards, the first with which spend reaches the tier holds it until it leaves the window.
fn held_until_ms(customer: &Customer, tier: &Level, rules: &Loyalty) -> Option<i64> {
    let currency = customer.orders.primary()?.currency;
    let at_least = tier.at_least_minor(currency)?;
    let mut sum = 0;
    spent(customer, currency).rev().find_map(|(at_ms, minor)| {
        sum += minor;
        (sum >= at_least).then_some(at_ms + rules.window_ms)
    })
}

/// Moves the customer to the tier that holds now, and says so.
pub fn settle(customer: &mut Customer, scene: &mut Scene<'_>) {
    settle_united(customer, None, scene);
}

/// The same of a customer who has become one with another. `theirs`: the other's tier, and since when. Whoever was in it is in it since then,
/// so that no play answers twice that it was reached.
pub fn settle_united(customer: &mut Customer, theirs: Option<(u64, i64)>, scene: &mut Scene<'_>) {
    let rules = &scene.rules.settings.loyalty;
    // rows of old versions have no place for a tier
    if !scene.cells.are_kept() || rules.tiers.is_empty() {
        customer.tier = None;
        return;
    }
    let Some(currency) = customer.orders.primary().map(|sum| sum.currency) else { return };
    let now_ms = customer.now_ms;
    let reached = levels::reached(&rules.tiers, currency, spend_minor(customer, currency, rules));
    let own = tier_of(customer, rules).and_then(|own| rank(rules, own));
    let earned = reached.and_then(|tier| rank(rules, tier));
    if let Some(tier) = &mut customer.tier {
        tier.months.retain(|month| month.latest_ms > (now_ms - rules.window_ms).saturating_sub(rules.grace_ms));
    }
    if customer.tier.as_ref().is_some_and(|tier| tier.key.is_none() && tier.months.is_empty()) {
        customer.tier = None;
    }
    if earned > own {
        let since_ms = theirs.filter(|(key, _)| reached.is_some_and(|tier| tier.key == *key)).map(|(_, since_ms)| since_ms);
        return change(customer, reached, (since_ms.unwrap_or(scene.time_ms), None), Why::TierUp, scene);
    }
    let Some(tier) = &mut customer.tier else { return };
    if earned == own {
        tier.lost_ms = None;
        return;
    }
    let lost_ms = *tier.lost_ms.get_or_insert(now_ms);
    if now_ms >= lost_ms.saturating_add(rules.grace_ms) {
        // a tier between may have been lost later, and has grace of its own
        let between = &rules.tiers[earned.map_or(0, |rank| rank + 1)..own.unwrap_or(0)];
        let in_grace = between.iter().rev().find_map(|tier| Some((tier, lost_lately_ms(customer, tier, rules)?)));
        match in_grace {
            Some((tier, lost_ms)) => change(customer, Some(tier), (now_ms, Some(lost_ms)), Why::TierDown, scene),
            None => change(customer, reached, (now_ms, None), Why::TierDown, scene),
        }
    }
}

/// When spend ceased to reach a tier, if grace since then is not over. Orders that came after that moment make it uncertain: then `None`.
fn lost_lately_ms(customer: &Customer, tier: &Level, rules: &Loyalty) -> Option<i64> {
    let lost_ms = held_until_ms(customer, tier, rules)?;
    let is_exact = customer.orders.latest_ms().is_none_or(|latest_ms| latest_ms < lost_ms);
    Some(lost_ms).filter(|lost_ms| is_exact && lost_ms.saturating_add(rules.grace_ms) > customer.now_ms)
}

fn change(customer: &mut Customer, to: Option<&Level>, (since_ms, lost_ms): (i64, Option<i64>), why: Why, scene: &mut Scene<'_>) {
    let to = to.map_or(NONE, |tier| tier.name.as_str());
    let tier = customer.tier.get_or_insert_default();
    let former = tier.key.replace(levels::key_of(to));
    (tier.since_ms, tier.lost_ms) = (since_ms, lost_ms);
    let from = former.and_then(|key| levels::name_of(&scene.rules.settings.loyalty.tiers, key));
    transitions::write(customer, Track::Tier.as_str(), from, to, why, scene);
    if why == Why::TierUp {
        plays::on_level(customer, Track::Tier, to, since_ms, scene);
    }
}
