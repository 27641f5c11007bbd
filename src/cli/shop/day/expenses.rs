//! What the shop of the generated day pays: for customers who are named, and for channels, regions and kinds of customers as a whole.
//!
//! Used by `mod` and `plot` alone.

use super::DAY_MS;
use super::diary::Diary;
use crate::cli::shop::envelope::{Numbers, count, rfc3339};
use crate::cli::shop::json::{Amount, JsonObject};
use crate::cli::shop::random::Random;
use crate::cli::shop::record::{ShopRecord, ShopTopic};

/// Customers to one bill of the shop's.
const CUSTOMERS_A_BILL: u32 = 500;
const CHANNELS: [&str; 4] = ["paid_search", "email", "social", "billboard"];

fn bill(random: &mut Random, numbers: &mut Numbers) -> JsonObject {
    let amount = Amount { minor: random.within(100, 90_000).cast_signed(), digits: 2 };
    let kind = *random.pick(&["acquire", "retain", "service"]);
    let mut bill = JsonObject::new()
        .text("cost_id", &format!("k-{:06}", count(&mut numbers.costs)))
        .text("kind", kind)
        .amount("amount", amount)
        .text("currency", random.pick::<&str>(&["USD", "EUR"]));
    for (name, values) in [
        ("channel", &CHANNELS[..]),
        ("region", &["north", "south", "overseas"][..]),
        ("customer_type", &["private", "business"][..]),
        ("product_type", &["shoes", "books"][..]),
        ("from", &["2025-12-01", "2025-11-15T10:00:00Z"][..]),
    ] {
        if random.percent(40) {
            bill = bill.text(name, random.pick::<&str>(values));
        }
    }
    bill
}

/// Something spent on this customer.
pub(super) fn spend_on(diary: &mut Diary) {
    let bill = bill(&mut diary.random, diary.numbers);
    diary.track(ShopTopic::Purchases, "Cost Recorded", bill);
    diary.pause();
}

/// Bills of nobody in particular, keyed by the feed they come from; some are sent again under another message id.
pub(super) fn of_the_shop(random: &mut Random, customers: u32, start_ms: i64, numbers: &mut Numbers, records: &mut Vec<ShopRecord>) {
    for _ in 0..customers.div_ceil(CUSTOMERS_A_BILL) {
        let timestamp_ms = start_ms + random.below(DAY_MS.unsigned_abs()).cast_signed();
        let bill = bill(random, numbers).finish();
        let feed = format!("bills-{}", random.below(8));
        for _ in 0..=u64::from(random.one_in(20)) {
            let Some(time) = rfc3339(timestamp_ms, 0) else { continue };
            let message = format!("m-{:012}", count(&mut numbers.messages));
            let event = JsonObject::new()
                .text("messageId", &message)
                .text("type", "track")
                .text("event", "Cost Recorded")
                .text("anonymousId", &feed)
                .text("timestamp", &time)
                .raw("properties", &bill);
            let value = event.finish().into_bytes();
            records.push(ShopRecord { topic: ShopTopic::Purchases, key: Some(feed.clone()), timestamp_ms, value });
        }
    }
}
