//! Records no topic takes, over the log in memory: what follows from one event is put aside as a dead letter at once and nothing else
//! suffers; what cannot be put aside stops the worker, which says where; and no record is blamed for a broker that is away.

use lifetide::worker::memory::{MemorySource, MemoryTransaction, Produced};
use lifetide::worker::source::{Claim, Input, Source};
use lifetide::worker::transaction::{Outgoing, OutputTopic, Position, Transaction, TransactionError};
use lifetide::worker::{Next, Now, WorkerError, partition_of};

use crate::pass_on::pass_on;
use crate::worker_clock::{HOUR, SECOND, T0, World};

/// What a topic does to a record.
type Refuse = fn(&Outgoing<'_>) -> Option<TransactionError>;

/// A transaction whose topics do not take everything.
struct Choking {
    inner: MemoryTransaction,
    refuse: Refuse,
    /// Like a broker's word, the refusal comes with the commit alone.
    is_late: bool,
    refused: Option<TransactionError>,
}

impl Choking {
    fn new(inner: MemoryTransaction, refuse: Refuse) -> Choking {
        Choking { inner, refuse, is_late: false, refused: None }
    }

    fn late(inner: MemoryTransaction, refuse: Refuse) -> Choking {
        Choking { is_late: true, ..Choking::new(inner, refuse) }
    }
}

impl Transaction for Choking {
    pass_on!(abort, renew, fence, trim);

    fn writer(&self) -> &str {
        "choking"
    }

    fn begin(&mut self) -> Result<(), TransactionError> {
        self.refused = None;
        self.inner.begin()
    }

    fn send(&mut self, record: &Outgoing<'_>) -> Result<(), TransactionError> {
        match (self.refuse)(record) {
            None => self.inner.send(record),
            Some(error) if self.is_late => {
                self.refused.get_or_insert(error);
                Ok(())
            }
            Some(error) => Err(error),
        }
    }

    fn commit(&mut self, positions: &[Position], claim: &Claim) -> Result<(), TransactionError> {
        self.refused.take().map_or_else(|| self.inner.commit(positions, claim), Err)
    }
}

fn too_large(record: &Outgoing<'_>) -> TransactionError {
    TransactionError::Unwritable(format!("a record of {} bytes is too large for its topic", record.value.map_or(0, <[u8]>::len)))
}

/// A cart, then a record that is no JSON, of so many bytes, then an order.
fn world(refuse: Refuse, broken_bytes: usize) -> World<Choking> {
    let mut world = World::with(&["consent.require=\"none\""], |log| Choking::new(MemoryTransaction::new(log), refuse));
    world.fill_cart(T0);
    let input = Input { topic: 2, slot: 0 };
    let broken = vec![b'{'; broken_bytes];
    world.log.borrow_mut().append(input, Some(7), Some(b"ann"), Some(&broken), Some(T0 + SECOND), Vec::new()).unwrap();
    world.order(T0 + 2 * SECOND);
    world
}

/// Steps until there is nothing to do but wait for events; milliseconds spent in pauses.
fn run(world: &mut World<Choking>, wall_ms: i64) -> Result<u64, WorkerError> {
    let (mut mono_ms, mut paused_ms, mut idle) = (0, 0, 0);
    while idle < 30 {
        let failed = match world.worker.step(Now { mono_ms, wall_ms })? {
            Next::Now => 0,
            Next::Wait(ms) => ms,
        };
        idle = if failed == 100 { idle + 1 } else { 0 };
        mono_ms += failed.max(1);
        let report = world.worker.take_report();
        paused_ms += if report.aborts.is_empty() { 0 } else { failed };
        assert!(mono_ms < 600_000, "it went on for ever");
    }
    Ok(paused_ms)
}

fn of(world: &World<Choking>, topic: OutputTopic) -> Vec<Produced> {
    world.log.borrow().produced.iter().filter(|record| record.topic == topic).cloned().collect()
}

fn header<'a>(record: &'a Produced, name: &str) -> Option<&'a str> {
    record.headers.iter().find(|(found, _)| found == name).map(|(_, value)| std::str::from_utf8(value).unwrap())
}

