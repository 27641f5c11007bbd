//! The door of the room: what holds for a record of any format. Checks key and value as bytes, before a single byte of JSON is read, and
//! hands them to the file of the topic's format. What Segment's file understands is Segment's; only what it does not is looked at again,
//! where the topic may carry other formats. Refuses what has no key, no value, or more bytes than allowed.
//! Called by `worker` for every input record, on its own thread.

use super::format::{Format, Wire};
use super::frame::Frame;
use super::limits::{MAX_CUSTOMER_ID_BYTES, MAX_QUOTE_BYTES, cut};
use super::segment::Around;
use super::told::Told;
use super::{DecodeRules, Raw, Reason, Reject, cloudevents, foreign, segment};

/// Reads one record into events that borrow from it; nearly always it is one.
///
/// `wall_ms` is the wall clock in wall mode (it bounds the event time, nothing else); `None` in event mode.
pub fn decode<'a>(raw: &Raw<'a>, wire: &Wire<'_>, rules: &DecodeRules, wall_ms: Option<i64>) -> Result<Told<'a>, Reject> {
    let customer = read_key(raw.key)?;
    let value = read_value(raw.value, rules.max_record_bytes)?;
    let call = |is_doubtful| segment::read(customer, value, raw.timestamp_ms, rules, wall_ms, Around { at_ms: None, is_doubtful });
    match wire.format {
        Format::Segment => return call(false).map(Told::One),
        Format::Auto => {
            if let Ok(event) = call(true) {
                return Ok(Told::One(event));
            }
        }
        _ => {}
    }
    let frame = Frame { customer, record_ms: raw.timestamp_ms, rules, wall_ms, id: None, at_ms: None, shopify_topic: None };
    foreign::read(&cloudevents::with_headers(frame, wire.each_header), wire.format, value)
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
