//! Negative controls: with one protection of the world taken away, the checks must fail within some seeds. A harness that finds nothing
//! wrong with a broken world proves nothing about a sound one. The hooks are in the simulated cluster and seams, none in the product.

use super::checks::judge;
use super::plan::Plan;
use crate::exactly_once::{Random, seed};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Fenced producers write on.
    Epochs,
    /// Claims are always equal, and offsets are taken from anybody.
    Generations,
    /// Outputs can be read before their transaction has ended, and after it was aborted.
    EarlyOutputs,
    /// Commits lose their offsets.
    LostOffsets,
    /// The changelog is read with aborted blocks.
    AbortedBlocks,
    /// Committed offsets are read without minding open transactions.
    UnstableOffsets,
    /// A commit that happened is said to be void.
    FalseAborts,
    /// Trimming takes everything.
    EagerTrim,
    /// Every commit arrives a second time, a little later (what KIP-890 ended, and librdkafka's client still allows).
    EndsTwice,
    /// Who has followed a slot is told that nothing was committed since what it has read.
    StaleStandbys,
}

const ALL: [Control; 10] = [
    Control::Epochs,
    Control::Generations,
    Control::EarlyOutputs,
    Control::LostOffsets,
    Control::AbortedBlocks,
    Control::UnstableOffsets,
    Control::FalseAborts,
    Control::EagerTrim,
    Control::EndsTwice,
    Control::StaleStandbys,
];

/// Seeds within which each must be found.
const SEEDS_MAX: u64 = 2_000;

#[test]
fn without_any_one_of_the_protections_the_checks_fail() {
    let mut random = Random(seed());
    for control in ALL {
        let first = random.below(u64::MAX);
        let found = (0..SEEDS_MAX).find_map(|number| {
            let plan = Plan::draw(first.wrapping_add(number));
            judge(plan, Some(control)).err().map(|why| (number + 1, why))
        });
        let (seeds, why) = found.unwrap_or_else(|| panic!("{control:?}: nothing found within {SEEDS_MAX} seeds from {first}"));
        println!("{control:?}: found with seed {seeds}: {}", why.lines().next().unwrap_or_default());
    }
}
