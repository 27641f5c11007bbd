//! Records no topic takes, over the log in memory: what follows from one event is put aside as a dead letter after some tries and nothing else
//! suffers; what cannot be put aside stops the worker, which says where; and no record is blamed for a broker that is away.

use lifetide::worker::memory::{MemorySource, MemoryTransaction, Produced};
use lifetide::worker::source::{Claim, Input, Source};
use lifetide::worker::transaction::{Outgoing, OutputTopic, Position, Transaction, TransactionError};
use lifetide::worker::{Next, Now, WorkerError};

use crate::worker_clock::{HOUR, SECOND, T0, World};

/// What a topic does to a record.
type Refuse = fn(&Outgoing<'_>) -> Option<TransactionError>;

/// A transaction whose topics do not take everything.
struct Choking(MemoryTransaction, Refuse);

impl Transaction for Choking {
    fn writer(&self) -> &str {
        "choking"
    }

    fn begin(&mut self) -> Result<(), TransactionError> {
        self.0.begin()
    }

    fn send(&mut self, record: &Outgoing<'_>) -> Result<(), TransactionError> {
        (self.1)(record).map_or_else(|| self.0.send(record), Err)
    }

    fn commit(&mut self, positions: &[Position], claim: &Claim) -> Result<(), TransactionError> {
        self.0.commit(positions, claim)
    }

    fn abort(&mut self) -> Result<(), TransactionError> {
        self.0.abort()
    }

    fn renew(&mut self) -> Result<(), TransactionError> {
        self.0.renew()
    }

    fn fence(&mut self, writer: &str) -> Result<(), TransactionError> {
        self.0.fence(writer)
    }

    fn trim(&mut self, slot: u32, before: i64) -> Result<(), TransactionError> {
        self.0.trim(slot, before)
    }
}

fn too_large(record: &Outgoing<'_>) -> TransactionError {
    TransactionError::Unwritable(format!("a record of {} bytes is too large for its topic", record.value.map_or(0, <[u8]>::len)))
}

/// A cart, then a record that is no JSON, of so many bytes, then an order.
fn world(refuse: Refuse, broken_bytes: usize) -> World<Choking> {
    let mut world = World::with(&["consent.require=\"none\""], |log| Choking(MemoryTransaction::new(log), refuse));
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
    assert!((100..2_000).contains(&paused_ms), "{paused_ms} ms of pauses");
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
fn a_record_that_not_even_a_dead_letter_can_tell_of_is_named_after_patience_and_pauses() {
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
    let mut world = World::with(&["consent.require=\"none\""], |log| Choking(MemoryTransaction::new(log), actions_never));
    world.fill_cart(T0);
    let WorkerError::Refused(why) = run(&mut world, T0 + 2 * HOUR).unwrap_err() else { panic!("it would go on for ever") };
    assert!(why.contains("slots [0]") && why.contains("too large"), "{why}");
}

#[test]
fn no_record_is_blamed_for_a_broker_that_is_away() {
    let away: Refuse = |record| (record.topic == OutputTopic::Clv).then(|| TransactionError::Abort("timed out".into()));
    let mut world = world(away, 5);
    let WorkerError::Unavailable(why) = run(&mut world, T0 + HOUR).unwrap_err() else { panic!("a person was called") };
    assert!(why.contains("timed out") && !why.contains("offset"), "{why}");
    assert_eq!(of(&world, OutputTopic::DeadLetters).len(), 1, "only what is no JSON");
}
