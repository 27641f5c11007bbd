//! An HTTP request that tells somebody else to send: address, headers, body, and a signature by the Standard Webhooks specification.
//!
//! Without a template the body is the action in an envelope of that specification (`type`, `timestamp`, `data`). The signature is HMAC-SHA256
//! over id, time and body. It sends nothing. Called by `cli::deliver`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use super::action::Action;
use super::mark::moment;
use super::templates::Templates;

/// As the specification has them.
const SECRET_PREFIX: &str = "whsec_";
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A key shared with the receiver.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

impl WebhookSecret {
    /// `whsec_` and 24 to 64 bytes in base64; the message quotes nothing.
    pub fn read(text: &str) -> Result<WebhookSecret, String> {
        let bytes = text.strip_prefix(SECRET_PREFIX).and_then(|rest| STANDARD.decode(rest).ok());
        let bytes = bytes.filter(|bytes| SECRET_BYTES.contains(&bytes.len()));
        bytes.map(WebhookSecret).ok_or_else(|| "expected whsec_ and 24 to 64 bytes in base64".to_owned())
    }

    pub(super) fn sign(&self, id: &str, at_s: i64, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("invariant: HMAC takes a key of any length");
        mac.update(format!("{id}.{at_s}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

#[derive(Debug, Clone, Default)]
pub struct HookRules {
    pub secret: Option<WebhookSecret>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Hook {
    /// The reason names a template: nothing of the customer.
    pub fn write(action: &Action, templates: &Templates, rules: &HookRules, now_ms: i64) -> Result<Hook, String> {
        let envelope = || json!({ "type": "lifetide.send", "timestamp": moment(now_ms).to_string(), "data": action.fields }).to_string();
        let body = templates.webhook_body(action)?.unwrap_or_else(envelope);
        let at_s = now_ms.div_euclid(1_000);
        let mut headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("webhook-id".to_owned(), action.id.clone()),
            ("webhook-timestamp".to_owned(), at_s.to_string()),
        ];
        if let Some(secret) = &rules.secret {
            headers.push(("webhook-signature".to_owned(), secret.sign(&action.id, at_s, &body)));
        }
        headers.extend(templates.headers(action)?);
        // what no header may hold would refuse the request; a shop's own header of that name stays alone
        let is_sendable = |value: &str| value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let is_there = |name: &str| headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let trace: Vec<_> = action.trace.iter().filter(|(name, value)| is_sendable(value) && !is_there(name)).cloned().collect();
        headers.extend(trace);
        Ok(Hook { url: templates.webhook_url(action)?, headers, body })
    }
}
