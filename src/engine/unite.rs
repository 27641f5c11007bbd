//! Two customers become one: what another id had is united with what this one is, as if all of it had happened here.
//!
//! Sums are added, the earliest of firsts and the latest of lasts stay, lists are united within their bounds, a refusal wins, and of what
//! there is once the survivor's stays: the arm, the tier, running plays. Each part knows how it unites (`unite` in its file); here is the
//! order, and what follows: figures over all customers, the stage, the value. Called by `slot::relay`.

use super::cart::{Cart, Change};
use super::customer::Customer;
use super::lifecycle::Why;
use super::orders::day_of;
use super::scene::Scene;
use super::ties::Alias;
use super::{
    attempt, attribution, cash_flow, cohorts, contracts, costs, funnel, gates, identity, journey, loyalty, plays, population, profile,
    referrals, segments, stays, suppressed, tiers, timeline, transitions, value,
};

/// Takes in all that `other` was; `alias`: when it was asked for, and what was known then.
pub fn unite(customer: &mut Customer, mut other: Customer, alias: &Alias, scene: &mut Scene<'_>) {
    let has_orders = !other.orders.is_empty() || !other.orders.held.is_empty();
    let has_value = has_orders || !other.costs.is_empty() || other.loyalty.is_some() || other.contracts.is_some();
    let their_touch = other.touch.first.clone();
    plays::pass_birthday(customer, other.now_ms, scene);
    let was_withdrawn = gates::withdrawn(customer).is_some();
    unite_person(customer, &mut other, alias, scene);
    if let Some(reason) = gates::withdrawn(customer).filter(|_| !was_withdrawn) {
        plays::on_withdrawal(customer, reason, scene);
    }
    let their_tier = other.tier.as_ref().and_then(|tier| Some((tier.key?, tier.since_ms)));
    unite_orders(customer, &mut other, &their_touch, scene);
    costs::unite(&mut customer.costs, &other.costs, scene.out);
    cash_flow::unite(&mut customer.flows, &other.flows, scene);
    plays::unite(customer, &mut other);
    attribution::unite(customer, &mut other);
    if let Some(mut journey) = other.journey.take() {
        let their_source = journey.source.take();
        let journeys = customer.journey.get_or_insert_default();
        journeys.unite(*journey);
        // what one of the two has heard to be resolved is resolved
        journeys.open_tickets.retain(|ticket| !customer.seen.contains(*ticket));
        their_source.into_iter().for_each(|source| journey::learn_source(customer, source, scene));
    }
    if let Some(points) = other.loyalty.take() {
        loyalty::unite(customer, &points, scene);
    }
    if let Some(theirs) = other.contracts.take() {
        contracts::unite(customer, *theirs, scene);
    }
    customer.affinity.unite(&other.affinity);
    attempt::unite(customer, other.attempt);
    unite_cart(customer, other.cart.take(), scene);
    let mut is_told = false;
    if let Some(mut ties) = other.ties.take() {
        std::mem::take(&mut ties.aliases).into_iter().for_each(|alias| identity::note(customer, alias, scene));
        is_told = referrals::unite(customer, &ties, &alias.id, scene);
    }
    if has_value && !is_told {
        referrals::tell(customer, "", scene);
    }
    customer.derive(&scene.rules.settings);
    transitions::settle(customer, Some(Why::Merged), scene);
    if has_value {
        segments::settle(customer, Why::Merged, scene);
        tiers::settle_united(customer, their_tier, scene);
        value::write_clv(customer, Why::Merged, scene);
    }
}

