//! One event on one customer: recognised or not, learned from, applied, and what follows from it written.
//!
//! The order is fixed: duplicate? - time - traits - the event itself - plays a withdrawal or an order ends - stage - value - carts and reminders - plays it
//! begins. Total: whatever the event says, the answer is an `Outcome`. Called by `slot`, which has fired what was due before.

use super::affinity;
use super::attempt;
use super::attribution;
use super::cart;
use super::cash_flow;
use super::cohorts;
use super::contracts;
use super::costs;
use super::customer::Customer;
use super::funnel;
use super::gates;
use super::identity;
use super::journey;
use super::lifecycle::Why;
use super::loyalty;
use super::note::{Counter, Note};
use super::orders::{Added, Claim, day_of};
use super::plays;
use super::profile;
use super::referrals;
use super::rules::Rules;
use super::scene::Scene;
use super::seen::{IdKind, fingerprint};
use super::{segments, suppressed, tiers, transitions, value};
use crate::event::{CartContents, ContentsSource, Cost, EmailSignal, Event, Identity, Kind, Order, Refund, Subscription};

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Applied,
    /// A message, order or refund seen before.
    Duplicate,
    /// A cart event older than the last order.
    Late,
    /// A name without a meaning here; the customer was seen.
    Ignored,
    /// Of a customer erased at this time or later: nothing was done.
    Erased,
    /// The id is another customer's: sent on.
    Forwarded,
    /// It asks for what is not done: a dead letter.
    Refused,
}

impl Outcome {
    pub const ALL: [Outcome; 7] =
        [Outcome::Applied, Outcome::Duplicate, Outcome::Late, Outcome::Ignored, Outcome::Erased, Outcome::Forwarded, Outcome::Refused];

    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Applied => "applied",
            Outcome::Duplicate => "duplicate",
            Outcome::Late => "late",
            Outcome::Ignored => "ignored",
            Outcome::Erased => "erased",
            Outcome::Forwarded => "forwarded",
            Outcome::Refused => "refused",
        }
    }
}

/// What the event itself did, before its consequences.
struct Effect {
    outcome: Outcome,
    /// Orders, or what they brought, have changed: the stage and the segment have this reason.
    orders: Option<Why>,
    /// Why the value is told anew, if it is.
    value: Option<Why>,
    cart: CartEffect,
}

enum CartEffect {
    None,
    Changed { change: cart::Change, abandoned_ms: Option<i64> },
    Closed,
}

impl Effect {
    fn of(outcome: Outcome) -> Effect {
        Effect { outcome, orders: None, value: None, cart: CartEffect::None }
    }

    fn of_orders(orders: Option<Why>, cart: CartEffect) -> Effect {
        Effect { outcome: Outcome::Applied, orders, value: orders, cart }
    }
}

/// `overtakes`: something the customer waits for is due by then, but the event does not wait for it. `None`: the very message was applied
/// before, nothing at all has changed.
pub fn apply(customer: &mut Customer, event: &Event<'_>, overtakes: bool, scene: &mut Scene<'_>) -> Option<Outcome> {
    if let Some(message_id) = event.message_id.as_deref() {
        let message = fingerprint(IdKind::Message, message_id);
        if customer.seen.contains(message) {
            return None;
        }
        customer.seen.remember(message);
    }
    if overtakes {
        plays::pass_birthday(customer, event.time_ms, scene);
    }
    let was_withdrawn = gates::withdrawn(customer).is_some();
    let was_of_no_channel = customer.touch.first.is_empty();
    learn(customer, event, scene.rules);
    if was_of_no_channel {
        funnel::rename_channel(customer, "", scene.cells, scene.out);
    }
    let effect = act(customer, event, scene);
    if let Some(reason) = gates::withdrawn(customer).filter(|_| !was_withdrawn) {
        plays::on_withdrawal(customer, reason, scene);
    }
    if effect.outcome == Outcome::Duplicate {
        return Some(effect.outcome);
    }
    if effect.outcome == Outcome::Applied {
        affinity::learn(customer, event, scene);
        attempt::advance(customer, event, scene);
        if matches!(event.kind, Kind::OrderCompleted(_)) {
            plays::on_order(customer, scene);
        }
    }
    if effect.orders.is_some() {
        customer.derive(&scene.rules.settings);
        referrals::tell(customer, "", scene);
    }
    transitions::settle(customer, effect.orders, scene);
    if let Some(why) = effect.orders {
        segments::settle(customer, why, scene);
        tiers::settle(customer, scene);
    }
    if let Some(why) = effect.value {
        value::write_clv(customer, why, scene);
    }
    match effect.cart {
        CartEffect::None => {}
        CartEffect::Changed { change, abandoned_ms } => plays::on_cart(customer, change, abandoned_ms, scene),
        CartEffect::Closed => {
            plays::on_cart_closed(customer, scene);
            customer.cart = None;
        }
    }
    if effect.outcome == Outcome::Applied {
        plays::on_event(customer, event, scene);
    }
    Some(effect.outcome)
}

