//! Delivery without connections: what becomes of an action, and every byte of it.

mod decisions;
mod parcels;
mod providers;

use serde_json::{Value, json};

use super::action::Action;

const ID: &str = "649fc58451b2eaa726d804780a81b155";
/// 2026-01-01T12:00:00Z
const NOW_MS: i64 = 1_767_268_800_000;

/// A record of the topic `actions`, with these fields instead.
fn record(changes: Value) -> Value {
    let mut record = json!({
        "id": ID, "kind": "send", "play": "cart_recovery", "play_version": "eb2dc0ff", "step": 1, "template": "cart_1",
        "instance": "auto-1767226620000", "channel": "email", "arm": "treatment", "due_at": "2026-01-01T01:49:00.000Z",
        "expires_at": "2026-01-02T01:49:00.000Z", "reason": "cart_idle", "cancels": null, "customer_id": "u-1",
        "email": "u-1@example.com", "first_name": "Ann", "locale": "en-GB", "time_zone": "UTC", "consent": null,
        "cart": { "id": "c-1", "url": "https://shop.example.com/cart?a=1&b=2", "currency": "USD",
            "value": { "amount": "57.20", "currency": "USD", "minor": 5720 },
            "lines": [{ "product_id": "p-1", "sku": null, "name": "Tea <green>", "url": null, "image_url": null,
                "price": { "amount": "28.60", "currency": "USD", "minor": 2860 }, "quantity": 2 }] },
        "stage": "lead", "value_band": null, "segment": null, "affinity": [], "offer": null,
        "event_time": "2026-01-01T01:49:00.000Z", "cause": {},
    });
    for (name, value) in changes.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

fn action(changes: Value) -> Action {
    Action::read(record(changes).to_string().as_bytes()).unwrap()
}
