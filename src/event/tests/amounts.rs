//! Amounts and quantities: chosen cases, and any amount against `rust_decimal`, which rounds half to even by itself and knows nothing of
//! our parser. Currencies are compared with the whole list of `iso_currency`.
//! Looks at `amount` and `money` directly, since JSON could not write half of these texts as numbers.

use crate::event::amount::{minor_units, quantity};
use crate::event::{Currency, MAX_QUANTITY, Reason};
use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};

#[test]
fn amounts_are_exact_and_rounded_half_to_even() {
    let cases = [
        ("57.20", 2, Ok(5720)),
        ("57.2", 2, Ok(5720)),
        ("0057.20", 2, Ok(5720)),
        ("59.969999999999995", 2, Ok(5997)),
        ("0.005", 2, Ok(0)),
        ("0.015", 2, Ok(2)),
        ("0.025", 2, Ok(2)),
        ("0.0250000000000000000000001", 2, Ok(3)),
        ("2.5", 0, Ok(2)),
        ("3.5", 0, Ok(4)),
        ("1.2345", 3, Ok(1234)),
        ("1e2", 2, Ok(10_000)),
        ("1E+2", 2, Ok(10_000)),
        ("125e-3", 2, Ok(12)),
        ("0e999999999999", 2, Ok(0)),
        ("1e-999999999999", 2, Ok(0)),
        ("5.551115123125783e-17", 2, Ok(0)),
        ("-5.551115123125783e-17", 2, Ok(0)),
        ("-0", 2, Ok(0)),
        ("-0.004", 2, Ok(0)),
        ("-0.006", 2, Err(Reason::NegativeAmount)),
        ("-57.20", 2, Err(Reason::NegativeAmount)),
        ("92233720368547758.07", 2, Ok(i64::MAX)),
        ("92233720368547758.08", 2, Err(Reason::AmountOutOfRange)),
        ("-1e30", 2, Err(Reason::AmountOutOfRange)),
        ("1e999999999999", 2, Err(Reason::AmountOutOfRange)),
        ("0.1234567890123456789012345678", 2, Ok(12)),
        ("0.12345678901234567890123456789", 2, Err(Reason::AmountOutOfRange)),
        ("00000000000000000000000000000000000000001", 2, Ok(100)),
        ("", 2, Err(Reason::InvalidAmount)),
        ("NaN", 2, Err(Reason::InvalidAmount)),
        ("Infinity", 2, Err(Reason::InvalidAmount)),
        ("-", 2, Err(Reason::InvalidAmount)),
        ("--1", 2, Err(Reason::InvalidAmount)),
        ("+1", 2, Err(Reason::InvalidAmount)),
        (".5", 2, Err(Reason::InvalidAmount)),
        ("5.", 2, Err(Reason::InvalidAmount)),
        ("1,234.50", 2, Err(Reason::InvalidAmount)),
        ("1.2.3", 2, Err(Reason::InvalidAmount)),
        ("1_000", 2, Err(Reason::InvalidAmount)),
        (" 1", 2, Err(Reason::InvalidAmount)),
        ("$1", 2, Err(Reason::InvalidAmount)),
        ("1e", 2, Err(Reason::InvalidAmount)),
        ("1e+", 2, Err(Reason::InvalidAmount)),
        ("1e1.5", 2, Err(Reason::InvalidAmount)),
        ("١", 2, Err(Reason::InvalidAmount)),
    ];
    for (text, exponent, expected) in cases {
        assert_eq!(minor_units(text, exponent), expected, "{text}");
    }
}

#[test]
fn quantities_are_whole_and_bounded() {
    let most = MAX_QUANTITY.to_string();
    let cases = [("0", Some(0)), ("-0", Some(0)), ("1", Some(1)), ("2.0", Some(2)), ("20e-1", Some(2)), (&most, Some(MAX_QUANTITY))];
    for (text, expected) in cases {
        assert_eq!(quantity(text).ok(), expected, "{text}");
    }
    for text in ["1000001", "-1", "1.5", "0.1", "1e-40", "1e40", "1e999999999999", "", "two", "NaN", "12345678901234567890123456789"] {
        assert_eq!(quantity(text), Err(Reason::InvalidQuantity), "{text}");
    }
}

#[test]
fn every_listed_currency_agrees_with_the_list() {
    for letters in (0..26 * 26 * 26u32).map(|i| [i / 676, i / 26 % 26, i % 26].map(|place| char::from(b'A' + place as u8))) {
        let code = String::from_iter(letters);
        let listed = iso_currency::Currency::from_code(&code);
        let ours = Currency::from_code(&code);
        assert_eq!(ours.map(|currency| currency.code().to_owned()), listed.map(|currency| currency.code().to_owned()), "{code}");
        if let (Some(ours), Some(listed)) = (ours, listed) {
            assert_eq!(ours.exponent(), listed.exponent().map_or(2, u32::from), "{code}");
        }
    }
    for code in ["", "US", "USDT", "usd", "U D", "ÄB", "[]^"] {
        assert_eq!(Currency::from_code(code), None, "{code}");
    }
}

/// What `rust_decimal` makes of the amount.
fn expected_minor(amount: Decimal, exponent: u32) -> i128 {
    let mut rounded = amount.round_dp_with_strategy(exponent, RoundingStrategy::MidpointNearestEven);
    rounded.rescale(exponent);
    rounded.mantissa()
}

proptest! {
    #[test]
    fn any_amount_is_what_rust_decimal_makes_of_it(digits in 0..1_000_000_000_000_000i64, scale in 0..20u32, exponent in 0..5u32) {
        let amount = Decimal::from_i128_with_scale(i128::from(digits), scale);
        let expected = i64::try_from(expected_minor(amount, exponent)).map_err(|_| Reason::AmountOutOfRange);
        prop_assert_eq!(minor_units(&amount.to_string(), exponent), expected);
        prop_assert_eq!(minor_units(&format!("{digits}e-{scale}"), exponent), expected);
    }

    #[test]
    fn a_short_amount_is_what_rust_decimal_makes_of_it(text in "[0-9]{1,9}([.][0-9]{1,6})?", exponent in 0..5u32) {
        let amount: Decimal = text.parse().unwrap();
        prop_assert_eq!(minor_units(&text, exponent).map(i128::from), Ok(expected_minor(amount, exponent)));
    }

    #[test]
    fn minor_units_written_as_an_amount_are_read_back(minor in 0..=i64::MAX, exponent in 0..5u32) {
        let written = Decimal::from_i128_with_scale(i128::from(minor), exponent).to_string();
        prop_assert_eq!(minor_units(&written, exponent), Ok(minor));
        if minor > 0 {
            prop_assert_eq!(minor_units(&format!("-{written}"), exponent), Err(Reason::NegativeAmount));
        }
    }

    #[test]
    fn any_text_is_an_amount_or_refused(text in "[-+0-9.eE_, ]{0,40}", exponent in 0..5u32) {
        let _ = minor_units(&text, exponent);
        let _ = quantity(&text);
    }
}
