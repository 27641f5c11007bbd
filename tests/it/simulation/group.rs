//! The consumer group as its coordinator sees it: members, generations, who must join again, who owns which slots (classic protocol,
//! eager, `range`).
//!
//! A new member, a leaving or silent one makes everybody join again; the generation rises when all have, or when the slow ones have been
//! given up. A static member that comes back within its session gets its slots without any of that, and its former self is fenced. An
//! offset commit is checked by member and generation, and not by partition. Called by `cluster`.

use std::collections::{BTreeMap, BTreeSet};

/// As lifetide sets it.
pub const SESSION_TIMEOUT_MS: u64 = 10_000;
/// A member that does not ask for longer is out of the group; also what others wait for it to join again.
pub const POLL_MAX_INTERVAL_MS: u64 = 120_000;

/// What a member gave proof of being.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    pub member: u64,
    pub generation: i32,
}

/// What the coordinator has to tell a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// Evicted: unknown member.
    Stranger,
    /// Somebody else has the same instance id.
    Fenced,
    /// Others join again, and wait for you.
    Rejoin,
    /// Others have not joined yet.
    Wait,
    Assigned {
        generation: i32,
        slots: Vec<u32>,
    },
}

struct Member {
    instance: Option<String>,
    joined: bool,
    slots: Vec<u32>,
    /// Its process is frozen or dead since; heartbeats have stopped.
    silent_since_ms: Option<u64>,
}

pub struct Group {
    slots: u32,
    generation: i32,
    /// Since when members join again.
    joining_since_ms: Option<u64>,
    members: BTreeMap<u64, Member>,
    fenced: BTreeSet<u64>,
    next_member: u64,
    /// For a control: any claim will do.
    pub takes_any_claim: bool,
}

impl Group {
    pub fn new(slots: u32) -> Group {
        Group {
            slots,
            generation: 0,
            joining_since_ms: None,
            members: BTreeMap::new(),
            fenced: BTreeSet::new(),
            next_member: 1,
            takes_any_claim: false,
        }
    }

    /// A newcomer, or a static member's new life.
    pub fn join(&mut self, instance: Option<&str>, now_ms: u64) -> u64 {
        // member ids are random in Kafka, and decide the order of assignment
        let member = (self.next_member.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1;
        self.next_member += 1;
        let former = self.members.iter().find(|(_, known)| instance.is_some() && known.instance.as_deref() == instance).map(|(id, _)| *id);
        let former = former.and_then(|former| {
            self.fenced.insert(former);
            self.members.remove(&former)
        });
        let slots = former.as_ref().map(|former| former.slots.clone()).unwrap_or_default();
        self.members.insert(member, Member { instance: instance.map(str::to_owned), joined: true, slots, silent_since_ms: None });
        if former.is_none() {
            self.rebalance(now_ms);
        }
        self.members.get_mut(&member).expect("it has just joined").joined = true;
        member
    }

    pub fn rejoin(&mut self, member: u64) {
        if let Some(member) = self.members.get_mut(&member) {
            member.joined = true;
        }
    }

    pub fn leave(&mut self, member: u64, now_ms: u64) {
        if self.members.remove(&member).is_some() {
            self.rebalance(now_ms);
        }
    }

    /// Everybody has to join again.
    pub fn rebalance(&mut self, now_ms: u64) {
        if self.joining_since_ms.is_none() {
            self.joining_since_ms = Some(now_ms);
            self.members.values_mut().for_each(|member| member.joined = false);
        }
    }

    /// Heartbeats stop.
    pub fn silence(&mut self, member: u64, now_ms: u64) {
        if let Some(member) = self.members.get_mut(&member) {
            member.silent_since_ms.get_or_insert(now_ms);
        }
    }

    /// Heartbeats go on.
    pub fn hear(&mut self, member: u64) {
        if let Some(member) = self.members.get_mut(&member) {
            member.silent_since_ms = None;
        }
    }

    /// What time alone brings about: sessions end, members that are waited for are given up, a join is complete.
    pub fn pass_time(&mut self, now_ms: u64) {
        let is_over = |member: &Member| member.silent_since_ms.is_some_and(|since_ms| now_ms >= since_ms + SESSION_TIMEOUT_MS);
        let gone: Vec<u64> = self.members.iter().filter(|(_, member)| is_over(member)).map(|(id, _)| *id).collect();
        gone.into_iter().for_each(|member| self.leave(member, now_ms));
        let Some(since_ms) = self.joining_since_ms else { return };
        if now_ms >= since_ms + POLL_MAX_INTERVAL_MS {
            self.members.retain(|_, member| member.joined);
        }
        if self.members.values().all(|member| member.joined) {
            self.joining_since_ms = None;
            self.generation += 1;
            self.assign();
        }
    }

    pub fn next_ms(&self) -> Option<u64> {
        let sessions = self.members.values().filter_map(|member| Some(member.silent_since_ms? + SESSION_TIMEOUT_MS));
        sessions.chain(self.joining_since_ms.map(|since_ms| since_ms + POLL_MAX_INTERVAL_MS)).min()
    }

    /// `range`: contiguous shares, in the order of the members' names, the same for every topic.
    fn assign(&mut self) {
        let mut order: Vec<(String, u64)> =
            self.members.iter().map(|(id, member)| (member.instance.clone().unwrap_or_else(|| format!("{id:020}")), *id)).collect();
        order.sort();
        let count = order.len().max(1) as u32;
        let mut first = 0;
        for (place, (_, id)) in order.into_iter().enumerate() {
            let share = self.slots / count + u32::from((place as u32) < self.slots % count);
            self.members.get_mut(&id).expect("it is a member").slots = (first..first + share).collect();
            first += share;
        }
    }

    pub fn word_for(&self, member: u64) -> Word {
        if self.fenced.contains(&member) {
            return Word::Fenced;
        }
        match self.members.get(&member) {
            None => Word::Stranger,
            Some(known) if self.joining_since_ms.is_some() => {
                if known.joined {
                    Word::Wait
                } else {
                    Word::Rejoin
                }
            }
            Some(known) => Word::Assigned { generation: self.generation, slots: known.slots.clone() },
        }
    }

    /// Whether a transaction's offsets are taken from this member.
    pub fn takes_offsets_of(&self, identity: Identity) -> bool {
        // without a generation nothing is checked at all
        let is_known = self.members.contains_key(&identity.member) && identity.generation == self.generation;
        identity.generation < 0 || is_known || self.takes_any_claim
    }
}