fn learn(customer: &mut Customer, event: &Event<'_>, rules: &Rules) {
    let time_ms = event.time_ms;
    if customer.stage.is_none() {
        customer.now_ms = time_ms;
        customer.last_event_ms = time_ms;
        customer.cycle = 1;
    }
    let is_newest = time_ms >= customer.last_event_ms;
    customer.now_ms = customer.now_ms.max(time_ms);
    customer.last_event_ms = customer.last_event_ms.max(time_ms);
    customer.known |= event.identity == Identity::Known;
    customer.contact.learn(&event.traits, time_ms, is_newest);
    profile::learn(customer, &event.traits, is_newest);
    if let Some(touch) = &event.touch {
        customer.touch.learn(touch, &rules.settings.channels, is_newest);
    }
    if let Some(told) = &event.traits.consent {
        customer.consent.learn(told, time_ms);
    }
}

fn act(customer: &mut Customer, event: &Event<'_>, scene: &mut Scene<'_>) -> Effect {
    let time_ms = event.time_ms;
    if suppressed::take(customer, event, scene.cells.are_kept()) {
        return Effect::of(Outcome::Applied);
    }
    match &event.kind {
        Kind::OrderCompleted(order) => complete(customer, order, event, scene),
        Kind::OrderRefunded(refund) => refund_order(customer, refund, scene),
        Kind::OrderCancelled { order_id } => claim(customer, Claim { order: fingerprint(IdKind::Order, order_id), amount: None }, scene),
        Kind::Email(email) => {
            hear(customer, email.signal, event);
            attribution::hear(customer, email.signal, email.campaign_id.as_deref(), time_ms, scene);
            Effect::of(Outcome::Applied)
        }
        Kind::Consent(change) => {
            customer.consent.state(change, time_ms);
            Effect::of(Outcome::Applied)
        }
        Kind::CartLine(_) | Kind::CartContents(_) | Kind::CartAbandoned(_) => change_cart(customer, event, scene),
        Kind::Cost(cost) => take_cost(customer, cost, scene),
        Kind::Interaction(interaction) => {
            take_newer(customer, scene, |customer, scene| journey::take(customer, interaction, time_ms, scene))
        }
        Kind::Loyalty(told) => take_newer(customer, scene, |customer, scene| loyalty::take(customer, told, time_ms, scene)),
        Kind::Subscription(told) => take_subscription(customer, told, scene),
        Kind::Identify => {
            customer.identified = true;
            Effect::of(Outcome::Applied)
        }
        Kind::Joined { former_id, is_identify } => {
            customer.identified |= is_identify;
            identity::ask(customer, former_id, customer.stage.is_none(), time_ms, scene);
            Effect::of(Outcome::Applied)
        }
        Kind::ReferralSent | Kind::ReferralConverted { .. } => take_referral(customer, event, scene),
        Kind::Noted(_) => Effect::of(Outcome::Applied),
        // an erasure never comes here: the slot does it
        Kind::Erased | Kind::Unknown => Effect::of(Outcome::Ignored),
    }
}

