//! The figures of a run: faults by kind, recoveries, outputs compared. Called by `round` and `chaos`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::fault::Fault;
use super::proxy::LateAnswer;

#[derive(Default)]
pub struct Tally {
    pub rounds: usize,
    pub outputs: usize,
    /// By kind: how often, and the slowest recovery.
    faults: BTreeMap<String, (usize, Duration)>,
    /// Answers to requests that came when their sender had gone on.
    late: BTreeMap<LateAnswer, usize>,
}

impl Tally {
    /// A fault and its recovery.
    pub fn struck(&mut self, fault: Fault, took: Duration) {
        let (count, slowest) = self.faults.entry(fault.kind()).or_default();
        *count += 1;
        *slowest = took.max(*slowest);
    }

    /// A recovery in the midst of a fault.
    pub fn recovered(&mut self, fault: Fault, took: Duration) {
        let (_, slowest) = self.faults.entry(fault.kind()).or_default();
        *slowest = took.max(*slowest);
    }

    pub fn late(&mut self, answers: &[LateAnswer]) {
        answers.iter().for_each(|answer| *self.late.entry(*answer).or_default() += 1);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count: usize = self.faults.values().map(|(count, _)| count).sum();
        let slowest = self.faults.values().map(|(_, took)| *took).max().unwrap_or_default();
        writeln!(f, "{} rounds, {count} faults, {} outputs compared, 0 differences", self.rounds, self.outputs)?;
        writeln!(f, "slowest recovery {:.1} s", slowest.as_secs_f64())?;
        for (kind, (count, slowest)) in &self.faults {
            writeln!(f, "{count:5}  {:6.1} s  {kind}", slowest.as_secs_f64())?;
        }
        for (LateAnswer { is_zombie, code }, count) in &self.late {
            let whose = if *is_zombie { "a zombie" } else { "one that was cut off" };
            writeln!(f, "{count:5}  late EndTxn of {whose} answered with error {code}")?;
        }
        Ok(())
    }
}
