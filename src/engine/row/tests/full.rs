//! A customer with everything a row can hold. Used by the tests of rows.

use super::*;
use crate::clv::formula::{Growth, PresentValue};
use crate::clv::rfm::{Scores, Segment};
use crate::engine::attempt::{Attempt, AttemptStep};
use crate::engine::attribution::{Attribution, Click, Exposure};
use crate::engine::cart::{Cart, Line};
use crate::engine::cash_flow::Flows;
use crate::engine::consent::{ByTrait, Stated};
use crate::engine::contracts::{Contract, Contracts, Paid};
use crate::engine::costs::CostSum;
use crate::engine::journey::{Journey, Parcel};
use crate::engine::levels::key_of;
use crate::engine::lifecycle::Why;
use crate::engine::loyalty::{Expiring, Loyalty};
use crate::engine::money::Sum;
use crate::engine::orders::{Claim, Folded, Kept};
use crate::engine::plays::{ActionKind, Grant, Phase, PlayState, Reason, Sent};
use crate::engine::population::Contribution;
use crate::engine::profile::Profile;
use crate::engine::stays::Stay;
use crate::engine::suppressed::{Refusal, Suppressed};
use crate::engine::tiers::{Month, Tier};
use crate::engine::ties::{Alias, Moved, Referee, Referrer, Ties};
use crate::engine::timeline::Decided;
use crate::event::{Birthday, ConsentStatus, Currency, Money};

pub const NOW: i64 = 1_767_225_600_000;

pub fn money(minor: i64, code: &str) -> Money {
    Money { minor, currency: Currency::from_code(code).unwrap() }
}

/// Everything a row can hold.
pub fn full() -> Customer {
    let mut customer = Customer {
        now_ms: NOW,
        last_event_ms: NOW - 5,
        known: true,
        identified: true,
        stage: Some(Stage::REACTIVATED),
        cycle: 3,
        reactivated_day: Some(20_454),
        last_open_ms: Some(NOW - 1000),
        last_click_ms: Some(NOW - 2000),
        sends_ms: vec![NOW - 90_000, NOW - 60_000],
        reminded: vec![101, 102],
        ..Customer::default()
    };
    customer.seen.remember(0x0102_0304_0506_0708);
    customer.contact.email = "u-1@example.com".into();
    customer.contact.email_at_ms = NOW - 5;
    customer.contact.hard_bounced = true;
    customer.contact.soft_bounces = 2;
    customer.contact.first_name = "U".into();
    customer.contact.locale = "en-GB".into();
    customer.contact.time_zone = "Europe/London".into();
    let status = ConsentStatus::Unsubscribed;
    customer.consent.stated = Some(Stated { status, complaint: true, double_opt_in: true, source: "form".into(), at_ms: NOW - 7 });
    customer.consent.by_trait = Some(ByTrait { status: ConsentStatus::Pending, double_opt_in: false, at_ms: NOW - 8 });
    let (usd, eur, jpy) = (money(0, "USD").currency, money(0, "EUR").currency, money(0, "JPY").currency);
    let sum = Sum { orders: 2, gross_minor: 1 << 70, refunds_minor: 100, folded_first_minor: 50, folded_repeat_minor: 60, ..Sum::new(usd) };
    customer.orders.sums = vec![sum, Sum::new(eur)];
    customer.orders.kept = vec![
        Kept { id: 11, at_ms: NOW - 300, remaining_minor: 5720, currency: usd, counted: true },
        Kept { id: 12, at_ms: NOW - 200, remaining_minor: 0, currency: jpy, counted: false },
        Kept { id: 13, at_ms: NOW - 200, remaining_minor: 1, currency: jpy, counted: true },
    ];
    let mut log_times = crate::clv::LogTimes::new();
    log_times.add(1_000_000);
    customer.orders.folded = Some(Folded { days: 4, first_ms: NOW - 900, last_ms: NOW - 800, latest_ms: NOW - 700, log_times });
    customer.orders.held = vec![Claim { order: 21, amount: None }, Claim { order: 22, amount: Some(money(9, "EUR")) }];
    let line = Line { product_id: "p-1".into(), name: "Shoe".into(), price: Some(money(2860, "USD")), quantity: 2, ..Line::default() };
    let bare = Line { product_id: "p-2".into(), quantity: 1, price: Some(money(3, "KWD")), ..Line::default() };
    let lines = vec![line, bare];
    let url = "https://shop.example.com/c-1".into();
    let stated = Some(money(7, "KWD"));
    customer.cart = Some(Cart { id: "c-1".into(), url, checkout: Some(31), lines, stated, is_whole: false, last_change_ms: NOW - 9 });
    let out = vec![Sent { step: 0, due_ms: NOW - 50, expires_ms: NOW + 50 }];
    let grant = Some(Grant { offer: 51, expires_ms: NOW + 90 });
    customer.plays = vec![
        PlayState {
            play: 41,
            phase: Phase::Waiting { step: 1, due_ms: NOW + 60, release_ms: Some(NOW + 70) },
            instance: String::new(),
            out,
            last_send_ms: Some(NOW - 50),
            decided_ms: Some(NOW - 50),
            grant: None,
        },
        PlayState { play: 42, phase: Phase::Over, decided_ms: Some(NOW - 2), ..at_rest() },
        PlayState { play: 43, last_send_ms: Some(NOW - 1), ..at_rest() },
        PlayState { play: 44, phase: Phase::Over, instance: "lapsed:1:1767225600000".into(), grant, ..at_rest() },
    ];
    add_worth(&mut customer, usd);
    add_way(&mut customer, usd, jpy);
    add_taste(&mut customer, usd, jpy);
    add_ties(&mut customer, jpy);
    customer
}

