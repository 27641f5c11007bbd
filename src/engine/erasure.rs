//! What stays of an erased customer: a mark that recognises the id if it comes again, and says of nobody who they were.
//!
//! The mark is a keyed hash of the id (SipHash-2-4, 128 bits: Aumasson and Bernstein, 2012) and the event time of the erasure. Events up to
//! that time are dropped for ever, so records that were late, or are read again, bring nobody back; later ones begin a new customer.
//! A mark in the changelog is a row of its own kind; its bytes are frozen below. Used by `slot`, `committed`, and the worker's changelog.

use std::fmt;
use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher24};

use super::row::RowError;

/// Of the bytes of a mark's row.
const VERSION: u8 = 1;
/// A row: version, time of the erasure (ms since 1970, little endian).
const ROW_BYTES: usize = 9;

/// The secret of `customers.erasure_key`. Another key makes every mark worthless.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ErasureKey(pub [u8; 16]);

/// Who knows the key can tell whether a given id was erased.
impl fmt::Debug for ErasureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// The keyed hash of a customer's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MarkId(pub [u8; 16]);

impl MarkId {
    pub fn of(key: ErasureKey, customer: &str) -> MarkId {
        let mut hasher = SipHasher24::new_with_key(&key.0);
        hasher.write(customer.as_bytes());
        MarkId(hasher.finish128().as_bytes())
    }
}

/// An erased customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub id: MarkId,
    /// Event time of the erasure.
    pub erased_ms: i64,
}

impl Mark {
    /// What a mark counts for in the size of a region.
    pub const BYTES: usize = 16 + ROW_BYTES;

    /// The bytes of its row; its id is the row's.
    pub fn row(&self) -> [u8; ROW_BYTES] {
        let mut row = [VERSION; ROW_BYTES];
        row[1..].copy_from_slice(&self.erased_ms.to_le_bytes());
        row
    }

    pub fn read(id: &[u8], row: &[u8]) -> Result<Mark, RowError> {
        let id = MarkId(id.try_into().map_err(|_| RowError::Malformed("mark id"))?);
        let (version, time) = row.split_first().ok_or(RowError::Truncated)?;
        if *version != VERSION {
            return Err(RowError::Version(*version));
        }
        let time = time.try_into().map_err(|_| RowError::Malformed("time of erasure"))?;
        Ok(Mark { id, erased_ms: i64::from_le_bytes(time) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_stored_and_so_never_change() {
        // the vectors that the inventors' own code prints for a key of 0, 1, .. 15 and inputs of no byte and of a zero
        let key = ErasureKey(std::array::from_fn(|place| place as u8));
        for (customer, published) in
            [("", 0xa381_7f04_ba25_a8e6_6df6_7214_c755_0293_u128), ("\0", 0xda87_c1d8_6b99_af44_3476_5911_9b22_fc45)]
        {
            assert_eq!(MarkId::of(key, customer).0, published.to_be_bytes());
        }
        let mark = Mark { id: MarkId::of(key, "u-1"), erased_ms: 1_767_225_600_000 };
        assert_eq!(mark.row(), [1, 0, 168, 218, 118, 155, 1, 0, 0]);
        assert_eq!(Mark::read(&mark.id.0, &mark.row()), Ok(mark));
        assert_ne!(MarkId::of(ErasureKey::default(), "u-1"), mark.id);
    }

    #[test]
    fn a_damaged_mark_is_an_error() {
        let mark = Mark { id: MarkId([7; 16]), erased_ms: 5 };
        assert_eq!(Mark::read(&[7; 15], &mark.row()), Err(RowError::Malformed("mark id")));
        assert_eq!(Mark::read(&[7; 16], &[]), Err(RowError::Truncated));
        assert_eq!(Mark::read(&[7; 16], &mark.row()[..8]), Err(RowError::Malformed("time of erasure")));
        assert_eq!(Mark::read(&[7; 16], &[2; 9]), Err(RowError::Version(2)));
    }
}
