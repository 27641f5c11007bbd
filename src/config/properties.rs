//! What goes through to librdkafka under its own names, with secrets that cannot be printed and keys that cannot be overridden.
//!
//! It knows nothing of the values' meaning: librdkafka checks them itself when a client is made. Read by `check`, used by `kafka`.

use std::collections::BTreeMap;
use std::fmt;

use super::keys::Keys;
use super::layers::PROPERTIES;
use super::values;

/// What a hidden value is shown as.
pub const HIDDEN: &str = "(hidden)";

/// Endings of keys whose values are secrets, in librdkafka's names (`sasl.password`, `ssl.key.pem`, …).
const SECRET_ENDINGS: [&str; 7] = ["password", "passphrase", "secret", "key.pem", "ssl.key", "oauthbearer.config", "token"];

/// Keys that belong to lifetide, and the reason or the key to use instead.
const OURS: [(&str, &str); 19] = [
    ("bootstrap.servers", "use kafka.bootstrap_servers"),
    ("metadata.broker.list", "use kafka.bootstrap_servers"),
    ("group.id", "use kafka.group_id"),
    ("group.instance.id", "use instance.id"),
    ("group.protocol", "slots need the classic protocol"),
    ("partition.assignment.strategy", "slots need the range strategy"),
    ("client.rack", "a rack-aware assignment would tear slots apart"),
    ("enable.auto.commit", "offsets are committed in transactions"),
    ("enable.auto.offset.store", "offsets are committed in transactions"),
    ("enable.partition.eof", "the end of a partition moves time"),
    ("auto.offset.reset", "lost input must stop a worker"),
    ("isolation.level", "aborted records must stay unread"),
    ("transactional.id", "derived from kafka.group_id and instance.id"),
    ("enable.idempotence", "transactions need it"),
    ("acks", "transactions need all"),
    ("request.required.acks", "transactions need all"),
    ("log.connection.close", "closed connections put a commit in doubt"),
    ("log_level", "closed connections put a commit in doubt"),
    ("partitioner", "keys are spread as Java's client does"),
];

/// librdkafka's keys and values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<String, String>);

impl Properties {
    pub fn read(keys: &mut Keys<'_>) -> Properties {
        let mut properties = BTreeMap::new();
        for (name, entry) in keys.open(PROPERTIES) {
            let key = format!("{PROPERTIES}.{name}");
            if let Some((_, reason)) = OURS.iter().find(|(ours, _)| *ours == name) {
                keys.refuse(&key, format!("is set by lifetide: {reason}"));
                continue;
            }
            match values::property(entry) {
                Ok(value) => {
                    properties.insert(name.to_string(), value);
                }
                Err(message) => keys.refuse(&key, message),
            }
        }
        Properties(properties)
    }

    /// Names and values, secrets in the clear: for librdkafka alone.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.iter().map(|(name, value)| (name, if is_secret(name) { HIDDEN } else { value.as_str() }));
        f.debug_map().entries(shown).finish()
    }
}

pub fn is_secret(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    SECRET_ENDINGS.iter().any(|ending| lower.ends_with(ending))
}
