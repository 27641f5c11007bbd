//! Everything a row holds about a customer, as a record for people and programs.
//!
//! Nothing is left out, hashed ids included, because whoever asks may ask for all of it, but the sum of logarithms of times between orders that
//! the value model keeps; nothing is computed that is not held, but points in all, how far it is to the next tier, and the sums of referrals. It goes to no topic. Called by `cli` (`state export`).

mod attribution;
mod contracts;
mod journey;
mod loyalty;
mod orders;
mod stays;
mod suppressed;
mod taste;
mod ties;
mod timeline;

use xxhash_rust::xxh3::xxh3_64;

use super::action::{CartRecord, status_text, told};
use super::json::{Json, json_object, write_plain};
use super::likes::{LikingRecord, likings};
use super::money::Amount;
use super::time::Time;
use crate::clv::DAY_MS;
use crate::clv::rfm::{Scores, Segment};
use crate::engine::cash_flow::Flows;
use crate::engine::cells::month_text;
use crate::engine::consent::{ByTrait, Consent, Stated};
use crate::engine::contact::Contact;
use crate::engine::costs::CostSum;
use crate::engine::customer::Customer;
use crate::engine::levels;
use crate::engine::plays::{Phase, PlayState};
use crate::engine::population::Contribution;
use crate::engine::settings::Settings;
use crate::event::ConsentStatus;
use attribution::HeldAttribution;
use contracts::HeldContracts;
use journey::HeldJourney;
use loyalty::{HeldLoyalty, HeldTier};
use orders::HeldOrders;
use stays::HeldStay;
use suppressed::HeldSuppressed;
use taste::{HeldAttempt, HeldProfile};
use ties::HeldTies;
use timeline::HeldDecision;

/// A customer's row in words. Ids of messages, orders and checkouts are kept as 64-bit hashes only, and shown in hexadecimal.
#[derive(utoipa::ToSchema)]
pub struct Held<'a> {
    customer_id: &'a str,
    as_of: Time,
    last_event_at: Time,
    known: bool,
    identified: bool,
    stage: Option<&'a str>,
    stage_since: Option<Time>,
    /// The stages the customer has been in, the present one last: eight before it at most.
    stage_history: Vec<HeldStay<'a>>,
    cycle: u32,
    reactivated_on: Option<Time>,
    next_deadline_at: Option<Time>,
    contact: HeldContact<'a>,
    consent: HeldConsent<'a>,
    suppressed_addresses: Vec<HeldSuppressed>,
    last_open_at: Option<Time>,
    last_click_at: Option<Time>,
    orders: HeldOrders,
    cart: Option<CartRecord<'a>>,
    cart_changed_at: Option<Time>,
    checkout: Option<Hex>,
    plays: Vec<HeldPlay<'a>>,
    sends_at: Vec<Time>,
    /// Carts that plays have decided about.
    reminded_carts: Vec<Hex>,
    /// The last ones, the newest last, where `state.decisions_kept` keeps some.
    decisions: Vec<HeldDecision<'a>>,
    first_channel: Option<&'a str>,
    last_channel: Option<&'a str>,
    journey: Option<HeldJourney<'a>>,
    attribution: Option<HeldAttribution<'a>>,
    costs: Vec<HeldCosts>,
    cash_flows: Vec<HeldFlows>,
    scores: Option<HeldScores>,
    value_band: Option<&'a str>,
    loyalty: Option<HeldLoyalty>,
    tier: Option<HeldTier<'a>>,
    contracts: Option<HeldContracts>,
    affinity: Vec<LikingRecord<'a>>,
    profile: Option<HeldProfile<'a>>,
    attempt: Option<HeldAttempt>,
    ties: Option<HeldTies<'a>>,
    contribution: Option<HeldContribution>,
    message_ids: Vec<Hex>,
}

json_object!(Held<'_> { customer_id, as_of, last_event_at, known, identified, stage, stage_since, stage_history, cycle, reactivated_on, next_deadline_at, contact, consent, suppressed_addresses, last_open_at, last_click_at, orders, cart, cart_changed_at, checkout, plays, sends_at, reminded_carts, decisions, first_channel, last_channel, journey, attribution, costs, cash_flows, scores, value_band, loyalty, tier, ties, contracts, affinity, profile, attempt, contribution, message_ids });

#[derive(utoipa::ToSchema)]
struct HeldContact<'a> {
    email: Option<&'a str>,
    email_at: Option<Time>,
    hard_bounced: bool,
    soft_bounces: u32,
    first_name: Option<&'a str>,
    locale: Option<&'a str>,
    time_zone: Option<&'a str>,
}

json_object!(HeldContact<'_> { email, email_at, hard_bounced, soft_bounces, first_name, locale, time_zone });

#[derive(utoipa::ToSchema)]
struct HeldConsent<'a> {
    stated: Option<HeldStatement<'a>>,
    by_trait: Option<HeldStatement<'a>>,
}

