//! Which story a customer of the generated day lives.
//!
//! It draws the story and puts its scenes together; the scenes are told by the other files. Called by `mod` alone.

use super::aftermath::{follow_up, read_mail, serve, visit_preferences};
use super::diary::Diary;
use super::expenses::spend_on;
use super::membership::{collect_points, subscribe};
use super::ties::{refer, sign_in};
use super::visit::{check_out, fill_basket, look_around, tell_abandoned};
use super::{DAY_MS, HOUR_MS};
use crate::cli::shop::basket::Basket;
use crate::cli::shop::json::JsonObject;
use crate::cli::shop::orders::{PlacedOrder, next_order_id};
use crate::cli::shop::person::Person;
use crate::cli::shop::record::ShopTopic;

/// Friends who were referred, and others who use the same browser, share nothing with a customer but the number.
const FRIEND_SALT: u64 = 0x6672_6965_6e64;

/// One customer's day.
pub(super) fn live(seed: u64, index: u32, mut diary: Diary) {
    match diary.random.below(100) {
        0..3 => return sign_in(diary, &Person::known(seed, index, "u"), &Person::known(seed ^ FRIEND_SALT, index, "w")),
        3..5 => return refer(diary, &Person::known(seed, index, "u"), &Person::known(seed ^ FRIEND_SALT, index, "f")),
        _ => {}
    }
    diary.turn_to(0, 22);
    let story = diary.random.below(100);
    begin(&mut diary);
    match story {
        0..38 => looks(&mut diary),
        38..66 => shops(&mut diary),
        66..84 => reads(&mut diary),
        84..89 => {
            shops(&mut diary);
            collect_points(&mut diary);
        }
        89..91 => subscribe(&mut diary),
        91..94 => {
            shops(&mut diary);
            serve(&mut diary);
            looks(&mut diary);
        }
        94..97 => {
            remembers(&mut diary);
            looks(&mut diary);
        }
        97..99 => {
            spend_on(&mut diary);
            shops(&mut diary);
            spend_on(&mut diary);
        }
        _ => leaves(&mut diary),
    }
}

/// Most say who they are; some sign up.
fn begin(diary: &mut Diary) {
    if diary.person.is_anonymous || !diary.random.percent(55) {
        return;
    }
    if diary.random.percent(25) {
        diary.track(ShopTopic::Carts, "Signed Up", JsonObject::new().text("page", "/welcome"));
        diary.pause();
    }
    diary.identify(diary.person.first_consent, None);
    diary.pause();
}

fn looks(diary: &mut Diary) {
    let looks = diary.random.below(4);
    look_around(diary, looks);
    if diary.random.percent(35) && fill_basket(diary, 1) && diary.random.one_in(25) {
        tell_abandoned(diary);
    }
}

fn shops(diary: &mut Diary) {
    if diary.random.percent(15) {
        read_mail(diary);
    }
    let (looks, changes) = (diary.random.below(3), diary.random.within(1, 3));
    look_around(diary, looks);
    let is_ready = fill_basket(diary, changes);
    if is_ready && diary.random.percent(60) {
        if let Some(order_id) = check_out(diary) {
            follow_up(diary, &order_id);
        }
    } else if diary.random.one_in(20) {
        tell_abandoned(diary);
    }
}

fn reads(diary: &mut Diary) {
    for _ in 0..diary.random.within(1, 2) {
        read_mail(diary);
    }
    match diary.random.below(10) {
        0..2 if !diary.person.is_anonymous => visit_preferences(diary),
        2..4 => shops(diary),
        _ => {}
    }
}

/// Orders of former years that the shop tells today, after moving to another system: who is loyal, and who has been silent for long.
fn remembers(diary: &mut Diary) {
    let orders = diary.random.within(1, 8);
    let newest_days = diary.random.within(1, 800);
    for number in (0..orders).rev() {
        let days_ago = newest_days + number * diary.random.within(5, 30);
        let time_ms = diary.now_ms - days_ago.cast_signed() * DAY_MS - diary.random.below(10).cast_signed() * HOUR_MS;
        let mut basket = Basket::new(&diary.person, &mut diary.random, diary.numbers);
        basket.add(&mut diary.random);
        let mut orders = std::mem::take(&mut diary.orders);
        diary.tell_of(time_ms, |scene| {
            let id = next_order_id(scene);
            orders.complete(PlacedOrder::new(scene, id, &basket))
        });
        diary.orders = orders;
        diary.wait_s(1, 3);
    }
}

/// Shops, and then wants to be forgotten; some come back.
fn leaves(diary: &mut Diary) {
    shops(diary);
    diary.wait_s(60, 14_400);
    diary.track(ShopTopic::Emails, "Customer Erased", JsonObject::new());
    if diary.random.percent(20) {
        diary.wait_s(60, 7_200);
        diary.basket = None;
        looks(diary);
    }
}