#[test]
fn an_event_whose_outputs_are_too_large_becomes_a_dead_letter_and_the_others_go_on() {
    let clv_never: Refuse = |record| (record.topic == OutputTopic::Clv).then(|| too_large(record));
    let mut world = world(clv_never, 5);
    world.put(0, "Signed Up", T0 + 3 * SECOND, "");
    let paused_ms = run(&mut world, T0 + 4 * SECOND).unwrap();
    assert_eq!(paused_ms, 0);
    let letters = of(&world, OutputTopic::DeadLetters);
    let told = |name| letters.iter().map(|letter| header(letter, name).unwrap()).collect::<Vec<_>>();
    assert_eq!(told("__streams.errors.exception"), ["invalid_json", "unwritable"]);
    assert_eq!(told("lifetide.error.stage"), ["decode", "write"]);
    assert_eq!(told("__streams.errors.topic"), ["shop.carts", "shop.purchases"]);
    assert!(told("__streams.errors.message")[1].contains("too large"), "{letters:?}");
    assert!(String::from_utf8_lossy(letters[1].value.as_deref().unwrap()).contains("Order Completed"), "untouched");
    // the order was never applied: the cart is still open
    run(&mut world, T0 + 2 * HOUR).unwrap();
    assert_eq!(of(&world, OutputTopic::Actions).len(), 1);
    let committed = MemorySource::new(world.log.clone()).committed(0).unwrap();
    assert!(format!("{committed:?}").contains("offset: 2"), "all was read: {committed:?}");
}

#[test]
fn a_dead_letter_larger_than_its_topic_takes_is_cut() {
    const TAKES: usize = 550_000;
    let refuse: Refuse = |record| record.value.is_some_and(|value| value.len() > TAKES).then(|| too_large(record));
    let mut world = world(refuse, 700_000);
    run(&mut world, T0 + 4 * SECOND).unwrap();
    let letters = of(&world, OutputTopic::DeadLetters);
    let [letter] = letters.as_slice() else { panic!("{} dead letters", letters.len()) };
    assert_eq!(header(letter, "__streams.errors.exception"), Some("invalid_json"));
    assert_eq!((letter.value.as_ref().unwrap().len(), header(letter, "lifetide.truncated_bytes")), (512 * 1024, Some("700000")));
    assert_eq!(of(&world, OutputTopic::Clv).len(), 1, "the order behind it counts");
}

#[test]
fn a_record_that_not_even_a_dead_letter_can_tell_of_is_named() {
    let letters_never: Refuse = |record| (record.topic == OutputTopic::DeadLetters).then(|| too_large(record));
    let mut world = world(letters_never, 5);
    let WorkerError::Refused(why) = run(&mut world, T0 + HOUR).unwrap_err() else { panic!("it could be built anew") };
    assert!(why.contains("shop.carts partition 0 offset 7") && why.contains("too large"), "{why}");
    let committed = MemorySource::new(world.log.clone()).committed(0).unwrap();
    assert!(format!("{committed:?}").contains("offset: 1"), "what came before is done: {committed:?}");
}

#[test]
fn what_falls_due_and_cannot_be_written_stops_the_worker() {
    let actions_never: Refuse = |record| (record.topic == OutputTopic::Actions).then(|| too_large(record));
    let mut world = World::with(&["consent.require=\"none\""], |log| Choking::new(MemoryTransaction::new(log), actions_never));
    world.fill_cart(T0);
    let WorkerError::Refused(why) = run(&mut world, T0 + 2 * HOUR).unwrap_err() else { panic!("it would go on for ever") };
    assert!(why.contains("slots [0]") && why.contains("too large"), "{why}");
}

#[test]
fn nobody_is_blamed_for_a_reminder_that_only_came_due_before_their_record() {
    let actions_never: Refuse = |record| (record.topic == OutputTopic::Actions).then(|| too_large(record));
    let mut world = World::with(&["consent.require=\"none\""], |log| Choking::new(MemoryTransaction::new(log), actions_never));
    world.fill_cart(T0);
    for n in 0..8 {
        world.put(1, "Email Opened", T0 + 2 * HOUR + n * SECOND, "");
    }
    let WorkerError::Refused(why) = run(&mut world, T0 + 2 * HOUR + 30 * SECOND).unwrap_err() else { panic!("it would go on for ever") };
    assert!(why.contains("slots [0]; what fell due there") && why.contains("too large"), "{why}");
    assert_eq!(of(&world, OutputTopic::DeadLetters).len(), 0, "they did nothing");
}