/// Whether an id was seen before, which is counted; if not, from here on it is.
fn is_repeated(customer: &mut Customer, kind: IdKind, id: Option<&str>, counter: Counter, scene: &mut Scene<'_>) -> bool {
    let Some(id) = id.map(|id| fingerprint(kind, id)) else {
        return false;
    };
    let is_repeated = customer.seen.contains(id);
    if is_repeated {
        scene.note(Note::Count(counter));
    } else {
        customer.seen.remember(id);
    }
    is_repeated
}

fn take_cost(customer: &mut Customer, cost: &Cost<'_>, scene: &mut Scene<'_>) -> Effect {
    if is_repeated(customer, IdKind::Cost, cost.cost_id.as_deref(), Counter::CostDuplicate, scene) {
        return Effect::of(Outcome::Duplicate);
    }
    costs::take(customer, cost, scene.time_ms, scene);
    // rows of old versions have no place for costs
    Effect { value: scene.cells.are_kept().then_some(Why::Cost), ..Effect::of(Outcome::Applied) }
}

/// What rows of old versions have no place for; `take`: whether it cost money.
fn take_newer(customer: &mut Customer, scene: &mut Scene<'_>, take: impl FnOnce(&mut Customer, &mut Scene<'_>) -> bool) -> Effect {
    if !scene.cells.are_kept() {
        return Effect::of(Outcome::Ignored);
    }
    let has_cost = take(customer, scene);
    Effect { value: has_cost.then_some(Why::Cost), ..Effect::of(Outcome::Applied) }
}

fn take_subscription(customer: &mut Customer, told: &Subscription<'_>, scene: &mut Scene<'_>) -> Effect {
    // rows of old versions have no place for it
    if !scene.cells.are_kept() {
        return Effect::of(Outcome::Ignored);
    }
    let has_changed = contracts::take(customer, told, scene);
    Effect { value: has_changed.then_some(Why::Subscription), ..Effect::of(Outcome::Applied) }
}

fn take_referral(customer: &mut Customer, event: &Event<'_>, scene: &mut Scene<'_>) -> Effect {
    if !scene.can_tell() {
        return Effect::of(Outcome::Ignored);
    }
    if let Kind::ReferralConverted { referrer_id } = &event.kind {
        let counts = referrals::convert(customer, referrer_id, event.time_ms, scene);
        return Effect::of(if counts { Outcome::Applied } else { Outcome::Refused });
    }
    referrals::count_sent(customer);
    Effect::of(Outcome::Applied)
}

fn complete(customer: &mut Customer, order: &Order<'_>, event: &Event<'_>, scene: &mut Scene<'_>) -> Effect {
    let time_ms = event.time_ms;
    let (is_first, latest_ms) = (customer.orders.is_empty(), customer.orders.latest_ms());
    let before = cash_flow::nets(&customer.orders.sums);
    let added = customer.orders.add(fingerprint(IdKind::Order, &order.order_id), time_ms, order.value, scene.out);
    let Added::New { folded } = added else {
        return Effect::of(Outcome::Duplicate);
    };
    if let Some(folded) = folded {
        tiers::keep(customer, &folded, scene);
    }
    cash_flow::add_changes(customer, &before, scene);
    attribution::take_order(customer, order.value, is_first, time_ms, scene);
    if is_first {
        let product_type = event.items.iter().find_map(|item| item.category.as_deref()).unwrap_or_default();
        costs::count_acquired(customer, product_type, time_ms, scene.cells, scene.out);
    }
    cohorts::count_buyer(customer, latest_ms, time_ms, scene);
    if let Some(salesperson) = order.salesperson_id.as_deref() {
        journey::close_sale(customer, salesperson, is_first, time_ms, scene);
    }
    // an order from before the silence brings nobody back
    let is_latest = customer.orders.latest_ms() == Some(time_ms);
    let was_gone = customer.stage.is_some_and(|stage| scene.rules.settings.lifecycle.graph.is_gone(stage.as_str()));
    if was_gone && is_latest {
        customer.cycle += 1;
        customer.reactivated_day = Some(day_of(time_ms));
    } else if customer.reactivated_day.is_some_and(|day| day_of(time_ms) > day) {
        customer.reactivated_day = None;
    }
    let closes_cart = customer.cart.as_ref().is_some_and(|cart| cart.is_closed_by(order, time_ms));
    let cart = if closes_cart { CartEffect::Closed } else { CartEffect::None };
    if let Some(cart_id) = &order.cart_id {
        plays::on_cart_ordered(customer, cart_id, scene.rules);
    }
    Effect::of_orders(Some(Why::Order), cart)
}

