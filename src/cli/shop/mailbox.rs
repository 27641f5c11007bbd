//! What happens between a generated customer and the shop's newsletters: deliveries, opens, clicks, bounces, complaints, consent.
//!
//! Used by `customer` alone.

use super::envelope::{Call, Scene, Told, count};
use super::json::JsonObject;
use super::record::ShopTopic;

/// A newsletter on its way through the mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MailStep {
    Sent,
    Delivered,
    Opened,
}

/// The next event of a newsletter, and the step it leads to if more will follow.
pub(super) fn advance_mail(scene: &mut Scene, step: MailStep) -> (Told, Option<MailStep>) {
    match step {
        MailStep::Sent => match scene.random.below(200) {
            0..3 => (bounce(scene, Some("hard")), None),
            3..4 => (bounce(scene, None), None),
            4..10 => (bounce(scene, Some("soft")), scene.random.percent(60).then_some(MailStep::Sent)),
            _ => (mail(scene, "Email Delivered"), scene.random.percent(60).then_some(MailStep::Delivered)),
        },
        MailStep::Delivered => match scene.random.below(200) {
            0..1 => (mail(scene, "Email Marked as Spam"), None),
            1..5 => (mail(scene, "Unsubscribed"), None),
            _ => (mail(scene, "Email Opened"), scene.random.percent(40).then_some(MailStep::Opened)),
        },
        MailStep::Opened => (mail(scene, "Email Link Clicked"), None),
    }
}

fn mail(scene: &mut Scene, event: &'static str) -> Told {
    let properties = mail_properties(scene);
    Told::track(ShopTopic::Emails, event, properties)
}

fn bounce(scene: &mut Scene, bounce_type: Option<&str>) -> Told {
    let properties = mail_properties(scene).text_if("bounce_type", bounce_type);
    Told::track(ShopTopic::Emails, "Email Bounced", properties)
}

fn mail_properties(scene: &mut Scene) -> JsonObject {
    let campaign = scene.random.within(1, 12);
    JsonObject::new()
        .text("email_id", &format!("e-{:09}", count(&mut scene.numbers.emails)))
        .text("campaign_id", &format!("n-{campaign}"))
        .text("campaign_name", &format!("Newsletter {campaign}"))
}

/// A visit to the preference page: consent given, refused or left open, by one of several routes.
pub(super) fn change_consent(scene: &mut Scene) -> Told {
    let status = *scene.random.pick(&["subscribed", "subscribed", "unsubscribed", "pending"]);
    match scene.random.below(10) {
        0..3 => Told::track(ShopTopic::Emails, "Subscribed", JsonObject::new().text("list", "newsletter")),
        3..7 => {
            let channel = if scene.random.percent(80) { "email" } else { "sms" };
            let properties = JsonObject::new()
                .text("channel", channel)
                .text("status", status)
                .text("source", "preference_page")
                .raw("double_opt_in", if scene.random.percent(50) { "true" } else { "false" });
            Told::track(ShopTopic::Emails, "Consent Changed", properties)
        }
        _ => identify(scene, Some(status)),
    }
}

/// An identify call, with the consent trait if a status is given.
pub(super) fn identify(scene: &Scene, consent: Option<&str>) -> Told {
    let traits = scene.person.traits(scene.address_changes, consent, scene.time);
    Told { topic: ShopTopic::Emails, call: Call::Identify, body: traits, former_id: None }
}
