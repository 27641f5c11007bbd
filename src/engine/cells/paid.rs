//! Costs that name no customer, remembered by the fingerprints of their ids: told twice, they count once.
//!
//! A ring of the last ones for the whole slot, stored as a row among the cells once there is one. Costs of customers are remembered in
//! their own rows. Owned by `cells`.

use crate::engine::committed::Committed;
use crate::engine::row::RowError;

/// The row's id: no cell has an empty name.
pub const KEY: &str = "|paid";

const VERSION: u8 = 1;
const ID_BYTES: usize = size_of::<u64>();
/// Ids of the slot: a month of daily bills of some dozen channels, sent twice, at 4 KiB a slot.
const PAID_MAX: usize = 512;

#[derive(Default)]
pub struct Paid {
    /// Oldest first; `None` until the transaction asks.
    ids: Option<Vec<u64>>,
    is_changed: bool,
}

impl Paid {
    /// Whether any of the ids is remembered; if not, all are from here on.
    pub fn has_seen(&mut self, ids: &[u64], slot: u32, committed: &Committed) -> bool {
        let read = |row: &[u8]| Paid::read(row).expect("invariant: restore has checked the cells");
        let known = self.ids.get_or_insert_with(|| committed.with_cell(slot, KEY, read).unwrap_or_default());
        if ids.iter().any(|id| known.contains(id)) {
            return true;
        }
        for id in ids {
            if known.len() == PAID_MAX {
                known.remove(0);
            }
            known.push(*id);
            self.is_changed = true;
        }
        false
    }

    /// `None`: it is as it was.
    pub fn changed_row(&self) -> Option<Vec<u8>> {
        let ids = self.ids.as_ref().filter(|_| self.is_changed)?;
        let mut row = vec![VERSION];
        ids.iter().for_each(|id| row.extend_from_slice(&id.to_le_bytes()));
        Some(row)
    }

    pub fn read(row: &[u8]) -> Result<Vec<u64>, RowError> {
        let (version, rest) = row.split_first().ok_or(RowError::Truncated)?;
        if *version != VERSION {
            return Err(RowError::Version(*version));
        }
        let (ids, left) = rest.as_chunks::<ID_BYTES>();
        if !left.is_empty() || ids.len() > PAID_MAX {
            return Err(RowError::Malformed("ids of costs"));
        }
        Ok(ids.iter().map(|id| u64::from_le_bytes(*id)).collect())
    }

    pub fn publish(&mut self) {
        self.is_changed = false;
    }

    pub fn discard(&mut self) {
        *self = Paid::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_costs_are_remembered_in_stored_bytes() {
        let committed = Committed::new();
        let mut paid = Paid::default();
        assert!(!paid.has_seen(&[1, 0x0102], 0, &committed));
        assert_eq!(paid.changed_row(), Some(vec![1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0]));
        committed.put_cell(0, KEY, &paid.changed_row().unwrap());
        paid.discard();
        assert_eq!(paid.changed_row(), None);
        assert!(paid.has_seen(&[5, 1], 0, &committed), "one id is enough");
        assert!(!paid.has_seen(&[5], 0, &committed), "and then none was remembered");
        (1000..1000 + PAID_MAX as u64).for_each(|id| assert!(!paid.has_seen(&[id], 0, &committed)));
        assert!(!paid.has_seen(&[1], 0, &committed), "the oldest is forgotten");
        let row = paid.changed_row().unwrap();
        assert_eq!(Paid::read(&row).unwrap().len(), PAID_MAX);
        assert_eq!(Paid::read(&row[..12]), Err(RowError::Malformed("ids of costs")));
        assert_eq!(Paid::read(&[]), Err(RowError::Truncated));
        assert_eq!(Paid::read(&[7]), Err(RowError::Version(7)));
    }
}