json_object!(HeldConsent<'_> { stated, by_trait });

#[derive(utoipa::ToSchema)]
struct HeldStatement<'a> {
    status: &'static str,
    complaint: bool,
    double_opt_in: bool,
    source: Option<&'a str>,
    at: Time,
}

json_object!(HeldStatement<'_> { status, complaint, double_opt_in, source, at });

#[derive(utoipa::ToSchema)]
struct HeldPlay<'a> {
    /// `None`: a play that the configuration no longer has.
    play: Option<&'a str>,
    phase: &'static str,
    /// `None`: the open cart.
    instance: Option<&'a str>,
    step: Option<u32>,
    due_at: Option<Time>,
    release_at: Option<Time>,
    sent: Vec<HeldSend>,
    last_send_at: Option<Time>,
    decided_due_at: Option<Time>,
    offer_expires_at: Option<Time>,
}

json_object!(HeldPlay<'_> { play, phase, instance, step, due_at, release_at, sent, last_send_at, decided_due_at, offer_expires_at });

#[derive(utoipa::ToSchema)]
struct HeldSend {
    step: u32,
    due_at: Time,
    expires_at: Time,
}

json_object!(HeldSend { step, due_at, expires_at });

#[derive(utoipa::ToSchema)]
struct HeldCosts {
    acquire: Amount,
    retain: Amount,
    service: Amount,
    reward: Amount,
}

json_object!(HeldCosts { acquire, retain, service, reward });

#[derive(utoipa::ToSchema)]
struct HeldFlows {
    as_of: Time,
    value: Amount,
}

json_object!(HeldFlows { as_of, value });

#[derive(utoipa::ToSchema)]
struct HeldScores {
    recency: u32,
    frequency: u32,
    monetary: u32,
}

json_object!(HeldScores { recency, frequency, monetary });

/// What the figures of all customers hold of this one.
#[derive(utoipa::ToSchema)]
struct HeldContribution {
    expected: Amount,
    total: Amount,
    cohort: Month,
    has_channel: bool,
    segment: Option<&'static str>,
    is_member: bool,
    has_source: bool,
}

json_object!(HeldContribution { expected, total, cohort, has_channel, segment, is_member, has_source });

/// `2026-01`
#[derive(utoipa::ToSchema)]
#[schema(value_type = String)]
struct Month(u32);

impl Json for Month {
    fn write(&self, out: &mut Vec<u8>) {
        write_plain(month_text(self.0).as_bytes(), out);
    }
}

/// A fingerprint.
#[derive(utoipa::ToSchema)]
#[schema(value_type = String)]
struct Hex(u64);

impl Json for Hex {
    fn write(&self, out: &mut Vec<u8>) {
        write_plain(format!("{:016x}", self.0).as_bytes(), out);
    }
}

/// The customer's row in words, as JSON text; `deadline_ms`: the row's own.
pub fn held(customer_id: &str, customer: &Customer, deadline_ms: Option<i64>, settings: &Settings) -> String {
    let mut out = Vec::new();
    held_record(customer_id, customer, deadline_ms, settings).write(&mut out);
    String::from_utf8(out).expect("invariant: names are ASCII and texts are text")
}

pub fn held_record<'a>(customer_id: &'a str, customer: &'a Customer, deadline_ms: Option<i64>, settings: &'a Settings) -> Held<'a> {
    let cart = customer.cart.as_ref();
    Held {
        customer_id,
        as_of: Time(customer.now_ms),
        last_event_at: Time(customer.last_event_ms),
        known: customer.known,
        identified: customer.identified,
        stage: customer.stage.as_ref().map(|stage| stage.as_str()),
        stage_since: customer.stage_since_ms.map(Time),
        stage_history: stays::held(customer),
        cycle: customer.cycle,
        reactivated_on: customer.reactivated_day.map(|day| Time(day * DAY_MS)),
        next_deadline_at: deadline_ms.map(Time),
        contact: contact(&customer.contact),
        consent: consent(&customer.consent),
        suppressed_addresses: suppressed::held(&customer.suppressed),
        last_open_at: customer.last_open_ms.map(Time),
        last_click_at: customer.last_click_ms.map(Time),
        orders: orders::held(&customer.orders),
        cart: cart.map(|cart| CartRecord::of(cart, cart.stated.as_ref())),
        cart_changed_at: cart.map(|cart| Time(cart.last_change_ms)),
        checkout: cart.and_then(|cart| cart.checkout).map(Hex),
        plays: customer.plays.iter().map(|state| play(state, settings)).collect(),
        sends_at: customer.sends_ms.iter().copied().map(Time).collect(),
        reminded_carts: customer.reminded.iter().copied().map(Hex).collect(),
        decisions: timeline::held(&customer.timeline),
        first_channel: told(&customer.touch.first),
        last_channel: told(&customer.touch.last),
        journey: customer.journey.as_deref().map(|journey| journey::held(journey, &customer.costs)),
        attribution: customer.attribution.as_deref().map(|held| attribution::held(held, settings)),
        costs: customer.costs.iter().map(costs).collect(),
        cash_flows: customer.flows.iter().map(flows).collect(),
        scores: customer.scores.map(scores),
        value_band: customer.value_band.and_then(|key| levels::name_of(&settings.value_bands, key)),
        loyalty: customer.loyalty.as_deref().map(loyalty::held),
        tier: loyalty::held_tier(customer, settings),
        contracts: customer.contracts.as_deref().map(contracts::held),
        affinity: likings(&customer.affinity, customer.now_ms),
        profile: customer.profile.as_deref().map(taste::held_profile),
        attempt: customer.attempt.as_ref().map(taste::held_attempt),
        ties: customer.ties.as_deref().map(ties::held),
        contribution: customer.contribution.as_ref().map(contribution),
        message_ids: customer.seen.fingerprints().iter().copied().map(Hex).collect(),
    }
}

