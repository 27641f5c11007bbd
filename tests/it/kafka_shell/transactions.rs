//! What is written: everything or nothing, with offsets and metadata, and each failure sorted into the right kind.

use std::time::{Duration, Instant};

use lifetide::kafka::{Consumer, Producer, Settings};
use lifetide::worker::source::{Bounds, CommittedOffset, CommittedOffsets, LogRead, Membership, Source};
use lifetide::worker::transaction::{Outgoing, OutputTopic, Transaction, TransactionError};
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, Producer as _};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::world::*;

#[test]
fn a_transaction_commits_records_offsets_and_metadata_together() {
    let settings = cluster("a", 2);
    let mut consumer = Consumer::join(&settings, 0).unwrap();
    assert_eq!(joined(&mut consumer), [0, 1]);
    let mut producer = Producer::open(&settings, 0, now_ms).unwrap();
    assert_eq!(producer.writer(), format!("{}/a/0", settings.group_id));
    assert_eq!(consumer.committed(1).unwrap(), CommittedOffsets::Stable(vec![None, None, None]));

    let claim = consumer.claim().unwrap();
    for offset in 1..=3 {
        commit(&mut producer, format!("block {offset}").as_bytes(), position(1, offset, "{seq}"), &claim).unwrap();
        assert_eq!(consumer.claim().unwrap(), claim);
    }
    let expected = CommittedOffset { offset: 3, metadata: "{seq}".to_owned() };
    assert_eq!(consumer.committed(1).unwrap(), CommittedOffsets::Stable(vec![Some(expected), None, None]));
    // three records and three markers, of which the last comes a little after the commit
    eventually("last marker", || (consumer.changelog_bounds(0).unwrap() == Bounds { low: 0, high: 6 }).then_some(()));
    let (end, entries) = read_changelog(&mut consumer, 0, 0);
    assert_eq!((end, entries), (LogRead::End, vec!["block 1".to_owned(), "block 2".to_owned(), "block 3".to_owned()]));
}

#[test]
fn a_stale_claim_aborts_and_a_fresh_one_commits() {
    let settings = cluster("a", 2);
    let mut consumer = Consumer::join(&settings, 0).unwrap();
    joined(&mut consumer);
    let stale = consumer.claim().unwrap();
    let mut producer = Producer::open(&settings, 0, now_ms).unwrap();
    let mut newcomer = Consumer::join(&another(&settings, "b"), 0).unwrap();
    let mut slots = None;
    eventually("assignments of both", || {
        for change in consumer.membership().unwrap() {
            if let Membership::Assigned(assigned) = change {
                slots = Some(assigned);
            }
        }
        let both = newcomer.membership().unwrap().iter().any(|change| matches!(change, Membership::Assigned(_)));
        (both && slots.as_ref().is_some_and(|slots| slots.len() == 1)).then_some(())
    });
    let refused = commit(&mut producer, b"zombie", position(0, 9, ""), &stale).unwrap_err();
    assert!(matches!(refused, TransactionError::Fenced(_)), "{refused}");
    producer.abort().unwrap();
    let fresh = consumer.claim().unwrap();
    assert_ne!(fresh, stale);
    commit(&mut producer, b"good", position(0, 1, ""), &fresh).unwrap();
    eventually("its record", || (read_changelog(&mut consumer, 0, 0).1 == ["good"]).then_some(()));
}

#[test]
fn offsets_of_an_open_transaction_are_unstable_until_its_writer_is_fenced() {
    let settings = cluster("a", 1);
    let mut consumer = Consumer::join(&settings, 0).unwrap();
    joined(&mut consumer);
    let claim = consumer.claim().unwrap();
    let mut producer = Producer::open(&settings, 0, now_ms).unwrap();
    commit(&mut producer, b"block 1", position(0, 1, "one"), &claim).unwrap();
    // a worker that died after it had sent its offsets
    let writer = format!("{}-dead-0", settings.group_id);
    let dead = dead_writer(&settings, &writer);
    let before = Instant::now();
    assert_eq!(consumer.committed(0).unwrap(), CommittedOffsets::Unstable);
    let waited = before.elapsed();
    assert!(waited < Duration::from_secs(2), "{waited:?}");

    producer.fence(&writer).unwrap();
    let committed = eventually("stable offsets", || match consumer.committed(0).unwrap() {
        CommittedOffsets::Unstable => None,
        stable => Some(stable),
    });
    let one = CommittedOffset { offset: 1, metadata: "one".to_owned() };
    assert_eq!(committed, CommittedOffsets::Stable(vec![Some(one), None, None]));
    assert!(before.elapsed() < Duration::from_secs(4), "fenced, not timed out");
    // fencing another, or ourselves, leaves our own producer good
    let own = producer.writer().to_owned();
    producer.fence(&own).unwrap();
    commit(&mut producer, b"block 2", position(0, 2, "two"), &claim).unwrap();
    drop(dead);
}

/// A producer of this name with an open transaction that holds an offset of slot 0. Outside any group, brokers check no generation.
fn dead_writer(settings: &Settings, writer: &str) -> BaseProducer {
    use rdkafka::consumer::{BaseConsumer, Consumer as _};
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap())
        .set("transactional.id", writer)
        .set("transaction.timeout.ms", "60000")
        .create()
        .unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    producer.begin_transaction().unwrap();
    let outsider: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", bootstrap()).set("group.id", &settings.group_id).create().unwrap();
    let mut offsets = rdkafka::TopicPartitionList::new();
    offsets.add_partition_offset(&settings.input_topics[0], 0, rdkafka::Offset::Offset(77)).unwrap();
    producer.send_offsets_to_transaction(&offsets, &outsider.group_metadata().unwrap(), PATIENCE).unwrap();
    producer
}

