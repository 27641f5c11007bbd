//! Reads the little-endian pieces of a changelog block, and never beyond its end. Used by `block` and `rows`.
//!
//! It knows no meaning: what a missing piece was part of is said by the caller.

use super::block::{BlockError, InputOffset};

pub struct Reader<'a> {
    pub rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn bytes(&mut self, len: usize, what: &'static str) -> Result<&'a [u8], BlockError> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(BlockError::Truncated(what))?;
        self.rest = rest;
        Ok(taken)
    }

    pub fn byte(&mut self, what: &'static str) -> Result<u8, BlockError> {
        Ok(self.array::<1>(what)?[0])
    }

    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], BlockError> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(BlockError::Truncated(what))?;
        self.rest = rest;
        Ok(*taken)
    }

    pub fn text(&mut self) -> Result<String, BlockError> {
        let len = u16::from_le_bytes(self.array("the header")?);
        let bytes = self.bytes(usize::from(len), "the header")?;
        Ok(std::str::from_utf8(bytes).map_err(|_| BlockError::Text)?.to_owned())
    }

    pub fn offsets(&mut self) -> Result<Vec<InputOffset>, BlockError> {
        let count = u16::from_le_bytes(self.array("the header")?);
        (0..count).map(|_| Ok(InputOffset { topic: self.text()?, offset: i64::from_le_bytes(self.array("the header")?) })).collect()
    }
}