fn contact(contact: &Contact) -> HeldContact<'_> {
    HeldContact {
        email: told(&contact.email),
        email_at: contact.has_email().then_some(Time(contact.email_at_ms)),
        hard_bounced: contact.hard_bounced,
        soft_bounces: u32::from(contact.soft_bounces),
        first_name: told(&contact.first_name),
        locale: told(&contact.locale),
        time_zone: told(&contact.time_zone),
    }
}

fn consent(consent: &Consent) -> HeldConsent<'_> {
    let stated = |s: &'_ Stated| (s.status, s.complaint, s.double_opt_in, s.at_ms);
    let by_trait = |t: &ByTrait| (t.status, false, t.double_opt_in, t.at_ms);
    HeldConsent {
        stated: consent.stated.as_ref().map(|s| statement(stated(s), told(&s.source))),
        by_trait: consent.by_trait.as_ref().map(|t| statement(by_trait(t), None)),
    }
}

fn statement<'a>(
    (status, complaint, double_opt_in, at_ms): (ConsentStatus, bool, bool, i64),
    source: Option<&'a str>,
) -> HeldStatement<'a> {
    HeldStatement { status: status_text(status), complaint, double_opt_in, source, at: Time(at_ms) }
}

fn costs(sum: &CostSum) -> HeldCosts {
    let [acquire, retain, service, reward] = sum.minor.map(|minor| Amount { minor, currency: sum.currency });
    HeldCosts { acquire, retain, service, reward }
}

fn flows(flows: &Flows) -> HeldFlows {
    let Flows { currency, present } = *flows;
    HeldFlows { as_of: Time(present.as_of_ms()), value: Amount { minor: present.minor(), currency } }
}

fn scores(scores: Scores) -> HeldScores {
    let Scores { recency, frequency, monetary } = scores;
    HeldScores { recency: recency.into(), frequency: frequency.into(), monetary: monetary.into() }
}

fn contribution(contribution: &Contribution) -> HeldContribution {
    let amount = |minor| Amount { minor, currency: contribution.currency };
    HeldContribution {
        expected: amount(contribution.expected_minor),
        total: amount(contribution.total_minor),
        cohort: Month(contribution.cohort),
        has_channel: contribution.has_channel,
        segment: contribution.segment.map(Segment::as_str),
        is_member: contribution.is_member,
        has_source: contribution.has_source,
    }
}

/// `None`: the play is no longer configured.
fn play_name(key: u64, settings: &Settings) -> Option<&str> {
    settings.plays.iter().find(|play| xxh3_64(play.name.as_bytes()) == key).map(|play| play.name.as_str())
}

fn play<'a>(state: &'a PlayState, settings: &'a Settings) -> HeldPlay<'a> {
    let (phase, step, due_ms, release_ms) = match state.phase {
        Phase::Idle => ("idle", None, None, None),
        Phase::Waiting { step, due_ms, release_ms } => ("waiting", Some(step), Some(due_ms), release_ms),
        Phase::Over => ("over", None, None, None),
    };
    let sent = state.out.iter();
    HeldPlay {
        play: play_name(state.play, settings),
        phase,
        instance: told(&state.instance),
        step: step.map(|step| u32::from(step) + 1),
        due_at: due_ms.map(Time),
        release_at: release_ms.map(Time),
        sent: sent.map(|s| HeldSend { step: u32::from(s.step) + 1, due_at: Time(s.due_ms), expires_at: Time(s.expires_ms) }).collect(),
        last_send_at: state.last_send_ms.map(Time),
        decided_due_at: state.decided_ms.map(Time),
        offer_expires_at: state.grant.map(|grant| Time(grant.expires_ms)),
    }
}
