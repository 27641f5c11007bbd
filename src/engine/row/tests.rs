//! The layout of rows is stored in changelogs: golden bytes, and the size that memory per customer rests on.

use super::*;
use crate::clv::rfm::{Scores, Segment};
use crate::engine::affinity::Affinity;
use crate::engine::money::Sum;
use crate::engine::orders::Kept;
use crate::engine::population::Contribution;
use crate::engine::stays::Stay;
use crate::engine::timeline::Timeline;
use crate::engine::touch::Touches;

mod full;

use full::{NOW, full, money};

/// What version 3 knew of it before it remembered decisions.
fn full_without_decisions() -> Customer {
    Customer { timeline: Timeline::default(), ..full() }
}

/// What version 3 knew of it before it remembered stages.
fn full_without_stays() -> Customer {
    Customer { stays: Vec::new(), ..full_without_decisions() }
}

/// What version 3 knew of it before it remembered carts.
fn full_without_carts_decided() -> Customer {
    Customer { reminded: Vec::new(), ..full_without_stays() }
}

/// What version 3 knew of it before it knew ties.
fn full_without_ties() -> Customer {
    Customer { ties: None, ..full_without_carts_decided() }
}

/// What version 3 knew of it when it was young.
fn full_of_young_version_3() -> Customer {
    Customer { affinity: Affinity::default(), profile: None, attempt: None, contracts: None, suppressed: Vec::new(), ..full_without_ties() }
}

/// What version 2 knew of it.
fn full_of_version_2() -> Customer {
    let (touch, costs, flows, scores, contribution) = Default::default();
    let mut customer = Customer {
        touch,
        costs,
        flows,
        scores,
        contribution,
        stage_since_ms: None,
        journey: None,
        attribution: None,
        value_band: None,
        loyalty: None,
        tier: None,
        ..full_of_young_version_3()
    };
    customer.plays.retain(|state| state.instance.is_empty());
    customer
}

/// What version 1 knew of it.
fn full_of_version_1() -> Customer {
    let mut customer = full_of_version_2();
    customer.plays.iter_mut().for_each(|state| state.decided_ms = None);
    customer
}

/// Version 1, for ever.
const GOLDEN_1: &str = "\
    46a8da769b01000001ff7f80a0d5edee66060a03ccbf020108070605040302013f0f752d31406578616d706c652e636f6d0a02015505656e2d47420d4575726f70\
    652f4c6f6e646f6e3d0e04666f726d061003d00fa01f025553440202808080808080808080800164323c455552020000000000030b00000000000000d804d82c08\
    0c00000000000000c70100044a5059000d0000000000000000010d04880ec00cf80a891210899d9e19c00215000000000000000016000000000000000101090363\
    2d3112071c68747470733a2f2f73686f702e6578616d706c652e636f6d2f632d311f00000000000000044b57440307021203702d31020453686f6500ac16100370\
    2d320105030329000000000000000d01778b0101006463642a0000000000000002002b0000000000000008000202a0fe0ac0a907";

/// Version 2, for ever.
const GOLDEN_2: &str = "\
    46a8da769b01000002ff7f80a0d5edee66060a03ccbf020108070605040302013f0f752d31406578616d706c652e636f6d0a02015505656e2d47420d4575726f70\
    652f4c6f6e646f6e3d0e04666f726d061003d00fa01f025553440202808080808080808080800164323c455552020000000000030b00000000000000d804d82c08\
    0c00000000000000c70100044a5059000d0000000000000000010d04880ec00cf80a891210899d9e19c00215000000000000000016000000000000000101090363\
    2d3112071c68747470733a2f2f73686f702e6578616d706c652e636f6d2f632d311f00000000000000044b57440307021203702d31020453686f6500ac16100370\
    2d320105030329000000000000001d01778b010100646364642a000000000000001200042b0000000000000008000202a0fe0ac0a907";

