//! What is read: from exactly where asked, whole, committed only, with a sure end, and an error where the log is gone.

use std::collections::VecDeque;

use lifetide::kafka::{Consumer, OutputNames, Producer, Settings};
use lifetide::worker::source::{Arrival, Bounds, Input, LogRead, Record, Source};
use lifetide::worker::transaction::{Outgoing, OutputTopic, Transaction, TransactionError};

use super::world::*;

#[test]
fn a_slot_starts_exactly_where_asked_and_can_be_started_again() {
    let settings = cluster("a", 2);
    let input = |topic| Input { topic, slot: 1 };
    let values = numbers(0..1_000);
    feed(&settings, input(0), values.iter().map(Vec::as_slice));
    feed(&settings, input(1), values[..10].iter().map(Vec::as_slice));
    let mut consumer = Consumer::join(&settings, 0).unwrap();
    joined(&mut consumer);
    assert_eq!(consumer.slots(), 2);
    let mut arrivals = VecDeque::new();
    consumer.take(input(0), 10, &mut arrivals).unwrap();
    assert!(arrivals.is_empty(), "an assigned slot is silent until it is started");

    let expected = |range: std::ops::Range<i64>| range.map(|n| (n, n.to_string())).collect::<Vec<_>>();
    for (first, second) in [(990, 7), (0, 0), (500, 10), (1_000, 9), (1_000, 10), (3, 3)] {
        consumer.start(1, &[first, second, 0]).unwrap();
        assert_eq!(read(&mut consumer, input(0)), expected(first..1_000));
        assert_eq!(read(&mut consumer, input(1)), expected(second..10));
    }
    // rewound in the middle of reading, as after an abort
    for round in 0..20 {
        consumer.start(1, &[round, 0, 0]).unwrap();
        eventually("first record", || {
            consumer.take(input(0), 1, &mut arrivals).unwrap();
            match arrivals.pop_front()? {
                Arrival::Record(record) => {
                    assert_eq!(record.offset(), round);
                    Some(())
                }
                Arrival::End(_) => None,
            }
        });
    }
    feed(&settings, input(1), [&b"late"[..]]);
    consumer.start(1, &[999, 10, 0]).unwrap();
    assert_eq!(read(&mut consumer, input(1)), [(10, "late".to_owned())]);
}

