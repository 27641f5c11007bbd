//! A record of the dead-letter topic as what it is: a dead letter, or the mark that one was sent again.
//!
//! A mark stands in the same partition as its letter and behind it, so retention, which deletes from the beginning of a partition, never
//! takes a mark before its letter. It has the letter's key, no value, and one header. Pure. Used by the rest of `dlq`.

use std::fmt;

use crate::worker::dead_letter as header;
use crate::worker::source::Record;

/// The one header of a mark: the id of the letter that was sent again.
pub const REPLAYED: &str = "lifetide.replayed";

/// Where a refused record stood.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    pub topic: String,
    pub partition: u32,
    pub offset: i64,
    /// Of a record whose elements are refused each by itself.
    pub element: Option<u16>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.topic, self.partition, self.offset)?;
        self.element.map_or(Ok(()), |element| write!(f, "#{element}"))
    }
}

/// A dead letter but for its value, which may have megabytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Partition and offset in the dead-letter topic.
    pub place: (u32, i64),
    /// When the letter was written; 0 if Kafka does not say.
    pub refused_ms: i64,
    pub origin: Origin,
    pub reason: String,
    pub stage: String,
    pub detail: String,
    pub key: Option<Vec<u8>>,
    /// `None`: the record has no value.
    pub value_bytes: Option<usize>,
    /// The record's own headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The record's own time.
    pub record_ms: Option<i64>,
    /// Partitions of the record's topic when it was refused, if known.
    pub partitions: Option<u32>,
    /// What of the record the letter lacks, in words.
    pub lacks: Option<&'static str>,
}

impl Letter {
    pub fn id(&self) -> String {
        self.origin.to_string()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    Letter(Box<Letter>),
    /// The letter of this id was sent again.
    Replayed {
        id: String,
        at_ms: i64,
    },
}

/// `None`: neither, somebody else's record.
pub fn read(partition: u32, record: &dyn Record) -> Option<Entry> {
    let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
    record.each_header(&mut |name, value| headers.push((name.to_owned(), value.to_vec())));
    let at_ms = record.timestamp_ms().unwrap_or(0);
    // a record may have been dead-lettered before, by us or by others: the last of these headers begins ours
    let Some(first_of_ours) = headers.iter().rposition(|(name, _)| name == header::EXCEPTION) else {
        let id = headers.iter().find(|(name, _)| name == REPLAYED).map(|(_, id)| text(id));
        return id.map(|id| Entry::Replayed { id, at_ms });
    };
    let ours = headers.split_off(first_of_ours);
    let find = |name: &str| ours.iter().find(|(own, _)| own == name).map(|(_, value)| text(value));
    let lacks = match (find(header::TRUNCATED_BYTES), find(header::TRUNCATED_HEADERS)) {
        (Some(_), _) => Some("the end of its value"),
        (None, Some(_)) => Some("some of its headers"),
        (None, None) => None,
    };
    Some(Entry::Letter(Box::new(Letter {
        place: (partition, record.offset()),
        refused_ms: at_ms,
        origin: Origin {
            topic: find(header::TOPIC)?,
            partition: find(header::PARTITION)?.parse().ok()?,
            offset: find(header::OFFSET)?.parse().ok()?,
            element: find(header::ELEMENT).and_then(|text| text.parse().ok()),
        },
        reason: find(header::EXCEPTION)?,
        stage: find(header::STAGE).unwrap_or_default(),
        detail: find(header::MESSAGE).unwrap_or_default(),
        key: record.key().map(<[u8]>::to_vec),
        value_bytes: record.value().map(<[u8]>::len),
        headers,
        record_ms: find(header::RECORD_TIMESTAMP).and_then(|text| text.parse().ok()),
        partitions: find(header::RECORD_PARTITIONS).and_then(|text| text.parse().ok()),
        lacks,
    })))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::RULES;
    use crate::event::{DecodeRules, Format, Raw, Wire, decode};
    use crate::worker::transaction::Outgoing;

    struct Fake {
        key: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
        headers: Vec<(String, Vec<u8>)>,
    }

    impl Record for Fake {
        fn key(&self) -> Option<&[u8]> {
            self.key.as_deref()
        }
        fn value(&self) -> Option<&[u8]> {
            self.value.as_deref()
        }
        fn timestamp_ms(&self) -> Option<i64> {
            Some(1_767_268_800_000)
        }
        fn offset(&self) -> i64 {
            7
        }
        fn each_header(&self, visit: &mut dyn FnMut(&str, &[u8])) {
            self.headers.iter().for_each(|(name, value)| visit(name, value));
        }
    }

    fn header_of(name: &str, value: &[u8]) -> (String, Vec<u8>) {
        (name.to_owned(), value.to_vec())
    }

    /// The record as it lies in the dead-letter topic.
    fn refused(record: &Fake) -> Fake {
        refused_of(record, None)
    }

    fn refused_of(record: &Fake, element: Option<(u16, &str)>) -> Fake {
        let rules = DecodeRules { max_record_bytes: 1_000, ..RULES };
        let raw = Raw { key: record.key(), value: record.value(), timestamp_ms: record.timestamp_ms() };
        let reject = decode(&raw, &Wire::bare(Format::Segment), &rules, None).unwrap_err();
        let what = header::Refused { reject: &reject, element };
        header::write(record, ("shop.carts", 3), Some(4), what, header::VALUE_BYTES_MAX, |letter: &Outgoing<'_>| Fake {
            key: letter.key.map(<[u8]>::to_vec),
            value: letter.value.map(<[u8]>::to_vec),
            headers: letter.headers.iter().map(|(name, value)| header_of(name, value)).collect(),
        })
    }

