//! Addresses that mail providers told of for this customer, and that are not the known one: an old address, or one not heard of yet.
//!
//! A refusal about such an address is about that address alone: it does not end the mails to the known one, and it holds from the moment the
//! address becomes the known one, whichever of the two was heard first, until the person subscribes again. Only a hash is kept, since an address nobody gave us is nobody's
//! to keep. Called by `apply`, `unite`,
//! `gates` and `audience`.

use xxhash_rust::xxh3::xxh3_64;

use super::customer::Customer;
use crate::event::{ConsentStatus, EmailSignal, Event, Kind};

/// More addresses than anybody changes through while mails to them are still under way; the oldest goes first.
pub const SUPPRESSED_MAX: usize = 4;

/// The numbers are stored in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Bounced = 0,
    Complained = 1,
    Unsubscribed = 2,
}

impl Refusal {
    pub const ALL: [Refusal; 3] = [Refusal::Bounced, Refusal::Complained, Refusal::Unsubscribed];
}

/// One refusal about one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suppressed {
    /// As `hash_of` it.
    pub address: u64,
    pub refusal: Refusal,
    /// Event time, the latest.
    pub at_ms: i64,
}

/// Whatever its case: providers do not keep it. Stored, so it never changes.
fn hash_of(address: &str) -> u64 {
    xxh3_64(address.to_ascii_lowercase().as_bytes())
}

/// Keeps what an event says about an address that is not the known one, if rows have a place for it. `true`: it is about nothing else, and
/// has been dealt with.
pub fn take(customer: &mut Customer, event: &Event<'_>, has_place: bool) -> bool {
    let known = customer.contact.email.as_str();
    let is_other = event.address.as_deref().is_some_and(|address| !address.eq_ignore_ascii_case(known));
    if !is_other && customer.suppressed.is_empty() {
        return false;
    }
    let address = hash_of(event.address.as_deref().unwrap_or(known));
    let refusal = match &event.kind {
        Kind::Email(email) if email.signal == EmailSignal::HardBounce => Refusal::Bounced,
        Kind::Email(email) if email.signal == EmailSignal::Complaint => Refusal::Complained,
        Kind::Consent(change) if change.status == ConsentStatus::Unsubscribed => Refusal::Unsubscribed,
        Kind::Consent(change) => {
            let is_lifted = |kept: &Suppressed| kept.address == address && kept.refusal != Refusal::Bounced && kept.at_ms < event.time_ms;
            let is_subscribed = change.status == ConsentStatus::Subscribed;
            customer.suppressed.retain(|kept| !(is_subscribed && is_lifted(kept)));
            return is_other;
        }
        // a mail to another address was read by the same person
        _ => return false,
    };
    if is_other && has_place {
        keep(&mut customer.suppressed, Suppressed { address, refusal, at_ms: event.time_ms });
    }
    is_other
}

fn keep(all: &mut Vec<Suppressed>, new: Suppressed) {
    let before = all.iter().position(|kept| (kept.address, kept.refusal) == (new.address, new.refusal)).map(|place| all.remove(place));
    let at_ms = before.map_or(new.at_ms, |before| before.at_ms.max(new.at_ms));
    let place = all.partition_point(|kept| kept.at_ms <= at_ms);
    all.insert(place, Suppressed { at_ms, ..new });
    if all.len() > SUPPRESSED_MAX {
        all.remove(0);
    }
}

/// What was heard about addresses of another id of the same person.
pub fn unite(customer: &mut Customer, theirs: Vec<Suppressed>) {
    theirs.into_iter().for_each(|refused| keep(&mut customer.suppressed, refused));
}

/// What was heard about the known address before it was that: a bounce first, then the latest.
pub fn of_known_address(customer: &Customer) -> Option<&Suppressed> {
    if customer.suppressed.is_empty() || !customer.contact.has_email() {
        return None;
    }
    let address = hash_of(&customer.contact.email);
    let about = customer.suppressed.iter().filter(|kept| kept.address == address);
    about.max_by_key(|kept| (kept.refusal == Refusal::Bounced, kept.at_ms))
}
