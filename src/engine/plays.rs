//! Plays: when a mail starts waiting, moves, is dropped, is sent, is refused, is taken back.
//!
//! A customer has at most one running instance of a play; what a row stores of it is `PlayState`. What starts it, and what ends it early, is
//! in the file of its trigger: `cart`, `stage`, `event`, `level`, `date`; a step that is due is in `steps`. The gates are in `gates`, the record in
//! `actions`. Called by `apply`, by `transitions` and the other tracks when customers move, by `value` with each
//! forecast, and by `deadline` when a step is due.

mod cart;
mod date;
mod event;
mod instance;
mod level;
mod offer;
mod refund;
mod reminded;
mod stage;
mod steps;
mod unite;
mod variant;
mod words;

pub use cart::{has_decided_about_cart, on_cart, on_cart_closed, on_cart_ordered, on_cart_renamed, on_decisions_known};
pub use date::{birthday_ms, on_expectation, pass_birthday};
pub use event::{on_event, on_named};
pub use instance::on_order;
pub use level::on_level;
pub use offer::{Grant, shown as offer_shown};
pub use refund::on_refund;
pub use reminded::REMINDED_MAX;
pub use stage::on_stage;
pub use steps::{fire, next_due};
pub use unite::{on_merge, unite};
pub use variant::template;
pub use words::{ActionKind, Reason};

use super::actions::{self, Decision};
use super::customer::Customer;
use super::rules::{PlayRule, Rules};
use super::scene::Scene;
use super::settings::Trigger;

/// What a row keeps of one play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlayState {
    /// The play, as `PlayRule::key`.
    pub play: u64,
    pub phase: Phase,
    /// What started it, as records name it (`contracts.md` 5); empty: the open cart, or nothing yet.
    pub instance: String,
    /// Sends of the instance, by step; at most `rules::STEPS_MAX`.
    pub out: Vec<Sent>,
    /// For the cool-down and for plays of lower priority, over all instances; kept only while somebody asks.
    pub last_send_ms: Option<i64>,
    /// When the first step last decided about was due, over all instances, while an event that comes late may still ask for it again.
    pub decided_ms: Option<i64>,
    /// The offer the play has granted this customer, for ever.
    pub grant: Option<Grant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing to send.
    Idle,
    /// `release_ms`: held by quiet hours until then.
    Waiting { step: u8, due_ms: i64, release_ms: Option<i64> },
    /// All is decided for this instance.
    Over,
}

/// A send that may still be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    pub step: u8,
    pub due_ms: i64,
    pub expires_ms: i64,
}

impl Phase {
    /// When it needs attention, if it does.
    pub fn wakes_ms(&self) -> Option<i64> {
        match *self {
            Phase::Waiting { due_ms, release_ms, .. } => Some(release_ms.unwrap_or(due_ms)),
            Phase::Idle | Phase::Over => None,
        }
    }
}

impl PlayState {
    fn new(rule: PlayRule) -> PlayState {
        let (instance, out, last_send_ms, decided_ms, grant) = Default::default();
        PlayState { play: rule.key, phase: Phase::Idle, instance, out, last_send_ms, decided_ms, grant }
    }

    /// The instance is no more; what was decided stays decided.
    fn forget_instance(&mut self) {
        self.phase = Phase::Idle;
        self.instance.clear();
        self.out.clear();
    }

    /// Whether an instance whose first step would be due at that moment was decided about, or may have been: what is due no later than
    /// what was decided last is not asked again, whatever comes late.
    fn has_decided(&self, due_ms: i64) -> bool {
        self.decided_ms.is_some_and(|decided_ms| due_ms <= decided_ms)
    }
}

/// The customer is about to be forgotten: whatever the play says, nothing more may reach them.
pub fn on_erasure(customer: &mut Customer, scene: &mut Scene<'_>) {
    let rules = scene.rules;
    for &rule in rules.plays() {
        take_back(customer, rule, Reason::Erased, scene);
    }
}

/// The customer no longer wants mails, or cannot be reached: what is out is taken back, and no later step follows. A first step that waits is
/// put to the gates at its time, which say why it is not sent; what was decided about a cart stays decided.
pub fn on_withdrawal(customer: &mut Customer, reason: Reason, scene: &mut Scene<'_>) {
    let rules = scene.rules;
    for &rule in rules.plays() {
        take_back(customer, rule, reason, scene);
        if let Some(state) = find(customer, rule)
            && let Phase::Waiting { step: 1.., .. } = state.phase
        {
            state.phase = Phase::Over;
        }
    }
}

/// Drops states that say nothing: of plays that no longer run, and of plays at rest that nobody asks about.
pub fn prune(customer: &mut Customer, rules: &Rules) {
    let now_ms = customer.now_ms;
    // no cart older than the last order is taken up any more, and none has a reminder due before its own time
    let ordered_ms = customer.orders.latest_ms();
    customer.plays.retain_mut(|state| {
        let Some(rule) = rules.plays().iter().find(|r| r.key == state.play) else {
            return false;
        };
        let play = rules.play(*rule);
        let matters_ms = rules.last_send_matters_ms(play);
        state.last_send_ms = state.last_send_ms.filter(|sent| matters_ms.is_some_and(|matters| now_ms < sent.saturating_add(matters)));
        if play.trigger == Trigger::CartIdle {
            state.decided_ms = state.decided_ms.filter(|decided| ordered_ms.is_none_or(|ordered| ordered <= *decided));
        } else {
            instance::end_if_over(state, now_ms);
        }
        let is_at_work = state.phase != Phase::Idle || !state.out.is_empty();
        is_at_work || state.last_send_ms.is_some() || state.decided_ms.is_some() || state.grant.is_some()
    });
}

fn find(customer: &mut Customer, rule: PlayRule) -> Option<&mut PlayState> {
    customer.plays.iter_mut().find(|s| s.play == rule.key)
}

fn find_or_add(customer: &mut Customer, rule: PlayRule) -> &mut PlayState {
    let place = customer.plays.iter().position(|s| s.play == rule.key).unwrap_or_else(|| {
        customer.plays.push(PlayState::new(rule));
        customer.plays.len() - 1
    });
    &mut customer.plays[place]
}

fn take_back(customer: &mut Customer, rule: PlayRule, reason: Reason, scene: &mut Scene<'_>) {
    let Some(state) = find(customer, rule) else {
        return;
    };
    for sent in std::mem::take(&mut state.out) {
        if sent.expires_ms > scene.time_ms {
            actions::write(
                customer,
                rule,
                &Decision { kind: ActionKind::Cancel, reason, step: sent.step, due_ms: sent.due_ms, expires_ms: sent.expires_ms },
                scene,
            );
        }
    }
}
