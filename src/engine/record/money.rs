//! Money in records: `{"minor": 5720, "currency": "USD", "amount": "57.20"}`; programs read the integer, people the text.
//! It neither rounds nor adds. Used by the records beside it.

use super::json::{DIGITS_MAX, Json, digits_of, write_plain};
use crate::event::{Currency, Money};

use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// An i128 has at most 39 digits; a sign, a point and a leading zero come on top.
const TEXT_MAX: usize = 48;

/// Where the currency's letters stand behind the minor units.
const LETTERS_AT: usize = r#","currency":""#.len();

/// An amount as records show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    pub minor: i128,
    pub currency: Currency,
}

impl PartialSchema for Amount {
    fn schema() -> RefOr<Schema> {
        let text = |example: &str| ObjectBuilder::new().schema_type(Type::String).examples([example]);
        let object = ObjectBuilder::new()
            .property("minor", ObjectBuilder::new().schema_type(Type::Integer).description(Some("in minor units of the currency")))
            .property("currency", text("USD").description(Some("ISO 4217")))
            .property("amount", text("57.20").description(Some("the same, for people")));
        object.required("minor").required("currency").required("amount").into()
    }
}

impl ToSchema for Amount {}

impl From<Money> for Amount {
    fn from(money: Money) -> Amount {
        Amount { minor: i128::from(money.minor), currency: money.currency }
    }
}

impl Json for Amount {
    fn write(&self, out: &mut Vec<u8>) {
        match u64::try_from(self.minor) {
            Ok(minor) => self.write_usual(minor, out),
            Err(_) => self.write_any(out),
        }
    }
}

impl Amount {
    /// What is neither negative nor beyond any bank: its digits are found once, for both.
    fn write_usual(&self, minor: u64, out: &mut Vec<u8>) {
        let mut buffer = [b'0'; DIGITS_MAX];
        let count = digits_of(minor, &mut buffer).len();
        // before the point there is one at least; zeros stand before the digits
        let exponent = self.currency.exponent() as usize;
        let (whole, part) = buffer[DIGITS_MAX - count.max(exponent + 1)..].split_at(count.max(exponent + 1) - exponent);
        out.extend_from_slice(br#"{"minor":"#);
        out.extend_from_slice(&buffer[DIGITS_MAX - count..]);
        let mut middle = *br#","currency":"USD","amount":""#;
        middle[LETTERS_AT..LETTERS_AT + 3].copy_from_slice(&self.currency.letters());
        out.extend_from_slice(&middle);
        out.extend_from_slice(whole);
        if exponent > 0 {
            out.push(b'.');
            out.extend_from_slice(part);
        }
        out.extend_from_slice(br#""}"#);
    }

    fn write_any(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"minor":"#);
        self.minor.write(out);
        out.extend_from_slice(br#","currency":"#);
        write_plain(self.currency.code().as_bytes(), out);
        out.extend_from_slice(br#","amount":"#);
        write_plain(decimal(&mut [0; TEXT_MAX], self.minor, self.currency.exponent()), out);
        out.push(b'}');
    }
}

/// `-1.05` from -105 with exponent 2, written from the end.
fn decimal(buffer: &mut [u8; TEXT_MAX], minor: i128, exponent: u32) -> &[u8] {
    let mut rest = minor.unsigned_abs();
    let mut start = TEXT_MAX;
    let mut digits = 0;
    while rest > 0 || digits <= exponent {
        if exponent > 0 && digits == exponent {
            start -= 1;
            buffer[start] = b'.';
        }
        // the small case divides five times faster
        let digit = match u64::try_from(rest) {
            Ok(small) => {
                rest = u128::from(small / 10);
                (small % 10) as u8
            }
            Err(_) => {
                let digit = (rest % 10) as u8;
                rest /= 10;
                digit
            }
        };
        start -= 1;
        buffer[start] = b'0' + digit;
        digits += 1;
    }
    if minor < 0 {
        start -= 1;
        buffer[start] = b'-';
    }
    &buffer[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        let cases = [
            (5720, "USD", "57.20"),
            (5, "USD", "0.05"),
            (-105, "USD", "-1.05"),
            (0, "USD", "0.00"),
            (1234, "JPY", "1234"),
            (0, "JPY", "0"),
            (1, "KWD", "0.001"),
            (i128::MIN, "USD", "-1701411834604692317316873037158841057.28"),
        ];
        for (minor, code, expected) in cases {
            let currency = Currency::from_code(code).unwrap();
            assert_eq!(decimal(&mut [0; TEXT_MAX], minor, currency.exponent()), expected.as_bytes());
        }
        let usd = Currency::from_code("USD").unwrap();
        let mut json = Vec::new();
        Amount { minor: 5720, currency: usd }.write(&mut json);
        assert_eq!(json, br#"{"minor":5720,"currency":"USD","amount":"57.20"}"#);
        for code in ["USD", "JPY", "KWD", "UYW"] {
            let currency = Currency::from_code(code).unwrap();
            for minor in (0..20).map(|digits| 1234567890123456789_i128 * 10 / 10_i128.pow(digits)).chain([0, 10, u64::MAX.into()]) {
                let amount = Amount { minor, currency };
                let (mut usual, mut any) = (Vec::new(), Vec::new());
                amount.write(&mut usual);
                amount.write_any(&mut any);
                assert_eq!(String::from_utf8(usual).unwrap(), String::from_utf8(any).unwrap());
            }
        }
    }
}
