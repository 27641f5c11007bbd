//! What plays brought: orders after a click in their mails, and orders of those whom a play reached or would have reached.
//!
//! Two answers that must not be mixed. *Attribution* gives an order to the play whose mail was clicked last within `CLICK_WINDOW_MS`, and in
//! another count in equal parts to all that were. *Lift* compares everybody whom a play wanted to mail, treated or in the control arm,
//! by what they ordered within `OUTCOME_WINDOW_MS` from then on, whether or not a mail arrived (intention to treat). Opens count
//! nowhere: machines open mails. Orders count as placed; what is given back later is not taken away. It counts on cells, writes no record and
//! changes no decision. Called by `apply` and by `plays`.

use super::actions::Decision;
use super::cart::Cart;
use super::cells::{Figure, Place, Window};
use super::customer::Customer;
use super::plays::{ActionKind, Reason};
use super::rules::{PlayRule, Rules};
use super::scene::Scene;
use super::settings::Trigger;
use super::variants;
use crate::clv::DAY_MS;
use crate::event::{EmailSignal, Money};

/// A click counts this long (`contracts.md` 5).
const CLICK_WINDOW_MS: i64 = 5 * DAY_MS;
/// From the moment a play wanted to mail; as long as a click counts, so that both see the same orders.
const OUTCOME_WINDOW_MS: i64 = CLICK_WINDOW_MS;
/// A customer counts once in so long for a play, whatever comes back in between: else an arm's share would be that of its busiest, and
/// each would be counted as if they were several. A week, as the cells have it.
const EXPOSED_ONCE_MS: i64 = 7 * DAY_MS;
/// Plays whose mails somebody clicks within days, and plays that want somebody within days: more than caps let through.
pub const CLICKS_MAX: usize = 4;
pub const EXPOSURES_MAX: usize = 4;
/// Mails before the first order told apart.
const TOUCHES_MAX: u32 = 10;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attribution {
    /// The last click of each play, the oldest first.
    pub clicks: Vec<Click>,
    /// The oldest first.
    pub exposures: Vec<Exposure>,
    /// Mails delivered before the first order.
    pub touches: u32,
}

/// A link in a play's mail was clicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Click {
    /// As `PlayRule::key`.
    pub play: u64,
    pub at_ms: i64,
}

/// A play wanted to mail: it did, or the control arm kept it from doing so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposure {
    /// As `PlayRule::key`.
    pub play: u64,
    pub is_control: bool,
    pub has_ordered: bool,
    pub at_ms: i64,
}

impl Attribution {
    /// Forgets what no order at this time or later can be due to.
    fn prune(&mut self, time_ms: i64) {
        self.clicks.retain(|click| time_ms < click.at_ms.saturating_add(CLICK_WINDOW_MS));
        self.exposures.retain(|exposure| time_ms < exposure.at_ms.saturating_add(EXPOSED_ONCE_MS));
    }
}

/// A mail was delivered, opened or clicked; `campaign`: the play, as the mailer names it.
pub fn hear(customer: &mut Customer, signal: EmailSignal, campaign: Option<&str>, time_ms: i64, scene: &mut Scene<'_>) {
    if !scene.cells.are_kept() {
        return;
    }
    if signal == EmailSignal::Delivered && customer.orders.is_empty() {
        let touches = &mut customer.attribution.get_or_insert_default().touches;
        *touches = touches.saturating_add(1);
    }
    let word = match signal {
        EmailSignal::Delivered => "delivered",
        EmailSignal::Clicked => "clicked",
        EmailSignal::HardBounce | EmailSignal::SoftBounce => "bounced",
        EmailSignal::Complaint => "complained",
        EmailSignal::Opened => return,
    };
    let Some((key, play)) = campaign.and_then(|name| running(scene.rules, name)) else { return };
    add("play_emails", Figure::Count, &[("event", word), ("play", play)], time_ms, 1, scene);
    if signal == EmailSignal::Clicked {
        let attribution = customer.attribution.get_or_insert_default();
        attribution.prune(time_ms);
        let before = attribution.clicks.iter().position(|click| click.play == key).map(|place| attribution.clicks.remove(place).at_ms);
        if attribution.clicks.len() == CLICKS_MAX {
            attribution.clicks.remove(0);
        }
        attribution.clicks.push(Click { play: key, at_ms: before.map_or(time_ms, |before| before.max(time_ms)) });
    }
}

