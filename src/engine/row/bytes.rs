//! The alphabet of rows: little-endian fixed numbers, variable-length numbers, texts. No meaning here.
//!
//! Writers append to a vector and cannot fail; the reader is total. Variable-length numbers are LEB128; signed ones are folded (zigzag) so
//! that small distances either way are short.

use std::ops::BitOr;

use super::RowError;
use crate::engine::contact::replace;

const FIXED_BYTES: usize = size_of::<u64>();

/// Fixed numbers written in one go.
const PIECE: usize = 16;

const GROUP_BITS: u32 = 7;
/// Ten groups of seven bits hold 64.
const U64_BYTES_MAX: u32 = 10;
/// Nineteen hold 128.
const U128_BYTES_MAX: u32 = 19;

pub fn put_u64(row: &mut Vec<u8>, number: u64) {
    if number < 0x80 {
        row.push(number as u8);
    } else if number >> 56 == 0 {
        put_within_word(row, number);
    } else {
        put_groups(row, u128::from(number));
    }
}

/// A number of 56 bits at most, all its groups at once.
fn put_within_word(row: &mut Vec<u8>, number: u64) {
    // halves of 28 bits, quarters of 14, groups of 7
    let groups = (number & 0x0fff_ffff) | (number & 0x00ff_ffff_f000_0000) << 4;
    let groups = (groups & 0x0000_3fff_0000_3fff) | (groups & 0x0fff_c000_0fff_c000) << 2;
    let groups = (groups & 0x007f_007f_007f_007f) | (groups & 0x3f80_3f80_3f80_3f80) << 1;
    let last = (u64::BITS - 1 - number.leading_zeros()) / GROUP_BITS;
    let all_but_last = (1 << (last * u8::BITS)) - 1;
    let length = row.len() + last as usize + 1;
    row.extend_from_slice(&(groups | 0x8080_8080_8080_8080 & all_but_last).to_le_bytes());
    row.truncate(length);
}

fn put_groups(row: &mut Vec<u8>, mut number: u128) {
    while number >= 0x80 {
        row.push(number as u8 | 0x80);
        number >>= GROUP_BITS;
    }
    row.push(number as u8);
}

pub fn put_u128(row: &mut Vec<u8>, number: u128) {
    match u64::try_from(number) {
        Ok(small) => put_u64(row, small),
        Err(_) => put_groups(row, number),
    }
}

pub fn put_i64(row: &mut Vec<u8>, number: i64) {
    put_u64(row, ((number << 1) ^ (number >> 63)) as u64);
}

/// The bits of what is there.
#[inline]
pub fn bits<T: Default + BitOr<Output = T>, const N: usize>(there: [(T, bool); N]) -> T {
    there.into_iter().fold(T::default(), |bits, (bit, is_there)| bits | if is_there { bit } else { T::default() })
}

/// A moment as its distance before `now_ms`.
pub fn put_ago(row: &mut Vec<u8>, now_ms: i64, at_ms: i64) {
    put_i64(row, now_ms.wrapping_sub(at_ms));
}

pub fn put_fixed(row: &mut Vec<u8>, number: u64) {
    row.extend_from_slice(&number.to_le_bytes());
}

/// Numbers of eight bytes one after the other.
pub fn put_all_fixed(row: &mut Vec<u8>, numbers: &[u64]) {
    row.reserve(size_of_val(numbers));
    for piece in numbers.chunks(PIECE) {
        let mut bytes = [[0; FIXED_BYTES]; PIECE];
        bytes.iter_mut().zip(piece).for_each(|(place, number)| *place = number.to_le_bytes());
        row.extend_from_slice(&bytes.as_flattened()[..size_of_val(piece)]);
    }
}

pub fn put_text(row: &mut Vec<u8>, text: &str) {
    put_u64(row, text.len() as u64);
    row.extend_from_slice(text.as_bytes());
}

pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(row: &'a [u8]) -> Reader<'a> {
        Reader { rest: row }
    }

    pub fn take(&mut self, length: usize) -> Result<&'a [u8], RowError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(RowError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    pub fn byte(&mut self) -> Result<u8, RowError> {
        let (first, rest) = self.rest.split_first().ok_or(RowError::Truncated)?;
        self.rest = rest;
        Ok(*first)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RowError> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(RowError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub fn letters(&mut self) -> Result<[u8; 3], RowError> {
        self.array()
    }

    pub fn u16(&mut self) -> Result<u16, RowError> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn fixed(&mut self) -> Result<u64, RowError> {
        self.array().map(u64::from_le_bytes)
    }

    /// So many numbers as `put_all_fixed` wrote.
    pub fn all_fixed(&mut self, count: usize) -> Result<impl Iterator<Item = u64> + use<'a>, RowError> {
        let (numbers, _) = self.take(count * FIXED_BYTES)?.as_chunks::<FIXED_BYTES>();
        Ok(numbers.iter().map(|number| u64::from_le_bytes(*number)))
    }

    #[inline]
    pub fn u64(&mut self) -> Result<u64, RowError> {
        if let [byte @ 0..0x80, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(u64::from(*byte));
        }
        self.long_u64()
    }

    fn long_u64(&mut self) -> Result<u64, RowError> {
        self.within_word().map_or_else(|| self.longest_u64(), Ok)
    }

    /// A number that ends within eight bytes, all of them at once.
    fn within_word(&mut self) -> Option<u64> {
        let word = u64::from_le_bytes(*self.rest.first_chunk::<FIXED_BYTES>()?);
        let ends = !word & 0x8080_8080_8080_8080;
        if ends == 0 {
            return None;
        }
        let bits = ends.trailing_zeros() + 1;
        let groups = word & (u64::MAX >> (u64::BITS - bits)) & 0x7f7f_7f7f_7f7f_7f7f;
        // groups of 7 bits, by pairs: of 14, of 28, of 56
        let groups = (groups & 0x007f_007f_007f_007f) | (groups & 0x7f00_7f00_7f00_7f00) >> 1;
        let groups = (groups & 0x0000_3fff_0000_3fff) | (groups & 0x3fff_0000_3fff_0000) >> 2;
        let number = (groups & 0x0fff_ffff) | (groups & 0x0fff_ffff_0000_0000) >> 4;
        self.rest = &self.rest[(bits / u8::BITS) as usize..];
        Some(number)
    }

    /// At the end of a row, or of more than 56 bits.
    fn longest_u64(&mut self) -> Result<u64, RowError> {
        let mut number = 0;
        for (group, byte) in self.rest.iter().enumerate().take(U64_BYTES_MAX as usize) {
            number |= u64::from(byte & 0x7f) << (7 * group);
            if *byte < 0x80 {
                self.rest = &self.rest[group + 1..];
                return Ok(number);
            }
        }
        Err(if self.rest.len() < U64_BYTES_MAX as usize { RowError::Truncated } else { RowError::Malformed("number") })
    }

    pub fn u128(&mut self) -> Result<u128, RowError> {
        match self.within_word() {
            Some(small) => Ok(u128::from(small)),
            None => self.long_u128(),
        }
    }

    fn long_u128(&mut self) -> Result<u128, RowError> {
        // as long as a u64 at most, it is one
        let is_small = self.rest.iter().take(U64_BYTES_MAX as usize - 1).any(|byte| *byte < 0x80);
        if is_small {
            return self.u64().map(u128::from);
        }
        let mut number = 0;
        for group in 0..U128_BYTES_MAX {
            let byte = self.byte()?;
            number |= u128::from(byte & 0x7f) << (7 * group);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(RowError::Malformed("number"))
    }

    pub fn i64(&mut self) -> Result<i64, RowError> {
        let folded = self.u64()?;
        Ok((folded >> 1) as i64 ^ -((folded & 1) as i64))
    }

    pub fn u32(&mut self, what: &'static str) -> Result<u32, RowError> {
        u32::try_from(self.u64()?).map_err(|_| RowError::Malformed(what))
    }

    /// The length of a list of at most `most`.
    pub fn count(&mut self, most: usize, what: &'static str) -> Result<usize, RowError> {
        let count = self.u64()?;
        usize::try_from(count).ok().filter(|count| *count <= most).ok_or(RowError::Malformed(what))
    }

    /// The same of a list that is not there where it is empty.
    pub fn count_of_some(&mut self, most: usize, what: &'static str) -> Result<usize, RowError> {
        self.count(most, what).and_then(|count| if count == 0 { Err(RowError::Malformed(what)) } else { Ok(count) })
    }

    pub fn ago(&mut self, now_ms: i64) -> Result<i64, RowError> {
        Ok(now_ms.wrapping_sub(self.i64()?))
    }

    pub fn text(&mut self) -> Result<&'a str, RowError> {
        let length = usize::try_from(self.u64()?).map_err(|_| RowError::Truncated)?;
        std::str::from_utf8(self.take(length)?).map_err(|_| RowError::Malformed("text"))
    }

    pub fn text_into(&mut self, text: &mut String) -> Result<(), RowError> {
        replace(text, self.text()?);
        Ok(())
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn finish(&self) -> Result<(), RowError> {
        if self.is_empty() { Ok(()) } else { Err(RowError::Malformed("length")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length_are_written_group_by_group_and_read_back() {
        let around = |bits: u32| [(1_u128 << bits) - 1, 1 << bits, (1 << bits) | 0x55];
        for number in (0..127).flat_map(around).chain([u128::MAX]) {
            let (mut plain, mut row) = (Vec::new(), Vec::new());
            put_groups(&mut plain, number);
            put_u128(&mut row, number);
            assert_eq!(row, plain, "{number}");
            // what follows is none of its business, and nothing need follow
            for tail in [&[][..], &[0xff; 20]] {
                let bytes = [row.as_slice(), tail].concat();
                let mut reader = Reader::new(&bytes);
                assert_eq!((reader.u128(), reader.rest), (Ok(number), tail));
                let mut reader = Reader::new(&bytes);
                if let Ok(number) = u64::try_from(number) {
                    assert_eq!((reader.u64(), reader.rest), (Ok(number), tail));
                }
            }
        }
    }
}
