//! Who owns the slots that this process has not: asked of the group, whose members say where they answer HTTP; and what they answer.
//!
//! The group's answer is kept for a moment, so that a burst of questions asks it once. Without an address of our own nobody is asked: then
//! redirects are off, and figures those of this process. It redirects nobody and adds nothing up. Called by `http`, through `Owners`, on a
//! thread that may wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ureq::Agent;

use super::http_client;
use crate::clock;
use crate::config::BearerToken;
use crate::http::{Owner, Owners};
use crate::kafka::{Member, Observer, Settings};

/// How long an answer of the group holds: slots move seldom, and who was sent to the wrong instance is sent on.
const KEPT_MS: u64 = 2_000;
/// Names the client that asks.
const OBSERVER: &str = "owners";
/// For the whole answer of another instance: somebody waits for the sum.
const ANSWER_WAIT: Duration = Duration::from_secs(3);
/// A thousand figures, each of them a sketch with all its bins.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;
const OFF: &str = "another instance may have it, and http.advertised, which turns redirects on, is not set";

pub struct GroupOwners {
    settings: Settings,
    /// All instances of a group have the same.
    token: Option<BearerToken>,
    agent: Agent,
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
    pub fn new(settings: &Settings, token: Option<BearerToken>) -> GroupOwners {
        let config = http_client::of_instances(ANSWER_WAIT).http_status_as_error(false).max_redirects(0).build();
        GroupOwners { settings: settings.clone(), token, agent: config.new_agent(), known: Mutex::default() }
    }

    /// Our own address and what is known of all; an error says why nothing is.
    fn known<T>(&self, look: impl FnOnce(&str, &Known) -> T) -> Result<T, String> {
        let own = self.settings.advertised.as_deref().ok_or(OFF)?;
        // what a panic left behind is asked for again
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.refresh(&self.settings)?;
        Ok(look(own, &known))
    }
}

impl Owners for GroupOwners {
    fn owner_of(&self, slot: u32) -> Owner {
        let owner = |own: &str, known: &Known| match known.addresses.get(&slot) {
            Some(Some(address)) if address == own => Owner::Ourselves,
            Some(Some(address)) => Owner::At(address.clone()),
            Some(None) => Owner::Unknown("the instance that has it advertises no address".to_owned()),
            None => Owner::Unknown("the group is dealing its slots out".to_owned()),
        };
        self.known(owner).unwrap_or_else(Owner::Unknown)
    }

    fn others(&self) -> Result<Vec<String>, String> {
        self.known(|own, known| {
            let addresses: BTreeSet<&String> = known.addresses.values().flatten().filter(|address| *address != own).collect();
            addresses.into_iter().cloned().collect()
        })
    }

    fn ask(&self, address: &str, path: &str, query: &[(&str, &str)]) -> Result<(u16, String), String> {
        let mut request = self.agent.get(format!("{address}{path}")).query_pairs(query.iter().copied());
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {}", token.0));
        }
        let mut answer = request.call().map_err(|error| error.to_string())?;
        let text = http_client::text(&mut answer, ANSWER_BYTES_MAX).map_err(|error| error.to_string())?;
        Ok((answer.status().as_u16(), text))
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