/// What a play decided about a step: counted by reason, of a cart the cart, and, where all gates were passed, the exposure that lift compares.
pub fn decided(customer: &mut Customer, rule: PlayRule, decision: &Decision, scene: &mut Scene<'_>) {
    let play = scene.rules.play(rule);
    let dims = [("kind", decision.kind.as_str()), ("play", play.name.as_str()), ("reason", decision.reason.as_str())];
    add("play_actions", Figure::Count, &dims, scene.time_ms, 1, scene);
    let is_control = decision.reason == Reason::Control;
    if decision.step == 0 && play.trigger == Trigger::CartIdle {
        count_cart(customer, &play.name, scene);
    }
    if decision.kind == ActionKind::Send {
        variants::sent(rule, decision.step, scene);
    }
    if decision.step == 0 && (is_control || decision.kind == ActionKind::Send) {
        expose(customer, rule, is_control, scene);
    }
}

/// A cart was left alone for as long as the play waits: counted once, since a play decides once about a cart, whatever it decides.
fn count_cart(customer: &Customer, play: &str, scene: &mut Scene<'_>) {
    add("play_carts", Figure::Count, &[("play", play)], scene.time_ms, 1, scene);
    if let Some(value) = customer.cart.as_ref().and_then(Cart::value) {
        let dims = [("currency", value.currency.code()), ("play", play)];
        add("play_cart_value", Figure::Sum, &dims, scene.time_ms, value.minor.into(), scene);
    }
}

/// All gates were passed: the play mails, or the control arm keeps it from doing so.
fn expose(customer: &mut Customer, rule: PlayRule, is_control: bool, scene: &mut Scene<'_>) {
    if !scene.cells.are_kept() {
        return;
    }
    let (play, name) = (rule.key, &scene.rules.play(rule).name);
    let at_ms = scene.time_ms;
    let attribution = customer.attribution.get_or_insert_default();
    attribution.prune(at_ms);
    if attribution.exposures.iter().any(|exposure| exposure.play == play) {
        return;
    }
    if attribution.exposures.len() == EXPOSURES_MAX {
        attribution.exposures.remove(0);
    }
    attribution.exposures.push(Exposure { play, is_control, has_ordered: false, at_ms });
    add("lift_customers", Figure::Count, &[("arm", arm(is_control)), ("play", name)], at_ms, 1, scene);
    if !is_control {
        variants::treated(rule, at_ms, scene);
    }
}

/// Takes over what plays have brought of another; mails before the first order count only while there is none.
pub fn unite(customer: &mut Customer, other: &mut Customer) {
    let mut attribution = customer.attribution.take().unwrap_or_default();
    let others = other.attribution.take().unwrap_or_default();
    for click in others.clicks {
        match attribution.clicks.iter_mut().find(|own| own.play == click.play) {
            Some(own) => own.at_ms = own.at_ms.max(click.at_ms),
            None => attribution.clicks.push(click),
        }
    }
    attribution.clicks.sort_by_key(|click| click.at_ms);
    attribution.exposures.extend(others.exposures);
    attribution.exposures.sort_by_key(|exposure| exposure.at_ms);
    let surplus = |length: usize, most: usize| ..length.saturating_sub(most);
    attribution.clicks.drain(surplus(attribution.clicks.len(), CLICKS_MAX));
    attribution.exposures.drain(surplus(attribution.exposures.len(), EXPOSURES_MAX));
    attribution.touches = if customer.orders.is_empty() { attribution.touches.saturating_add(others.touches) } else { 0 };
    customer.attribution = Some(attribution).filter(|united| **united != Attribution::default());
}

