//! What one customer may cost, whatever they or a broken shop do: rows within their bound, however many events and however large.

use super::*;
use crate::engine::plays::REMINDED_MAX;
use crate::engine::row::{self, RowVersion};
use crate::engine::stays::{STAYS_MAX, Stay};
use crate::engine::ties::{ALIASES_MAX, Alias, REFEREES_MAX, Referee, Ties};
use crate::engine::timeline::{Decided, Timeline};

/// A customer's row with every list full and every text as long as `event` lets it through: 20 lines of 2.8 KB, 16 running plays of 0.3 KB,
/// and 2 KB for the rest.
const ROW_BYTES_MAX: usize = 64 * 1024;

/// The same with every tie to others: 40 ids of 256 bytes.
const TIED_ROW_BYTES_MAX: usize = 75 * 1024;

fn row_bytes(shop: &mut Shop) -> usize {
    shop.commit();
    shop.committed.with_row(3, hash_of("u-1"), "u-1", <[u8]>::len).unwrap()
}

#[test]
fn a_hot_customer_stays_within_a_small_row() {
    const EVENTS: i64 = 1_000_000;
    let mut shop = Shop::new();
    let mut largest = 0;
    for n in 0..EVENTS {
        let (at, id) = (n * MINUTE, format!("{n}"));
        let mut event = match n % 8 {
            0 => order(at, &id, usd(5_720)),
            1 => refund(at, &format!("{}", n - 1 - 8 * (n % 40)), (n % 16 == 1).then(|| usd(100))),
            2 => order(at, &id, money(900, ["EUR", "JPY", "GBP", "KWD", "CHF"][(n / 8 % 5) as usize])),
            3 => added(at, &format!("p-{}", n % 50), 1),
            4 => identified(at),
            5 => email(at, [EmailSignal::Opened, EmailSignal::Clicked, EmailSignal::SoftBounce][(n / 8 % 3) as usize]),
            6 => states(at, [ConsentStatus::Subscribed, ConsentStatus::Unsubscribed][(n / 8 % 2) as usize]),
            _ => contents(at, ContentsSource::CheckoutStarted, None),
        };
        event.message_id = Some(id.into());
        shop.feed(&event);
        if n % 1_000 == 999 {
            largest = largest.max(row_bytes(&mut shop));
            shop.out.clear();
        }
    }
    assert!(largest <= 2_048, "{largest} bytes");
    assert!(shop.slot.timers() <= 1);
    let customer = shop.customer("u-1");
    assert_eq!(customer.orders.kept.len(), 16);
    let sums: u64 = customer.orders.sums.iter().map(|sum| u64::from(sum.orders)).sum();
    assert!(sums > 10_000, "{sums} orders: nothing was counted");
}

#[test]
fn one_huge_cart_takes_twenty_lines() {
    let text = |n: usize, bytes: usize| crate::event::Text::from(format!("{n:0>bytes$}"));
    let huge = |n: usize| Product {
        product_id: text(n, 256),
        sku: Some(text(n, 256)),
        name: Some(text(n, 256)),
        url: Some(text(n, 1024)),
        image_url: Some(text(n, 1024)),
        price: Some(usd(i64::MAX)),
        quantity: 1_000_000,
    };
    let waiting = |n: usize| Play {
        trigger: Trigger::EventSeen("Cart Viewed".into()),
        steps: (0..8).map(|day| step(day * DAY, "t")).collect(),
        expires_ms: 30 * DAY,
        ..play(&format!("p-{n}"))
    };
    let mut plays: Vec<Play> = (1..PLAYS_MAX).map(waiting).collect();
    plays.push(play("cart_recovery"));
    let mut shop = Shop::with(Settings { plays, ..settings() });
    shop.feed(&identified(0));
    for at in 1..=20 {
        let mut event = contents(at, ContentsSource::Updated, Some((0..1_000).map(huge).collect()));
        event.message_id = Some(text(at as usize, 256));
        shop.feed(&event);
        shop.feed(&line(at, CartDelta::Added, huge(1_000 + at as usize)));
    }
    assert_eq!(shop.customer("u-1").cart.unwrap().lines.len(), 20);
    let bytes = row_bytes(&mut shop);
    assert!((20_000..=ROW_BYTES_MAX).contains(&bytes), "{bytes} bytes");

    shop.until(8 * DAY);
    let customer = shop.customer("u-1");
    assert_eq!(customer.plays.iter().map(|state| state.out.len()).sum::<usize>(), 15 * 8 + 1);
    let bytes = row_bytes(&mut shop);
    assert!(bytes <= ROW_BYTES_MAX, "{bytes} bytes");
    let records = shop.written(Topic::Actions);
    let record = records.iter().find(|record| record["play"] == "cart_recovery").unwrap();
    assert!(record["cart"]["lines"].as_array().unwrap().len() <= 20);
    // an action repeats the cart once: far below what a broker takes
    assert!(record.to_string().len() <= 2 * ROW_BYTES_MAX, "{} bytes", record.to_string().len());

    let stay = Stay { stage: Stage::named(&"s".repeat(STAGE_BYTES_MAX)).unwrap(), since_ms: i64::MAX };
    let (stays, reminded) = (vec![stay; STAYS_MAX], (0..REMINDED_MAX as u64).collect());
    let tied = Customer { ties: Some(Box::new(all_ties())), reminded, stays, timeline: all_decisions(), ..customer };
    let mut row = Vec::new();
    row::encode(&tied, RowVersion::NEWEST, i64::MAX, &mut row);
    assert!((ROW_BYTES_MAX..=TIED_ROW_BYTES_MAX).contains(&row.len()), "{} bytes", row.len());
}

/// Of a play with a name as long as one may be.
fn all_decisions() -> Timeline {
    let (name, mut timeline) = ("p".repeat(64), Timeline::default());
    for _ in 0..DECISIONS_MAX {
        let decided = Decided::Action { play: &name, kind: ActionKind::Send, step: u8::MAX, reason: Reason::CartIdle };
        timeline.push(i64::MAX, &decided, DECISIONS_MAX);
    }
    assert_eq!(timeline.decisions().count(), DECISIONS_MAX);
    assert!(timeline.bytes().len() <= 80 * DECISIONS_MAX);
    timeline
}

fn all_ties() -> Ties {
    let id = |n: usize| format!("{n:0>256}");
    let alias = |n| Alias { id: id(n), asked_ms: i64::MAX, is_settled: true, was_new: true };
    let net = Some((usd(0).currency, i128::MAX));
    let referee = |n| Referee { id: id(n), since_ms: i64::MAX, told: u32::MAX, net };
    Ties {
        aliases: (0..ALIASES_MAX).map(alias).collect(),
        referees: (0..REFEREES_MAX).map(referee).collect(),
        referrals_sent: u32::MAX,
        referred: u32::MAX,
        ..Ties::default()
    }
}
