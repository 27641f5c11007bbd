//! Orders of a generated customer: completed, posted twice, refunded in part, in full, too much, too early, or cancelled.
//!
//! Remembers a few orders per customer, because a refund names its order. Used by `customer` alone.

use super::basket::Basket;
use super::envelope::{Scene, Told, count};
use super::json::JsonObject;
use super::person::{CURRENCIES, ShopCurrency};
use super::record::ShopTopic;

/// Orders a customer comes back to; more would only cost memory.
const MAX_REMEMBERED: usize = 4;

#[derive(Debug, Clone)]
pub(super) struct PlacedOrder {
    id: String,
    total_minor: i64,
    currency: ShopCurrency,
    /// The event's properties, for shops that post an order twice.
    properties: JsonObject,
}

/// A customer's orders, the newest last.
#[derive(Debug, Clone, Default)]
pub(super) struct OrderHistory {
    placed: Vec<PlacedOrder>,
}

pub(super) fn next_order_id(scene: &mut Scene) -> String {
    format!("o-{:012}", count(&mut scene.numbers.orders))
}

impl PlacedOrder {
    /// What an order of the basket will be.
    pub(super) fn new(scene: &mut Scene, id: String, basket: &Basket) -> PlacedOrder {
        let currency = basket.currency;
        // One in three hundred is a gift: nothing to pay.
        let subtotal_minor = if scene.random.one_in(300) { 0 } else { basket.value_minor() };
        let shipping_minor = if subtotal_minor == 0 || scene.random.percent(60) { 0 } else { 495 };
        let total_minor = subtotal_minor + shipping_minor;
        let properties = JsonObject::new()
            .text("order_id", &id)
            .text_if("checkout_id", basket.checkout.as_deref())
            .text_if("cart_id", basket.id().as_deref())
            .amount("total", currency.amount(total_minor))
            .amount("subtotal", currency.amount(subtotal_minor))
            .amount("shipping", currency.amount(shipping_minor))
            .text("currency", currency.code)
            .list("products", basket.products());
        PlacedOrder { id, total_minor, currency, properties }
    }

    fn refund(&self, scene: &mut Scene) -> JsonObject {
        let refund = JsonObject::new().text("order_id", &self.id);
        let refund_id = format!("r-{:09}", count(&mut scene.numbers.refunds));
        let refund = refund.text_if("refund_id", scene.random.percent(70).then_some(refund_id.as_str()));
        let total_minor = match scene.random.below(100) {
            0..45 => scene.random.within(1, self.total_minor.max(1).unsigned_abs()).cast_signed(),
            45..75 => self.total_minor,
            75..80 => self.total_minor + 1000,
            80..98 => return refund, // no total: all that remains
            _ => {
                return refund.amount("total", other_than(self.currency).amount(700)).text("currency", other_than(self.currency).code);
            }
        };
        refund.amount("total", self.currency.amount(total_minor)).text("currency", self.currency.code)
    }
}

fn other_than(currency: ShopCurrency) -> ShopCurrency {
    if currency == CURRENCIES[1] { CURRENCIES[0] } else { CURRENCIES[1] }
}

impl OrderHistory {
    pub(super) fn is_empty(&self) -> bool {
        self.placed.is_empty()
    }

    pub(super) fn complete(&mut self, order: PlacedOrder) -> Told {
        let properties = order.properties.clone();
        self.placed.push(order);
        if self.placed.len() > MAX_REMEMBERED {
            self.placed.remove(0);
        }
        Told::track(ShopTopic::Purchases, "Order Completed", properties)
    }

    /// The newest order again, under a new message id; none placed: nothing.
    pub(super) fn post_again(&self) -> Option<Told> {
        let newest = self.placed.last()?;
        Some(Told::track(ShopTopic::Purchases, "Order Completed", newest.properties.clone()))
    }

    /// A refund of one of the remembered orders.
    pub(super) fn refund(&self, scene: &mut Scene) -> Option<Told> {
        if self.placed.is_empty() {
            return None;
        }
        let order = scene.random.pick(&self.placed).clone();
        Some(refund_of(scene, &order))
    }

    pub(super) fn cancel(&self) -> Option<Told> {
        let newest = self.placed.last()?;
        let properties = JsonObject::new().text("order_id", &newest.id);
        Some(Told::track(ShopTopic::Purchases, "Order Cancelled", properties))
    }
}

/// Also for an order whose completion is still to come.
pub(super) fn refund_of(scene: &mut Scene, order: &PlacedOrder) -> Told {
    let properties = order.refund(scene);
    Told::track(ShopTopic::Purchases, "Order Refunded", properties)
}
