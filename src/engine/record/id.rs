//! The `id` of every output: the same decision has the same id, on every machine and in every replay.
//!
//! A 128-bit hash over fields, each preceded by its length so that no two lists of fields look alike. Stored in other people's systems:
//! the fields and their order never change.

use xxhash_rust::xxh3::xxh3_128;

use super::json::{Json, write_plain};

/// Before each field, its length.
const LENGTH_BYTES: usize = size_of::<u32>();
/// Nearly all lists of fields are shorter, and need no memory of their own.
const FEW_BYTES: usize = 256;

/// 32 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, utoipa::ToSchema)]
#[schema(value_type = String)]
pub struct OutputId([u8; 32]);

impl OutputId {
    /// Of the record number `index` an event caused.
    pub fn of_event(slot: u32, topic: &str, offset: i64, index: u32) -> OutputId {
        OutputId::of(&[b"event", &slot.to_be_bytes(), topic.as_bytes(), &offset.to_be_bytes(), &index.to_be_bytes()])
    }

    /// Of the record number `index` that an event caused for another customer, so many hops away.
    pub fn of_relay(slot: u32, topic: &str, offset: i64, hops: u8, customer: &str, index: u32) -> OutputId {
        let place = [slot.to_be_bytes().as_slice(), &offset.to_be_bytes()].concat();
        OutputId::of(&[b"relay", &place, topic.as_bytes(), &[hops], customer.as_bytes(), &index.to_be_bytes()])
    }

    /// Of what a deadline decided: `step` of `instance` of a play, due at `due_ms`. The moment is part of it because a shop may use one cart
    /// id again after an order.
    pub fn of_deadline(customer: &str, play: &str, instance: &str, step: u32, due_ms: i64) -> OutputId {
        OutputId::of(&[b"deadline", customer.as_bytes(), play.as_bytes(), instance.as_bytes(), &step.to_be_bytes(), &due_ms.to_be_bytes()])
    }

    /// Of what takes back a send, when no event does: a send is taken back once at most.
    pub fn of_cancel(send: &OutputId) -> OutputId {
        OutputId::of(&[b"cancel", &send.0])
    }

    /// Of an offer granted to a customer by a play: not an output's, but as lasting.
    pub fn of_grant(customer: &str, play: &str, offer: &str) -> OutputId {
        OutputId::of(&[b"grant", customer.as_bytes(), play.as_bytes(), offer.as_bytes()])
    }

    /// Of what a model coming into force says about a customer at a time: `what` is the track or `clv`. A model may come twice.
    pub fn of_model(customer: &str, what: &str, version: &str, at_ms: i64) -> OutputId {
        OutputId::of(&[b"model", customer.as_bytes(), what.as_bytes(), version.as_bytes(), &at_ms.to_be_bytes()])
    }

    /// Of a cell, slot included, after so many changes.
    pub fn of_cell(key: &str, seq: u64) -> OutputId {
        OutputId::of(&[b"cell", key.as_bytes(), &seq.to_be_bytes()])
    }

    fn of(fields: &[&[u8]]) -> OutputId {
        let length = fields.iter().map(|field| LENGTH_BYTES + field.len()).sum();
        let (mut few, mut many) = ([0; FEW_BYTES], Vec::new());
        let bytes = if length <= FEW_BYTES {
            &mut few[..length]
        } else {
            many.resize(length, 0);
            many.as_mut_slice()
        };
        let mut rest = &mut *bytes;
        for field in fields {
            let (place, behind) = rest.split_at_mut(LENGTH_BYTES + field.len());
            let (length, text) = place.split_at_mut(LENGTH_BYTES);
            length.copy_from_slice(&(field.len() as u32).to_be_bytes());
            text.copy_from_slice(field);
            rest = behind;
        }
        OutputId(hex(xxh3_128(bytes)))
    }

    pub fn as_str(&self) -> &str {
        // invariant: hex digits are ASCII
        std::str::from_utf8(&self.0).unwrap_or("")
    }
}

fn hex(number: u128) -> [u8; 32] {
    let mut digits = [0; 32];
    let (places, _) = digits.as_chunks_mut::<8>();
    for (place, quarter) in places.iter_mut().zip([96, 64, 32, 0]) {
        *place = hex_of((number >> quarter) as u32).to_be_bytes();
    }
    digits
}

/// Eight digits at once, the first in the highest byte.
fn hex_of(number: u32) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // each half moves to its own half, until each digit has its own byte
    let halves = (u64::from(number) | u64::from(number) << 16) & 0x0000_ffff_0000_ffff;
    let bytes = (halves | halves << 8) & 0x00ff_00ff_00ff_00ff;
    let digits = (bytes | bytes << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    let above_nine = (digits + ONES * 6) >> 4 & ONES;
    digits + ONES * u64::from(b'0') + above_nine * u64::from(b'a' - b'0' - 10)
}

impl Json for OutputId {
    fn write(&self, out: &mut Vec<u8>) {
        write_plain(&self.0, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_the_library() {
        for number in (0..128).map(|shift| 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210_u128.rotate_left(shift)) {
            assert_eq!(hex(number), format!("{number:032x}").as_bytes());
        }
    }

    #[test]
    fn ids_are_fixed_for_ever_and_fields_do_not_run_into_each_other() {
        assert_eq!(OutputId::of_event(3, "shop.carts", 7, 0).as_str(), "f7207098dd0f386bb342c6cdefbaafef");
        assert_eq!(OutputId::of_deadline("u-1", "cart_recovery", "c-1", 0, 1).as_str(), "b583bd738b34b97d570e51c16475e016");
        assert_ne!(OutputId::of_deadline("ab", "c", "", 0, 0), OutputId::of_deadline("a", "bc", "", 0, 0));
    }
}
