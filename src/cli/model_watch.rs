//! Keeps a running process on the value models that were published last.
//!
//! Before the workers begin it reads what there is, so that a restart goes on with the models it had; then a thread of its own waits for
//! changes and puts them into the rulebook. A parameter file that cannot be used changes nothing: it is refused in the log and counted.
//! Called by `process`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::kafka::{self, ModelsTopic, Published};
use crate::metrics::Metrics;
use crate::worker::WorkerError;

use super::exit::CommandError;
use super::models::KEY;
use super::process::Shared;
use super::rulebook::Rulebook;
use super::season;

/// One wait for a change: a stop is heard within it.
const LOOK: Duration = Duration::from_millis(200);
/// Before a topic that could not be read is opened again.
const REOPEN_PAUSE: Duration = Duration::from_secs(5);

pub struct ModelWatch {
    settings: kafka::Settings,
    rulebook: Arc<Rulebook>,
    metrics: Arc<Metrics>,
    /// What is in force: the text, or `None` for the configuration's own.
    in_force: Option<Vec<u8>>,
}

impl ModelWatch {
    /// On return what was published last is in force, and a thread keeps it so until `stop`.
    pub(super) fn start(shared: &Shared) -> Result<JoinHandle<()>, CommandError> {
        let Shared { config, settings, rulebook, metrics, stop, .. } = shared;
        let (settings, rulebook, metrics) = (settings.clone(), rulebook.clone(), metrics.clone());
        let mut watch = ModelWatch { settings, rulebook, metrics, in_force: None };
        let stop = stop.clone();
        let own = &config.engine.value.parameters;
        watch.metrics.set_model(&own.name, &own.version);
        let topic = watch.catch_up().map_err(WorkerError::from)?;
        let body = move || watch.follow(Some(topic), &stop);
        let spawned = std::thread::Builder::new().name("models".into()).spawn(body);
        spawned.map_err(|error| CommandError::Failed(format!("cannot start a thread: {error}")))
    }

    fn catch_up(&mut self) -> Result<ModelsTopic, crate::worker::source::SourceError> {
        let topic = ModelsTopic::open(&self.settings)?;
        let mut newest = None;
        topic.read_all(|published| {
            if published.key == KEY.as_bytes() {
                newest = Some(published);
            }
        })?;
        // nothing there any more is a withdrawal, too
        self.take(newest.unwrap_or(Published { key: KEY.into(), value: None }));
        Ok(topic)
    }

    fn follow(&mut self, mut topic: Option<ModelsTopic>, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let told = match &topic {
                Some(topic) => topic.next(LOOK),
                None => self.catch_up().map(|opened| {
                    topic = Some(opened);
                    None
                }),
            };
            match told {
                Ok(Some(published)) if published.key == KEY.as_bytes() => self.take(published),
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!("published models cannot be read, those in force stay: {error}");
                    topic = None;
                    pause(stop);
                }
            }
        }
    }

    /// Puts a parameter file into force, if it can be used and is another one.
    fn take(&mut self, published: Published) {
        if published.value == self.in_force {
            return;
        }
        let text = published.value.as_deref().map(String::from_utf8_lossy);
        let parameters = match self.rulebook.take_models(text.as_deref()) {
            Ok(parameters) => parameters,
            Err(why) => {
                tracing::error!("the models published on {} cannot be used, those in force stay: {why}", self.settings.output.models);
                self.metrics.record_models_refused();
                return;
            }
        };
        tracing::info!(model = parameters.name, version = parameters.version, "value models in force");
        season::log(&parameters);
        self.metrics.set_model(&parameters.name, &parameters.version);
        self.in_force = published.value;
    }
}

fn pause(stop: &AtomicBool) {
    let mut left = REOPEN_PAUSE;
    while !stop.load(Ordering::Relaxed) && left > Duration::ZERO {
        std::thread::sleep(LOOK);
        left = left.saturating_sub(LOOK);
    }
}
