//! Deterministic simulation: the real worker and the real engine over a simulated Kafka, with everything that can go wrong drawn from a seed.
//!
//! Reading order: `log`, `coordinator`, `offsets`, `group` and `cluster` (the broker), `source` and `transaction` (the worker's seams over it),
//! `plan` (the faults of a seed), `input` (what customers do), `world` (processes and the scheduler), `oracle` and `recount` (what must come
//! out), `checks` (what must hold), `controls` (proof that the checks can fail).
//!
//! `LIFETIDE_TEST_SEED=N` repeats a run, `LIFETIDE_SIM_SEEDS=N` runs N seeds from there on instead of a few.

mod checks;
mod cluster;
mod controls;
mod coordinator;
mod group;
mod input;
mod log;
mod offsets;
mod oracle;
mod plan;
mod recount;
mod source;
mod transaction;
mod world;

use std::collections::BTreeMap;
use std::time::Instant;

use checks::{Passed, judge};
use plan::Plan;

use crate::exactly_once::seed;

const SLOTS: u32 = 3;
const TOPICS: usize = 3;
/// Wall clock at the beginning.
const T0: i64 = 1_767_225_600_000;
/// Seeds of a run that is not told otherwise.
const SEEDS: u64 = 60;

fn judge_or_panic(plan: Plan) -> Passed {
    let text = plan.to_string();
    judge(plan, None).unwrap_or_else(|why| panic!("{text}\n{why}"))
}

#[test]
fn whatever_goes_wrong_outputs_and_state_are_those_of_the_oracle() {
    let first = seed();
    let seeds = std::env::var("LIFETIDE_SIM_SEEDS").map_or(SEEDS, |text| text.parse().unwrap());
    let began = Instant::now();
    let (mut steps, mut commits, mut resolved, mut outputs) = (0, 0, 0, 0);
    let mut struck: BTreeMap<String, u64> = BTreeMap::new();
    for number in 0..seeds {
        let passed = judge_or_panic(Plan::draw(first.wrapping_add(number)));
        steps += passed.steps;
        commits += passed.commits;
        resolved += passed.resolved;
        outputs += passed.outputs;
        for ((point, kind), count) in passed.struck {
            *struck.entry(kind.clone()).or_default() += count;
            *struck.entry(format!("{kind} at {point:?}")).or_default() += count;
        }
    }
    println!("{seeds} seeds in {:?}: {steps} steps, {commits} commits, {resolved} unknown outcomes, {outputs} outputs", began.elapsed());
    println!("faults: {struck:#?}");
}

#[test]
fn a_seed_is_a_run() {
    let first = seed();
    for seed in first..first + 3 {
        let [one, two] = [(); 2].map(|()| judge_or_panic(Plan::draw(seed)));
        assert_eq!((one.trace, one.steps), (two.trace, two.steps), "seed {seed}");
    }
}
