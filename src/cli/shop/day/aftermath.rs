//! What follows an order on the generated day, and what else the shop and its customers have to say to each other: parcels, reviews,
//! answers, tickets, calls, refunds, newsletters.
//!
//! Used by `plot` and `ties` alone.

use super::diary::Diary;
use crate::cli::shop::envelope::count;
use crate::cli::shop::json::{Amount, JsonObject};
use crate::cli::shop::mailbox::change_consent;
use crate::cli::shop::record::ShopTopic;

/// Whose mails are read: the shipped plays', and newsletters.
const CAMPAIGNS: [&str; 6] = ["cart_recovery", "welcome", "thank_you", "browse_abandonment", "newsletter-7", "newsletter-8"];

/// Of an order that was placed: what becomes of it by the end of the day.
pub(super) fn follow_up(diary: &mut Diary, order_id: &str) {
    match diary.random.below(100) {
        0..6 => refund(diary),
        6..9 => cancel(diary),
        9..11 => post_again(diary),
        11..45 => deliver(diary, order_id),
        _ => {}
    }
    if diary.random.percent(10) {
        answer(diary);
    }
}

fn refund(diary: &mut Diary) {
    diary.wait_s(60, 7_200);
    let orders = diary.orders.clone();
    diary.tell(|scene| orders.refund(scene).expect("invariant: an order was placed"));
}

fn cancel(diary: &mut Diary) {
    diary.wait_s(30, 3_600);
    if let Some(told) = diary.orders.cancel() {
        diary.tell(|_| told);
    }
}

fn post_again(diary: &mut Diary) {
    diary.pause();
    if let Some(told) = diary.orders.post_again() {
        diary.tell(|_| told);
    }
}

fn deliver(diary: &mut Diary, order_id: &str) {
    let parcel = || JsonObject::new().text("order_id", order_id);
    diary.wait_s(600, 7_200);
    diary.track(ShopTopic::Purchases, "Order Shipped", parcel());
    if diary.random.percent(10) {
        diary.pause();
        diary.track(ShopTopic::Purchases, "Order Updated", parcel());
    }
    if diary.random.percent(60) {
        diary.wait_s(1_800, 10_800);
        diary.track(ShopTopic::Purchases, "Order Delivered", parcel());
    }
    if diary.random.percent(20) {
        diary.wait_s(600, 7_200);
        let event = diary.random.pick::<&str>(&["Review Submitted", "Product Reviewed"]);
        diary.track(ShopTopic::Carts, event, parcel().number("rating", 4));
    }
}

pub(super) fn answer(diary: &mut Diary) {
    diary.pause();
    let properties = JsonObject::new()
        .text("survey_id", "after-purchase")
        .text("question_id", diary.random.pick::<&str>(&["how-did-you-find-us", "would-you-recommend"]))
        .text("answer_id", diary.random.pick::<&str>(&["a", "b", "c"]));
    diary.track(ShopTopic::Emails, "Survey Answered", properties);
}

/// A call, or a ticket that is opened and mostly resolved; each may tell what it cost.
pub(super) fn serve(diary: &mut Diary) {
    let ticket = format!("t-{:06}", count(&mut diary.numbers.tickets));
    let properties = |diary: &mut Diary| {
        let cost = Amount { minor: diary.random.within(50, 900).cast_signed(), digits: 2 };
        let has_cost = diary.random.percent(70);
        let server = diary.random.percent(60).then(|| format!("s-{}", diary.random.within(1, 9)));
        let told = JsonObject::new().text("ticket_id", &ticket).text_if("salesperson_id", server.as_deref());
        if has_cost { told.amount("cost", cost).text("currency", "USD") } else { told }
    };
    if diary.random.percent(30) {
        let told = properties(diary);
        diary.track(ShopTopic::Emails, "Call Logged", told);
        return;
    }
    let told = properties(diary);
    diary.track(ShopTopic::Emails, "Support Ticket Opened", told);
    diary.wait_s(600, 18_000);
    if diary.random.percent(60) {
        let told = properties(diary);
        diary.track(ShopTopic::Emails, "Support Ticket Resolved", told);
    }
}

/// A mail in the box: delivered and perhaps clicked, or any of what else may become of it.
pub(super) fn read_mail(diary: &mut Diary) {
    let campaign = *diary.random.pick(&CAMPAIGNS);
    let number = count(&mut diary.numbers.emails);
    let mail = || JsonObject::new().text("email_id", &format!("e-{number:09}")).text("campaign_id", campaign);
    let tell = |diary: &mut Diary, event, properties| {
        diary.track(ShopTopic::Emails, event, properties);
        diary.pause();
    };
    match diary.random.below(100) {
        0..2 => return tell(diary, "Email Bounced", mail().text("bounce_type", "hard")),
        2..6 => return tell(diary, "Email Bounced", mail().text("bounce_type", "soft")),
        _ => tell(diary, "Email Delivered", mail()),
    }
    if diary.random.percent(60) {
        tell(diary, "Email Opened", mail());
    }
    match diary.random.below(100) {
        0..30 => tell(diary, "Email Link Clicked", mail()),
        30..32 => tell(diary, "Email Marked as Spam", mail()),
        32..34 => tell(diary, "Unsubscribed", mail()),
        _ => {}
    }
}

pub(super) fn visit_preferences(diary: &mut Diary) {
    diary.tell(change_consent);
    diary.pause();
}