/// Version 3, for ever.
const GOLDEN_3: &str = "\
    46a8da769b01000003ffffff0f80a0d5edee66060a03ccbf020108070605040302013f0f752d31406578616d706c652e636f6d0a02015505656e2d47420d457572\
    6f70652f4c6f6e646f6e3d0e04666f726d061003d00fa01f025553440202808080808080808080800164323c455552020000000000030b00000000000000d804d8\
    2c080c00000000000000c70100044a5059000d0000000000000000010d04880ec00cf80a891210899d9e19c0021500000000000000001600000000000000010109\
    03632d3112071c68747470733a2f2f73686f702e6578616d706c652e636f6d2f632d311f00000000000000044b57440307021203702d31020453686f6500ac1610\
    03702d320105030429000000000000001d01778b010100646364642a000000000000001200042b000000000000000800022c000000000000006200166c61707365\
    643a313a313736373232353630303030303300000000000000b30102a0fe0ac0a90705656d61696c0b706169645f7365617263680200ac02008080808080200504\
    47425002000900000100ccbf0200001980de79fa72d844a423b22fbe8d38b9608080808080808080808001f8bd010a5422dff6bc17e0263a9a011f828001ac0201\
    0ce80702330000000000000034000000000000003d00000000000000a00603732d31030147000000000000003c0201480000000000000050024800000000000000\
    50b0098080808020019f016407c31b13b11442b617b0015802ec0e008080808080808002880e044a50590000";

/// Version 3 with the parts it got last, for ever.
const GOLDEN_3_WITH_REST: &str = "\
    46a8da769b01000003ffffff8f1f0080a0d5edee66060a03ccbf020108070605040302013f0f752d31406578616d706c652e636f6d0a02015505656e2d47420d45\
    75726f70652f4c6f6e646f6e3d0e04666f726d061003d00fa01f025553440202808080808080808080800164323c455552020000000000030b00000000000000d8\
    04d82c080c00000000000000c70100044a5059000d0000000000000000010d04880ec00cf80a891210899d9e19c002150000000000000000160000000000000001\
    010903632d3112071c68747470733a2f2f73686f702e6578616d706c652e636f6d2f632d311f00000000000000044b57440307021203702d31020453686f6500ac\
    161003702d320105030429000000000000001d01778b010100646364642a000000000000001200042b000000000000000800022c000000000000006200166c6170\
    7365643a313a313736373232353630303030303300000000000000b30102a0fe0ac0a90705656d61696c0b706169645f7365617263680200ac0200808080808020\
    050447425002000900000100ccbf0200001980de79fa72d844a423b22fbe8d38b9608080808080808080808001f8bd010a5422dff6bc17e0263a9a011f828001ac\
    02010ce80702330000000000000034000000000000003d00000000000000a00603732d31030147000000000000003c020148000000000000005002480000000000\
    000050b0098080808020019f016407c31b13b11442b617b0015802ec0e008080808080808002880e044a5059000014000573686f65730000a0430103702d310000\
    a04307074261766172696108627573696e657373021d8342c60101510000000000000000cf0f0c020200029e1f050180808080808080808008025b0000000000000002\
    8c015c000000000000000078";

/// And with those it got after these, for ever.
const GOLDEN_3_WITH_TIES: &str = "\
    46a8da769b01000003ffffff8f3f0080a0d5edee66060a03ccbf020108070605040302013f0f752d31406578616d706c652e636f6d0a02015505656e2d47420d45\
    75726f70652f4c6f6e646f6e3d0e04666f726d061003d00fa01f025553440202808080808080808080800164323c455552020000000000030b00000000000000d8\
    04d82c080c00000000000000c70100044a5059000d0000000000000000010d04880ec00cf80a891210899d9e19c002150000000000000000160000000000000001\
    010903632d3112071c68747470733a2f2f73686f702e6578616d706c652e636f6d2f632d311f00000000000000044b57440307021203702d31020453686f6500ac\
    161003702d320105030429000000000000001d01778b010100646364642a000000000000001200042b000000000000000800022c000000000000006200166c6170\
    7365643a313a313736373232353630303030303300000000000000b30102a0fe0ac0a90705656d61696c0b706169645f7365617263680200ac0200808080808020\
    050447425002000900000100ccbf0200001980de79fa72d844a423b22fbe8d38b9608080808080808080808001f8bd010a5422dff6bc17e0263a9a011f828001ac\
    02010ce80702330000000000000034000000000000003d00000000000000a00603732d31030147000000000000003c020148000000000000005002480000000000\
    000050b0098080808020019f016407c31b13b11442b617b0015802ec0e008080808080808002880e044a5059000014000573686f65730000a0430103702d310000\
    a04307074261766172696108627573696e657373021d8342c60101510000000000000000cf0f0c020200029e1f050180808080808080808008025b000000000000\
    00028c015c0000000000000000780f03752d39bd01020962726f777365722d3128010962726f777365722d322802ac02020203752d323203010580808080802003\
    752d3332030003752d303404";

