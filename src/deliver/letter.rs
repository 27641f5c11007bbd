//! A mail as it goes to a mail server: headers, a text, and HTML beside it. The same action makes the same bytes but for the date.
//!
//! Message-ID and boundary come from the action's id; one-click unsubscription by RFC 8058 where the address is https. It sends nothing.
//! Called by `cli::deliver`.

use std::time::{Duration, UNIX_EPOCH};

use lettre::Message;
use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder, MultiPart, SinglePart};

use super::action::Action;
use super::templates::{Templates, Words};

/// Who writes.
#[derive(Debug, Clone)]
pub struct LetterRules {
    pub from: Mailbox,
    pub reply_to: Option<Mailbox>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Letter {
    pub envelope: Envelope,
    pub subject: String,
    pub bytes: Vec<u8>,
}

impl Letter {
    /// The reason is a code or names a template: nothing of the customer.
    pub fn write(action: &Action, templates: &Templates, rules: &LetterRules, now_ms: i64) -> Result<Letter, String> {
        let address = action.email.as_deref().ok_or("no_address")?;
        let to = Mailbox::new(None, address.parse().map_err(|_| "invalid_address".to_owned())?);
        let words = templates.words(action)?;
        let now = UNIX_EPOCH + Duration::from_millis(now_ms.max(0).unsigned_abs());
        let message_id = format!("<{}@{}>", action.id, rules.from.email.domain());
        let mut message = Message::builder().from(rules.from.clone()).to(to).date(now).message_id(Some(message_id));
        if let Some(reply_to) = &rules.reply_to {
            message = message.reply_to(reply_to.clone());
        }
        message = message.subject(words.subject.clone());
        if let Some(url) = &words.unsubscribe_url {
            message = message.raw_header(ready("List-Unsubscribe", format!("<{url}>"))?);
            if url.starts_with("https://") {
                message = message.raw_header(ready("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned())?);
            }
        }
        for (name, value) in &words.headers {
            message = message.raw_header(HeaderValue::new(header_name(name)?, value.clone()));
        }
        let message = with_body(message, &words, &action.id)?;
        Ok(Letter { envelope: message.envelope().clone(), subject: words.subject, bytes: message.formatted() })
    }
}

fn with_body(message: MessageBuilder, words: &Words, id: &str) -> Result<Message, String> {
    let part = |kind: ContentType, text: &str| {
        let single = SinglePart::builder().header(kind).header(ContentTransferEncoding::QuotedPrintable);
        single.body(text.replace("\r\n", "\n").replace('\n', "\r\n"))
    };
    let text = part(ContentType::TEXT_PLAIN, &words.text);
    let message = match &words.html {
        None => message.singlepart(text),
        Some(html) => {
            let both = MultiPart::alternative().boundary(format!("lifetide-{id}"));
            message.multipart(both.singlepart(text).singlepart(part(ContentType::TEXT_HTML, html)))
        }
    };
    message.map_err(|_| "invalid_mail".to_owned())
}

fn header_name(name: &str) -> Result<HeaderName, String> {
    HeaderName::new_from_ascii(name.to_owned()).map_err(|_| "deliver.headers: no name of a header".to_owned())
}

/// A value that must stay as it is: visible ASCII already, and never broken into lines.
fn ready(name: &str, value: String) -> Result<HeaderValue, String> {
    Ok(HeaderValue::dangerous_new_pre_encoded(header_name(name)?, value.clone(), value))
}
