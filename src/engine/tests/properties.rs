//! What must hold for any events in any order: rows round-trip, transactions can be cut, discarded and restored anywhere, and none of it
//! changes a byte of what is written. proptest prints and keeps the seeds of failures.

use crate::event::Text;
use std::collections::BTreeSet;
use std::ops::Range;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::any_settings::any_settings;
use super::cells::{any_cost, any_touch};
use super::consent::{any_address, any_status, any_traits};
use super::contracts::any_subscription;
use super::journey::any_interaction;
use super::loyalty::any_loyalty;
use super::*;
use crate::event::Item;

const CUSTOMERS: [&str; 4] = ["u-1", "u-2", "a", "longer-id-3"];

/// A step of a random history: who, when (a step on from the one before, or back), what.
#[derive(Debug, Clone)]
pub struct Happening {
    customer: usize,
    known: bool,
    step_ms: i64,
    message: Option<u8>,
    traits: Traits<'static>,
    touch: Option<Touch<'static>>,
    items: Vec<Item<'static>>,
    address: Option<Text<'static>>,
    kind: Kind<'static>,
}

pub fn amount() -> impl Strategy<Value = Money> {
    (0..4000i64, select(vec!["USD", "USD", "USD", "EUR", "JPY", "KWD", "GBP"])).prop_map(|(minor, code)| money(minor, code))
}

pub fn short_id(prefix: &'static str, range: Range<u32>) -> impl Strategy<Value = Text<'static>> {
    range.prop_map(move |number| format!("{prefix}-{number}").into())
}

fn any_product() -> impl Strategy<Value = Product<'static>> {
    (short_id("p", 0..30), proptest::option::of(amount()), 0..4u32, proptest::option::of(short_id("name", 0..3))).prop_map(
        |(product_id, price, quantity, name)| Product { product_id, sku: None, name, url: None, image_url: None, price, quantity },
    )
}

fn any_contents() -> impl Strategy<Value = CartContents<'static>> {
    let source = select(vec![ContentsSource::Viewed, ContentsSource::Updated, ContentsSource::CheckoutStarted, ContentsSource::Abandoned]);
    let products = proptest::option::of(proptest::collection::vec(any_product(), 0..25));
    let ids = (proptest::option::of(short_id("c", 0..3)), proptest::option::of(short_id("o", 0..9)));
    (source, products, ids, proptest::option::of(amount())).prop_map(|(source, products, (cart_id, checkout_id), value)| CartContents {
        cart_id,
        checkout_id,
        source,
        url: Some("https://shop.example.com/cart".into()),
        products,
        value,
    })
}

fn any_kind() -> impl Strategy<Value = Kind<'static>> {
    let order = (short_id("o", 0..40), proptest::option::of(short_id("o", 0..9)), proptest::option::of(short_id("c", 0..3)), amount())
        .prop_map(|(order_id, checkout_id, cart_id, value)| {
            Kind::OrderCompleted(Order { order_id, checkout_id, cart_id, value, salesperson_id: None })
        });
    let refund = (short_id("o", 0..40), proptest::option::of(short_id("r", 0..9)), proptest::option::of(amount()))
        .prop_map(|(order_id, refund_id, amount)| Kind::OrderRefunded(Refund { order_id, refund_id, amount }));
    let cancelled = short_id("o", 0..40).prop_map(|order_id| Kind::OrderCancelled { order_id });
    let signals = vec![
        EmailSignal::Delivered,
        EmailSignal::Opened,
        EmailSignal::Clicked,
        EmailSignal::HardBounce,
        EmailSignal::SoftBounce,
        EmailSignal::Complaint,
    ];
    let consent = (any_status(), proptest::option::of(short_id("form", 0..3)))
        .prop_map(|(status, source)| Kind::Consent(ConsentChange { status, source, double_opt_in: true }));
    let line =
        (proptest::option::of(short_id("c", 0..3)), select(vec![CartDelta::Added, CartDelta::Added, CartDelta::Removed]), any_product())
            .prop_map(|(cart_id, delta, product)| Kind::CartLine(CartLine { cart_id, delta, product }));
    let contents = any_contents().prop_map(|contents| match contents.source {
        ContentsSource::Abandoned => Kind::CartAbandoned(contents),
        _ => Kind::CartContents(contents),
    });
    prop_oneof![
        8 => order,
        3 => refund,
        1 => cancelled,
        2 => (select(signals), select(vec![None, Some("cart_recovery"), Some("elsewhere")]))
            .prop_map(|(signal, campaign)| Kind::Email(Email { signal, campaign_id: campaign.map(Into::into) })),
        2 => consent,
        5 => line,
        5 => contents,
        2 => any_cost().prop_map(Kind::Cost),
        3 => any_loyalty().prop_map(Kind::Loyalty),
        2 => any_subscription().prop_map(Kind::Subscription),
        4 => any_interaction().prop_map(Kind::Interaction),
        2 => Just(Kind::Identify),
        1 => Just(Kind::Unknown),
    ]
}