#[test]
fn a_fenced_producer_must_be_renewed_and_then_works() {
    let settings = cluster("a", 1);
    let mut consumer = Consumer::join(&settings, 0).unwrap();
    joined(&mut consumer);
    let claim = consumer.claim().unwrap();
    let mut producer = Producer::open(&settings, 0, now_ms).unwrap();
    producer.begin().unwrap();
    producer.send(&outgoing(OutputTopic::Changelog, b"lost")).unwrap();
    let mut other = Producer::open(&settings, 1, now_ms).unwrap();
    let writer = producer.writer().to_owned();
    other.fence(&writer).unwrap();
    let error = producer.commit(&[position(0, 5, "")], &claim).unwrap_err();
    assert!(matches!(error, TransactionError::Fenced(_)), "{error}");
    producer.renew().unwrap();
    commit(&mut producer, b"kept", position(0, 6, ""), &claim).unwrap();
    eventually("its record", || (read_changelog(&mut consumer, 0, 0).1 == ["kept"]).then_some(()));
}

#[test]
fn a_record_too_large_for_its_topic_aborts_with_its_size() {
    let settings = cluster("a", 1);
    let mut consumer = Consumer::join(&settings, 0).unwrap();
    joined(&mut consumer);
    let claim = consumer.claim().unwrap();
    let mut producer = Producer::open(&settings, 0, now_ms).unwrap();
    // more than the topic takes, and more than the producer itself takes
    for bytes in [3_000_000, 20 << 20] {
        let large = noise(bytes);
        producer.begin().unwrap();
        let sent = producer.send(&outgoing(OutputTopic::Actions, &large));
        let error = sent.and_then(|()| producer.commit(&[position(0, 1, "")], &claim)).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, TransactionError::Unwritable(_)), "{text}");
        assert!(text.contains(&settings.output.actions) && text.contains(&format!("{}", bytes + 3)), "{text}");
        producer.abort().unwrap();
    }
    commit(&mut producer, b"fine", position(0, 1, ""), &claim).unwrap();
}

#[test]
fn a_missing_output_topic_is_refused() {
    let mut settings = cluster("a", 1);
    settings.output.actions += "-missing";
    let mut consumer = Consumer::join(&settings, 0).unwrap();
    joined(&mut consumer);
    let mut producer = Producer::open(&settings, 0, now_ms).unwrap();
    let partition = Outgoing { partition: Some(99), ..outgoing(OutputTopic::Changelog, b"x") };
    for record in [outgoing(OutputTopic::Actions, b"x"), partition] {
        producer.begin().unwrap();
        let claim = consumer.claim().unwrap();
        let error = producer.send(&record).and_then(|()| producer.commit(&[position(0, 1, "")], &claim)).unwrap_err();
        assert!(matches!(error, TransactionError::Refused(_)), "{error:?}");
        producer.abort().unwrap();
    }
}

#[test]
fn a_producer_whose_queue_is_full_makes_its_worker_wait_and_loses_nothing() {
    const RECORDS: usize = 2_000;
    let mut settings = cluster("a", 1);
    for (key, value) in [("queue.buffering.max.messages", "20"), ("linger.ms", "1")] {
        settings.properties.insert(key.to_owned(), value.to_owned());
    }
    let mut consumer = Consumer::join(&settings, 0).unwrap();
    joined(&mut consumer);
    let claim = consumer.claim().unwrap();
    let mut producer = Producer::open(&settings, 0, now_ms).unwrap();
    let values = numbers(0..RECORDS as i64);
    producer.begin().unwrap();
    for value in &values {
        producer.send(&outgoing(OutputTopic::Changelog, value)).unwrap();
    }
    producer.commit(&[position(0, 1, "{seq}")], &claim).unwrap();
    let (_, found) = read_changelog(&mut consumer, 0, 0);
    assert!(found.iter().map(String::as_bytes).eq(values.iter().map(Vec::as_slice)), "{} records", found.len());
}

#[test]
fn a_commit_for_which_no_coordinator_is_found_ends_in_doubt_and_not_never() {
    // repeated once a second at the least, for longer than any patience
    const REFUSALS: usize = 10_000;
    let broker = MockCluster::new(1).unwrap();
    let settings = Settings { bootstrap_servers: broker.bootstrap_servers(), ..settings("a") };
    for topic in settings.input_topics.iter().chain([&settings.output.changelog]) {
        broker.create_topic(topic, 1, 1).unwrap();
    }
    let mut consumer = Consumer::join(&settings, 0).unwrap();
    joined(&mut consumer);
    let claim = consumer.claim().unwrap();
    let mut producer = Producer::open(&settings, 0, now_ms).unwrap();
    commit(&mut producer, b"block 1", position(0, 1, ""), &claim).unwrap();

    let away = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE; REFUSALS];
    broker.request_errors(RDKafkaApiKey::EndTxn, &away);
    let (told, outcome) = std::sync::mpsc::channel();
    // on a thread of its own: what is tested is that it ends
    std::thread::spawn(move || told.send(commit(&mut producer, b"block 2", position(0, 2, ""), &claim)));
    let error = outcome.recv_timeout(PATIENCE).expect("a commit ends within the time of a transaction").unwrap_err();
    assert!(matches!(error, TransactionError::Unknown(_)), "{error:?}");
}
