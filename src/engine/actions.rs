//! Writes the `actions` record of a decision a play has taken.
//!
//! Decides nothing. A send and a refusal are known by what was due, so that a `cancel` can name the send long after. Called by `plays`.

use super::bands;
use super::customer::Customer;
use super::gates;
use super::note::Note;
use super::outputs::Topic;
use super::plays::{self, ActionKind, Reason};
use super::record::action::{ActionRecord, CartRecord, ConsentRecord, LoyaltyRecord, status_text, told};
use super::record::id::OutputId;
use super::record::likes::{counts, likings};
use super::record::money::Amount;
use super::record::time::Time;
use super::rules::PlayRule;
use super::scene::{Occasion, Scene};
use super::segments;
use super::settings::{Channel, Settings};
use super::stages::Stage;
use super::tiers;
use super::timeline::{self, Decided};

/// What was decided about one step.
#[derive(Debug, Clone, Copy)]
pub struct Decision {
    pub kind: ActionKind,
    pub reason: Reason,
    /// Counted from 0.
    pub step: u8,
    pub due_ms: i64,
    pub expires_ms: i64,
}

/// The instance is what the play's state says, else the customer's cart, which is still open.
pub fn write(customer: &mut Customer, rule: PlayRule, decision: &Decision, scene: &mut Scene<'_>) {
    let rules = scene.rules;
    let play = rules.play(rule);
    // of an erased customer a record says the id, and which send it takes back
    let shown = Some(&*customer).filter(|_| decision.reason != Reason::Erased);
    let state = customer.plays.iter().find(|s| s.play == rule.key);
    let named = state.map(|s| s.instance.as_str()).filter(|instance| !instance.is_empty());
    let instance = named.or(customer.cart.as_ref().map(|c| c.id.as_str())).unwrap_or_default();
    let step = u32::from(decision.step) + 1;
    let planned = OutputId::of_deadline(scene.customer_id, &play.name, instance, step, decision.due_ms);
    let (id, cancels) = match (decision.kind, scene.occasion) {
        (ActionKind::Cancel, Occasion::Event { .. } | Occasion::Relay(_)) => (scene.next_id(""), Some(planned)),
        (ActionKind::Cancel, Occasion::Deadline { .. } | Occasion::Model { .. }) => (OutputId::of_cancel(&planned), Some(planned)),
        (ActionKind::Send | ActionKind::Suppressed, _) => (planned, None),
    };
    let cart = shown.and_then(|c| c.cart.as_ref());
    let planned_step = play.steps.get(usize::from(decision.step));
    let template = |s| plays::template(scene.customer_id, play, decision.step, s, &rules.settings.salt);
    let offer = state.filter(|_| decision.kind == ActionKind::Send).zip(planned_step);
    let value = cart.and_then(|c| c.value());
    let contact = shown.map(|c| &c.contact);
    let record = ActionRecord {
        id,
        kind: decision.kind.as_str(),
        play: &play.name,
        play_version: &play.version,
        step,
        template: planned_step.map_or("", template),
        instance: shown.map_or("", |_| instance),
        channel: channel(Channel::Email),
        arm: gates::arm(scene.customer_id, play, &rules.settings).as_str(),
        due_at: Time(decision.due_ms),
        expires_at: Time(decision.expires_ms),
        reason: decision.reason.as_str(),
        cancels,
        customer_id: scene.customer_id,
        email: contact.and_then(|c| told(&c.email)),
        first_name: contact.and_then(|c| told(&c.first_name)),
        locale: contact.and_then(|c| told(&c.locale)),
        time_zone: shown.and_then(|c| time_zone(c, &rules.settings)),
        consent: shown.and_then(|c| c.consent.standing()).map(|s| ConsentRecord {
            status: status_text(s.status),
            source: s.source,
            at: Time(s.at_ms),
        }),
        cart: cart.map(|c| CartRecord::of(c, value.as_ref())),
        stage: shown.and_then(|c| c.stage.as_ref()).map(Stage::as_str),
        value_band: shown.and_then(|c| bands::band_of(c, &rules.settings)),
        segment: shown.and_then(segments::segment_of).map(|s| s.as_str()),
        affinity: shown.map(|c| likings(&c.affinity, scene.time_ms)).unwrap_or_default(),
        offer: offer.and_then(|(state, s)| plays::offer_shown(state, scene.customer_id, play, s, scene.time_ms)),
        event_time: Time(scene.time_ms),
        cause: scene.occasion.record(scene.slot),
        drop_off_step: shown.and_then(|c| c.attempt).map(|attempt| attempt.step.as_str()),
        first_channel: shown.and_then(|c| told(&c.touch.first)),
        last_channel: shown.and_then(|c| told(&c.touch.last)),
        interactions: shown.and_then(|c| c.journey.as_deref()).map(counts),
        loyalty: shown.and_then(|c| loyalty(c, &rules.settings)),
    };
    scene.push(Topic::Actions, &id, &record);
    let Decision { kind, reason, step, .. } = *decision;
    timeline::remember(customer, &Decided::Action { play: &play.name, kind, step, reason }, scene);
    scene.note(Note::Action { play: rule.place, kind: decision.kind, reason: decision.reason });
}

/// `None`: in no programme, and no tier is near.
fn loyalty<'a>(customer: &'a Customer, settings: &'a Settings) -> Option<LoyaltyRecord<'a>> {
    let next = tiers::next_of(customer, settings);
    let record = LoyaltyRecord {
        points: customer.loyalty.as_deref().map(|own| own.points().into()),
        tier: tiers::name_of(customer, settings),
        next_tier: next.map(|(tier, _)| tier.name.as_str()),
        to_next_tier: next.zip(customer.orders.primary()).map(|((_, minor), sum)| Amount { minor, currency: sum.currency }),
    };
    (record.points.is_some() || record.tier.is_some() || record.next_tier.is_some()).then_some(record)
}

/// The customer's own, else the configured one.
fn time_zone<'a>(customer: &'a Customer, settings: &'a Settings) -> Option<&'a str> {
    told(&customer.contact.time_zone).or_else(|| settings.customer_zone.iana_name())
}

fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "email",
    }
}
