//! Money: an integer of minor units and an ISO 4217 currency. No floats, no conversion between currencies; amounts of two currencies are
//! never added. Reads no text (`amount` does).
//! Called by every room that counts money.

use std::fmt;
use std::sync::LazyLock;

/// A currency of ISO 4217, kept as its three letters and its exponent so that stored rows outlive the crate that knows the list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    letters: [u8; 3],
    exponent: u8,
}

const LETTERS: usize = 26;

/// In `EXPONENTS`: no such currency.
const UNKNOWN: u8 = u8::MAX;

/// The exponent of every code from AAA to ZZZ. `iso_currency` compares a code with its whole list, one after the other, which every
/// amount of every event would pay for.
static EXPONENTS: LazyLock<Box<[u8]>> = LazyLock::new(|| {
    let letter = |place: usize| b'A' + u8::try_from(place % LETTERS).unwrap_or_default();
    let code = |index: usize| [letter(index / (LETTERS * LETTERS)), letter(index / LETTERS), letter(index)];
    let exponent = |index: usize| {
        let code = code(index);
        let known = std::str::from_utf8(&code).ok().and_then(iso_currency::Currency::from_code)?;
        // metals and the like have no minor unit: counted in hundredths, as most money
        Some(known.exponent().and_then(|digits| u8::try_from(digits).ok()).unwrap_or(2))
    };
    (0..LETTERS * LETTERS * LETTERS).map(|index| exponent(index).unwrap_or(UNKNOWN)).collect()
});

impl Currency {
    /// ISO 4217 knows none above 4.
    const EXPONENT_MAX: u8 = 4;

    /// Upper-case code of the ISO list; anything else is `None`.
    pub fn from_code(code: &str) -> Option<Currency> {
        let letters: [u8; 3] = code.as_bytes().try_into().ok()?;
        let index = letters.iter().try_fold(0, |index, letter| {
            let place = letter.is_ascii_uppercase().then(|| usize::from(letter - b'A'))?;
            Some(index * LETTERS + place)
        })?;
        let exponent = *EXPONENTS.get(index)?;
        (exponent != UNKNOWN).then_some(Currency { letters, exponent })
    }

    /// A currency as a row stored it; `None` if those bytes never were one.
    pub fn from_stored(letters: [u8; 3], exponent: u8) -> Option<Currency> {
        let plausible = letters.iter().all(u8::is_ascii_uppercase) && exponent <= Self::EXPONENT_MAX;
        plausible.then_some(Currency { letters, exponent })
    }

    pub fn code(&self) -> &str {
        // invariant: ASCII letters, checked by both constructors
        std::str::from_utf8(&self.letters).unwrap_or("???")
    }

    pub fn letters(&self) -> [u8; 3] {
        self.letters
    }

    /// Digits after the decimal point: 2 for USD, 0 for JPY, 3 for KWD.
    pub fn exponent(&self) -> u32 {
        u32::from(self.exponent)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount in minor units (cents) of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}
