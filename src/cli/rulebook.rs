//! What a running process decides by: the configuration's rules, with the value models that were published last in place of its own.
//!
//! Models and configuration change apart from each other, each by a thread of its own, and come into force together: as one value, which
//! workers take up between two transactions. It reads nothing by itself. Made by `process`; changed by `model_watch` and `reload`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clv::Parameters;
use crate::config::Config;
use crate::engine::Settings;
use crate::worker::{Change, InForce};

pub struct Rulebook {
    parts: Mutex<Parts>,
    in_force: Arc<InForce>,
}

struct Parts {
    config: Config,
    /// The text of the parameter file that was published last; `None`: the configuration's own.
    models: Option<String>,
}

impl Parts {
    fn settings(&self) -> Result<Settings, String> {
        self.models.as_deref().map_or(Ok(self.config.engine.clone()), |text| self.config.engine_with_models(text))
    }
}

impl Rulebook {
    /// Of a process that begins with this configuration, which is in force without being told to the workers.
    pub fn new(config: Config, in_force: Arc<InForce>) -> Rulebook {
        Rulebook { parts: Mutex::new(Parts { config, models: None }), in_force }
    }

    /// The configuration in force.
    pub fn config(&self) -> Config {
        self.parts().config.clone()
    }

    /// Puts other value models into force, the configuration's own where there is no text; on an error nothing has changed.
    pub fn take_models(&self, text: Option<&str>) -> Result<Parameters, String> {
        let mut parts = self.parts();
        let next = Parts { config: parts.config.clone(), models: text.map(str::to_owned) };
        self.take(&mut parts, next)
    }

    /// Puts another configuration into force; on an error nothing has changed.
    pub fn take_config(&self, config: Config) -> Result<Parameters, String> {
        let mut parts = self.parts();
        let next = Parts { config, models: parts.models.clone() };
        self.take(&mut parts, next)
    }

    fn take(&self, parts: &mut Parts, next: Parts) -> Result<Parameters, String> {
        let settings = next.settings()?;
        let parameters = settings.value.parameters.clone();
        self.in_force.put(Change { settings: Arc::new(settings), configuration: next.config.fingerprint() });
        *parts = next;
        Ok(parameters)
    }

    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
