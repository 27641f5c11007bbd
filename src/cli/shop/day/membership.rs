//! Loyalty points and subscriptions of the generated day. Points expire within the day or long after it.
//!
//! Used by `plot` alone.

use super::diary::Diary;
use super::{DAY_MS, HOUR_MS};
use crate::cli::shop::envelope::{count, rfc3339};
use crate::cli::shop::json::{Amount, JsonObject};
use crate::cli::shop::record::ShopTopic;

pub(super) fn collect_points(diary: &mut Diary) {
    if diary.random.percent(70) {
        diary.track(ShopTopic::Purchases, "Loyalty Enrolled", JsonObject::new().text("program", "club"));
        diary.pause();
    }
    for _ in 0..diary.random.within(1, 3) {
        let points = diary.random.within(10, 500);
        let good_ms = *diary.random.pick(&[2 * HOUR_MS, 365 * DAY_MS]);
        let expires_at = rfc3339(diary.now_ms + good_ms, 0).filter(|_| diary.random.percent(60));
        let earned = JsonObject::new().number("points", points).text_if("expires_at", expires_at.as_deref());
        diary.track(ShopTopic::Purchases, "Points Earned", earned);
        diary.pause();
    }
    diary.wait_s(60, 14_400);
    match diary.random.below(10) {
        0..3 => {
            let points = diary.random.within(5, 400);
            diary.track(ShopTopic::Purchases, "Points Redeemed", JsonObject::new().number("points", points));
        }
        3..6 => {
            let value = Amount { minor: diary.random.within(100, 2_000).cast_signed(), digits: 2 };
            let reward = JsonObject::new().amount("value", value).text("currency", "USD");
            let reward = if diary.random.percent(50) { reward.number("points", 50) } else { reward };
            diary.track(ShopTopic::Purchases, "Reward Redeemed", reward);
        }
        _ => {}
    }
}

pub(super) fn subscribe(diary: &mut Diary) {
    let id = format!("abo-{:06}", count(&mut diary.numbers.subscriptions));
    let amount = Amount { minor: 990, digits: 2 };
    let contract = || JsonObject::new().text("subscription_id", &id);
    let priced = || contract().amount("amount", amount).text("currency", "USD").text("period", "month");
    diary.track(ShopTopic::Purchases, "Subscription Started", priced());
    diary.pause();
    diary.track(ShopTopic::Purchases, "Subscription Payment", priced());
    diary.wait_s(60, 14_400);
    if diary.random.percent(25) {
        diary.track(ShopTopic::Purchases, "Subscription Cancelled", contract());
    }
}
