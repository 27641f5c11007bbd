//! The customers of whom something is so, as a mailer's list wants them: the conditions of plays, asked of a row at rest.
//!
//! Looks, changes nothing. Who may be mailed is told, not decided: consent stands beside the address. Called by `cli` (`state export --where`).

use super::bands;
use super::customer::Customer;
use super::gates;
use super::record::action::{status_text, told};
use super::record::money::Amount;
use super::segments;
use super::settings::{Condition, Settings};
use super::stages::Stage;
use super::suppressed::{self, Refusal};
use super::{tiers, value};
use crate::event::ConsentStatus;

/// What stands where somebody wants no mails.
const UNSUBSCRIBED: &str = status_text(ConsentStatus::Unsubscribed);

/// One customer of an audience.
#[derive(Debug, Clone, PartialEq)]
pub struct Member<'a> {
    pub email: Option<&'a str>,
    pub first_name: Option<&'a str>,
    pub locale: Option<&'a str>,
    /// Status, source and moment of the latest word; `None`: never asked.
    pub consent: Option<(&'static str, &'a str, i64)>,
    /// A hard bounce sticks to the address.
    pub has_bounced: bool,
    pub stage: Option<Stage>,
    pub segment: Option<&'static str>,
    pub value_band: Option<&'a str>,
    pub tier: Option<&'a str>,
    pub orders: u64,
    /// Net of refunds, in the primary currency.
    pub net: Option<Amount>,
    /// Over the horizon, as of `at_ms`.
    pub expected: Option<Amount>,
}

/// `None`: not all of it is so at the moment, or the customer's own now if that is later.
pub fn member<'a>(customer: &'a mut Customer, conditions: &[Condition], settings: &'a Settings, at_ms: i64) -> Option<Member<'a>> {
    customer.derive(settings);
    customer.now_ms = customer.now_ms.max(at_ms);
    let customer: &'a Customer = customer;
    let refused = suppressed::of_known_address(customer);
    let has_bounced = customer.contact.hard_bounced || refused.is_some_and(|refused| refused.refusal == Refusal::Bounced);
    let stated = customer.consent.standing().map(|standing| (status_text(standing.status), standing.source, standing.at_ms));
    gates::hold(conditions, customer, settings).then(|| Member {
        email: told(&customer.contact.email),
        first_name: told(&customer.contact.first_name),
        locale: told(&customer.contact.locale),
        consent: match refused {
            Some(refused) if refused.refusal == Refusal::Complained => Some((UNSUBSCRIBED, "complaint", refused.at_ms)),
            Some(refused) if refused.refusal == Refusal::Unsubscribed => Some((UNSUBSCRIBED, "address", refused.at_ms)),
            _ => stated,
        },
        has_bounced,
        stage: customer.stage,
        segment: segments::segment_of(customer).map(|segment| segment.as_str()),
        value_band: bands::band_of(customer, settings),
        tier: tiers::name_of(customer, settings),
        orders: customer.orders.sums.iter().map(|sum| u64::from(sum.orders)).sum(),
        net: value::net(customer),
        expected: value::expected(customer, settings).map(|expected| expected.value),
    })
}