/// A new order of this value; `is_first`: the customer had none before.
pub fn take_order(customer: &mut Customer, value: Money, is_first: bool, time_ms: i64, scene: &mut Scene<'_>) {
    if !scene.cells.are_kept() {
        return;
    }
    let Some(mut attribution) = customer.attribution.take() else { return };
    if is_first {
        count_touches(std::mem::take(&mut attribution.touches), time_ms, scene);
    }
    credit(&attribution.clicks, value, time_ms, scene);
    for exposure in &mut attribution.exposures {
        count_outcome(exposure, value, time_ms, scene);
    }
    attribution.prune(time_ms);
    customer.attribution = Some(attribution).filter(|rest| **rest != Attribution::default());
}

/// Gives the order to the play clicked last, and in equal parts to all that were clicked.
fn credit(clicks: &[Click], value: Money, time_ms: i64, scene: &mut Scene<'_>) {
    let rules = scene.rules;
    let counts = |click: &&Click| (click.at_ms..click.at_ms.saturating_add(CLICK_WINDOW_MS)).contains(&time_ms);
    let clicked: Vec<(&str, i64)> =
        clicks.iter().filter(counts).filter_map(|click| Some((name_of(rules, click.play)?, click.at_ms))).collect();
    let Some((last, _)) = clicked.iter().max_by_key(|(_, at_ms)| *at_ms) else { return };
    let (currency, minor) = (value.currency.code(), i128::from(value.minor));
    add("play_orders", Figure::Count, &[("model", "last_touch"), ("play", last)], time_ms, 1, scene);
    add("play_revenue", Figure::Sum, &[("currency", currency), ("model", "last_touch"), ("play", last)], time_ms, minor, scene);
    let count = clicked.len() as i128;
    for (place, (play, _)) in clicked.iter().enumerate() {
        // what does not divide goes to the first, so that the parts are the whole
        let part = minor / count + if place == 0 { minor % count } else { 0 };
        add("play_revenue", Figure::Sum, &[("currency", currency), ("model", "linear"), ("play", play)], time_ms, part, scene);
    }
}

/// In the week of the exposure, so that both arms are compared over the same people.
fn count_outcome(exposure: &mut Exposure, value: Money, time_ms: i64, scene: &mut Scene<'_>) {
    let at_ms = exposure.at_ms;
    let is_within = (at_ms..at_ms.saturating_add(OUTCOME_WINDOW_MS)).contains(&time_ms);
    let Some(rule) = rule_of(scene.rules, exposure.play).filter(|_| is_within) else { return };
    let play = scene.rules.play(rule).name.as_str();
    if !exposure.is_control {
        variants::ordered(rule, value, !exposure.has_ordered, at_ms, scene);
    }
    let arm = ("arm", arm(exposure.is_control));
    if !exposure.has_ordered {
        exposure.has_ordered = true;
        add("lift_converted", Figure::Count, &[arm, ("play", play)], at_ms, 1, scene);
    }
    let dims = [arm, ("currency", value.currency.code()), ("play", play)];
    add("lift_revenue", Figure::Sum, &dims, at_ms, value.minor.into(), scene);
}

/// Who got none is not counted: they are the rest of the customers acquired.
fn count_touches(touches: u32, time_ms: i64, scene: &mut Scene<'_>) {
    if touches == 0 {
        return;
    }
    let told = if touches >= TOUCHES_MAX { "10+".to_owned() } else { touches.to_string() };
    add("emails_before_first_order", Figure::Count, &[("emails", &told)], time_ms, 1, scene);
}

fn add(name: &'static str, figure: Figure, dims: &[(&'static str, &str)], at_ms: i64, delta: i128, scene: &mut Scene<'_>) {
    scene.cells.add(&Place { name, figure, dims, window: Window::Week, at_ms }, delta, scene.out);
}

fn arm(is_control: bool) -> &'static str {
    if is_control { "control" } else { "treatment" }
}

fn running<'r>(rules: &'r Rules, name: &str) -> Option<(u64, &'r str)> {
    let rule = rules.plays().iter().find(|rule| rules.play(**rule).name == name)?;
    Some((rule.key, &rules.play(*rule).name))
}

fn rule_of(rules: &Rules, key: u64) -> Option<PlayRule> {
    rules.plays().iter().copied().find(|rule| rule.key == key)
}

fn name_of(rules: &Rules, key: u64) -> Option<&str> {
    rule_of(rules, key).map(|rule| rules.play(rule).name.as_str())
}
