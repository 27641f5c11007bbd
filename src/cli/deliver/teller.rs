//! What `deliver` tells of itself: counts and times for `/metrics`, and how it is for `/livez` and `/readyz`.
//!
//! It decides nothing. Kept by `desk`, since counts outlive the connections to Kafka; told by `office` and `desk`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::cli::exit::CommandError;
use crate::clock;
use crate::config::Config;
use crate::http::{Health, Phase, Server};
use crate::metrics::{Build, Metrics, OTHER_PLAY};

/// The only worker of this process.
const WORKER: usize = 0;
/// Handing over one mail may wait for four answers of a mail server, 20 s each.
const BEAT_MS_MAX: u64 = 120_000;

pub struct Teller {
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    via: &'static str,
    plays: BTreeSet<String>,
    phase: Phase,
    counts: BTreeMap<&'static str, u64>,
}

impl Teller {
    /// `via`: how it sends, as a label.
    pub fn new(config: &Config, via: &'static str) -> Teller {
        let build = Build { version: env!("CARGO_PKG_VERSION"), librdkafka: &rdkafka::util::get_rdkafka_version().1 };
        let metrics = Arc::new(Metrics::new(&build, &[]));
        let plays: BTreeSet<String> = config.engine.plays.iter().map(|play| play.name.clone()).collect();
        metrics.expect_deliveries(plays.iter());
        let health = Arc::new(Health::new(1, clock::monotonic_ms()).with_patience(BEAT_MS_MAX));
        Teller { metrics, health, via, plays, phase: Phase::Starting, counts: BTreeMap::new() }
    }

    /// Answers over HTTP for as long as what it returns is kept.
    pub fn serve(&self, config: &Config) -> Result<Server, CommandError> {
        let listen = config.http.listen;
        let server = Server::start_for_probes(listen, self.metrics.clone(), self.health.clone())
            .map_err(|error| CommandError::Failed(format!("cannot listen on http.listen {listen}: {error}")))?;
        tracing::info!(address = %server.address(), "serving /metrics, /livez and /readyz");
        Ok(server)
    }

    /// What became of an action: a word of `DELIVERY_OUTCOMES`.
    pub fn count(&mut self, word: &'static str, play: &str) {
        *self.counts.entry(word).or_default() += 1;
        self.metrics.record_delivery(word, self.plays.get(play).map_or(OTHER_PLAY, String::as_str));
    }

    pub fn handed_over(&self, took_us: u64) {
        self.metrics.record_handing_over(self.via, took_us);
    }

    /// It went through its loop, and is in this phase.
    pub fn beat(&mut self, phase: Phase) {
        self.health.beat(WORKER, clock::monotonic_ms());
        if self.phase != phase {
            self.health.set_phase(WORKER, phase.clone());
            self.phase = phase;
        }
    }

    pub fn lag(&self, slot: u32, records: u64) {
        self.metrics.record_deliveries_lag(slot, records);
    }

    pub fn forget_all(&self) {
        self.metrics.forget_all_deliveries_lags();
    }

    pub fn forget(&self, slot: u32) {
        self.metrics.forget_deliveries_lag(slot);
    }

    /// One line for the log.
    pub fn sum_up(&self) {
        let counts: Vec<String> = self.counts.iter().map(|(word, count)| format!("{word} {count}")).collect();
        tracing::info!("ends; actions so far: {}", if counts.is_empty() { "none".to_owned() } else { counts.join(", ") });
    }
}