fn unite_person(customer: &mut Customer, other: &mut Customer, alias: &Alias, scene: &mut Scene<'_>) {
    let is_other_newer = other.last_event_ms > customer.last_event_ms;
    customer.now_ms = customer.now_ms.max(other.now_ms);
    customer.last_event_ms = customer.last_event_ms.max(other.last_event_ms);
    customer.known |= other.known;
    customer.identified |= other.identified;
    customer.seen.unite(&other.seen);
    customer.contact.unite(&other.contact);
    suppressed::unite(customer, std::mem::take(&mut other.suppressed));
    customer.consent.unite(&other.consent, alias.asked_ms);
    customer.last_open_ms = customer.last_open_ms.max(other.last_open_ms);
    customer.last_click_ms = customer.last_click_ms.max(other.last_click_ms);
    let first = std::mem::take(&mut other.touch.first);
    let is_first_other = !first.is_empty() && first != customer.touch.first && (alias.was_new || customer.touch.first.is_empty());
    if is_first_other {
        // it is told by the channel of the first touch, which changes now
        let contribution = customer.contribution;
        population::contribute(customer, None, scene.cells, scene.out);
        let former = std::mem::replace(&mut customer.touch.first, first);
        funnel::rename_channel(customer, &former, scene.cells, scene.out);
        let contribution = contribution.map(|contribution| population::Contribution { has_channel: true, ..contribution });
        population::contribute(customer, contribution, scene.cells, scene.out);
    }
    if !other.touch.last.is_empty() && (is_other_newer || customer.touch.last.is_empty()) {
        customer.touch.last = std::mem::take(&mut other.touch.last);
    }
    if let Some(theirs) = other.profile.take() {
        profile::unite(customer, *theirs);
    }
    other.sends_ms.iter().for_each(|at_ms| customer.remember_send(*at_ms));
    stays::unite(customer, &other.stays);
    timeline::unite(customer, &other.timeline, scene.rules.settings.decisions_kept);
}

/// `their_touch`: the channel the other was counted under.
fn unite_orders(customer: &mut Customer, other: &mut Customer, their_touch: &str, scene: &mut Scene<'_>) {
    if other.orders.is_empty() && other.orders.held.is_empty() {
        return;
    }
    let had_both = customer.orders.first_ms().zip(other.orders.first_ms());
    if let Some((own_ms, other_ms)) = had_both {
        cohorts::recount(&customer.orders, -1, scene);
        cohorts::recount(&other.orders, -1, scene);
        // both were counted as acquired, and the later one was not
        let (channel, at_ms) = if own_ms <= other_ms { (their_touch, other_ms) } else { (customer.touch.first.as_str(), own_ms) };
        costs::count_customer(channel, at_ms, -1, scene.cells, scene.out);
    }
    let latest_ms = customer.orders.latest_ms();
    let folded = customer.orders.unite(&mut other.orders, scene.out);
    if had_both.is_some() {
        cohorts::recount(&customer.orders, 1, scene);
    }
    folded.iter().for_each(|order| tiers::keep(customer, order, scene));
    tiers::unite(customer, other.tier.take());
    // whatever an order ends, one of the other's ends, too
    plays::on_order(customer, scene);
    let last_ms = customer.orders.latest_ms();
    let was_gone = customer.stage.is_some_and(|stage| scene.rules.settings.lifecycle.graph.is_gone(stage.as_str()));
    if was_gone && last_ms > latest_ms {
        customer.cycle += 1;
        customer.reactivated_day = last_ms.map(day_of);
    }
}

/// The cart changed last is the one that is open, and what the other had counts if it is the same one; an order since then has closed it.
fn unite_cart(customer: &mut Customer, theirs: Option<Cart>, scene: &mut Scene<'_>) {
    let ordered_ms = customer.orders.latest_ms();
    let is_open = |cart: &Cart| ordered_ms.is_none_or(|ms| ms < cart.last_change_ms);
    let is_newer = |cart: &Cart| customer.cart.as_ref().is_none_or(|own| own.last_change_ms < cart.last_change_ms);
    let was_worth_reminding = customer.cart.as_ref().is_some_and(Cart::is_worth_reminding);
    let is_taken = theirs.as_ref().is_some_and(is_newer);
    let before = if is_taken { std::mem::replace(&mut customer.cart, theirs) } else { theirs };
    let continued = before.filter(|before| is_open(before) && customer.cart.as_ref().is_some_and(|cart| cart.continues(before)));
    let opened = is_taken && continued.is_none();
    if let Some(before) = continued {
        // a mailer knows the cart by the name that it was decided about under
        let keeps_name = !is_taken && plays::has_decided_about_cart(customer, scene.rules);
        if !keeps_name {
            plays::on_cart_renamed(customer, &before.id, scene.rules);
        }
        customer.cart = customer.cart.take().map(|since| since.united(before, keeps_name));
    }
    let Some(cart) = &customer.cart else { return };
    let is_worth_reminding = cart.is_worth_reminding();
    if !is_open(cart) {
        plays::on_cart_closed(customer, scene);
        customer.cart = None;
    } else if is_taken || (is_worth_reminding && !was_worth_reminding) {
        let touched = cart.last_change_ms > 0 && is_worth_reminding;
        plays::on_cart(customer, Change { opened, touched, emptied: !opened && was_worth_reminding && !is_worth_reminding }, None, scene);
    } else {
        plays::on_decisions_known(customer, scene.rules);
    }
}
