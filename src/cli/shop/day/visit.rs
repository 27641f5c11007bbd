//! A visit to the generated day's shop: looking, filling a basket, the way through the checkout, an order; or breaking off anywhere.
//!
//! Used by `plot` and `ties` alone.

use super::diary::Diary;
use crate::cli::shop::basket::{Basket, PRODUCTS, category_of};
use crate::cli::shop::customer::{change_basket, wander};
use crate::cli::shop::envelope::{Call, Told};
use crate::cli::shop::json::JsonObject;
use crate::cli::shop::orders::{PlacedOrder, next_order_id};
use crate::cli::shop::record::ShopTopic;

/// Looks at some products, and compares them now and then.
pub(super) fn look_around(diary: &mut Diary, looks: u64) {
    for _ in 0..looks {
        let product = diary.random.below(PRODUCTS);
        let shown = JsonObject::new().text("product_id", &format!("p-{product}")).text("category", category_of(product));
        match diary.random.below(20) {
            0 => diary.track(ShopTopic::Carts, "Products Compared", JsonObject::new().text("page", "/compare")),
            1 | 2 => diary.track(ShopTopic::Carts, "Product List Viewed", JsonObject::new().text("category", category_of(product))),
            3 => diary.tell(wander),
            4..7 => tell_aside(diary, shown),
            _ => diary.track(ShopTopic::Carts, "Product Viewed", shown),
        }
        diary.pause();
    }
}

/// What the spec knows beside looking: a thing clicked, wished for, shared; a search, a promotion.
fn tell_aside(diary: &mut Diary, shown: JsonObject) {
    let event = diary.random.pick::<&str>(&[
        "Products Searched",
        "Product List Filtered",
        "Promotion Viewed",
        "Promotion Clicked",
        "Product Clicked",
        "Product Added to Wishlist",
        "Product Removed from Wishlist",
        "Product Shared",
    ]);
    diary.track(ShopTopic::Carts, event, shown);
}

/// Puts things into the basket and takes some out again; says whether anything is in it.
pub(super) fn fill_basket(diary: &mut Diary, changes: u64) -> bool {
    let mut basket = diary.basket.take().unwrap_or_else(|| Basket::new(&diary.person, &mut diary.random, diary.numbers));
    for _ in 0..changes {
        diary.tell(|scene| {
            let told = change_basket(scene, &mut basket);
            let was_wished_for = told.call == Call::Track("Product Added") && scene.random.one_in(10);
            if was_wished_for { Told { call: Call::Track("Wishlist Product Added to Cart"), ..told } } else { told }
        });
        diary.pause();
    }
    let has_lines = !basket.lines.is_empty();
    diary.basket = Some(basket);
    has_lines
}

/// The shop's own detection of what was left behind.
pub(super) fn tell_abandoned(diary: &mut Diary) {
    if let Some(basket) = diary.basket.clone() {
        diary.track(ShopTopic::Carts, "Cart Abandoned", basket.whole_properties());
        diary.pause();
    }
}

/// From the basket to the till; most come out with an order, whose number is returned.
pub(super) fn check_out(diary: &mut Diary) -> Option<String> {
    let mut basket = diary.basket.take()?;
    let mut order_id = None;
    diary.tell(|scene| {
        let id = next_order_id(scene);
        let properties = basket.begin_checkout(scene, &id);
        order_id = Some(id);
        Told::track(ShopTopic::Carts, "Checkout Started", properties)
    });
    let order_id = order_id?;
    let goes_on = walk_through(diary, &basket);
    diary.basket = Some(basket);
    goes_on.then_some(())?;
    order(diary, order_id)
}

/// The steps of the checkout, of which a shop tells some; false: nobody reaches the end.
fn walk_through(diary: &mut Diary, basket: &Basket) -> bool {
    let step = |number: u64| {
        let properties = JsonObject::new().text_if("checkout_id", basket.checkout.as_deref());
        properties.number("step", number).text("shipping_method", "parcel")
    };
    for (share, event, number) in [
        (3, "Cart Shared", 1),
        (40, "Checkout Step Viewed", 1),
        (40, "Checkout Step Completed", 1),
        (15, "Coupon Entered", 2),
        (3, "Coupon Denied", 2),
        (15, "Coupon Applied", 2),
        (3, "Coupon Removed", 2),
        (50, "Payment Info Entered", 3),
    ] {
        diary.pause();
        if diary.random.percent(share) {
            diary.track(ShopTopic::Carts, event, step(number));
        }
        if diary.random.percent(4) {
            return false;
        }
    }
    true
}

/// Orders what is in the basket.
fn order(diary: &mut Diary, order_id: String) -> Option<String> {
    diary.pause();
    if diary.is_over() {
        return None;
    }
    let basket = diary.basket.take()?;
    let salesperson = diary.random.percent(25).then(|| format!("s-{}", diary.random.within(1, 9)));
    let mut orders = std::mem::take(&mut diary.orders);
    diary.tell(|scene| {
        let order = PlacedOrder::new(scene, order_id.clone(), &basket);
        let told = orders.complete(order);
        Told { body: told.body.text_if("salesperson_id", salesperson.as_deref()), ..told }
    });
    diary.orders = orders;
    Some(order_id)
}