fn refund_order(customer: &mut Customer, refund: &Refund<'_>, scene: &mut Scene<'_>) -> Effect {
    if is_repeated(customer, IdKind::Refund, refund.refund_id.as_deref(), Counter::RefundDuplicate, scene) {
        return Effect::of(Outcome::Duplicate);
    }
    claim(customer, Claim { order: fingerprint(IdKind::Order, &refund.order_id), amount: refund.amount }, scene)
}

fn claim(customer: &mut Customer, claim: Claim, scene: &mut Scene<'_>) -> Effect {
    let before = cash_flow::nets(&customer.orders.sums);
    let is_kept = customer.orders.kept.iter().any(|order| order.id == claim.order);
    let changed = customer.orders.refund(claim, scene.out);
    if changed {
        plays::on_refund(customer, claim.order, scene);
    }
    cash_flow::add_changes(customer, &before, scene);
    if let Some(amount) = claim.amount.filter(|_| changed && !is_kept) {
        tiers::take_back(customer, amount.currency, amount.minor.into());
    }
    Effect::of_orders(changed.then_some(Why::Refund), CartEffect::None)
}

fn hear(customer: &mut Customer, signal: EmailSignal, event: &Event<'_>) {
    customer.contact.hear(signal, event.address.as_deref().or(event.traits.email.as_deref()));
    match signal {
        EmailSignal::Opened => customer.last_open_ms = customer.last_open_ms.max(Some(event.time_ms)),
        EmailSignal::Clicked => customer.last_click_ms = customer.last_click_ms.max(Some(event.time_ms)),
        EmailSignal::Complaint => customer.consent.complain(event.time_ms),
        EmailSignal::Delivered | EmailSignal::HardBounce | EmailSignal::SoftBounce => {}
    }
}

fn change_cart(customer: &mut Customer, event: &Event<'_>, scene: &mut Scene<'_>) -> Effect {
    let time_ms = event.time_ms;
    if customer.orders.latest_ms().is_some_and(|latest| time_ms < latest) {
        scene.note(Note::Count(Counter::LateCart));
        return Effect::of(Outcome::Late);
    }
    let (change, abandoned_ms) = match &event.kind {
        Kind::CartLine(line) => (cart::apply_line(&mut customer.cart, line, time_ms), None),
        Kind::CartContents(contents) | Kind::CartAbandoned(contents) => {
            let change = cart::apply_contents(&mut customer.cart, contents, time_ms);
            (change, abandoned_ms(contents, change, time_ms))
        }
        _ => return Effect::of(Outcome::Ignored),
    };
    Effect { cart: CartEffect::Changed { change, abandoned_ms }, ..Effect::of(Outcome::Applied) }
}

/// An upstream's word that a cart was left counts if the cart is known, by this event or from before.
fn abandoned_ms(contents: &CartContents<'_>, change: cart::Change, time_ms: i64) -> Option<i64> {
    let is_known = contents.products.is_some() || !change.opened;
    (contents.source == ContentsSource::Abandoned && is_known).then_some(time_ms)
}