fn any_items() -> impl Strategy<Value = Vec<Item<'static>>> {
    let name = || proptest::option::of(select(vec!["a", "b", "c", "d", "e"]));
    let item =
        (name(), name()).prop_map(|(product, category)| Item { product_id: product.map(Into::into), category: category.map(Into::into) });
    proptest::collection::vec(item, 0..3)
}

fn any_step() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => 0..2 * HOUR,
        3 => 0..3 * DAY,
        1 => 0..200 * DAY,
        2 => -3 * HOUR..0i64,
        1 => Just(0i64),
        1 => Just(HOUR),
    ]
}

pub fn any_history() -> impl Strategy<Value = Vec<Happening>> {
    let happening = (
        0..CUSTOMERS.len(),
        any::<bool>(),
        any_step(),
        proptest::option::of(0..60u8),
        any_traits(),
        (any_touch(), any_address()),
        any_items(),
        any_kind(),
    )
        .prop_map(|(customer, known, step_ms, message, traits, (touch, address), items, kind)| Happening {
            customer,
            known,
            step_ms,
            message,
            traits,
            touch,
            items,
            address,
            kind,
        });
    proptest::collection::vec(happening, 1..60)
}

pub fn events(history: &[Happening]) -> Vec<Event<'static>> {
    let mut time_ms = T0;
    let mut events = Vec::new();
    for happening in history {
        time_ms += happening.step_ms;
        events.push(Event {
            customer: CUSTOMERS[happening.customer].into(),
            identity: match (happening.known, &happening.kind) {
                (true, _) => Identity::Known,
                (false, Kind::Cost(_)) => Identity::Nobody,
                (false, _) => Identity::Anonymous,
            },
            time_ms,
            name: happening.kind.label().into(),
            message_id: happening.message.map(|id| format!("m-{id}").into()),
            traits: happening.traits.clone(),
            touch: happening.touch.clone(),
            items: happening.items.clone(),
            address: happening.address.clone(),
            kind: happening.kind.clone(),
        });
    }
    events
}

/// Events that are sent again, by place, and where: without a message id, as if it had been forgotten.
pub fn any_repeats() -> impl Strategy<Value = Vec<(Index, Index)>> {
    proptest::collection::vec((any::<Index>(), any::<Index>()), 0..20)
}

/// What was written: one line for each record and each outcome, and of each cell the last value.
#[derive(Debug, Default, PartialEq)]
pub struct Transcript {
    lines: Vec<String>,
    cells: BTreeMap<String, String>,
}

impl Transcript {
    fn take(&mut self, shop: &Shop) {
        for r in shop.out.records() {
            let value = String::from_utf8_lossy(r.value.unwrap());
            match r.topic {
                Topic::Aggregates => drop(self.cells.insert(r.key.to_owned(), value.into_owned())),
                topic => self.lines.push(format!("{topic:?} {} {} {value}", r.key, r.timestamp_ms)),
            }
        }
    }
}