#[test]
fn records_come_whole_with_key_time_headers_and_ten_megabytes() {
    let mut settings = cluster("a", 1);
    // the dead letters' topic takes large records: read it as an input
    settings.input_topics = vec![settings.output.dead_letters.clone()];
    settings.output.dead_letters += "-other";
    let writer = Settings {
        output: OutputNames { dead_letters: settings.input_topics[0].clone(), ..settings.output.clone() },
        input_topics: vec![settings.output.actions.clone() + "-none"],
        ..settings.clone()
    };
    let mut producer = Producer::open(&writer, 9, now_ms).unwrap();
    let large = noise(12 << 20);
    producer.begin().unwrap();
    let headers: [(&str, &[u8]); 3] = [("a", b"1"), ("empty", b""), ("a", b"2")];
    for value in [Some(&large[..]), None, Some(b"small")] {
        let ahead = Some(now_ms() + 86_400_000);
        let record = Outgoing { value, headers: &headers, timestamp_ms: ahead, ..outgoing(OutputTopic::DeadLetters, b"") };
        producer.send(&record).unwrap();
    }
    // no offsets: nothing was consumed
    let mut member = Consumer::join(&settings, 0).unwrap();
    joined(&mut member);
    producer.commit(&[], &member.claim().unwrap()).unwrap();

    member.start(0, &[0, 0]).unwrap();
    let mut arrivals = VecDeque::new();
    let mut records = Vec::new();
    eventually("three records", || {
        member.take(Input { topic: 0, slot: 0 }, 10, &mut arrivals).unwrap();
        records.extend(arrivals.drain(..).filter_map(|arrival| match arrival {
            Arrival::Record(record) => Some(record),
            Arrival::End(_) => None,
        }));
        (records.len() == 3).then_some(())
    });
    // records outlive their source
    drop(member);
    assert!(records[0].value() == Some(&large[..]));
    assert_eq!((records[1].value(), records[2].value()), (None, Some(&b"small"[..])));
    for record in &records {
        assert_eq!(record.key(), Some(&b"c-1"[..]));
        assert!((record.timestamp_ms().unwrap() - now_ms()).abs() < 60_000);
        let mut found = Vec::new();
        record.each_header(&mut |name, value| found.push((name.to_owned(), value.to_vec())));
        let expected: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn an_offset_that_is_gone_is_refused_with_the_ways_out() {
    let mut settings = cluster("a", 1);
    // an input whose beginning can be trimmed: what the producer knows as its changelog
    settings.input_topics = vec![settings.output.changelog.clone()];
    settings.output.changelog += "-other";
    let writer = Settings {
        output: OutputNames { changelog: settings.input_topics[0].clone(), ..settings.output.clone() },
        input_topics: vec![settings.output.actions.clone() + "-none"],
        ..settings.clone()
    };
    let mut producer = Producer::open(&writer, 9, now_ms).unwrap();
    let input = Input { topic: 0, slot: 0 };
    let values = numbers(0..10);
    feed(&settings, input, values.iter().map(Vec::as_slice));
    producer.trim(OutputTopic::Changelog, 0, 5).unwrap();
    let mut consumer = Consumer::join(&settings, 0).unwrap();
    joined(&mut consumer);
    assert_eq!(consumer.input_bounds(input).unwrap(), Bounds { low: 5, high: 10 });
    consumer.start(0, &[2, 0]).unwrap();
    let mut arrivals = VecDeque::new();
    let refused = eventually("refusal", || consumer.take(input, 10, &mut arrivals).err());
    assert!(arrivals.is_empty());
    let text = refused.to_string();
    for part in [&settings.input_topics[0], "partition 0", "ways out", "state repair", "--skip-lost", "plays.not_before"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_trimmed_beginning_is_gone_and_readers_learn_it() {
    let settings = cluster("a", 1);
    let mut consumer = Consumer::join(&settings, 0).unwrap();
    joined(&mut consumer);
    let claim = consumer.claim().unwrap();
    let mut producer = Producer::open(&settings, 0, now_ms).unwrap();
    for offset in 1..=5 {
        commit(&mut producer, format!("{offset}").as_bytes(), position(0, offset, ""), &claim).unwrap();
    }
    producer.trim(OutputTopic::Changelog, 0, 6).unwrap();
    // the last commit's marker comes a little after the commit
    eventually("last marker", || (consumer.changelog_bounds(0).unwrap() == Bounds { low: 6, high: 10 }).then_some(()));
    assert_eq!(read_changelog(&mut consumer, 0, 6), (LogRead::End, vec!["4".to_owned(), "5".to_owned()]));
    assert_eq!(read_changelog(&mut consumer, 0, 2), (LogRead::OutOfRange, vec![]));
    let beyond = producer.trim(OutputTopic::Changelog, 0, 1_000).unwrap_err();
    assert!(matches!(beyond, TransactionError::Abort(_)), "{beyond}");
    commit(&mut producer, b"6", position(0, 6, ""), &claim).unwrap();
}

#[test]
fn an_abort_hides_its_records_and_the_end_comes_past_its_markers() {
    let settings = cluster("a", 1);
    let mut consumer = Consumer::join(&settings, 0).unwrap();
    joined(&mut consumer);
    let claim = consumer.claim().unwrap();
    let mut producer = Producer::open(&settings, 0, now_ms).unwrap();
    commit(&mut producer, b"kept", position(0, 1, ""), &claim).unwrap();
    producer.begin().unwrap();
    producer.send(&outgoing(OutputTopic::Changelog, b"dropped")).unwrap();
    producer.abort().unwrap();
    commit(&mut producer, b"kept too", position(0, 2, ""), &claim).unwrap();
    let kept = (LogRead::End, vec!["kept".to_owned(), "kept too".to_owned()]);
    // the last commit's marker comes a little after the commit
    eventually("both kept records", || (read_changelog(&mut consumer, 0, 0) == kept).then_some(()));
    // the marker of the last commit is the last offset: nothing follows, and yet the end is found
    let high = consumer.changelog_bounds(0).unwrap().high;
    assert_eq!(read_changelog(&mut consumer, 0, high - 1), (LogRead::End, vec![]));
}
