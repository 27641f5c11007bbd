//! What becomes of an action: by its kind and time, by what is known of it, by what follows it.

use serde_json::{Value, json};

use super::super::{Action, Ledger, Mark, Next, Own, Pace, Queue, Skip, State, moment, pause_ms};
use super::{ID, NOW_MS, record};

const DAY_MS: i64 = 24 * 3_600_000;

fn own() -> Own {
    Own { life: "here".to_owned(), last: None }
}

fn mark(state: State, by: &str) -> Mark {
    let expires_at = moment(NOW_MS + DAY_MS / 2);
    let play = "cart_recovery".to_owned();
    Mark { id: ID.to_owned(), state, attempts: 2, by: by.to_owned(), at: moment(NOW_MS), expires_at, play, why: None }
}

fn queue(records: &[Value]) -> Queue {
    let mut queue = Queue::default();
    for (offset, record) in records.iter().enumerate() {
        queue.push(offset as i64, record.to_string().as_bytes(), Vec::new());
    }
    queue.reach_end();
    queue
}

fn cancel() -> Value {
    record(json!({ "id": "f".repeat(32), "kind": "cancel", "cancels": ID }))
}

fn word(next: &Next) -> String {
    match next {
        Next::Skip(why, mark) => format!("{} {:?}", why.word(), mark.as_ref().map(|mark| mark.state)),
        Next::Send(_, attempts) => format!("send {attempts}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn an_action_is_sent_unless_its_kind_its_time_or_what_follows_it_says_otherwise() {
    let cases: [(&[Value], &str); 6] = [
        (&[record(json!({}))], "send 0"),
        (&[record(json!({ "kind": "suppressed" }))], "not_a_send None"),
        (&[record(json!({ "expires_at": "2026-01-01T12:00:00Z" }))], "expired None"),
        (&[record(json!({})), record(json!({ "id": "e".repeat(32) })), cancel()], "cancelled Some(Cancelled)"),
        (&[cancel()], "not_a_send Some(Cancelled)"),
        (&[json!({ "kind": "send" })], "unreadable None"),
    ];
    for (records, expected) in cases {
        assert_eq!(word(&queue(records).next(&Ledger::default(), &own(), NOW_MS)), expected, "{records:?}");
    }
}

#[test]
fn what_was_or_may_have_been_sent_is_never_sent_again() {
    let cases = [
        (mark(State::Sent, "there"), None, "done None"),
        (mark(State::Failed, "there"), None, "done None"),
        (mark(State::Doubtful, "here"), None, "done None"),
        (mark(State::Cancelled, "there"), None, "cancelled None"),
        (mark(State::Waiting, "there"), None, "send 2"),
        // another process, or this one in a former life, began and did not say how it ended
        (mark(State::Sending, "there"), None, "in_doubt Some(Doubtful)"),
        (mark(State::Sending, "there"), Some((ID.to_owned(), None)), "in_doubt Some(Doubtful)"),
        (mark(State::Sending, "here"), Some((ID.to_owned(), None)), "in_doubt Some(Doubtful)"),
        // the mark's commit had seemed to fail, so the attempt was not made
        (mark(State::Sending, "here"), None, "send 2"),
        (mark(State::Sending, "here"), Some(("0".repeat(32), None)), "send 2"),
    ];
    for (known, last, expected) in cases {
        let mut ledger = Ledger::default();
        ledger.note(known.clone());
        let own = Own { last: last.clone(), ..own() };
        assert_eq!(word(&queue(&[record(json!({}))]).next(&ledger, &own, NOW_MS)), expected, "{known:?} {last:?}");
    }
    // how it ended is known here alone, and written once more
    let mut ledger = Ledger::default();
    ledger.note(mark(State::Sending, "here"));
    let sent = mark(State::Sent, "here");
    let own = Own { last: Some((ID.to_owned(), Some(sent.clone()))), ..own() };
    assert_eq!(queue(&[record(json!({}))]).next(&ledger, &own, NOW_MS), Next::Conclude(sent));
}

#[test]
fn nothing_goes_before_the_end_was_seen_and_what_waits_can_still_be_called_off() {
    let mut queue = Queue::default();
    queue.push(7, record(json!({})).to_string().as_bytes(), Vec::new());
    assert_eq!(queue.next(&Ledger::default(), &own(), NOW_MS), Next::Nothing, "a cancel may follow");
    queue.reach_end();
    queue.hold_first_until(NOW_MS + 1_000);
    assert_eq!(queue.next(&Ledger::default(), &own(), NOW_MS), Next::Wait(NOW_MS + 1_000));
    queue.push(8, cancel().to_string().as_bytes(), Vec::new());
    assert!(matches!(queue.next(&Ledger::default(), &own(), NOW_MS), Next::Skip(Skip::Cancelled, Some(_))));
    assert_eq!(queue.pop(), 8);
}

#[test]
fn a_full_queue_waits_for_no_end() {
    let mut queue = Queue::default();
    while queue.has_room() {
        queue.push(0, record(json!({})).to_string().as_bytes(), Vec::new());
    }
    assert_eq!(word(&queue.next(&Ledger::default(), &own(), NOW_MS)), "send 0");
}

#[test]
fn marks_are_forgotten_a_week_after_their_action_expired() {
    let mut ledger = Ledger::default();
    ledger.note(mark(State::Sending, "there"));
    ledger.note(mark(State::Doubtful, "here"));
    let end_ms = NOW_MS + DAY_MS / 2 + 7 * DAY_MS;
    assert_eq!(ledger.outdated(end_ms - 1, 10), [""; 0]);
    assert_eq!(ledger.outdated(end_ms, 10), [ID]);
    assert_eq!(ledger.in_doubt().count(), 1);
    ledger.forget(ID);
    assert_eq!((ledger.outdated(end_ms, 10).len(), ledger.in_doubt().count()), (0, 0));
}

#[test]
fn a_mark_is_read_as_it_was_written_and_by_other_versions() {
    let mark = Mark { why: Some("smtp 550".to_owned()), ..mark(State::Failed, "here") };
    assert_eq!(Mark::read(&mark.to_json()), Some(mark));
    let least = json!({ "id": ID, "state": "sent", "at": "2026-01-01T12:00:00Z", "expires_at": "2026-01-02T00:00:00Z", "new": 1 });
    assert_eq!(Mark::read(least.to_string().as_bytes()).map(|mark| mark.state), Some(State::Sent));
    assert_eq!(Mark::read(b"{}"), None);
}

#[test]
fn an_action_that_is_none_is_named_by_what_it_lacks() {
    let cases = [
        (json!({ "id": "../../etc" }), "an id is not 32 hexadecimal digits"),
        (json!({ "expires_at": "soon" }), "expires_at is no time"),
        (json!({ "kind": "cancel" }), "no cancels"),
        (json!({ "template": 7 }), "no template"),
    ];
    for (changes, expected) in cases {
        assert_eq!(Action::read(record(changes).to_string().as_bytes()).unwrap_err(), expected);
    }
    assert_eq!(Action::read(b"\xff").unwrap_err(), "not JSON");
}

#[test]
fn the_rate_holds_after_a_burst_of_a_second() {
    let mut pace = Pace::new(10.0, 0);
    let at_once = (0..100).take_while(|_| pace.take(0).is_ok()).count();
    assert_eq!(at_once, 10);
    assert_eq!(pace.take(0), Err(100));
    let sent: usize = (1..=5_000_u64).filter(|at_ms| pace.take(*at_ms).is_ok()).count();
    assert!((49..=50).contains(&sent), "{sent} in 5 s");
    // a slow rate lets the first go
    assert_eq!(Pace::new(0.1, 5).take(5), Ok(()));
}

#[test]
fn pauses_grow_to_a_minute() {
    let pauses: Vec<u64> = (0..9).map(pause_ms).collect();
    assert_eq!(pauses, [1_000, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    assert_eq!(pause_ms(u32::MAX), 60_000);
}
