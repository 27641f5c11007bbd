//! What travels with every committed offset: which state of the slot the offset belongs to.
//!
//! One line of text in Kafka's offset metadata, at most 128 bytes, so that `kafka-consumer-groups` and people can read it:
//! `1 <seq> <chain> <restore start> <writer>`. Written at each commit, read by restore and after an unknown outcome. No I/O here.

use super::chain::Chain;
use super::source::CommittedOffset;

/// Brokers accept 4096 by default; the offsets topic is read whole at every coordinator failover, so short is kind.
const METADATA_BYTES_MAX: usize = 128;
const VERSION: &str = "1";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    pub seq: u64,
    pub chain: Chain,
    /// The changelog offset from which a restore may begin.
    pub start: i64,
    /// The writer's `transactional.id`, cut where it does not fit; block headers have it whole.
    pub writer: String,
}

impl Metadata {
    pub fn to_text(&self) -> String {
        let mut text = format!("{VERSION} {} {} {} {}", self.seq, self.chain, self.start, self.writer);
        while text.len() > METADATA_BYTES_MAX {
            text.pop();
        }
        text
    }

    /// `None`: not written by lifetide.
    pub fn parse(text: &str) -> Option<Metadata> {
        let mut parts = text.splitn(5, ' ');
        if parts.next()? != VERSION {
            return None;
        }
        let seq = parts.next()?.parse().ok()?;
        let chain = Chain(u128::from_str_radix(parts.next()?, 16).ok()?);
        let start = parts.next()?.parse().ok()?;
        Some(Metadata { seq, chain, start, writer: parts.next()?.to_owned() })
    }

    /// What a slot's committed offsets say of the state they belong to: inputs without new records keep an older word.
    pub fn newest(committed: &[Option<CommittedOffset>]) -> Option<Metadata> {
        committed.iter().flatten().filter_map(|c| Metadata::parse(&c.metadata)).max_by_key(|m| m.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_wrote_within_its_bound() {
        let metadata = Metadata { seq: u64::MAX, chain: Chain(7), start: i64::MAX, writer: "group-host-0".into() };
        let text = metadata.to_text();
        assert_eq!(Metadata::parse(&text), Some(metadata.clone()));
        let long = Metadata { writer: "é".repeat(200), ..metadata };
        assert!(long.to_text().len() <= METADATA_BYTES_MAX);
        assert_eq!(Metadata::parse(&long.to_text()).map(|m| m.chain), Some(Chain(7)));
    }

    #[test]
    fn foreign_text_is_not_taken_for_ours() {
        for text in ["", "m1", "2 1 0 0 w", "1 x 0 0 w", "1 1 zz 0 w", "1 1 0"] {
            assert_eq!(Metadata::parse(text), None, "{text:?}");
        }
    }
}
