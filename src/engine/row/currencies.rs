//! Currencies in a row: written out once, afterwards named by their place among the customer's sums or as "the same as before".
//! Knows no amounts. Used by the parts of a row that hold money.

use super::RowError;
use super::bytes::Reader;
use crate::engine::money::{CURRENCIES_MAX, Sum};
use crate::event::Currency;

/// Tags below are places among the sums.
const WRITTEN_OUT: u8 = CURRENCIES_MAX as u8;
const AS_BEFORE: u8 = WRITTEN_OUT + 1;

/// Bits a tag needs; those above are the caller's.
pub const TAG_BITS: u32 = 3;
const TAG_MASK: u8 = (1 << TAG_BITS) - 1;

/// What the row has named so far.
#[derive(Default)]
pub struct Currencies {
    summed: [Option<Currency>; CURRENCIES_MAX],
    before: Option<Currency>,
}

impl Currencies {
    pub fn of(sums: &[Sum]) -> Currencies {
        let mut summed = [None; CURRENCIES_MAX];
        for (place, sum) in summed.iter_mut().zip(sums) {
            *place = Some(sum.currency);
        }
        Currencies { summed, before: None }
    }

    /// One byte, with the caller's bits above the tag, and the currency itself where it is new.
    pub fn put(&mut self, row: &mut Vec<u8>, currency: Currency, upper_bits: u8) {
        let upper = upper_bits << TAG_BITS;
        if let Some(place) = self.summed.iter().position(|c| *c == Some(currency)) {
            row.push(upper | place as u8);
        } else if self.before == Some(currency) {
            row.push(upper | AS_BEFORE);
        } else {
            row.push(upper | WRITTEN_OUT);
            put_written_out(row, currency);
            self.before = Some(currency);
        }
    }

    /// The currency and the caller's bits.
    pub fn get(&mut self, reader: &mut Reader<'_>) -> Result<(Currency, u8), RowError> {
        let byte = reader.byte()?;
        let currency = match byte & TAG_MASK {
            WRITTEN_OUT => {
                self.before = Some(written_out(reader)?);
                self.before
            }
            AS_BEFORE => self.before,
            place => self.summed.get(usize::from(place)).copied().flatten(),
        };
        Ok((currency.ok_or(RowError::Malformed("currency"))?, byte >> TAG_BITS))
    }
}

pub fn put_written_out(row: &mut Vec<u8>, currency: Currency) {
    row.extend_from_slice(&currency.letters());
    row.push(currency.exponent() as u8);
}

pub fn written_out(reader: &mut Reader<'_>) -> Result<Currency, RowError> {
    let letters = reader.letters()?;
    Currency::from_stored(letters, reader.byte()?).ok_or(RowError::Malformed("currency"))
}
