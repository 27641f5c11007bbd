//! Mails and requests byte for byte: headers, parts, escaping, and a signature known from elsewhere.

use serde_json::{Value, json};

use super::super::{Hook, HookRules, Letter, LetterRules, Templates, Texts, WebhookSecret};
use super::{ID, NOW_MS, action};

fn texts() -> Texts {
    Texts {
        unsubscribe_url: Some("https://shop.example.com/no?who={{ customer_id | urlencode }}".to_owned()),
        headers: vec!["X-Tags: campaign_id={{ play }}, email_id={{ id }}".to_owned()],
        webhook_url: Some("https://hooks.example.com/{{ customer_id | urlencode }}".to_owned()),
        webhook_body: None,
    }
}

fn letter(changes: Value, texts: Texts) -> Result<String, String> {
    let rules = LetterRules { from: "Shop <shop@example.com>".parse().unwrap(), reply_to: None };
    let templates = Templates::new(Vec::new(), texts).unwrap();
    let letter = Letter::write(&action(changes), &templates, &rules, NOW_MS)?;
    Ok(String::from_utf8(letter.bytes).unwrap())
}

#[test]
fn a_mail_has_its_headers_and_both_parts() {
    let mail = letter(json!({ "customer_id": "u 1&2" }), texts()).unwrap();
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    let head = head.replace("\r\n ", " ");
    for line in [
        "From: Shop <shop@example.com>",
        "To: u-1@example.com",
        "Subject: You left something in your cart",
        "Date: Thu, 01 Jan 2026 12:00:00 +0000",
        &format!("Message-ID: <{ID}@example.com>"),
        "List-Unsubscribe: <https://shop.example.com/no?who=u%201%262>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        &format!("X-Tags: campaign_id=cart_recovery, email_id={ID}"),
        &format!("Content-Type: multipart/alternative; boundary=\"lifetide-{ID}\""),
    ] {
        assert!(head.lines().any(|found| found == line), "{line}\n{head}");
    }
    assert!(body.contains("- 2 x Tea <green>, 28.60 USD") && body.contains("Tea &lt;green&gt;"), "{body}");
    assert_eq!(letter(json!({ "customer_id": "u 1&2" }), texts()).unwrap(), mail, "the same bytes each time");
}

#[test]
fn a_customer_cannot_write_headers_or_html() {
    let evil = json!({ "first_name": "<b>Ann\r\nBcc: all@example.com", "play": "x\r\nBcc: all@example.com" });
    let templates = vec![
        ("cart_1.txt".to_owned(), "Subject: Hello {{ first_name }}\n\nHello".to_owned()),
        ("cart_1.html".to_owned(), "<p>{{ first_name }}</p>".to_owned()),
    ];
    let rules = LetterRules { from: "shop@example.com".parse().unwrap(), reply_to: None };
    let templates = Templates::new(templates, texts()).unwrap();
    let mail = String::from_utf8(Letter::write(&action(evil), &templates, &rules, NOW_MS).unwrap().bytes).unwrap();
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{mail}");
    assert!(head.contains("Subject: Hello <b>Ann  Bcc: all@example.com") && !body.starts_with("Bcc"), "{mail}");
    assert!(mail.contains("<p>&lt;b&gt;Ann"), "{mail}");
}

#[test]
fn what_cannot_be_written_says_why_and_nothing_of_the_customer() {
    let broken = |name: &str, text: &str| Templates::new(vec![(name.to_owned(), text.to_owned())], Texts::default());
    assert_eq!(broken("a.txt", "Subject: Hi\n{{ first_name").err().unwrap(), "a.txt line 2: syntax error");
    assert_eq!(broken("a.txt", "Hello").err().unwrap(), "a.txt does not begin with Subject:");
    let cases = [
        (json!({ "email": null }), "no_address"),
        (json!({ "email": "Ann u-1@example.com" }), "invalid_address"),
        (json!({ "email": "a@example.com>\r\nRCPT TO:<b@example.com" }), "invalid_address"),
    ];
    for (changes, expected) in cases {
        assert_eq!(letter(changes, Texts::default()).unwrap_err(), expected);
    }
    let rules = LetterRules { from: "shop@example.com".parse().unwrap(), reply_to: None };
    let templates = broken("cart_1.txt", "Subject: Hi\n\n{{ frist_name }}").unwrap();
    let why = Letter::write(&action(json!({})), &templates, &rules, NOW_MS).unwrap_err();
    assert_eq!(why, "cart_1.txt line 3: undefined value");
    let endless =
        broken("cart_1.txt", "Subject: Hi\n{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}").unwrap();
    assert!(Letter::write(&action(json!({})), &endless, &rules, NOW_MS).is_err());
    let texts = Texts { unsubscribe_url: Some("https://example.com/?{{ first_name }}".to_owned()), ..Texts::default() };
    assert!(letter(json!({ "first_name": "A B" }), texts).unwrap_err().contains("deliver.unsubscribe_url"));
}

#[test]
fn a_mail_speaks_the_customers_language_and_every_template_has_a_fallback() {
    let files = ["cart_1.de.txt", "cart_1.de-AT.txt"].map(|name| (name.to_owned(), format!("Subject: {name}\n\n.")));
    let templates = Templates::new(files.to_vec(), Texts::default()).unwrap();
    let cases = [
        (json!({ "locale": "de-AT" }), "cart_1.de-AT.txt"),
        (json!({ "locale": "de-CH" }), "cart_1.de.txt"),
        (json!({ "locale": null }), "You left something in your cart"),
        (json!({ "template": "birthday" }), "News from your shop"),
        (json!({ "template": "../../etc/passwd", "locale": "../.." }), "News from your shop"),
    ];
    for (changes, subject) in cases {
        assert_eq!(templates.words(&action(changes)).unwrap().subject, subject);
    }
}

#[test]
fn every_shipped_mail_can_be_written_for_who_has_told_nothing() {
    for template in ["cart_1", "cart_2", "cart_3", "welcome_1", "thank_you", "escalation", "win_back_1", "generic"] {
        let offer = json!({ "id": "BACK10", "grant_id": ID, "expires_at": "2026-01-14T00:00:00.000Z" });
        for changes in [
            json!({ "template": template, "first_name": null, "locale": null, "cart": null }),
            json!({ "template": template, "offer": offer }),
        ] {
            for texts in [texts(), Texts::default()] {
                letter(changes.clone(), texts).unwrap_or_else(|why| panic!("{template}: {why}"));
            }
        }
    }
}

/// The example of the specification (standard-webhooks, "Signature scheme").
#[test]
fn a_signature_is_that_of_the_specification() {
    let secret = WebhookSecret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let found = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
    assert_eq!(found, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_eq!(format!("{secret:?}"), "(hidden)");
    for bad in ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
        assert!(WebhookSecret::read(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_request_carries_the_action_under_its_id() {
    let templates = Templates::new(Vec::new(), texts()).unwrap();
    let hook = Hook::write(&action(json!({})), &templates, &HookRules::default(), NOW_MS).unwrap();
    assert_eq!(hook.url, "https://hooks.example.com/u-1");
    let header = |name: &str| hook.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
    assert_eq!((header("webhook-id"), header("webhook-timestamp")), (Some(ID), Some("1767268800")));
    assert_eq!(header("webhook-signature"), None, "nothing was agreed upon");
    let body: Value = serde_json::from_str(&hook.body).unwrap();
    assert_eq!((&body["type"], &body["data"]), (&json!("lifetide.send"), &super::record(json!({}))));
}
