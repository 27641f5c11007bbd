//! Who brought whom: referrals as they convert, their value as it grows, both told from one customer to the other.
//!
//! The event is the referred customer's (`convert`); from then on they tell the referrer what they have bought in all, each time that
//! changes (`tell`), and the referrer keeps the latest word (`take`). A referral of oneself, a second one, and one in a circle are none: of
//! two that form a circle the earlier stands, whichever is heard of first. What the referred bring in their turn is theirs alone, so
//! nothing counts twice. Called by `apply`, `unite` and `slot::relay`.

use super::contact::Contact;
use super::customer::Customer;
use super::lifecycle::Why;
use super::plays;
use super::relay::{Content, Ended, Referred};
use super::scene::Scene;
use super::seen::{IdKind, fingerprint};
use super::ties::{REFEREES_MAX, Referee, Referrer, Ties};
use super::{transitions, value};
use crate::event::{Currency, Reason};

/// What plays call the moment at which somebody whom the customer brought is counted.
pub const CREDITED: &str = "Referral Credited";

const SELF: &str = "the customer referred themselves";
const SECOND: &str = "the customer was referred before";
const CIRCLE: &str = "the customer referred the referrer, and before";

/// `Referral Sent`
pub fn count_sent(customer: &mut Customer) {
    let ties = customer.ties.get_or_insert_default();
    ties.referrals_sent = ties.referrals_sent.saturating_add(1);
}

/// `Referral Converted`; whether it counts. A second referrer is refused at once, also where the first will turn out to form a circle: nobody waits
/// for that answer, and who was refused is not remembered.
pub fn convert(customer: &mut Customer, referrer_id: &str, time_ms: i64, scene: &mut Scene<'_>) -> bool {
    let ties = customer.ties.get_or_insert_default();
    let is_self = referrer_id == scene.customer_id || ties.alias(referrer_id).is_some();
    let is_second = ties.referrer.is_some();
    let own = ties.referee(referrer_id).map(|own| own.since_ms);
    let why = match own {
        _ if is_self => Some(SELF),
        _ if is_second => Some(SECOND),
        Some(own_ms) if is_earlier((own_ms, referrer_id), (time_ms, scene.customer_id)) => Some(CIRCLE),
        _ => None,
    };
    if let Some(why) = why {
        drop_empty(customer);
        scene.refuse(Reason::ReferralRefused, why);
        return false;
    }
    remove_referee(ties, referrer_id);
    ties.referrer = Some(Referrer { id: referrer_id.to_owned(), since_ms: time_ms, told: 0 });
    tell(customer, "", scene);
    true
}

/// Of two referrals of each other: by time, then by who was referred.
fn is_earlier(one: (i64, &str), other: (i64, &str)) -> bool {
    one < other
}

/// Tells the referrer what the customer has bought. `before`: the id the referrer knows the customer by, if it is another.
pub fn tell(customer: &mut Customer, before: &str, scene: &mut Scene<'_>) {
    let net = net_of(customer);
    let email = fingerprint_of(&customer.contact);
    let Some(referrer) = customer.ties.as_mut().and_then(|ties| ties.referrer.as_mut()).filter(|referrer| !referrer.id.is_empty()) else {
        return;
    };
    referrer.told = referrer.told.saturating_add(1);
    let told = Referred { since_ms: referrer.since_ms, told: referrer.told, email, net, before };
    scene.send(&referrer.id, &Content::Referred(told));
}

fn net_of(customer: &Customer) -> Option<(Currency, i128)> {
    customer.orders.primary().map(|sum| (sum.currency, sum.net_minor()))
}

/// 0: no address is known.
fn fingerprint_of(contact: &Contact) -> u64 {
    if contact.has_email() { fingerprint(IdKind::Email, &contact.email.to_lowercase()) } else { 0 }
}

/// What came of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    Changed,
    Old,
    Refused,
}

/// The word of somebody who says that this customer brought them.
pub fn take(customer: &mut Customer, from: &str, told: &Referred<'_>, scene: &mut Scene<'_>) -> Taken {
    let own_email = fingerprint_of(&customer.contact);
    let ties = customer.ties.get_or_insert_default();
    let is_self = from == scene.customer_id || ties.alias(from).is_some() || (told.email != 0 && told.email == own_email);
    let circle = ties.referrer.as_ref().filter(|own| own.id == from);
    let is_own_earlier = circle.is_some_and(|own| is_earlier((own.since_ms, scene.customer_id), (told.since_ms, from)));
    if is_self || is_own_earlier {
        let was_counted = remove_referee(ties, from);
        drop_empty(customer);
        scene.refuse(Reason::ReferralRefused, if is_self { SELF } else { CIRCLE });
        scene.send(from, &Content::ReferralEnded(Ended::Refused));
        if was_counted {
            follow(customer, scene);
        }
        return Taken::Refused;
    }
    if circle.is_some() {
        // theirs was first: ours is none, and they find out by our own word
        ties.referrer = None;
    }
    if let Some(known) = ties.referee(told.before).filter(|_| !told.before.is_empty()) {
        known.id = from.to_owned();
    }
    if let Some(known) = ties.referee(from) {
        if known.told >= told.told {
            return Taken::Old;
        }
        (known.told, known.net) = (told.told, told.net);
    } else if note(ties, from, told, scene) {
        plays::on_named(customer, CREDITED, scene);
    } else {
        return Taken::Old;
    }
    follow(customer, scene);
    Taken::Changed
}

