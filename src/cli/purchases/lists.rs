//! Transaction lists, a row at a time: the CDNOW list and comma-, semicolon- or tab-separated values.
//!
//! Rows are read by `replay`, which takes the same lists. A negative amount is a refund, nothing is a gift; text that
//! is no amount is an error with the number of its line. Called by `purchases::read`.

use std::io::BufRead;

use super::currencies::Currencies;
use super::{PurchaseFormat, begin_ms};
use crate::cli::replay::lines::{self, Purchase};
use crate::cli::replay::{LIST_CURRENCY, each_line, each_row};
use crate::event::{Currency, signed_minor_units};

/// Adds all rows of one list. Rows that name no currency are in the one stated, else in `default`; gives whether there were such rows and neither
/// was known, so that they were taken for dollars. The CDNOW list is in dollars.
pub fn read(
    format: PurchaseFormat,
    reader: &mut dyn BufRead,
    default: Option<Currency>,
    currencies: &mut Currencies,
) -> Result<bool, String> {
    let dollars = Currency::from_code(LIST_CURRENCY).ok_or("no currency")?;
    if format == PurchaseFormat::Cdnow {
        let unnamed = currencies.stated().unwrap_or(dollars);
        each_line(reader, |text| add(&lines::cdnow_line(text).map_err(|error| error.to_string())?, unnamed, currencies))?;
        return Ok(false);
    }
    let known = currencies.stated().or(default);
    let mut is_guessed = false;
    let delimiter = delimiter(reader)?;
    each_row(reader, delimiter, |purchase| {
        is_guessed |= known.is_none() && purchase.currency.is_none();
        add(&purchase, known.unwrap_or(dollars), currencies)
    })?;
    Ok(is_guessed)
}

/// The one of the three that the first line has most of.
pub fn delimiter(reader: &mut dyn BufRead) -> Result<u8, String> {
    let ahead = reader.fill_buf().map_err(|error| error.to_string())?;
    let line = ahead.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: &u8| line.iter().filter(|byte| *byte == delimiter).count();
    Ok([b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b','))
}

fn add(purchase: &Purchase, unnamed: Currency, currencies: &mut Currencies) -> Result<(), String> {
    let currency = match purchase.currency.as_deref() {
        Some(code) => Currency::from_code(&code.to_ascii_uppercase()).ok_or("the currency is not one of ISO 4217")?,
        None => unnamed,
    };
    let minor = signed_minor_units(&purchase.amount, currency.exponent())
        .map_err(|reason| format!("the amount cannot be read: {}", reason.as_str()))?;
    let at_ms = begin_ms(purchase.date).ok_or("the date is out of range")?;
    currencies.add(&purchase.customer, at_ms, minor, currency)
}
