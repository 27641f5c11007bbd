//! The settings with what follows from them once: which plays run, in which order, and how rows name them.
//!
//! Built by each `Slot` from the shared `Settings`; changes with nothing.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::settings::{Mode, Play, Settings, Value};
use crate::clv::formula::Growth;
use crate::clv::{self, Reliability};

/// Plays that run, and so states per customer: a row must stay small.
pub const PLAYS_MAX: usize = 16;

/// Steps per play: a row stores the step as one small number, and its sends that are out one by one.
pub const STEPS_MAX: usize = 8;

pub struct Rules {
    pub settings: Arc<Settings>,
    pub reliability: Reliability,
    /// As `scoring` names it.
    pub scoring: String,
    /// Of money, at the discount of the configuration.
    pub growth: Growth,
    /// By priority, the highest first, then by name: the order in which plays due at one moment decide.
    plays: Vec<PlayRule>,
    counts_sends: bool,
}

/// A play that runs.
#[derive(Debug, Clone, Copy)]
pub struct PlayRule {
    /// How rows name the play: a hash of its name.
    pub key: u64,
    /// Its place in `Settings::plays`.
    pub place: u16,
}

/// What customers are scored with, by name: the version of the parameters, the model asked, and a hash of all that decides a score, since a
/// version may be used twice. It stands in the headers of changelog blocks.
fn scoring(value: &Value) -> String {
    let horizon = &value.horizon;
    let mut deciding = format!("{:?} Horizon {{ discount_monthly: {:?} }} {:?}", value.parameters, horizon.discount_monthly, value.margin);
    if horizon.with_unending {
        deciding += " unending";
    }
    if let Some(retention) = value.monthly_retention {
        deciding += &format!(" {retention:?}");
    }
    let (version, model) = (&value.parameters.version, value.parameters.purchase.name());
    format!("{version} {model} {:08x}", xxh3_64(deciding.as_bytes()) as u32)
}

impl Rules {
    /// The configuration has checked the bounds; a violation is a bug there.
    pub fn new(settings: Arc<Settings>) -> Rules {
        assert!(settings.plays.iter().all(|p| (1..=STEPS_MAX).contains(&p.steps.len())), "invariant: config allows 1 to {STEPS_MAX} steps");
        let mut running: Vec<(usize, &Play)> = settings.plays.iter().enumerate().filter(|(_, p)| p.mode != Mode::Off).collect();
        assert!(running.len() <= PLAYS_MAX, "invariant: config lets at most {PLAYS_MAX} plays run");
        running.sort_by(|a, b| b.1.priority.cmp(&a.1.priority).then_with(|| a.1.name.cmp(&b.1.name)));
        let plays = running.into_iter().map(|(place, play)| PlayRule { key: xxh3_64(play.name.as_bytes()), place: place as u16 }).collect();
        let reliability = clv::reliability(&settings.value.parameters);
        let scoring = scoring(&settings.value);
        let growth = Growth::monthly(settings.value.horizon.discount_monthly);
        let counts_sends = settings.plays.iter().any(|p| !p.caps.is_empty());
        Rules { settings, reliability, scoring, growth, plays, counts_sends }
    }

    pub fn plays(&self) -> &[PlayRule] {
        &self.plays
    }

    pub fn play(&self, rule: PlayRule) -> &Play {
        &self.settings.plays[usize::from(rule.place)]
    }

    /// Whether any play has a cap: else nobody's sends need remembering.
    pub fn counts_sends(&self) -> bool {
        self.counts_sends
    }

    /// How long somebody asks when a play last sent; `None`: nobody does.
    pub fn last_send_matters_ms(&self, play: &Play) -> Option<i64> {
        let window_ms = Some(self.settings.priority_window_ms).filter(|window_ms| *window_ms > 0);
        play.cool_down_ms.max(window_ms)
    }
}