/// And with the carts decided about, for ever.
const GOLDEN_3_WITH_CARTS_DECIDED: &str = "\
    46a8da769b01000003ffffff8f7f0080a0d5edee66060a03ccbf020108070605040302013f0f752d31406578616d706c652e636f6d0a02015505656e2d47420d45\
    75726f70652f4c6f6e646f6e3d0e04666f726d061003d00fa01f025553440202808080808080808080800164323c455552020000000000030b00000000000000d8\
    04d82c080c00000000000000c70100044a5059000d0000000000000000010d04880ec00cf80a891210899d9e19c002150000000000000000160000000000000001\
    010903632d3112071c68747470733a2f2f73686f702e6578616d706c652e636f6d2f632d311f00000000000000044b57440307021203702d31020453686f6500ac\
    161003702d320105030429000000000000001d01778b010100646364642a000000000000001200042b000000000000000800022c000000000000006200166c6170\
    7365643a313a313736373232353630303030303300000000000000b30102a0fe0ac0a90705656d61696c0b706169645f7365617263680200ac0200808080808020\
    050447425002000900000100ccbf0200001980de79fa72d844a423b22fbe8d38b9608080808080808080808001f8bd010a5422dff6bc17e0263a9a011f828001ac\
    02010ce80702330000000000000034000000000000003d00000000000000a00603732d31030147000000000000003c020148000000000000005002480000000000\
    000050b0098080808020019f016407c31b13b11442b617b0015802ec0e008080808080808002880e044a5059000014000573686f65730000a0430103702d310000\
    a04307074261766172696108627573696e657373021d8342c60101510000000000000000cf0f0c020200029e1f050180808080808080808008025b000000000000\
    00028c015c0000000000000000780f03752d39bd01020962726f777365722d3128010962726f777365722d322802ac02020203752d323203010580808080802003\
    752d3332030003752d3034040265000000000000006600000000000000";

/// And with the former stages, for ever.
const GOLDEN_3_WITH_STAYS: &str = "\
    46a8da769b01000003ffffff9f7f0080a0d5edee66060a03ccbf020108070605040302013f0f752d31406578616d706c652e636f6d0a02015505656e2d47420d45\
    75726f70652f4c6f6e646f6e3d0e04666f726d061003d00fa01f025553440202808080808080808080800164323c455552020000000000030b00000000000000d8\
    04d82c080c00000000000000c70100044a5059000d0000000000000000010d04880ec00cf80a891210899d9e19c002150000000000000000160000000000000001\
    010903632d3112071c68747470733a2f2f73686f702e6578616d706c652e636f6d2f632d311f00000000000000044b57440307021203702d31020453686f6500ac\
    161003702d320105030429000000000000001d01778b010100646364642a000000000000001200042b000000000000000800022c000000000000006200166c6170\
    7365643a313a313736373232353630303030303300000000000000b30102a0fe0ac0a90705656d61696c0b706169645f7365617263680200ac0200808080808020\
    050447425002000900000100ccbf0200001980de79fa72d844a423b22fbe8d38b9608080808080808080808001f8bd010a5422dff6bc17e0263a9a011f828001ac\
    02010ce80702330000000000000034000000000000003d00000000000000a00603732d31030147000000000000003c020148000000000000005002480000000000\
    000050b0098080808020019f016407c31b13b11442b617b0015802ec0e008080808080808002880e044a5059000014000573686f65730000a0430103702d310000\
    a04307074261766172696108627573696e657373021d8342c60101510000000000000000cf0f0c020200029e1f050180808080808080808008025b000000000000\
    00028c015c0000000000000000780f03752d39bd01020962726f777365722d3128010962726f777365722d322802ac02020203752d323203010580808080802003\
    752d3332030003752d30340402650000000000000066000000000000000208bc0fff0b7365656e5f6c6174656c7914";