/// Runs events, doing `between` before each.
pub fn run(settings: &Settings, events: &[Event<'_>], mut between: impl FnMut(usize, &mut Shop)) -> Transcript {
    let mut shop = Shop::with(settings.clone());
    let mut transcript = Transcript::default();
    for (number, event) in events.iter().enumerate() {
        between(number, &mut shop);
        let outcome = shop.feed(event);
        transcript.take(&shop);
        shop.out.clear();
        transcript.lines.push(format!("{outcome:?}"));
    }
    shop.until(4000 * DAY);
    transcript.take(&shop);
    transcript
}

/// Some events are sent again, anywhere, under no message id that would tell.
pub fn told_again(mut events: Vec<Event<'_>>, again: Vec<(Index, Index)>) -> Vec<Event<'_>> {
    for (from, to) in again {
        let mut late = events[from.index(events.len())].clone();
        late.message_id = None;
        events.insert(to.index(events.len() + 1), late);
    }
    events
}

fn rows(committed: &Committed) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    for region in ALL_REGIONS {
        committed.with_region(3, region as u16, |r| {
            rows.extend(r.into_iter().flat_map(|r| r.rows()).map(|(_, id, row)| (id.to_vec(), row.to_vec())));
        });
    }
    rows
}

proptest! {
    #[test]
    fn cutting_into_transactions_changes_nothing(history in any_history(), settings in any_settings(), cuts in any::<u64>()) {
        let events = events(&history);
        let whole = run(&settings, &events, |_, _| {});
        let cut = run(&settings, &events, |number, shop| if cuts >> (number % 64) & 1 == 1 { shop.commit() });
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn no_id_is_written_twice_whatever_is_sent_again(history in any_history(), settings in any_settings(), again in any_repeats()) {
        // who is forgotten for their silence takes along what was decided
        let mut shop = Shop::with(Settings { anonymous_ttl_ms: 4000 * DAY, ..settings });
        let events = told_again(events(&history), again);
        shop.feed_all(&events).until(4000 * DAY);
        let mut seen = BTreeSet::new();
        for record in shop.out.records() {
            prop_assert!(seen.insert(record.id.to_owned()), "{}", String::from_utf8_lossy(record.value.unwrap_or_default()));
        }
    }

    #[test]
    fn a_discarded_transaction_never_was(history in any_history(), settings in any_settings(), cuts in any::<u64>(), lost in 1..8usize) {
        let events = events(&history);
        let whole = run(&settings, &events, |_, _| {});
        let retried = run(&settings, &events, |number, shop| {
            if cuts >> (number % 64) & 1 == 0 {
                return;
            }
            shop.commit();
            let offset = shop.offset;
            shop.feed_all(&events[number..events.len().min(number + lost)]);
            shop.slot.discard();
            shop.out.clear();
            shop.offset = offset;
        });
        prop_assert_eq!(whole, retried);
    }

    #[test]
    fn older_rows_leave_nothing_to_where_a_transaction_ends(
        history in any_history(), settings in any_settings(), again in any_repeats(), cuts in any::<u64>(), upgrade in any::<Index>(), lost in 1..8usize
    ) {
        // one customer, who is at hand all the time
        let history: Vec<Happening> = history.into_iter().map(|happening| Happening { customer: 0, ..happening }).collect();
        let events = told_again(events(&history), again);
        let upgrade = upgrade.index(events.len() + 1);
        let begin = |shop: &mut Shop| {
            let empty = Slot::new(3, Arc::new(settings.clone()), Arc::clone(&shop.committed));
            shop.slot = empty.with_row_version(RowVersion::OLDEST);
        };
        let go_on = |number: usize, shop: &mut Shop| {
            if number == 0 {
                begin(shop);
            }
            if number == upgrade {
                assert!(shop.slot.raise_row_version(RowVersion::NEWEST));
            }
        };
        let whole = run(&settings, &events, go_on);
        let cut = run(&settings, &events, |number, shop| {
            if number > 0 && cuts >> (number % 64) & 1 == 1 {
                shop.commit();
                let (version, time_ms) = (shop.slot.row_version(), shop.slot.time_ms());
                let restored = Slot::restored(3, Arc::new(settings.clone()), Arc::clone(&shop.committed), time_ms);
                shop.slot = restored.with_row_version(version);
                let offset = shop.offset;
                shop.slot.raise_row_version(RowVersion::NEWEST);
                shop.feed_all(&events[number..events.len().min(number + lost)]);
                shop.slot.discard();
                assert_eq!(shop.slot.row_version(), version, "who is discarded was never told");
                shop.out.clear();
                shop.offset = offset;
            }
            go_on(number, shop);
        });
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn a_restored_slot_goes_on_as_if_nothing_had_happened(history in any_history(), settings in any_settings(), cuts in any::<u64>()) {
        let events = events(&history);
        let whole = run(&settings, &events, |_, _| {});
        let restored = run(&settings, &events, |number, shop| {
            if number > 0 && cuts >> (number % 64) & 1 == 1 {
                shop.commit();
                let time_ms = shop.slot.time_ms().unwrap();
                shop.slot = Slot::restored(3, Arc::new(settings.clone()), Arc::clone(&shop.committed), Some(time_ms));
            }
        });
        prop_assert_eq!(whole, restored);
    }

    #[test]
    fn rows_round_trip_and_state_the_next_deadline(history in any_history(), settings in any_settings()) {
        let mut shop = Shop::with(settings.clone());
        shop.feed_all(&events(&history));
        shop.commit();
        for (_, row) in rows(&shop.committed) {
            let customer = read_row(&row).unwrap();
            let mut again = Vec::new();
            super::super::row::encode(&customer, RowVersion::NEWEST, row_deadline_ms(&row).unwrap_or(i64::MAX), &mut again);
            prop_assert_eq!(&again, &row);
            prop_assert!(row_deadline_ms(&row).is_none_or(|deadline| shop.slot.next_deadline_ms().is_some_and(|next| next <= deadline)));
        }
    }

    #[test]
    fn deadlines_fire_in_order_of_moment_and_customer(history in any_history(), settings in any_settings(), limit in 1..5usize) {
        let has_birthdays = settings.plays.iter().any(|play| play.trigger == Trigger::Birthday);
        let mut shop = Shop::with(settings);
        shop.feed_all(&events(&history));
        shop.out.clear();
        let to_ms = T0 + 4000 * DAY;
        let mut time_ms = shop.slot.time_ms().unwrap();
        while shop.slot.tick(Moment { to_ms, wall_ms: None }, limit, &mut shop.out) == Progress::More {
            let now_ms = shop.slot.time_ms().unwrap();
            prop_assert!((time_ms..=to_ms).contains(&now_ms));
            time_ms = now_ms;
        }
        prop_assert_eq!(shop.slot.time_ms(), Some(to_ms));
        let fired: Vec<(i64, String)> = shop.out.records().filter(|r| r.topic != Topic::Aggregates).map(|r| (r.timestamp_ms, r.key.to_owned())).collect();
        let mut in_order = fired.clone();
        in_order.sort();
        prop_assert_eq!(fired, in_order);
        prop_assert!(has_birthdays || shop.slot.next_deadline_ms().is_none(), "after years of silence nobody waits for anything else");
    }

    #[test]
    fn corrupt_rows_are_refused_or_read_but_never_panic(history in any_history(), damage in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..4), cut in any::<u16>()) {
        let mut shop = Shop::new();
        shop.feed_all(&events(&history));
        shop.commit();
        for (_, mut row) in rows(&shop.committed) {
            let length = row.len();
            let _ = read_row(&row[..usize::from(cut) % length]);
            for (place, byte) in &damage {
                row[usize::from(*place) % length] = *byte;
            }
            let _ = read_row(&row);
        }
    }

    #[test]
    fn any_bytes_at_all_are_no_danger(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_row(&bytes);
        let _ = row_deadline_ms(&bytes);
        if let Some(version) = bytes.get_mut(8) {
            *version = 1;
        }
        let _ = read_row(&bytes);
    }
}
