//! Reads what a member of the group was given, as the group keeps it: the assignment of Kafka's consumer protocol.
//!
//! version (i16), then topics (a count, i32), each a name (its length, i16) and its partitions (a count, i32, each i32); all big endian, and
//! whatever follows is of no interest. Bytes that are none of it give no slots. Used by `observer`.

/// The partitions of all topics together, in order, each once.
pub fn slots(assignment: &[u8]) -> Vec<u32> {
    let mut slots = read(assignment).unwrap_or_default();
    slots.sort_unstable();
    slots.dedup();
    slots
}

fn read(mut bytes: &[u8]) -> Option<Vec<u32>> {
    let rest = &mut bytes;
    let mut slots = Vec::new();
    let _version = number::<2>(rest)?;
    for _ in 0..number::<4>(rest)? {
        let name_bytes = number::<2>(rest)?;
        *rest = rest.get(name_bytes as usize..)?;
        for _ in 0..number::<4>(rest)? {
            slots.push(number::<4>(rest)?);
        }
    }
    Some(slots)
}

/// The next so many bytes; `None` where they end, or where the number is below zero.
fn number<const BYTES: usize>(rest: &mut &[u8]) -> Option<u32> {
    let (bytes, behind) = rest.split_first_chunk::<BYTES>()?;
    *rest = behind;
    let is_negative = bytes[0] >= 0x80;
    (!is_negative).then(|| bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partitions_of_all_topics_are_the_slots_and_other_bytes_are_none() {
        let mut bytes = vec![0, 1, 0, 0, 0, 2];
        for (name, partitions) in [("shop.carts", [3_u32, 1]), ("shop.emails", [1, 3])] {
            bytes.extend_from_slice(&(name.len() as u16).to_be_bytes());
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(&2_u32.to_be_bytes());
            partitions.iter().for_each(|partition| bytes.extend_from_slice(&partition.to_be_bytes()));
        }
        let whole = bytes.len();
        bytes.extend_from_slice(&[0xff; 4]);
        assert_eq!(slots(&bytes), [1, 3]);
        for end in 0..whole {
            assert_eq!(slots(&bytes[..end]), [0_u32; 0], "cut at {end}");
        }
        for nonsense in [&[0xff; 32][..], b"range and something else", &[0, 1, 0x7f, 0xff, 0xff, 0xff]] {
            assert_eq!(slots(nonsense), [0_u32; 0]);
        }
    }
}
