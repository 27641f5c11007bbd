//! Which partition a key belongs to: the hash of Kafka's own Java producers (murmur2, seed 0x9747b28c), so that a customer's events,
//! whoever produces them, meet in one slot. Called by `worker` to check each record and each restored slot, and by
//! `replay` to deal lines to slots.

use crate::engine::Region;

const SEED: u32 = 0x9747_b28c;
const M: u32 = 0x5bd1_e995;

/// Partition of a key among `partitions` (at least 1).
pub fn partition_of(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) & 0x7fff_ffff) % partitions
}

/// Why a slot with these rows must not be served: after partitions were added its customers' keys lie elsewhere, and they would be served twice,
/// here from what they were. `partitions`: none where it is not known how keys are dealt out.
pub fn misplaced(partitions: Option<u32>, slot: u32, regions: &[(u16, Region)]) -> Option<String> {
    let partitions = partitions?;
    let mut ids = regions.iter().flat_map(|(_, region)| region.rows()).map(|(_, id, _)| id);
    ids.any(|id| partition_of(id, partitions) != slot).then(|| {
        format!(
            "slot {slot} holds customers whose keys lie in other partitions: partitions were added; `state reslot` moves the customers \
             (docs/runbook.md: another number of partitions)"
        )
    })
}

fn murmur2(data: &[u8]) -> u32 {
    let mut h = SEED ^ data.len() as u32;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        k ^= k >> 24;
        h = h.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let tail = words.remainder();
    if !tail.is_empty() {
        for (i, byte) in tail.iter().enumerate() {
            h ^= u32::from(*byte) << (8 * i);
        }
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    h ^ (h >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_the_java_client_does() {
        // values of Kafka's own unit test of Utils.murmur2
        let known: [(&str, i32); 6] = [
            ("21", -973932308),
            ("foobar", -790332482),
            ("a-little-bit-long-string", -985981536),
            ("a-little-bit-longer-string", -1486304829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
            ("abc", 479470107),
        ];
        for (text, hash) in known {
            assert_eq!(murmur2(text.as_bytes()) as i32, hash, "{text}");
        }
    }
}