/// And with the last decisions, for ever.
const GOLDEN_3_WITH_DECISIONS: &str = "\
    46a8da769b01000003ffffff9fff0080a0d5edee66060a03ccbf020108070605040302013f0f752d31406578616d706c652e636f6d0a02015505656e2d47420d45\
    75726f70652f4c6f6e646f6e3d0e04666f726d061003d00fa01f025553440202808080808080808080800164323c455552020000000000030b00000000000000d8\
    04d82c080c00000000000000c70100044a5059000d0000000000000000010d04880ec00cf80a891210899d9e19c002150000000000000000160000000000000001\
    010903632d3112071c68747470733a2f2f73686f702e6578616d706c652e636f6d2f632d311f00000000000000044b57440307021203702d31020453686f6500ac\
    161003702d320105030429000000000000001d01778b010100646364642a000000000000001200042b000000000000000800022c000000000000006200166c6170\
    7365643a313a313736373232353630303030303300000000000000b30102a0fe0ac0a90705656d61696c0b706169645f7365617263680200ac0200808080808020\
    050447425002000900000100ccbf0200001980de79fa72d844a423b22fbe8d38b9608080808080808080808001f8bd010a5422dff6bc17e0263a9a011f828001ac\
    02010ce80702330000000000000034000000000000003d00000000000000a00603732d31030147000000000000003c020148000000000000005002480000000000\
    000050b0098080808020019f016407c31b13b11442b617b0015802ec0e008080808080808002880e044a5059000014000573686f65730000a0430103702d310000\
    a04307074261766172696108627573696e657373021d8342c60101510000000000000000cf0f0c020200029e1f050180808080808080808008025b000000000000\
    00028c015c0000000000000000780f03752d39bd01020962726f777365722d3128010962726f777365722d322802ac02020203752d323203010580808080802003\
    752d3332030003752d30340402650000000000000066000000000000000208bc0fff0b7365656e5f6c6174656c79142700889fd5edee660700066c617073656480\
    9c9fd5edee6600010d636172745f7265636f76657279";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn rows_stay_as_they_are_and_those_of_the_version_before_are_read() {
    let mut row = Vec::new();
    encode(&full(), RowVersion::OLDEST, NOW + 70, &mut row);
    assert_eq!(hex(&row), GOLDEN_1);
    assert_eq!(read_row(&row), Ok(full_of_version_1()));

    row.clear();
    encode(&full(), RowVersion::from_number(2).unwrap(), NOW + 70, &mut row);
    assert_eq!(hex(&row), GOLDEN_2);
    assert_eq!(read_row(&row), Ok(full_of_version_2()));

    row.clear();
    encode(&full_of_young_version_3(), RowVersion::NEWEST, NOW + 70, &mut row);
    assert_eq!(hex(&row), GOLDEN_3);
    assert_eq!(read_row(&row), Ok(full_of_young_version_3()));

    row.clear();
    encode(&full_without_ties(), RowVersion::NEWEST, NOW + 70, &mut row);
    assert_eq!(hex(&row), GOLDEN_3_WITH_REST);
    assert_eq!(read_row(&row), Ok(full_without_ties()));

    row.clear();
    encode(&full_without_carts_decided(), RowVersion::NEWEST, NOW + 70, &mut row);
    assert_eq!(hex(&row), GOLDEN_3_WITH_TIES);
    assert_eq!(read_row(&row), Ok(full_without_carts_decided()));

    row.clear();
    encode(&full_without_stays(), RowVersion::NEWEST, NOW + 70, &mut row);
    assert_eq!(hex(&row), GOLDEN_3_WITH_CARTS_DECIDED);
    assert_eq!(read_row(&row), Ok(full_without_stays()));

    row.clear();
    encode(&full_without_decisions(), RowVersion::NEWEST, NOW + 70, &mut row);
    assert_eq!(hex(&row), GOLDEN_3_WITH_STAYS);
    assert_eq!(read_row(&row), Ok(full_without_decisions()));

    row.clear();
    encode(&full(), RowVersion::NEWEST, NOW + 70, &mut row);
    assert_eq!(hex(&row), GOLDEN_3_WITH_DECISIONS);
    assert_eq!(read_row(&row), Ok(full()));
    let mut whole = full();
    whole.cart.iter_mut().for_each(|cart| cart.is_whole = true);
    let mut told_whole = Vec::new();
    encode(&whole, RowVersion::NEWEST, NOW + 70, &mut told_whole);
    assert_eq!(row.iter().zip(&told_whole).filter(|(one, other)| one != other).map(|(one, other)| other - one).collect::<Vec<_>>(), [8]);
    assert_eq!(read_row(&told_whole), Ok(whole));
    assert_eq!(deadline_ms(&row), Some(NOW + 70));
}

