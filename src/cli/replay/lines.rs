//! Text lines in, records out: bare events, recorded records, and transaction lists.
//!
//! A line that is an object with `topic` and `value` is a recorded record; any other line is a bare event keyed by its own `userId` or
//! `anonymousId`. A line that is no JSON at all is a record too, and will be refused like any other bad bytes. Lists (CDNOW, CSV) become
//! `Order Completed` events. Nothing here judges an event. Called by `replay`.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

/// A record to put into the log; `topic` is `None` where the line names none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub topic: Option<String>,
    pub key: Option<String>,
    pub timestamp_ms: Option<i64>,
    pub offset: Option<i64>,
    pub headers: Vec<(String, String)>,
    pub value: Option<Vec<u8>>,
}

/// What is wrong with a line, without quoting it: it is about a person.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LineError {
    #[error("a recorded record has a field of the wrong type, which ends at column {column}")]
    Record { column: usize },
    #[error("expected customer, date, amount: {0}")]
    List(&'static str),
}

const TOO_SHORT: &str = "a column is missing or empty";
const NO_DATE: &str = "the date cannot be read";

#[derive(Deserialize)]
struct Recorded<'a> {
    topic: String,
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    timestamp_ms: Option<i64>,
    #[serde(default)]
    offset: Option<i64>,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    #[serde(borrow)]
    value: &'a RawValue,
}

/// What tells a recorded record from a bare event, and whose event a bare one is.
#[derive(Deserialize)]
struct Shape<'a> {
    #[serde(borrow)]
    topic: Option<&'a RawValue>,
    /// A null value is one too: a tombstone.
    #[serde(borrow, default, deserialize_with = "present")]
    value: Option<&'a RawValue>,
    #[serde(rename = "userId", borrow)]
    user_id: Option<&'a RawValue>,
    #[serde(rename = "anonymousId", borrow)]
    anonymous_id: Option<&'a RawValue>,
}

fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

/// Reads one line of an event file.
pub fn event_line(text: &str) -> Result<Line, LineError> {
    let bare =
        |key| Line { topic: None, key, timestamp_ms: None, offset: None, headers: Vec::new(), value: Some(text.as_bytes().to_vec()) };
    let Ok(shape) = serde_json::from_str::<Shape<'_>>(text) else {
        return Ok(bare(None));
    };
    if shape.topic.is_none() || shape.value.is_none() {
        return Ok(bare(shape.user_id.and_then(id_text).or_else(|| shape.anonymous_id.and_then(id_text))));
    }
    let wrong_type = |error: serde_json::Error| LineError::Record { column: error.column() };
    let recorded: Recorded<'_> = serde_json::from_str(text).map_err(wrong_type)?;
    let value = match recorded.value.get() {
        "null" => None,
        quoted if quoted.starts_with('"') => Some(serde_json::from_str::<String>(quoted).map_err(wrong_type)?.into_bytes()),
        object => Some(object.as_bytes().to_vec()),
    };
    Ok(Line {
        topic: Some(recorded.topic),
        key: recorded.key,
        timestamp_ms: recorded.timestamp_ms,
        offset: recorded.offset,
        headers: recorded.headers.into_iter().collect(),
        value,
    })
}

/// The text of an id written as a string or as an integer.
fn id_text(raw: &RawValue) -> Option<String> {
    let text = raw.get();
    match text.as_bytes().first()? {
        b'"' => serde_json::from_str(text).ok(),
        b'-' | b'0'..=b'9' => Some(text.to_owned()),
        _ => None,
    }
}

/// One purchase of a transaction list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    pub customer: String,
    pub date: Date,
    /// As written: the decoder reads it exactly.
    pub amount: String,
    pub currency: Option<String>,
    pub order_id: Option<String>,
}

impl Purchase {
    /// The purchase as an event at midnight UTC; `number` makes its order unique where the list names none.
    pub fn to_line(&self, number: usize, currency: &str) -> Result<Line, LineError> {
        let at = self.date.to_zoned(TimeZone::UTC).map_err(|_| LineError::List(NO_DATE))?.timestamp();
        let order_id = self.order_id.clone().unwrap_or_else(|| format!("line-{number}"));
        let event = serde_json::json!({
            "type": "track",
            "event": "Order Completed",
            "messageId": format!("line-{number}"),
            "userId": self.customer,
            "timestamp": at.to_string(),
            "properties": { "order_id": order_id, "total": self.amount, "currency": self.currency.as_deref().unwrap_or(currency) },
        });
        let value = Some(event.to_string().into_bytes());
        Ok(Line { topic: None, key: Some(self.customer.clone()), timestamp_ms: None, offset: None, headers: Vec::new(), value })
    }
}

