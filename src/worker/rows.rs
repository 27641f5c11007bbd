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
        let kind = self.read.byte("a row")?;
        if kind & !DELETED != RowKind::Customer as u8 {
            return Err(BlockError::Unknown("row kind", kind & !DELETED));
        }
        let id_len = u16::from_le_bytes(self.read.array("a row")?);
        let id = self.read.bytes(usize::from(id_len), "a row")?;
        if kind & DELETED != 0 {
            return Ok(BlockRow { kind: RowKind::Customer, id, row: None });
        }
        let row_len = u32::from_le_bytes(self.read.array("a row")?);
        let row = self.read.bytes(row_len as usize, "a row")?;
        Ok(BlockRow { kind: RowKind::Customer, id, row: Some(row) })
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
    fn a_damaged_body_ends_with_an_error_and_not_with_a_panic() {
        let body = body();
        for cut in 1..body.len() {
            let complete = rows(&body[..cut]).all(|row| row.is_ok());
            assert!(!complete || cut == 13, "cut at {cut}");
        }
    }
}
