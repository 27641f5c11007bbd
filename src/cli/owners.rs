//! Who owns the slots that this process has not: asked of the group, whose members say where they answer HTTP.
//!
//! The answer is kept for a moment, so that a burst of questions asks the group once. Without an address of our own nobody is asked: then
//! redirects are off. It redirects nobody itself. Called by `http`, through `Owners`, on a thread that may wait.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::clock;
use crate::http::{Owner, Owners};
use crate::kafka::{Member, Observer, Settings};

/// How long an answer of the group holds: slots move seldom, and who was sent to the wrong instance is sent on.
const KEPT_MS: u64 = 2_000;
/// Names the client that asks.
const OBSERVER: &str = "owners";

pub struct GroupOwners {
    settings: Settings,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Connected with the first question.
    observer: Option<Observer>,
    asked_ms: Option<u64>,
    /// The address of each slot's owner, if it says one.
    addresses: BTreeMap<u32, Option<String>>,
}

impl GroupOwners {
    pub fn new(settings: &Settings) -> GroupOwners {
        GroupOwners { settings: settings.clone(), known: Mutex::default() }
    }
}

impl Owners for GroupOwners {
    fn owner_of(&self, slot: u32) -> Owner {
        let Some(own) = &self.settings.advertised else {
            return Owner::Unknown("another instance may have it, and http.advertised, which turns redirects on, is not set".to_owned());
        };
        // what a panic left behind is asked for again
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(why) = known.refresh(&self.settings) {
            return Owner::Unknown(why);
        }
        match known.addresses.get(&slot) {
            Some(Some(address)) if address == own => Owner::Ourselves,
            Some(Some(address)) => Owner::At(address.clone()),
            Some(None) => Owner::Unknown("the instance that has it advertises no address".to_owned()),
            None => Owner::Unknown("the group is dealing its slots out".to_owned()),
        }
    }
}

impl Known {
    fn refresh(&mut self, settings: &Settings) -> Result<(), String> {
        let now_ms = clock::monotonic_ms();
        if self.asked_ms.is_some_and(|asked_ms| now_ms.saturating_sub(asked_ms) < KEPT_MS) {
            return Ok(());
        }
        let observer = match self.observer.take() {
            Some(observer) => observer,
            None => Observer::connect(settings, OBSERVER).map_err(|error| error.to_string())?,
        };
        let members = observer.members(&settings.group_id);
        self.observer = Some(observer);
        self.addresses = addresses(members.map_err(|error| error.to_string())?);
        self.asked_ms = Some(clock::monotonic_ms());
        Ok(())
    }
}

fn addresses(members: Vec<Member>) -> BTreeMap<u32, Option<String>> {
    members.into_iter().flat_map(|member| member.slots.into_iter().map(move |slot| (slot, member.address.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_is_at_its_owners_address() {
        let member = |name: &str, address: Option<&str>, slots: &[u32]| Member {
            name: name.to_owned(),
            reads_rows: Some(3),
            address: address.map(str::to_owned),
            slots: slots.to_vec(),
        };
        let members = vec![member("lifetide-a-0", Some("http://a:1"), &[0, 2]), member("lifetide-b-0", None, &[1])];
        let wanted = [(0, Some("http://a:1".to_owned())), (1, None), (2, Some("http://a:1".to_owned()))];
        assert_eq!(addresses(members), BTreeMap::from(wanted));
    }
}
