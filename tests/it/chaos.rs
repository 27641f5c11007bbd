//! Chaos on a real broker: three processes behind a proxy are killed between any two requests of a transaction, a restore and a rebalance,
//! frozen until they are zombies, cut off around the end of a transaction; the broker falls; members come and go; foreign transactions stay
//! open. After each round everything is compared: outputs, state, chains, open transactions.
//!
//! `cargo test` strikes with every fault once. `LIFETIDE_CHAOS_MINUTES=30 cargo test chaos -- --nocapture` goes on with random ones and
//! prints the figures. The seed is printed; `LIFETIDE_TEST_SEED` repeats the choice of faults and shops, not their timing. Truncated and
//! damaged changelogs and partitions that were added are in `commands::state`, offsets outside the transaction in `negative_control`,
//! and what happens between steps of the worker, with every protection switched off in turn, in `simulation`.

mod api;
mod checks;
mod crew;
mod fault;
mod foreign;
mod proxy;
mod round;
mod tally;
mod torn;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use fault::Fault;
use foreign::OpenTransaction;
use round::{Place, Played};
use tally::Tally;

use crate::exactly_once::{Random, recount, seed};

fn shuffled(mut faults: Vec<Fault>, random: &mut Random) -> VecDeque<Fault> {
    for last in (1..faults.len()).rev() {
        faults.swap(last, random.below(last as u64 + 1) as usize);
    }
    faults.into()
}

fn minutes() -> Option<u64> {
    std::env::var("LIFETIDE_CHAOS_MINUTES").ok().map(|text| text.parse().expect("LIFETIDE_CHAOS_MINUTES is a number"))
}

#[test]
fn nothing_is_lost_and_nothing_comes_twice_whatever_happens() {
    let mut random = Random(seed());
    let place = Place::open();
    let mut tally = Tally::default();
    let longest = minutes().map(|minutes| Duration::from_secs(60 * minutes));
    let began = Instant::now();
    let (about_membership, others): (Vec<Fault>, Vec<Fault>) = fault::all().into_iter().partition(|fault| fault.is_about_membership());
    // static members are expected back, dynamic ones leave at once; in a long run both meet everything
    let mut plans = [(true, others), (false, about_membership)];
    loop {
        for (is_static, faults) in &plans {
            let mut left = shuffled(faults.clone(), &mut random);
            while !left.is_empty() {
                let played = round::play(&place, *is_static, &mut left, &mut random, &mut tally);
                tally.outputs += checks::all(&played, place.broker.plain()).unwrap_or_else(|why| panic!("{why}"));
                recount(&played.trial);
                tally.rounds += 1;
                println!("after {:.0} s: {tally}", began.elapsed().as_secs_f64());
                tampered(&place, &played);
            }
        }
        if longest.is_none_or(|longest| began.elapsed() > longest) {
            return;
        }
        let [(_, first), (_, second)] = &mut plans;
        std::mem::swap(first, second);
    }
}

/// Would the checks notice? Each finds what is wrong with its subject, once it has been made wrong.
fn tampered(place: &Place, played: &Played) {
    let broker = place.broker.plain();
    let mut twice = played.trial.written();
    let (_, records) = twice.get_mut("actions").unwrap().iter_mut().find(|(_, records)| !records.is_empty()).unwrap();
    records.push(records[0].clone());
    checks::outputs(&played.expected, &twice).expect_err("a record that comes twice");
    checks::outputs(&twice, &twice).expect_err("an id that comes twice");

    let open = OpenTransaction::begin(broker, &[&format!("{}.out.actions", played.trial.name)]);
    checks::transactions(played, broker).expect_err("an open transaction");
    open.abort();
    checks::transactions(played, broker).unwrap();
}
