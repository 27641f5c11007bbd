//! Regular buying: every purchase takes k stages, of which only the last is seen, and stages pass at a gamma-distributed rate.
//! Times between purchases are then Erlang-k: the larger k, the more regular; k = 1 is buying at random.
//!
//! Of a customer who is still there it is not known how many stages have passed since his last purchase: 0 to k−1, with chances
//!   w_j ∝ (q)_j / j! · (silence/(α+T))^j,   q = r + kx,
//! and given j his rate is gamma(q + j, α+T). All that is to come follows exactly. Made by `evidence`; `regular` counts purchases to
//! come, `counts` gives their chances, `remaining` what is left without an end.

use super::alive::Alive;

/// Largest k: more regular than a calendar is nobody.
pub const REGULARITY_MAX: u32 = 12;

/// A customer who is still there.
pub(super) struct Stages {
    /// His rate before the stages are counted: gamma(`shape`, `rate`); chance to leave after each further purchase ~ beta(`a`, `b`).
    pub alive: Alive,
    /// Stages of a purchase, 1 to `REGULARITY_MAX`.
    pub k: u32,
    /// The part of α+T that has passed since the last purchase.
    pub silence_share: f64,
    /// Chances of stages passed; those from k on are 0.
    chances: [f64; REGULARITY_MAX as usize],
}

impl Stages {
    pub fn new(alive: Alive, k: u32, silence_share: f64) -> Stages {
        let mut chances = [0.0; REGULARITY_MAX as usize];
        let sum = unfinished(alive.shape, k, silence_share);
        let mut term = 1.0;
        for (stage, chance) in (0..k).zip(&mut chances) {
            *chance = term / sum;
            term *= growth(alive.shape, stage, silence_share);
        }
        Stages { alive, k, silence_share, chances }
    }

    /// Mean rate of stages, by k: purchases a week in the long run while he stays.
    pub fn purchase_rate(&self) -> f64 {
        let stages: f64 = self.chances().map(|(passed, chance)| chance * (self.alive.shape + passed)).sum();
        stages / self.alive.rate / f64::from(self.k)
    }

    /// How many stages have passed, and the chance of it.
    pub fn chances(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        (0..self.k).map(f64::from).zip(self.chances)
    }
}

/// Σ_(j<k) (q)_j / j! · share^j: how much likelier the silence is than if every stage were seen. 1 for k = 1.
pub(super) fn unfinished(shape: f64, k: u32, silence_share: f64) -> f64 {
    let mut sum = 1.0;
    let mut term = 1.0;
    for stage in 1..k {
        term *= growth(shape, stage - 1, silence_share);
        sum += term;
    }
    sum
}

fn growth(shape: f64, stage: u32, silence_share: f64) -> f64 {
    let stage = f64::from(stage);
    (shape + stage) / (stage + 1.0) * silence_share
}