#[test]
fn what_is_absent_costs_nothing() {
    let mut row = Vec::new();
    encode(
        &Customer { now_ms: NOW, last_event_ms: NOW, cycle: 1, stage: Some(Stage::VISITOR), ..Customer::default() },
        RowVersion::NEWEST,
        NEVER,
        &mut row,
    );
    assert_eq!(row.len(), 8 + 1 + 2 + 6 + 1);
    assert_eq!(deadline_ms(&row), None);
}

#[test]
fn a_typical_customer_takes_about_150_bytes() {
    let usd = money(0, "USD").currency;
    let mut customer =
        Customer { now_ms: NOW, last_event_ms: NOW, known: true, stage: Some(Stage::REPEAT), cycle: 1, ..Customer::default() };
    (0..6).for_each(|id| customer.seen.remember(id));
    customer.contact.email = "u-00001234@example.com".into();
    customer.contact.email_at_ms = NOW;
    customer.last_open_ms = Some(NOW - 86_400_000);
    let day = |days: i64| NOW - days * 86_400_000;
    let kept = |id, days| Kept { id, at_ms: day(days), remaining_minor: 5720, currency: usd, counted: true };
    customer.orders.kept = vec![kept(1, 40), kept(2, 3)];
    customer.orders.sums = vec![Sum { orders: 2, gross_minor: 11_440, ..Sum::new(usd) }];
    let mut row = Vec::new();
    encode(&customer, RowVersion::NEWEST, day(-60), &mut row);
    assert!(row.len() <= 150, "{} bytes", row.len());

    // a channel, and what the figures of all customers hold of it
    let before = row.len();
    customer.touch = Touches { first: "paid_search".into(), last: "paid_search".into() };
    let cohort = 2025 * 12 + 10;
    customer.contribution = Some(Contribution {
        currency: usd,
        expected_minor: 4321,
        total_minor: 15_761,
        cohort,
        has_channel: true,
        segment: Some(Segment::New),
        is_member: false,
        has_source: false,
    });
    row.clear();
    encode(&customer, RowVersion::NEWEST, day(-60), &mut row);
    assert_eq!(row.len() - before, 2 + 12 + 1 + 2 + 2 + 3 + 1);

    // and the stages they have been in: a number and a time each
    let before = row.len();
    customer.stays = vec![Stay { stage: Stage::LEAD, since_ms: day(41) }, Stay { stage: Stage::FIRST_TIME, since_ms: day(40) }];
    row.clear();
    encode(&customer, RowVersion::NEWEST, day(-60), &mut row);
    assert_eq!(row.len() - before, 1 + (1 + 5) + (1 + 4));
}

#[test]
fn further_parts_are_of_the_newest_version_and_known_to_it() {
    let mut row = Vec::new();
    encode(
        &Customer {
            stage_since_ms: None,
            journey: None,
            attribution: None,
            value_band: None,
            loyalty: None,
            tier: None,
            ..full_of_young_version_3()
        },
        RowVersion::NEWEST,
        0,
        &mut row,
    );
    for (place, byte) in [(8, 2), (12, 0x20), (12, 0x80)] {
        let mut other = row.clone();
        other[place] = byte;
        assert_eq!(read_row(&other), Err(RowError::Malformed("parts")), "{place}");
    }
    let last = row.len() - 1;
    let scores = std::mem::replace(&mut row[last], Scores::COUNT);
    assert_eq!(read_row(&row), Err(RowError::Malformed("scores")));
    (row[last - 1], row[last]) = (11, scores);
    assert_eq!(read_row(&row), Err(RowError::Malformed("segment")));
}