fn add_way(customer: &mut Customer, usd: Currency, jpy: Currency) {
    customer.stage_since_ms = Some(NOW - 77);
    let own = Stage::named("seen_lately").unwrap();
    customer.stays = vec![Stay { stage: Stage::LAPSED, since_ms: NOW - 990 }, Stay { stage: own, since_ms: NOW - 980 }];
    customer.value_band = Some(key_of("high"));
    let expiring = vec![Expiring { expires_ms: NOW + 80, points: 100 }];
    customer.loyalty = Some(Box::new(Loyalty { since_ms: NOW - 600, lasting: 1 << 33, expiring }));
    let months =
        vec![Month { latest_ms: NOW - 950, currency: usd, minor: 1 << 50 }, Month { latest_ms: NOW - 900, currency: jpy, minor: 0 }];
    customer.tier = Some(Box::new(Tier { key: Some(key_of("gold")), since_ms: NOW - 88, lost_ms: Some(NOW - 44), months }));
    let lapsed = Decided::Move { track: "lifecycle", from: None, to: "lapsed", why: Why::Silence };
    customer.timeline.push(NOW - 60, &lapsed, 2);
    let sent = Decided::Action { play: "cart_recovery", kind: ActionKind::Send, step: 1, reason: Reason::CartIdle };
    customer.timeline.push(NOW - 50, &sent, 2);
    let mut journey = Journey { signed_up_ms: Some(NOW - 500), latest_ms: NOW - 6, open_tickets: vec![51, 52], ..Journey::default() };
    (journey.counts[1], journey.counts[14]) = (300, 1);
    journey.parcel = Some(Parcel { order: 61, is_delivered: true, at_ms: NOW - 400 });
    journey.salesperson = "s-1".into();
    customer.journey = Some(Box::new(journey));
    let clicks = vec![Click { play: 71, at_ms: NOW - 30 }];
    let exposure = Exposure { play: 72, is_control: true, has_ordered: false, at_ms: NOW - 40 };
    let exposures = vec![exposure, Exposure { has_ordered: true, is_control: false, ..exposure }];
    customer.attribution = Some(Box::new(Attribution { clicks, exposures, touches: 3 }));
}

fn add_taste(customer: &mut Customer, usd: Currency, jpy: Currency) {
    customer.affinity.set_bytes(b"\x00\x05shoes\x00\x00\xa0\x43\x01\x03p-1\x00\x00\xa0\x43").unwrap();
    let (region, customer_type, birthday) = ("Bavaria".into(), "business".into(), Birthday::new(2, 29));
    customer.profile = Some(Box::new(Profile { region, customer_type, birthday }));
    customer.attempt = Some(Attempt { step: AttemptStep::Payment, latest_ms: NOW - 33, checkout_ms: Some(NOW - 99) });
    let contract = Contract { id: 81, price: Money { minor: 1999, currency: usd }, period_months: 12, payments: 2 };
    let paid = vec![Paid { currency: usd, payments: 2, minor: 3998 }, Paid { currency: jpy, payments: 1, minor: 1 << 66 }];
    customer.contracts = Some(Box::new(Contracts { running: vec![contract], paid }));
    customer.suppressed = vec![
        Suppressed { address: 91, refusal: Refusal::Unsubscribed, at_ms: NOW - 70 },
        Suppressed { address: 92, refusal: Refusal::Bounced, at_ms: NOW - 60 },
    ];
}

fn add_ties(customer: &mut Customer, jpy: Currency) {
    let alias = Alias { id: "browser-1".into(), asked_ms: NOW - 20, is_settled: true, was_new: false };
    let referee = Referee { id: "u-2".into(), since_ms: NOW - 25, told: 3, net: Some((jpy, 1 << 40)) };
    customer.ties = Some(Box::new(Ties {
        moved: Some(Moved { to: "u-9".into(), until_ms: NOW + 95 }),
        aliases: vec![alias.clone(), Alias { id: "browser-2".into(), is_settled: false, was_new: true, ..alias }],
        referrals_sent: 300,
        referred: 2,
        referees: vec![referee.clone(), Referee { id: "u-3".into(), net: None, ..referee }],
        referrer: Some(Referrer { id: "u-0".into(), since_ms: NOW - 26, told: 4 }),
    }));
}

pub fn at_rest() -> PlayState {
    PlayState { play: 0, phase: Phase::Idle, instance: String::new(), out: Vec::new(), last_send_ms: None, decided_ms: None, grant: None }
}

fn add_worth(customer: &mut Customer, usd: Currency) {
    (customer.touch.first, customer.touch.last) = ("email".into(), "paid_search".into());
    customer.costs =
        vec![CostSum { currency: usd, minor: [300, 0, 1 << 40, 5] }, CostSum { currency: money(0, "GBP").currency, minor: [0, 9, 0, 0] }];
    let mut present = PresentValue::at(NOW);
    assert!(present.add(&Growth::monthly(0.01), NOW + 400 * 86_400_000, -5_000));
    customer.flows = vec![Flows { currency: usd, present }];
    customer.scores = Some(Scores { recency: 4, frequency: 2, monetary: 5 });
    customer.contribution = Some(Contribution {
        currency: usd,
        expected_minor: 12_345,
        total_minor: 1 << 70,
        cohort: 2026 * 12,
        has_channel: true,
        segment: Some(Segment::Others),
        is_member: true,
        has_source: false,
    });
}