/// A line of the CDNOW files: customer, YYYYMMDD, units, dollars; the sample's lines have the customer's number in the sample, by which
/// the literature knows it, after the one in the whole file.
pub fn cdnow_line(text: &str) -> Result<Purchase, LineError> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let ([customer, date, _, amount] | [_, customer, date, _, amount]) = fields.as_slice() else {
        return Err(LineError::List(TOO_SHORT));
    };
    let date = date_of(date).ok_or(LineError::List(NO_DATE))?;
    Ok(Purchase { customer: (*customer).to_owned(), date, amount: (*amount).to_owned(), currency: None, order_id: None })
}

/// The columns of a CSV list, by the names people give them.
pub struct Columns {
    customer: usize,
    date: usize,
    amount: usize,
    currency: Option<usize>,
    order_id: Option<usize>,
}

impl Columns {
    /// Finds the columns in a header line, whatever its case, blanks and underlines; without known names they are the first three.
    pub fn of(header: &csv::StringRecord) -> Option<Columns> {
        let plain = |field: &str| field.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
        let names: Vec<String> = header.iter().map(plain).collect();
        let find = |known: &[&str]| known.iter().find_map(|known| names.iter().position(|name| name == known));
        Some(Columns {
            customer: find(&["customerid", "customer", "userid", "user", "clientid", "client", "buyerid", "buyer", "id"])?,
            date: find(&["orderdate", "purchasedate", "invoicedate", "transactiondate", "date", "timestamp", "createdat", "time", "day"])?,
            amount: find(&["amount", "revenue", "total", "ordertotal", "value", "ordervalue", "spend", "price", "sales"])?,
            currency: find(&["currency", "currencycode"]),
            order_id: find(&["orderid", "order", "invoiceid", "invoiceno", "invoice", "transactionid", "transaction"]),
        })
    }

    pub fn first_three() -> Columns {
        Columns { customer: 0, date: 1, amount: 2, currency: None, order_id: None }
    }

    pub fn purchase(&self, row: &csv::StringRecord) -> Result<Purchase, LineError> {
        let field = |column: usize| row.get(column).map(str::trim).filter(|text| !text.is_empty());
        Ok(Purchase {
            customer: field(self.customer).ok_or(LineError::List(TOO_SHORT))?.to_owned(),
            date: field(self.date).and_then(date_of).ok_or(LineError::List(NO_DATE))?,
            amount: field(self.amount).ok_or(LineError::List(TOO_SHORT))?.to_owned(),
            currency: self.currency.and_then(field).map(str::to_owned),
            order_id: self.order_id.and_then(field).map(str::to_owned),
        })
    }
}

/// `YYYY-MM-DD`, `YYYYMMDD`, or either with a time behind it.
fn date_of(text: &str) -> Option<Date> {
    text.parse().ok().or_else(|| text.get(..10)?.parse().ok()).or_else(|| text.get(..8)?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(line: &Line) -> &str {
        std::str::from_utf8(line.value.as_deref().unwrap()).unwrap()
    }

    #[test]
    fn a_bare_event_is_keyed_by_its_own_customer() {
        for (text, key) in
            [(r#"{"userId":"u-1"}"#, Some("u-1")), (r#"{"anonymousId":7}"#, Some("7")), ("{", None), (r#"{"userId":{}}"#, None)]
        {
            let line = event_line(text).unwrap();
            assert_eq!((line.key.as_deref(), value(&line)), (key, text));
        }
    }

    #[test]
    fn a_recorded_record_keeps_its_bytes() {
        let line = event_line(r#"{"topic":"t","key":"k","timestamp_ms":5,"value":{"a": 1.50}}"#).unwrap();
        assert_eq!(
            (line.topic.as_deref(), line.key.as_deref(), line.timestamp_ms, value(&line)),
            (Some("t"), Some("k"), Some(5), r#"{"a": 1.50}"#)
        );
        let raw = event_line(r#"{"topic":"t","key":null,"value":"{\"cut"}"#).unwrap();
        assert_eq!((raw.key.as_deref(), value(&raw)), (None, "{\"cut"));
        assert_eq!(event_line(r#"{"topic":"t","value":null}"#).unwrap().value, None);
        assert!(event_line(r#"{"topic":"t","key":3,"value":{}}"#).is_err());
    }

    #[test]
    fn lists_become_orders() {
        let purchase = cdnow_line(" 00004 0001 19970118  2   29.73").unwrap();
        assert_eq!(
            (purchase.customer.as_str(), purchase.date.to_string().as_str(), purchase.amount.as_str()),
            ("0001", "1997-01-18", "29.73")
        );
        let line = purchase.to_line(2, "USD").unwrap();
        assert!(value(&line).contains(r#""timestamp":"1997-01-18T00:00:00Z""#), "{}", value(&line));
        let header = csv::StringRecord::from(vec!["customer_id", "order_date", "revenue"]);
        let row = csv::StringRecord::from(vec!["c", "2004-12-20 10:00", "32"]);
        assert_eq!(Columns::of(&header).unwrap().purchase(&row).unwrap().date.to_string(), "2004-12-20");
        assert!(cdnow_line("nothing here").is_err());
    }
}
