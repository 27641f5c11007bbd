//! `[deliver]`: who writes, where mails or requests go, how fast, how often.
//!
//! What only one of the two ways needs may be missing here; the command that goes that way asks for it. Templates are read elsewhere. Called
//! by `Config::read`.

use lettre::message::Mailbox;

use super::BearerToken;
use super::keys::Keys;
use super::layers::Entry;
use super::values;
use crate::deliver::WebhookSecret;

/// More than one connection can do.
const RATE_MAX: f64 = 1_000.0;
const RATE_MIN: f64 = 0.001;
const ATTEMPTS_MAX: i64 = 100;
const HEADERS_MAX: usize = 16;

#[derive(Debug, Clone)]
pub struct Deliver {
    pub from: Option<Mailbox>,
    pub reply_to: Option<Mailbox>,
    /// A folder.
    pub templates: Option<String>,
    pub unsubscribe_url: Option<String>,
    pub headers: Vec<String>,
    pub rate_per_second: f64,
    pub attempts: u32,
    pub smtp: Smtp,
    pub webhook: Webhook,
}

#[derive(Debug, Clone)]
pub struct Smtp {
    pub host: String,
    pub port: Option<u16>,
    pub tls: SmtpTls,
    pub user: Option<String>,
    pub password: Option<BearerToken>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// Asked for after the greeting; without it nothing is sent.
    StartTls,
    /// From the first byte.
    Tls,
    None,
}

#[derive(Debug, Clone)]
pub struct Webhook {
    pub url: Option<String>,
    pub body: Option<String>,
    pub secret: Option<WebhookSecret>,
    pub authorization: Option<BearerToken>,
}

const TLS: &[(&str, SmtpTls)] = &[("starttls", SmtpTls::StartTls), ("tls", SmtpTls::Tls), ("none", SmtpTls::None)];

pub fn deliver(keys: &mut Keys<'_>) -> Deliver {
    let port = keys.optional("deliver.smtp.port", values::whole(1..=i64::from(u16::MAX)));
    let attempts = keys.required("deliver.attempts", values::whole(1..=ATTEMPTS_MAX));
    Deliver {
        from: keys.optional("deliver.from", mailbox),
        reply_to: keys.optional("deliver.reply_to", mailbox),
        templates: keys.optional("deliver.templates", values::some_text),
        unsubscribe_url: keys.optional("deliver.unsubscribe_url", values::some_text),
        headers: keys.required("deliver.headers", headers),
        rate_per_second: keys.required("deliver.rate_per_second", values::number(RATE_MIN..=RATE_MAX)),
        attempts: u32::try_from(attempts).unwrap_or(1),
        smtp: Smtp {
            host: keys.required("deliver.smtp.host", values::some_text),
            port: port.and_then(|port| u16::try_from(port).ok()),
            tls: keys.required("deliver.smtp.tls", values::choice(TLS)),
            user: keys.optional("deliver.smtp.user", values::some_text),
            password: keys.optional("deliver.smtp.password", secret),
        },
        webhook: Webhook {
            url: keys.optional("deliver.webhook.url", values::some_text),
            body: keys.optional("deliver.webhook.body", values::some_text),
            secret: keys.optional("deliver.webhook.secret", |entry: &Entry| WebhookSecret::read(&secret(entry)?.0)),
            authorization: keys.optional("deliver.webhook.authorization", secret),
        },
    }
}

fn mailbox(entry: &Entry) -> Result<Mailbox, String> {
    let text = values::some_text(entry)?;
    text.parse().map_err(|_| format!("expected an address such as \"Shop <shop@example.com>\", got \"{text}\""))
}

fn headers(entry: &Entry) -> Result<Vec<String>, String> {
    let headers = values::texts(entry)?;
    match headers.iter().find(|header| !header.contains(':')) {
        _ if headers.len() > HEADERS_MAX => Err(format!("expected at most {HEADERS_MAX} headers, got {}", headers.len())),
        Some(header) => Err(format!("expected \"Name: value\", got \"{header}\"")),
        None => Ok(headers),
    }
}

/// A text that is never quoted.
fn secret(entry: &Entry) -> Result<BearerToken, String> {
    let text = values::some_text(entry).map_err(|_| "expected a text in quotes".to_owned())?;
    let is_one_line = text.chars().all(|letter| !letter.is_control());
    if is_one_line { Ok(BearerToken(text)) } else { Err("expected a text without control characters".to_owned()) }
}
