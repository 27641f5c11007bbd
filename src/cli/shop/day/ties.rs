//! Two customers of the generated day who mean something for each other: a visitor who turns out to be somebody, and a friend who was
//! referred.
//!
//! Own events end at `QUIET_FROM_HOUR`, ties are told from `TIES_FROM_HOUR` to `TIES_UNTIL_HOUR`, and then everybody goes on. So their
//! outcome does not depend on which of the two is heard first. Used by `plot` alone.

use super::aftermath::{answer, read_mail};
use super::diary::Diary;
use super::visit::{check_out, fill_basket, look_around};
use super::{QUIET_FROM_HOUR, TIES_FROM_HOUR, TIES_UNTIL_HOUR};
use crate::cli::shop::basket::Basket;
use crate::cli::shop::customer::wander;
use crate::cli::shop::json::JsonObject;
use crate::cli::shop::person::Person;
use crate::cli::shop::record::ShopTopic;

/// Somebody's last visit begins early enough that it is over by then, unless it is thought over.
const LAST_VISIT_HOUR: i64 = QUIET_FROM_HOUR - 1;

/// A visitor shops, and is then known to be a customer, who may have been there before.
pub(super) fn sign_in(mut diary: Diary, customer: &Person, other: &Person) {
    diary.is_punctual = true;
    let visitor = customer.as_visitor();
    if diary.random.percent(50) {
        become_known(&mut diary, customer);
        diary.turn_to(0, LAST_VISIT_HOUR);
        visit(&mut diary);
    }
    diary.turn_into(&visitor);
    diary.turn_to(0, LAST_VISIT_HOUR);
    if diary.random.percent(30) {
        read_mail(&mut diary);
    }
    if diary.random.one_in(8) {
        look_at_basket(&mut diary)
    } else {
        visit(&mut diary)
    }

    let is_refused = diary.random.one_in(20);
    let former_id = if is_refused { other.id.clone() } else { visitor.id.clone() };
    if is_refused {
        // customers who are known stay apart
        become_known(&mut diary, other);
    }
    diary.turn_into(customer);
    diary.turn_to(TIES_FROM_HOUR, TIES_UNTIL_HOUR);
    if diary.random.percent(60) {
        diary.alias(former_id);
    } else {
        diary.identify(customer.first_consent, Some(former_id));
    }
    diary.turn_to(TIES_UNTIL_HOUR, 23);
    if diary.random.percent(10) {
        // the browser did not know it yet
        diary.turn_into(&visitor);
        answer(&mut diary);
        return;
    }
    visit(&mut diary);
}

fn become_known(diary: &mut Diary, customer: &Person) {
    diary.turn_into(customer);
    diary.turn_to(0, 1);
    diary.identify(customer.first_consent, None);
    diary.pause();
}

fn visit(diary: &mut Diary) {
    let (looks, changes) = (diary.random.below(4), diary.random.below(4));
    look_around(diary, looks);
    if fill_basket(diary, changes) && diary.random.percent(50) {
        check_out(diary);
    }
}

/// A basket that was filled elsewhere, of which the browser shows the value alone.
fn look_at_basket(diary: &mut Diary) {
    let mut basket = Basket::new(&diary.person, &mut diary.random, diary.numbers);
    basket.add(&mut diary.random);
    diary.track(ShopTopic::Carts, "Cart Viewed", basket.bare_properties());
}

/// A customer tells a friend of the shop, who orders; then the shop tells who brought whom, once too often now and then.
pub(super) fn refer(mut diary: Diary, referrer: &Person, friend: &Person) {
    diary.is_punctual = true;
    become_known(&mut diary, referrer);
    visit(&mut diary);
    diary.turn_to(1, LAST_VISIT_HOUR);
    diary.track(ShopTopic::Emails, "Referral Sent", JsonObject::new().text("channel", "email"));

    become_known(&mut diary, friend);
    diary.turn_to(1, LAST_VISIT_HOUR);
    fill_basket(&mut diary, 3);
    let order_id = check_out(&mut diary);
    diary.turn_to(TIES_FROM_HOUR, TIES_UNTIL_HOUR);
    let referrer_id = if diary.random.one_in(20) { &friend.id } else { &referrer.id };
    let brought = || JsonObject::new().text("referrer_id", referrer_id).text_if("order_id", order_id.as_deref());
    diary.track(ShopTopic::Purchases, "Referral Converted", brought());
    if diary.random.one_in(20) {
        diary.track(ShopTopic::Purchases, "Referral Converted", brought());
    }
    diary.turn_to(TIES_UNTIL_HOUR, 23);
    if diary.random.percent(30) {
        let orders = diary.orders.clone();
        diary.tell(|scene| orders.refund(scene).unwrap_or_else(|| wander(scene)));
    }
}
