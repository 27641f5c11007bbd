//! The gates a mail must pass, in the order of `contracts.md` 5: the first that fails is the reason it is not sent.
//!
//! Looks, changes nothing; the answer is a function of the customer, the settings and the moment. Quiet hours do not fail but hold. Gates
//! with rules of their own have files of their own. Called by `plays` when a step is due or released, by `explain`, and by `apply`
//! and `unite`, which ask whether mails are still wanted.

mod conditions;
mod margin;
mod priority;
mod support;

use email_address::{EmailAddress, Options};

use super::customer::Customer;
use super::draw::share;
use super::plays::Reason;
use super::quiet::{quiet_until_ms, zone_of};
use super::rules::Rules;
use super::settings::{ConsentRule, Mode, Play, Settings};
use super::suppressed::{self, Refusal};
use crate::event::ConsentStatus;
use conditions::conditions;
pub use conditions::{hold, holds};
use margin::margin;
use priority::priority;
use support::support_issue;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Send,
    /// Ask again at this moment.
    Hold {
        until_ms: i64,
    },
    Refuse(Reason),
}

/// One step of one play asking for one customer.
pub struct Question<'a> {
    pub rules: &'a Rules,
    pub play: &'a Play,
    pub customer_id: &'a str,
    pub customer: &'a Customer,
    /// The first step of its instance: the cool-down is about coming back, not about going on.
    pub is_first_step: bool,
    /// The play's last send to this customer.
    pub last_send_ms: Option<i64>,
    pub due_ms: i64,
    /// The due time, or the release after quiet hours.
    pub at_ms: i64,
    /// In wall mode.
    pub wall_ms: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arm {
    Treatment,
    Control,
}

impl Arm {
    pub fn as_str(self) -> &'static str {
        match self {
            Arm::Treatment => "treatment",
            Arm::Control => "control",
        }
    }
}

type Gate = fn(&Question<'_>) -> Option<Reason>;

/// In the order of `contracts.md` 5.
const GATES: [Gate; 9] = [timing, address, consent, suppression, support_issue, conditions, frequency, priority, margin];

/// All gates that fail, in their order.
pub fn refusals(question: &Question<'_>) -> Vec<Reason> {
    GATES.iter().filter_map(|gate| gate(question)).collect()
}

pub fn judge(question: &Question<'_>) -> Verdict {
    if let Some(reason) = GATES.iter().find_map(|gate| gate(question)) {
        return Verdict::Refuse(reason);
    }
    if let Some(until_ms) = quiet_until(question) {
        return Verdict::Hold { until_ms };
    }
    match arm(question.customer_id, question.play, &question.rules.settings) {
        Arm::Control => Verdict::Refuse(Reason::Control),
        Arm::Treatment => Verdict::Send,
    }
}

/// The arm of a customer in a play: the same for ever, and independent of the arms of other plays.
pub fn arm(customer_id: &str, play: &Play, settings: &Settings) -> Arm {
    let falls_below = |play: &str, limit: f64| limit > 0.0 && share(&[&settings.salt, play, customer_id]) < limit;
    let held_out = falls_below("", settings.global_holdout);
    let in_control = falls_below(&play.name, play.control);
    if held_out || in_control { Arm::Control } else { Arm::Treatment }
}

fn timing(q: &Question<'_>) -> Option<Reason> {
    if q.play.mode != Mode::Live {
        return Some(Reason::Shadow);
    }
    if q.rules.settings.plays_not_before_ms.is_some_and(|start| q.due_ms < start) {
        return Some(Reason::Backfill);
    }
    let expires_ms = q.due_ms + q.play.expires_ms;
    let is_stale = q.wall_ms.is_some_and(|wall| wall > expires_ms) || q.at_ms > expires_ms;
    is_stale.then_some(Reason::Stale)
}

fn address(q: &Question<'_>) -> Option<Reason> {
    if !q.customer.contact.has_email() {
        return Some(Reason::NoEmail);
    }
    (!is_valid(&q.customer.contact.email)).then_some(Reason::InvalidEmail)
}

/// A bare address at a domain with a dot; no display name, no IP literal.
fn is_valid(email: &str) -> bool {
    let options = Options::default().with_required_tld().without_display_text().without_domain_literal();
    EmailAddress::parse_with_options(email, options).is_ok()
}

fn consent(q: &Question<'_>) -> Option<Reason> {
    let rule = q.rules.settings.consent;
    if rule == ConsentRule::None {
        return None;
    }
    match q.customer.consent.standing() {
        Some(s) if s.status == ConsentStatus::Unsubscribed => Some(refusal(s.complaint)),
        Some(s) if s.status == ConsentStatus::Pending => Some(Reason::ConsentPending),
        Some(s) if rule == ConsentRule::DoubleOptIn && !s.double_opt_in => Some(Reason::ConsentPending),
        Some(_) => None,
        None if rule == ConsentRule::SoftOptIn && !q.customer.orders.is_empty() => None,
        None => Some(Reason::NoConsent),
    }
}

fn suppression(q: &Question<'_>) -> Option<Reason> {
    if q.customer.contact.hard_bounced {
        return Some(Reason::Bounced);
    }
    if let Some(suppressed) = suppressed::of_known_address(q.customer) {
        return Some(match suppressed.refusal {
            Refusal::Bounced => Reason::Bounced,
            Refusal::Complained => Reason::Complained,
            Refusal::Unsubscribed => Reason::Unsubscribed,
        });
    }
    withdrawn(q.customer)
}

/// Why no mail may reach the customer, whatever the rule of consent: the known address bounced, or they said so.
pub fn withdrawn(customer: &Customer) -> Option<Reason> {
    if customer.contact.hard_bounced {
        return Some(Reason::Bounced);
    }
    let refused = customer.consent.standing().filter(|s| s.status == ConsentStatus::Unsubscribed);
    refused.map(|s| refusal(s.complaint))
}

fn refusal(complaint: bool) -> Reason {
    if complaint { Reason::Complained } else { Reason::Unsubscribed }
}

fn frequency(q: &Question<'_>) -> Option<Reason> {
    let cools_until_ms = q.play.cool_down_ms.and_then(|cool_down| q.last_send_ms.map(|last| last.saturating_add(cool_down)));
    if q.is_first_step && cools_until_ms.is_some_and(|until| q.at_ms < until) {
        return Some(Reason::CoolDown);
    }
    let is_capped = q.play.caps.iter().any(|cap| {
        // sends of a later moment count, too: what comes late is sent after them
        let recent = q.customer.sends_ms.iter().filter(|sent| **sent > q.at_ms.saturating_sub(cap.window_ms)).count();
        recent as u64 >= u64::from(cap.count)
    });
    is_capped.then_some(Reason::Cap)
}

/// The end of the quiet hours that the moment lies in.
pub fn quiet_until(q: &Question<'_>) -> Option<i64> {
    let hours = q.play.quiet.as_ref()?;
    quiet_until_ms(hours, &zone_of(&q.customer.contact.time_zone, &q.rules.settings.customer_zone), q.at_ms)
}