#[test]
fn refused_rows_say_why() {
    let mut row = Vec::new();
    encode(&full(), RowVersion::NEWEST, 0, &mut row);
    let mut other_version = row.clone();
    other_version[8] = 9;
    let mut longer = row.clone();
    longer.push(0);
    let mut no_stage = row.clone();
    no_stage[21] = 77;
    let cases: [(&[u8], RowError); 5] = [
        (&[], RowError::Truncated),
        (&row[..row.len() - 1], RowError::Truncated),
        (&other_version, RowError::Version(9)),
        (&longer, RowError::Malformed("length")),
        (&no_stage, RowError::Malformed("stage")),
    ];
    for (row, error) in cases {
        assert_eq!(read_row(row), Err(error));
    }
    assert_eq!(RowError::Malformed("stage").to_string(), "the row's stage is malformed");
}

#[test]
fn everything_a_row_holds_is_told_when_asked() {
    let settings = crate::engine::tests::settings();
    let text = crate::engine::held("u-1", &full(), Some(NOW), &settings);
    let told: serde_json::Value = serde_json::from_str(&text).unwrap();
    let cases = [
        ("/customer_id", "u-1"),
        ("/stage", "reactivated"),
        ("/stage_history/0/stage", "lapsed"),
        ("/decisions/0/to", "lapsed"),
        ("/decisions/0/reason", "silence"),
        ("/decisions/1/play", "cart_recovery"),
        ("/decisions/1/at", "2025-12-31T23:59:59.950Z"),
        ("/stage_history/1/until", "2025-12-31T23:59:59.923Z"),
        ("/reactivated_on", "2026-01-01T00:00:00.000Z"),
        ("/contact/email", "u-1@example.com"),
        ("/consent/stated/source", "form"),
        ("/consent/by_trait/status", "pending"),
        ("/orders/kept/0/id", "000000000000000b"),
        ("/orders/kept/0/remaining/amount", "57.20"),
        ("/orders/sums/0/gross/amount", "11805916207174113034.24"),
        ("/orders/refunds_waiting/1/amount/currency", "EUR"),
        ("/cart/lines/0/name", "Shoe"),
        ("/checkout", "000000000000001f"),
        ("/message_ids/0", "0102030405060708"),
        ("/reminded_carts/1", "0000000000000066"),
        ("/plays/0/sent/0/due_at", "2025-12-31T23:59:59.950Z"),
        ("/plays/3/instance", "lapsed:1:1767225600000"),
        ("/plays/3/offer_expires_at", "2026-01-01T00:00:00.090Z"),
        ("/first_channel", "email"),
        ("/last_channel", "paid_search"),
        ("/suppressed_addresses/1/refusal", "bounced"),
        ("/costs/0/service/amount", "10995116277.76"),
        ("/costs/1/retain/currency", "GBP"),
        ("/contribution/expected/amount", "123.45"),
        ("/contribution/cohort", "2026-01"),
        ("/contribution/segment", "others"),
        ("/costs/0/reward/amount", "0.05"),
        ("/loyalty/member_since", "2025-12-31T23:59:59.400Z"),
        ("/loyalty/expiring/0/expires_at", "2026-01-01T00:00:00.080Z"),
        ("/tier/lost_at", "2025-12-31T23:59:59.956Z"),
        ("/tier/older_spend/1/spend/currency", "JPY"),
    ];
    for (place, expected) in cases {
        assert_eq!(told.pointer(place).and_then(|found| found.as_str()), Some(expected), "{place} of {text}");
    }
    assert_eq!(told["sends_at"].as_array().unwrap().len(), 2);
    serde_json::from_str::<serde_json::Value>(&crate::engine::held("nobody", &Customer::default(), None, &settings)).unwrap();
}