    fn letter_of(record: &Fake) -> Letter {
        match read(1, &refused(record)) {
            Some(Entry::Letter(letter)) => *letter,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_letter_reads_back_as_the_record_it_was_even_if_that_was_a_dead_letter_itself() {
        let own = vec![
            header_of("trace", b"\xff\0"),
            header_of(header::EXCEPTION, b"somebody.Else"),
            header_of(REPLAYED, b"x/1/2"),
            header_of("trace", b""),
        ];
        let record = Fake { key: Some(vec![0xff, 0x00]), value: Some(b"{".to_vec()), headers: own.clone() };
        let letter = letter_of(&record);
        assert_eq!((letter.id().as_str(), letter.reason.as_str()), ("shop.carts/3/7", "invalid_key"));
        assert_eq!((letter.key, letter.value_bytes, letter.headers), (record.key, Some(1), own));
        assert_eq!((letter.record_ms, letter.partitions, letter.lacks), (Some(1_767_268_800_000), Some(4), None));
    }

    #[test]
    fn a_letter_of_an_element_is_the_element_and_named_by_its_number() {
        let record = Fake { key: Some(vec![0xff]), value: Some(b"[7,8]".to_vec()), headers: vec![header_of("ce_id", b"1")] };
        let letter = refused_of(&record, Some((1, "8")));
        assert_eq!(letter.value(), Some(&b"8"[..]));
        let Some(Entry::Letter(letter)) = read(1, &letter) else { panic!("no letter") };
        assert_eq!((letter.id().as_str(), letter.key, letter.headers), ("shop.carts/3/7#1", record.key, record.headers));
    }

    #[test]
    fn what_a_letter_lacks_is_said() {
        let record = |headers: Vec<(String, Vec<u8>)>| Fake { key: None, value: None, headers };
        assert_eq!(letter_of(&record(vec![header_of("big", &[b'x'; 1024])])).lacks, None);
        assert_eq!(letter_of(&record(vec![header_of("big", &[b'x'; 1025])])).lacks, Some("some of its headers"));
        assert_eq!(letter_of(&record(vec![header_of("many", b""); 64])).lacks, None);
        let letter = letter_of(&record(vec![header_of("many", b""); 65]));
        assert_eq!((letter.lacks, letter.headers.len()), (Some("some of its headers"), 64));
        let large = Fake { key: None, value: Some(vec![b'x'; 17 << 20]), headers: vec![] };
        assert_eq!(letter_of(&large).lacks, Some("the end of its value"));
    }

    #[test]
    fn marks_and_strangers_are_told_apart() {
        let mark = Fake { key: None, value: None, headers: vec![header_of(REPLAYED, b"shop.carts/3/7")] };
        assert_eq!(read(0, &mark), Some(Entry::Replayed { id: "shop.carts/3/7".to_owned(), at_ms: 1_767_268_800_000 }));
        assert_eq!(read(0, &Fake { key: None, value: None, headers: vec![] }), None);
        assert_eq!(read(0, &Fake { key: None, value: None, headers: vec![header_of(header::EXCEPTION, b"x")] }), None);
    }
}
