//! What the scan accepts, serde accepts with the very same fields; and what shops write, the scan accepts.
//!
//! Texts are those of the fuzzer's corpus and of the load generator, arbitrary ones, and either kind with bytes changed. More cases with
//! `PROPTEST_CASES`.

use super::fields::{Envelope, ProductFields};
use crate::event::scan;
use crate::event::value::{Found, Nested};
use proptest::collection::vec;
use proptest::prelude::*;

/// Pieces that put together are often JSON, and nearly always almost.
const PIECES: [&str; 41] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "\t",
    "\n",
    "null",
    "true",
    "false",
    "0",
    "-",
    "1.5",
    "01",
    "2e+9",
    "1e999",
    "7.",
    "\"\"",
    "\"type\":",
    "\"type\":\"track\"",
    "\"userId\":\"u-1\"",
    "\"userId\":null",
    "\"properties\":{",
    "\"context\":{\"traits\":{",
    "\"traits\":",
    "\"email\":\"a@example.com\"",
    "\"total\":57.20",
    "\"currency\":\"USD\"",
    "\"products\":[{\"product_id\":\"p\",\"price\":1}]",
    "\"other\":{\"a\":[1,{\"b\":null},\"c\"]}",
    "\"caf\\u00e9\"",
    "\"\\ud800\"",
    "\"\\x\"",
    "\"\\u12\"",
    "\"t\\u0079pe\":",
    "\"\u{1}\"",
    "\"\u{e9}\"",
    "\\",
    "\"",
];

const RECORD: &str = r#"{"messageId":"m-000000012345","type":"track","event":"Checkout Started","userId":"u-00001234","timestamp":"2026-01-01T00:00:00.000Z","context":{"traits":{"email":"u-00001234@example.com"},"campaign":{"source":"google","medium":"cpc"}},"properties":{"cart_id":"c-00001234-7","value":57.20,"currency":"USD","coupon":null,"products":[{"product_id":"p-123","category":"shoes","price":28.60,"quantity":2}]}}"#;

const CORPUS: [&[u8]; 17] = [
    include_bytes!("../../../tests/fuzz/corpus/events/abandoned"),
    include_bytes!("../../../tests/fuzz/corpus/events/added"),
    include_bytes!("../../../tests/fuzz/corpus/events/bounced"),
    include_bytes!("../../../tests/fuzz/corpus/events/cancelled"),
    include_bytes!("../../../tests/fuzz/corpus/events/checkout"),
    include_bytes!("../../../tests/fuzz/corpus/events/consent"),
    include_bytes!("../../../tests/fuzz/corpus/events/identify"),
    include_bytes!("../../../tests/fuzz/corpus/events/key"),
    include_bytes!("../../../tests/fuzz/corpus/events/not_json"),
    include_bytes!("../../../tests/fuzz/corpus/events/order"),
    include_bytes!("../../../tests/fuzz/corpus/events/order_exact"),
    include_bytes!("../../../tests/fuzz/corpus/events/refund"),
    include_bytes!("../../../tests/fuzz/corpus/events/removed"),
    include_bytes!("../../../tests/fuzz/corpus/events/spam"),
    include_bytes!("../../../tests/fuzz/corpus/events/story"),
    include_bytes!("../../../tests/fuzz/corpus/events/unknown"),
    include_bytes!("../../../tests/fuzz/corpus/events/viewed"),
];

fn corpus() -> Vec<String> {
    let texts: Vec<String> = CORPUS.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect();
    let lines = texts.iter().flat_map(|text| text.lines()).map(|line| line.rsplit('\t').next().unwrap_or(line).to_owned());
    let lines: Vec<String> = lines.chain([RECORD.to_owned()]).collect();
    assert!(lines.len() > 15, "{} records", lines.len());
    lines
}

/// Whether the scan accepts; if so, serde must with the same fields.
fn compare(text: &str) -> bool {
    let mut scanned = Envelope::default();
    let accepts = scan::object(text, &mut scanned).is_some();
    if accepts {
        let read: Envelope = serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(scanned, read, "{text}");
    }
    let mut products = Vec::new();
    let are_products = scan::objects(text, |product: &ProductFields| {
        products.push(format!("{product:?}"));
        Some(())
    });
    if are_products.is_some() {
        let read: Vec<Nested<ProductFields>> = serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(read.iter().all(|product| product.found == Found::Object), "{text}");
        assert_eq!(products, read.iter().map(|product| format!("{:?}", product.fields)).collect::<Vec<_>>(), "{text}");
    }
    accepts || are_products.is_some()
}

#[test]
fn what_shops_write_is_scanned() {
    let accepted = corpus().iter().filter(|text| compare(text)).count();
    assert!(accepted > 15, "{accepted}");
    assert!(
        compare(RECORD) && compare(r#" { "type" : "page" , "a" : [ { } , [ ] , -0.5e-7 , "\/" ] } "#) && compare(r#"[{"sku":null}, {}]"#)
    );
}

#[test]
fn every_cut_and_every_changed_byte_is_judged_alike() {
    for text in corpus().iter().filter(|text| text.len() < 600) {
        for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
            compare(&text[..at]);
            compare(&format!("{}{}", &text[..at], &text[at..].chars().skip(1).collect::<String>()));
            for byte in ["\"", "\\", "{", "]", ",", "0", "\u{1f}"] {
                compare(&format!("{}{byte}{}", &text[..at], &text[at..]));
            }
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_pieces_are_judged_alike(pieces in vec(prop::sample::select(&PIECES[..]), 0..24)) {
        let text: String = pieces.concat();
        compare(&text);
        compare(&format!("{{{text}}}"));
        compare(&format!("[{{{text}}}]"));
    }

    #[test]
    fn lists_of_fields_are_judged_alike(pieces in vec(prop::sample::select(&PIECES[19..36]), 0..12)) {
        compare(&format!("{{{}}}", pieces.join(",")));
        compare(&format!(r#"{{"properties":{{{}}},"a":[{}]}}"#, pieces.join(","), pieces.join(",")));
    }
}
