//! The chain: what makes two states of a slot the same state.
//!
//! Each transaction's chain is a hash of the one before it, a nonce of its writer and the bodies of its changelog blocks. Sequence numbers
//! say how far a history is, chains say which history it is: two owners may each have written a sequence 7. It hashes and compares, nothing
//! else. Used by `block`, `changelog`, `restore` and `commit`.

use std::fmt;

use xxhash_rust::xxh3::Xxh3;

/// What identifies a state: equal chains mean equal histories, whoever wrote them.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Chain(pub u128);

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Computes the chain that follows `previous` from a transaction's bodies, in order.
pub struct ChainHasher(Xxh3);

impl ChainHasher {
    pub fn new(previous: Chain, nonce: u64) -> ChainHasher {
        let mut hash = Xxh3::new();
        hash.update(&previous.0.to_le_bytes());
        hash.update(&nonce.to_le_bytes());
        ChainHasher(hash)
    }

    pub fn body(&mut self, body: &[u8]) {
        self.0.update(&(body.len() as u64).to_le_bytes());
        self.0.update(body);
    }

    pub fn finish(&self) -> Chain {
        Chain(self.0.digest128())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_depends_on_history_writer_and_bodies() {
        let chain = |previous: u128, nonce, bodies: &[&[u8]]| {
            let mut hasher = ChainHasher::new(Chain(previous), nonce);
            bodies.iter().for_each(|body| hasher.body(body));
            hasher.finish()
        };
        let base = chain(1, 2, &[b"a", b"b"]);
        assert_eq!(base, chain(1, 2, &[b"a", b"b"]));
        for other in [chain(2, 2, &[b"a", b"b"]), chain(1, 3, &[b"a", b"b"]), chain(1, 2, &[b"ab"]), chain(1, 2, &[b"b", b"a"])] {
            assert_ne!(base, other);
        }
    }
}
