//! What becomes of the mails that lifetide asks for: each is delivered, and every other one clicked, so that orders have a play to thank.
//!
//! It makes up the events of a mailer and sends nothing. `watch` has them made, `traffic` writes them.

use serde_json::{Value, json};

use crate::cli::instant;
use crate::cli::shop::{ShopRecord, ShopTopic};

/// Far more than any mailer sees, and enough for recovered revenue within the first minute.
const CLICKED_ONE_IN: u64 = 2;

/// A mail that was asked for.
pub struct Mail {
    customer: String,
    play: String,
    id: String,
}

impl Mail {
    /// `None`: an action of another kind.
    pub fn of_action(action: &Value) -> Option<Mail> {
        let text = |field: &str| action[field].as_str().map(str::to_owned);
        (action["kind"] == "send").then_some(())?;
        Some(Mail { customer: text("customer_id")?, play: text("play")?, id: text("id")? })
    }

    /// What the mailer tells of the shop's `nth` mail.
    pub fn events(&self, nth: u64, now_ms: i64) -> Vec<ShopRecord> {
        let told: &[&str] =
            if nth.is_multiple_of(CLICKED_ONE_IN) { &["Email Delivered", "Email Link Clicked"] } else { &["Email Delivered"] };
        told.iter().map(|event| self.record(event, now_ms)).collect()
    }

    fn record(&self, event: &str, now_ms: i64) -> ShopRecord {
        let value = json!({
            "messageId": format!("{} {event}", self.id),
            "type": "track",
            "event": event,
            "userId": self.customer,
            "timestamp": instant(now_ms),
            "properties": { "email_id": self.id, "campaign_id": self.play },
        });
        let value = value.to_string().into_bytes();
        ShopRecord { topic: ShopTopic::Emails, key: Some(self.customer.clone()), timestamp_ms: now_ms, value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mail_is_delivered_and_every_other_one_clicked_with_the_play_as_its_campaign() {
        let action = |kind: &str| json!({ "kind": kind, "customer_id": "u-1", "play": "cart_recovery", "id": "a-7" });
        assert!(Mail::of_action(&action("suppressed")).is_none());
        let mail = Mail::of_action(&action("send")).unwrap();
        assert_eq!((mail.events(1, 5).len(), mail.events(2, 5).len()), (1, 2));
        let clicked = mail.events(2, 5).pop().unwrap();
        let value: Value = serde_json::from_slice(&clicked.value).unwrap();
        assert_eq!((clicked.key.as_deref(), clicked.topic), (Some("u-1"), ShopTopic::Emails));
        assert_eq!((&value["event"], &value["properties"]["campaign_id"]), (&json!("Email Link Clicked"), &json!("cart_recovery")));
        assert_eq!(value["timestamp"], "1970-01-01T00:00:00.005Z");
    }
}
