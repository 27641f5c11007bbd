//! What a customer's records are recognised by: 64-bit fingerprints of ids, and the ring of the last ones seen.
//!
//! Ids of different kinds never match each other, even where a shop gives them the same text. The texts themselves are not kept. Called by
//! `apply` and `orders`.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The ids remembered per customer (`contracts.md` 2): enough for retries of a producer, not for a replay of last week.
pub const SEEN_MAX: usize = 16;

/// What an id names. The seeds are stored in rows through their fingerprints and never change; they differ in all bits, since of short ids
/// the hash only sees seed and text combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    Message,
    Refund,
    /// Orders and checkouts: a checkout's id may come back as its order's.
    Order,
    Cost,
    Ticket,
    Subscription,
    /// An e-mail address, in small letters.
    Email,
    Cart,
}

impl IdKind {
    fn seed(self) -> u64 {
        match self {
            IdKind::Message => 0x9f6d_62d3_a1c4_07b5,
            IdKind::Refund => 0x34b7_e51c_5e08_d96a,
            IdKind::Order => 0xc8e2_196f_f37b_4a01,
            IdKind::Cost => 0x5a1d_0e83_68f2_bc97,
            IdKind::Ticket => 0xe793_4ab6_0d5c_2f18,
            IdKind::Subscription => 0x1b58_c7d4_92a6_3ef1,
            IdKind::Email => 0x1bc8_75de_f209_43a7,
            IdKind::Cart => 0x62f4_b82d_07a9_5ce3,
        }
    }
}

/// The fingerprint of an id.
pub fn fingerprint(kind: IdKind, id: &str) -> u64 {
    xxh3_64_with_seed(id.as_bytes(), kind.seed())
}

/// The last ids, oldest first. A `Vec` of its element size grows 4, 8, 16 by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    fingerprints: Vec<u64>,
}

impl Seen {
    pub fn contains(&self, id: u64) -> bool {
        self.fingerprints.contains(&id)
    }

    /// Remembers an id, forgetting the oldest beyond `SEEN_MAX`.
    pub fn remember(&mut self, id: u64) {
        if self.fingerprints.len() == SEEN_MAX {
            self.fingerprints.remove(0);
        }
        self.fingerprints.push(id);
    }

    /// Those of another come before our own, and so are forgotten first.
    pub fn unite(&mut self, other: &Seen) {
        let own = std::mem::take(&mut self.fingerprints);
        let others: Vec<u64> = other.fingerprints.iter().copied().filter(|id| !own.contains(id)).collect();
        let surplus = (others.len() + own.len()).saturating_sub(SEEN_MAX);
        self.fingerprints.extend(others.into_iter().skip(surplus).chain(own));
    }

    /// Takes up what a row remembers: at most `SEEN_MAX`, oldest first.
    pub fn restore(&mut self, fingerprints: impl Iterator<Item = u64>) {
        self.fingerprints.clear();
        self.fingerprints.extend(fingerprints.take(SEEN_MAX));
    }

    /// Oldest first.
    pub fn fingerprints(&self) -> &[u64] {
        &self.fingerprints
    }

    pub fn clear(&mut self) {
        self.fingerprints.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_sixteen_are_remembered() {
        let mut seen = Seen::default();
        for id in 0..20 {
            assert!(!seen.contains(id));
            seen.remember(id);
        }
        assert_eq!(seen.fingerprints(), (4..20).collect::<Vec<u64>>());
        assert!(!seen.contains(3) && seen.contains(4));
    }

    #[test]
    fn ids_of_different_kinds_never_match() {
        let kinds = [IdKind::Message, IdKind::Refund, IdKind::Order, IdKind::Cost, IdKind::Ticket, IdKind::Email, IdKind::Cart];
        let fingerprints = kinds.iter().flat_map(|kind| (0..2000).map(|id| fingerprint(*kind, &id.to_string())));
        assert_eq!(fingerprints.collect::<std::collections::HashSet<u64>>().len(), 14_000);
    }
}