#[test]
fn nobody_is_blamed_for_a_reminder_of_another_slot() {
    const SLOTS: u32 = 2;
    let actions_never: Refuse = |record| (record.topic == OutputTopic::Actions).then(|| too_large(record));
    let mut world =
        World::with_slots(&["consent.require=\"none\""], SLOTS, |log| Choking::late(MemoryTransaction::new(log), actions_never));
    world.fill_cart(T0);
    let mut counts = [0; SLOTS as usize];
    for n in 0..40 {
        let id = format!("c{n}");
        let slot = partition_of(id.as_bytes(), SLOTS);
        if slot == 0 {
            continue;
        }
        counts[slot as usize] += 1;
        let event = format!(r#"{{"type":"track","event":"Email Opened","userId":"{id}","timestamp":"2026-01-01T00:00:{n:02}Z"}}"#);
        let input = Input { topic: 1, slot };
        let put = world.log.borrow_mut().append(input, None, Some(id.as_bytes()), Some(event.as_bytes()), Some(T0), Vec::new());
        put.unwrap();
    }
    assert!(counts[1..].iter().all(|count| *count > 2), "{counts:?}");
    let WorkerError::Refused(why) = run(&mut world, T0 + 2 * HOUR).unwrap_err() else { panic!("it would go on for ever") };
    assert!(why.contains("what fell due there") && why.contains("too large"), "{why}");
    assert_eq!(of(&world, OutputTopic::DeadLetters).len(), 0, "they did nothing");
}

#[test]
fn a_record_that_cannot_be_written_holds_nobody_up_however_deep_it_lies() {
    let clv_never: Refuse = |record| (record.topic == OutputTopic::Clv).then(|| too_large(record));
    for depth in [0, 10, 100, 300, 999] {
        let mut world = World::with(&["consent.require=\"none\""], |log| Choking::new(MemoryTransaction::new(log), clv_never));
        (0..depth).for_each(|n| world.put(0, "Email Opened", T0 + n, ""));
        world.order(T0 + SECOND);
        (0..depth).for_each(|n| world.put(0, "Email Opened", T0 + SECOND + n, ""));
        let (mut aborts, mut commits, mut idle) = (0, 0, 0);
        for mono_ms in 0.. {
            let next = world.worker.step(Now { mono_ms, wall_ms: T0 + 4 * SECOND }).unwrap();
            let report = world.worker.take_report();
            (aborts, commits) = (aborts + report.aborts.len(), commits + report.commits.len());
            assert!(report.aborts.is_empty() || next == Next::Now, "depth {depth}: a pause");
            idle = if next == Next::Wait(100) { idle + 1 } else { 0 };
            if idle == 30 {
                break;
            }
        }
        assert_eq!(of(&world, OutputTopic::DeadLetters).len(), 1, "depth {depth}");
        assert!(aborts <= 40 && commits <= 40, "depth {depth}: {aborts} aborts, {commits} commits");
        let committed = MemorySource::new(world.log.clone()).committed(0).unwrap();
        assert!(format!("{committed:?}").contains(&format!("offset: {}", 2 * depth + 1)), "all was read: {committed:?}");
    }
}

#[test]
fn no_record_is_blamed_for_a_changelog_that_takes_nothing() {
    let changelog_never: Refuse =
        |record| (record.topic == OutputTopic::Changelog).then(|| TransactionError::UnwritableChangelog("too large".into()));
    let mut world = world(changelog_never, 5);
    let WorkerError::Refused(why) = run(&mut world, T0 + HOUR).unwrap_err() else { panic!("it would go on for ever") };
    assert!(why.contains("slots [0]; their changelog cannot be written: too large"), "{why}");
    assert_eq!(of(&world, OutputTopic::DeadLetters).len(), 0);
}

#[test]
fn no_record_is_blamed_for_a_broker_that_is_away() {
    let away: Refuse = |record| (record.topic == OutputTopic::Clv).then(|| TransactionError::Abort("timed out".into()));
    let mut world = world(away, 5);
    let WorkerError::Unavailable(why) = run(&mut world, T0 + HOUR).unwrap_err() else { panic!("a person was called") };
    assert!(why.contains("timed out") && !why.contains("offset"), "{why}");
    assert_eq!(of(&world, OutputTopic::DeadLetters).len(), 1, "only what is no JSON");
}
