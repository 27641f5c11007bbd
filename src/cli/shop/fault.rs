//! Spoiled records: what a broken sender puts on a topic, and what must end as a dead letter.
//!
//! Each way makes an order of its own wrong, so the rest of the traffic is not disturbed: its orders are all told. Called by `mod.rs`.

use super::envelope::{Scene, Told, envelope};
use super::json::JsonObject;
use super::orders::next_order_id;
use super::random::Random;
use super::record::{ShopRecord, ShopTopic};

/// One way to be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Truncated,
    WrongType,
    NoKey,
    OtherKey,
    UnknownCurrency,
    NegativeTotal,
    TotalNotANumber,
    FarFuture,
}

pub(super) const FAULTS: [Fault; 8] = [
    Fault::Truncated,
    Fault::WrongType,
    Fault::NoKey,
    Fault::OtherKey,
    Fault::UnknownCurrency,
    Fault::NegativeTotal,
    Fault::TotalNotANumber,
    Fault::FarFuture,
];

const FAR_FUTURE: &str = "9999-12-31T23:59:59.999Z";

/// An order of the scene's person, wrong in one way, sent at `timestamp_ms`.
pub(super) fn spoiled(mut scene: Scene, fault: Fault, timestamp_ms: i64) -> ShopRecord {
    let order_id = next_order_id(&mut scene);
    let properties = match fault {
        // Not `[]`: the wrong type must be the whole of the fault, whatever a reader checks first.
        Fault::WrongType => JsonObject::new().text("order_id", &order_id).raw("total", "[57.20]").text("currency", "USD"),
        Fault::UnknownCurrency => order(&order_id, "57.20", "XQQ"),
        Fault::NegativeTotal => order(&order_id, "-57.20", "USD"),
        Fault::TotalNotANumber => order(&order_id, "\"NaN\"", "USD"),
        Fault::Truncated | Fault::NoKey | Fault::OtherKey | Fault::FarFuture => order(&order_id, "57.20", "USD"),
    };
    let told = Told::track(ShopTopic::Purchases, "Order Completed", properties);
    if fault == Fault::FarFuture {
        scene.time = FAR_FUTURE;
        scene.tells_time = true;
    }
    let mut value = envelope(&mut scene, told).into_bytes();
    if fault == Fault::Truncated {
        value.truncate(cut_at(scene.random, value.len()));
    }
    let key = match fault {
        Fault::NoKey => None,
        Fault::OtherKey => Some(format!("not-{}", scene.person.id)),
        _ => Some(scene.person.id.clone()),
    };
    ShopRecord { topic: ShopTopic::Purchases, key, timestamp_ms, value }
}

fn order(order_id: &str, total: &str, currency: &str) -> JsonObject {
    JsonObject::new().text("order_id", order_id).raw("total", total).text("currency", currency)
}

/// Somewhere inside an ASCII text, so that it stays UTF-8 and never stays whole.
fn cut_at(random: &mut Random, length: usize) -> usize {
    let cut = random.within(1, length as u64 - 1);
    usize::try_from(cut).expect("invariant: below a usize")
}
