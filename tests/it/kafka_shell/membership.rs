//! What the group gives and takes: slots stay whole, come back to a restarted member, and start where asked whatever happened before.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use lifetide::kafka::{Consumer, Settings};
use lifetide::worker::source::{Input, Membership, Source, SourceError};
use rdkafka::mocking::MockCluster;

use super::world::*;

#[test]
fn slots_stay_together_when_members_come_and_go() {
    let mut settings = cluster("a", 4);
    settings.static_membership = false;
    let mut first = Consumer::join(&settings, 0).unwrap();
    assert_eq!(joined(&mut first), [0, 1, 2, 3]);
    let mut second = Consumer::join(&settings, 1).unwrap();
    let (mut changes, mut others) = (Vec::new(), Vec::new());
    eventually("two slots each", || {
        changes.extend(first.membership().unwrap());
        others.extend(second.membership().unwrap());
        let halves = |last: Option<&Membership>| matches!(last, Some(Membership::Assigned(slots)) if slots.len() == 2);
        (halves(changes.last()) && halves(others.last())).then_some(())
    });
    assert_eq!(changes, [Membership::Revoked(vec![0, 1, 2, 3]), changes.last().unwrap().clone()]);
    let mut all: Vec<u32> = Vec::new();
    for change in [changes.last().unwrap(), others.last().unwrap()] {
        if let Membership::Assigned(slots) = change {
            all.extend(slots);
        }
    }
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3]);
    drop(second);
    changes.clear();
    eventually("all slots again", || {
        changes.extend(first.membership().unwrap());
        (changes.last() == Some(&Membership::Assigned(vec![0, 1, 2, 3]))).then_some(())
    });
}

#[test]
fn a_restarted_member_finds_its_slots_again_unseen() {
    let settings = cluster("a", 2);
    let mut first = Consumer::join(&settings, 0).unwrap();
    let mut second = Consumer::join(&settings, 1).unwrap();
    let mut last = [None, None];
    eventually("one slot each", || {
        for (consumer, last) in [&mut first, &mut second].into_iter().zip(&mut last) {
            for change in consumer.membership().unwrap() {
                *last = Some(change);
            }
        }
        let one = |last: &Option<Membership>| matches!(last, Some(Membership::Assigned(slots)) if slots.len() == 1);
        last.iter().all(one).then_some(())
    });
    drop(second);
    let mut second = Consumer::join(&settings, 1).unwrap();
    let mut again = None;
    eventually("the slot again", || {
        assert_eq!(first.membership().unwrap(), []);
        again = second.membership().unwrap().pop();
        again.is_some().then_some(())
    });
    assert_eq!(again, last[1]);
}

#[test]
fn the_older_of_two_processes_with_one_instance_id_is_fenced() {
    let settings = cluster("twin", 1);
    let mut older = Consumer::join(&settings, 0).unwrap();
    joined(&mut older);
    let mut newer = Consumer::join(&settings, 0).unwrap();
    let fenced = eventually("fencing", || {
        newer.membership().unwrap();
        older.membership().err()
    });
    assert!(fenced.to_string().contains("another process uses instance id `twin`"), "{fenced}");
    assert!(matches!(fenced, SourceError::Fenced(_)));
}

#[test]
fn nothing_can_be_claimed_before_the_group_has_been_joined() {
    let settings = cluster("a", 1);
    let mut consumer = Consumer::join(&settings, 0).unwrap();
    assert!(matches!(consumer.claim(), Err(SourceError::Unavailable(_))));
    joined(&mut consumer);
    consumer.claim().unwrap();
}

#[test]
fn a_worker_that_waits_is_woken_by_a_record() {
    let settings = cluster("a", 1);
    let input = Input { topic: 1, slot: 0 };
    let mut consumer = Consumer::join(&settings, 0).unwrap();
    joined(&mut consumer);
    consumer.start(0, &[0, 0, 0]).unwrap();
    assert_eq!(read(&mut consumer, input), []);
    assert_eq!(read(&mut consumer, Input { topic: 0, slot: 0 }), []);
    consumer.wait(Duration::ZERO); // forget earlier calls
    let feeder = settings.clone();
    let before = Instant::now();
    let feeding = std::thread::spawn(move || feed(&feeder, input, [&b"hello"[..]]));
    consumer.wait(PATIENCE);
    assert!(before.elapsed() < PATIENCE / 2);
    assert_eq!(read(&mut consumer, input), [(0, "hello".to_owned())]);
    feeding.join().unwrap();
}

#[test]
fn every_slot_of_wide_topics_starts_where_asked_whatever_the_group_does() {
    let mut settings = cluster("a", 12);
    settings.static_membership = false;
    let values = numbers(0..20);
    for slot in 0..12 {
        feed(&settings, Input { topic: 0, slot }, values.iter().map(Vec::as_slice));
    }
    let mut first = Consumer::join(&settings, 0).unwrap();
    assert_eq!(joined(&mut first).len(), 12);
    start_all(&mut first, &(0..12).collect::<Vec<_>>());
    // started slots are taken back and given again
    let mut second = Consumer::join(&settings, 1).unwrap();
    let mut slots = [vec![], vec![]];
    eventually("six slots each", || {
        for (consumer, slots) in [&mut first, &mut second].into_iter().zip(&mut slots) {
            for change in consumer.membership().unwrap() {
                *slots = if let Membership::Assigned(assigned) = change { assigned } else { vec![] };
            }
        }
        (slots[0].len() == 6 && slots[1].len() == 6).then_some(())
    });
    start_all(&mut first, &slots[0]);
    start_all(&mut second, &slots[1]);
}

/// Starts each slot at its own number, all at once, and reads it to its end.
fn start_all(consumer: &mut Consumer, slots: &[u32]) {
    for slot in slots {
        consumer.start(*slot, &[i64::from(*slot), 0, 0]).unwrap();
    }
    for slot in slots {
        let found = read(consumer, Input { topic: 0, slot: *slot });
        assert_eq!(found.iter().map(|(offset, _)| *offset).collect::<Vec<_>>(), (i64::from(*slot)..20).collect::<Vec<_>>());
        assert_eq!(read(consumer, Input { topic: 1, slot: *slot }), []);
    }
    // nothing comes after the end
    let mut arrivals = VecDeque::new();
    for slot in slots {
        consumer.take(Input { topic: 0, slot: *slot }, 100, &mut arrivals).unwrap();
    }
    assert!(arrivals.is_empty(), "{arrivals:?}");
}

#[test]
fn a_member_leaves_in_bounded_time_although_the_broker_is_silent() {
    let broker = MockCluster::new(1).unwrap();
    let mut settings = Settings { bootstrap_servers: broker.bootstrap_servers(), ..settings("a") };
    // a static member leaves without a word
    settings.static_membership = false;
    for topic in &settings.input_topics {
        broker.create_topic(topic, 1, 1).unwrap();
    }
    let mut consumer = Consumer::join(&settings, 0).unwrap();
    assert_eq!(joined(&mut consumer), [0]);
    broker.broker_round_trip_time(1, Duration::from_secs(60)).unwrap();
    let before = Instant::now();
    drop(consumer);
    // our bound is 3 s; librdkafka alone gives up after five
    assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
}