/// Counts somebody new, if they are. Who finds no room is counted by their first word, and need not tell more.
fn note(ties: &mut Ties, from: &str, told: &Referred<'_>, scene: &mut Scene<'_>) -> bool {
    if ties.referees.len() == REFEREES_MAX {
        scene.send(from, &Content::ReferralEnded(Ended::Silent));
        ties.referred = ties.referred.saturating_add(u32::from(told.told == 1));
        return told.told == 1;
    }
    ties.referees.push(Referee { id: from.to_owned(), since_ms: told.since_ms, told: told.told, net: told.net });
    ties.referred = ties.referred.saturating_add(1);
    true
}

/// Whether there was such a one.
fn remove_referee(ties: &mut Ties, id: &str) -> bool {
    let before = ties.referees.len();
    ties.referees.retain(|referee| referee.id != id);
    let is_removed = ties.referees.len() < before;
    ties.referred = ties.referred.saturating_sub(u32::from(is_removed));
    is_removed
}

fn drop_empty(customer: &mut Customer) {
    if customer.ties.as_deref() == Some(&Ties::default()) {
        customer.ties = None;
    }
}

/// What a customer has brought has changed.
fn follow(customer: &mut Customer, scene: &mut Scene<'_>) {
    transitions::settle(customer, Some(Why::Referral), scene);
    value::write_clv(customer, Why::Referral, scene);
}

/// The referrer answers that there is nothing to tell. Whether anything has changed.
pub fn end(customer: &mut Customer, from: &str, why: Ended) -> bool {
    let Some(ties) = customer.ties.as_mut() else { return false };
    let Some(referrer) = ties.referrer.as_mut().filter(|referrer| referrer.id == from) else { return false };
    match why {
        Ended::Refused => ties.referrer = None,
        Ended::Silent => referrer.id.clear(),
    }
    drop_empty(customer);
    true
}

/// Somebody whom the customer brought is forgotten: what they bought goes, that they came stays.
pub fn forget_referee(customer: &mut Customer, id: &str, scene: &mut Scene<'_>) -> bool {
    let Some(ties) = customer.ties.as_mut() else { return false };
    let before = ties.referees.len();
    ties.referees.retain(|referee| referee.id != id);
    let is_changed = ties.referees.len() < before;
    if is_changed {
        value::write_clv(customer, Why::Referral, scene);
    }
    is_changed
}

/// Who has brought the customer bears another name.
pub fn rename_referrer(customer: &mut Customer, from: &str, to: &str) -> bool {
    let referrer = customer.ties.as_mut().and_then(|ties| ties.referrer.as_mut()).filter(|referrer| referrer.id == from);
    let is_known = referrer.is_some();
    if let Some(referrer) = referrer {
        referrer.id = to.to_owned();
    }
    is_known
}

/// Takes over the referrals of another id of the same person, and tells everybody concerned: referees in the name of the id they know.
/// Whether the referrer was told.
pub fn unite(customer: &mut Customer, other: &Ties, other_id: &str, scene: &mut Scene<'_>) -> bool {
    let ties = customer.ties.get_or_insert_default();
    ties.referrals_sent = ties.referrals_sent.saturating_add(other.referrals_sent);
    ties.referred = ties.referred.saturating_add(other.referred);
    let own_id = scene.customer_id;
    for referee in &other.referees {
        if referee.id == own_id || ties.referee(&referee.id).is_some() {
            // of oneself, or told to both
            ties.referred = ties.referred.saturating_sub(1);
        } else if ties.referees.len() < REFEREES_MAX {
            ties.referees.push(referee.clone());
            scene.send_as(other_id, &referee.id, &Content::ReferrerMoved(own_id));
        } else {
            scene.send_as(other_id, &referee.id, &Content::ReferrerMoved(""));
        }
    }
    ties.referees.sort_by(|a, b| (a.since_ms, &a.id).cmp(&(b.since_ms, &b.id)));
    remove_referee(ties, other_id);
    let own = ties.referrer.take().filter(|own| own.id != other_id);
    let others = other.referrer.clone().filter(|theirs| theirs.id != own_id);
    let is_taken = own.is_none() && others.is_some();
    match (&own, &others) {
        (Some(_), Some(theirs)) if !theirs.id.is_empty() => scene.send(&theirs.id, &Content::RefereeErased),
        _ => {}
    }
    ties.referrer = own.or(others);
    if is_taken {
        tell(customer, other_id, scene);
    }
    drop_empty(customer);
    is_taken
}

/// The customer is about to be forgotten: nobody is to name them any more.
pub fn part(customer: &Customer, scene: &mut Scene<'_>) {
    let Some(ties) = &customer.ties else { return };
    for referee in &ties.referees {
        scene.send(&referee.id, &Content::ReferralEnded(Ended::Silent));
    }
    if let Some(referrer) = ties.referrer.as_ref().filter(|referrer| !referrer.id.is_empty()) {
        scene.send(&referrer.id, &Content::RefereeErased);
    }
}
