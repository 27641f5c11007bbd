//! The door of the room: what holds for a record of any format. Checks key and value as bytes, before a single byte of JSON is read, and
//! hands them to the format's own file (so far `segment` alone). Refuses what has no key, no value, or more bytes than allowed.
//! Called by `worker` for every input record, on its own thread.

use super::limits::{MAX_CUSTOMER_ID_BYTES, MAX_QUOTE_BYTES, cut};
use super::{DecodeRules, Event, Raw, Reason, Reject, segment};

/// Reads one record into an event that borrows from it.
///
/// `wall_ms` is the wall clock in wall mode (it bounds the event time, nothing else); `None` in event mode.
pub fn decode<'a>(raw: &Raw<'a>, rules: &DecodeRules, wall_ms: Option<i64>) -> Result<Event<'a>, Reject> {
    let customer = read_key(raw.key)?;
    let value = read_value(raw.value, rules.max_record_bytes)?;
    segment::read(customer, value, raw.timestamp_ms, rules, wall_ms)
}

fn read_key(key: Option<&[u8]>) -> Result<&str, Reject> {
    let bytes = key.ok_or_else(|| Reject::new(Reason::MissingKey, "record has no key"))?;
    if bytes.is_empty() {
        return Err(Reject::new(Reason::InvalidKey, "key is empty"));
    }
    if bytes.len() > MAX_CUSTOMER_ID_BYTES {
        return Err(Reject::new(Reason::InvalidKey, format!("key has {} bytes, at most {MAX_CUSTOMER_ID_BYTES} are allowed", bytes.len())));
    }
    std::str::from_utf8(bytes).map_err(|_| {
        let lossy = String::from_utf8_lossy(bytes);
        Reject::new(Reason::InvalidKey, format!("key is not UTF-8: {}", cut(&lossy, MAX_QUOTE_BYTES)))
    })
}

fn read_value(value: Option<&[u8]>, max_bytes: usize) -> Result<&str, Reject> {
    let bytes = value.unwrap_or_default();
    if bytes.is_empty() {
        return Err(Reject::new(Reason::EmptyValue, "record has no value"));
    }
    if bytes.len() > max_bytes {
        return Err(Reject::new(Reason::Oversize, format!("value has {} bytes, at most {max_bytes} are allowed", bytes.len())));
    }
    std::str::from_utf8(bytes).map_err(|e| Reject::new(Reason::InvalidJson, format!("value is not UTF-8 at byte {}", e.valid_up_to())))
}
