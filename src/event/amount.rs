//! Decimal numbers as written, made into integers: amounts of money in minor units, and quantities. Exact: no float is made on the way.
//! Refuses what is no decimal number (`NaN`, `1,5`, an empty text), has too many digits, or is negative where that has no meaning.
//! Called by the files that read wire formats, through `json`, and by the command line for lists.

use super::Reason;
use super::limits::{MAX_POINTS, MAX_QUANTITY};

/// Significant digits an amount may have: what a 96-bit decimal (that of most shops' databases) can hold.
const MAX_DIGITS: u32 = 28;

/// A number so short, with four places at most, is far from the ends of i64.
const MAX_PLAIN_BYTES: usize = 12;
const TENS: [i64; 5] = [1, 10, 100, 1_000, 10_000];

/// Stands for any larger exponent: already out of range as a positive one, and nothing as a negative one.
const MAX_EXPONENT: i32 = 1_000_000_000;

/// A number as written: ± `digits` × 10^`power`, `digits` below 10^`MAX_DIGITS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: u128,
    power: i32,
}

/// Minor units of an amount in a currency of `exponent` digits after the point.
///
/// More digits than the currency has are rounded half to even: shops add amounts up in binary floats, and 59.969999999999995 is their
/// 59.97. For the same reason the sign is judged after rounding: -5.5e-17 is what such a sum leaves of nothing.
pub(super) fn minor_units(text: &str, exponent: u32) -> Result<i64, Reason> {
    let minor = signed_minor_units(text, exponent)?;
    if minor < 0 {
        return Err(Reason::NegativeAmount);
    }
    Ok(minor)
}

/// As the amounts of events, but negative ones are amounts too: refunds in a list of purchases.
pub fn signed_minor_units(text: &str, exponent: u32) -> Result<i64, Reason> {
    if let Some(minor) = plain(text, exponent) {
        return Ok(minor);
    }
    let number = Decimal::parse(text)?;
    let magnitude = number.rounded(exponent).and_then(|minor| i64::try_from(minor).ok());
    let magnitude = magnitude.ok_or(Reason::AmountOutOfRange)?;
    Ok(if number.negative { -magnitude } else { magnitude })
}

/// A count of pieces: whole (2, 2.0 and 2e0 are), from 0 to `MAX_QUANTITY`.
pub(super) fn quantity(text: &str) -> Result<u32, Reason> {
    count(text, MAX_QUANTITY)
}

/// Points: whole, from 0 to `MAX_POINTS`.
pub(super) fn points(text: &str) -> Result<u32, Reason> {
    count(text, MAX_POINTS)
}

fn count(text: &str, most: u32) -> Result<u32, Reason> {
    if let Some(pieces) = plain(text, 0).and_then(|pieces| u32::try_from(pieces).ok()).filter(|pieces| *pieces <= most) {
        return Ok(pieces);
    }
    let number = Decimal::parse(text).map_err(|_| Reason::InvalidQuantity)?;
    let whole = number.whole().and_then(|pieces| u32::try_from(pieces).ok());
    match whole {
        Some(pieces) if pieces <= most && (pieces == 0 || !number.negative) => Ok(pieces),
        _ => Err(Reason::InvalidQuantity),
    }
}

/// What nearly every shop writes, `57.2` or `57`, times 10^`places`; `None` leaves all else to `Decimal`: signs, exponents, many digits, and more of
/// them behind the point than there are places.
fn plain(text: &str, places: u32) -> Option<i64> {
    if text.len() > MAX_PLAIN_BYTES {
        return None;
    }
    let (mut number, mut point) = (0, None);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => number = number * 10 + i64::from(byte - b'0'),
            b'.' if point.is_none() && at > 0 => point = Some(at),
            _ => return None,
        }
    }
    let behind_point = match point {
        None if text.is_empty() => return None,
        None => 0,
        Some(at) => Some(text.len() - at - 1).filter(|digits| *digits > 0)?,
    };
    let missing = (places as usize).checked_sub(behind_point)?;
    TENS.get(missing).map(|tens| number * tens)
}

impl Decimal {
    /// `-`? digits (`.` digits)? (`e` sign? digits)?, nothing else.
    fn parse(text: &str) -> Result<Decimal, Reason> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], parse_exponent(&unsigned[at + 1..])?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(Reason::InvalidAmount),
            None => (mantissa, ""),
        };
        if whole.is_empty() {
            return Err(Reason::InvalidAmount);
        }
        let digits = parse_digits(whole.bytes().chain(fraction.bytes()))?;
        let fraction_digits = i32::try_from(fraction.len()).map_err(|_| Reason::AmountOutOfRange)?;
        Ok(Decimal { negative, digits, power: exponent.saturating_sub(fraction_digits) })
    }

    /// The magnitude × 10^`places`, rounded half to even; `None` beyond u128.
    fn rounded(&self, places: u32) -> Option<u128> {
        if self.digits == 0 {
            return Some(0);
        }
        let shift = self.power.saturating_add_unsigned(places);
        if shift >= 0 {
            return self.digits.checked_mul(10u128.checked_pow(shift.unsigned_abs())?);
        }
        let Some(divisor) = 10u128.checked_pow(shift.unsigned_abs()) else {
            return Some(0); // 10^39 and more under at most 28 digits
        };
        let (quotient, remainder) = (self.digits / divisor, self.digits % divisor);
        let above_half = remainder > divisor / 2;
        let half_and_odd = remainder == divisor / 2 && quotient % 2 == 1;
        Some(quotient + u128::from(above_half || half_and_odd))
    }

    /// The magnitude if it is a whole number that fits u128.
    fn whole(&self) -> Option<u128> {
        let rounded = self.rounded(0)?;
        if self.digits == 0 || self.power >= 0 {
            return Some(rounded);
        }
        let divisor = 10u128.checked_pow(self.power.unsigned_abs())?;
        self.digits.is_multiple_of(divisor).then_some(rounded)
    }
}

/// Leading zeros are not significant; trailing ones are.
fn parse_digits(text: impl Iterator<Item = u8>) -> Result<u128, Reason> {
    let mut digits = 0u128;
    let mut significant = 0;
    for byte in text {
        if !byte.is_ascii_digit() {
            return Err(Reason::InvalidAmount);
        }
        significant += u32::from(significant > 0 || byte != b'0');
        if significant <= MAX_DIGITS {
            digits = digits * 10 + u128::from(byte - b'0');
        }
    }
    if significant > MAX_DIGITS {
        return Err(Reason::AmountOutOfRange);
    }
    Ok(digits)
}

fn parse_exponent(text: &str) -> Result<i32, Reason> {
    let (sign, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        all => (1, all),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Reason::InvalidAmount);
    }
    let magnitude = digits.iter().fold(0i32, |sum, digit| sum.saturating_mul(10).saturating_add(i32::from(digit - b'0')));
    Ok(sign * magnitude.min(MAX_EXPONENT))
}
