//! The body of a changelog block: rows one after the other, as they are kept in memory.
//!
//! A row is a kind, an id and bytes, or the word that it was deleted. What the bytes mean is the engine's affair; what replaces what is
//! `restore`'s. Used by `changelog` to write and by `restore` to read.

use super::block::BlockError;
use super::reader::Reader;

/// Set in the kind of a row that was deleted.
const DELETED: u8 = 0x80;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    Customer = 0,
    /// The mark of an erased customer; the id is its hash.
    Erased = 1,
    /// A cell; the id is its key.
    Cell = 2,
}

impl RowKind {
    fn of(number: u8) -> Result<RowKind, BlockError> {
        match number {
            0 => Ok(RowKind::Customer),
            1 => Ok(RowKind::Erased),
            2 => Ok(RowKind::Cell),
            other => Err(BlockError::Unknown("row kind", other)),
        }
    }
}

/// One row of a body; `row` is `None` where it was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockRow<'a> {
    pub kind: RowKind,
    pub id: &'a [u8],
    pub row: Option<&'a [u8]>,
}

/// Appends a row to a body.
pub fn push_row(body: &mut Vec<u8>, row: BlockRow<'_>) {
    let deleted = if row.row.is_none() { DELETED } else { 0 };
    body.push(row.kind as u8 | deleted);
    body.extend_from_slice(&(row.id.len() as u16).to_le_bytes());
    body.extend_from_slice(row.id);
    if let Some(bytes) = row.row {
        body.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        body.extend_from_slice(bytes);
    }
}

/// The rows of a body, in order.
pub fn rows(body: &[u8]) -> Rows<'_> {
    Rows { read: Reader { rest: body } }
}

pub struct Rows<'a> {
    read: Reader<'a>,
}

impl<'a> Rows<'a> {
    fn row(&mut self) -> Result<BlockRow<'a>, BlockError> {
        let number = self.read.byte("a row")?;
        let kind = RowKind::of(number & !DELETED)?;
        let id_len = u16::from_le_bytes(self.read.array("a row")?);
        let id = self.read.bytes(usize::from(id_len), "a row")?;
        if number & DELETED != 0 {
            return Ok(BlockRow { kind, id, row: None });
        }
        let row_len = u32::from_le_bytes(self.read.array("a row")?);
        let row = self.read.bytes(row_len as usize, "a row")?;
        Ok(BlockRow { kind, id, row: Some(row) })
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Result<BlockRow<'a>, BlockError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.read.rest.is_empty() {
            return None;
        }
        let row = self.row();
        if row.is_err() {
            self.read.rest = &[];
        }
        Some(row)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One row that is there and one that was deleted.
    pub fn body() -> Vec<u8> {
        let mut body = Vec::new();
        push_row(&mut body, BlockRow { kind: RowKind::Customer, id: b"u-1", row: Some(b"row") });
        push_row(&mut body, BlockRow { kind: RowKind::Customer, id: b"u-2", row: None });
        body
    }

    #[test]
    fn kinds_of_rows_are_frozen_and_a_new_one_is_refused() {
        // stored changelogs carry these bytes
        let mut body = Vec::new();
        let rows_in = [
            BlockRow { kind: RowKind::Customer, id: b"u", row: Some(b"r") },
            BlockRow { kind: RowKind::Erased, id: b"m", row: Some(b"t") },
            BlockRow { kind: RowKind::Customer, id: b"v", row: None },
            BlockRow { kind: RowKind::Cell, id: b"c", row: Some(b"s") },
        ];
        rows_in.iter().for_each(|row| push_row(&mut body, *row));
        let golden = [0, 1, 0, b'u', 1, 0, 0, 0, b'r', 1, 1, 0, b'm', 1, 0, 0, 0, b't', 0x80, 1, 0, b'v', 2, 1, 0, b'c', 1, 0, 0, 0, b's'];
        assert_eq!(body, golden);
        assert_eq!(rows(&body).map(Result::unwrap).collect::<Vec<_>>(), rows_in);
        assert_eq!(rows(&[3, 0, 0]).next(), Some(Err(BlockError::Unknown("row kind", 3))));
    }

    #[test]
    fn a_damaged_body_ends_with_an_error_and_not_with_a_panic() {
        let body = body();
        for cut in 1..body.len() {
            let complete = rows(&body[..cut]).all(|row| row.is_ok());
            assert!(!complete || cut == 13, "cut at {cut}");
        }
    }
}
