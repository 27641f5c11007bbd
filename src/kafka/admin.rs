//! Looks at the cluster's topics and creates those that are missing.
//!
//! Carries out what `topics` decided; it changes no topic that exists. Each call is bounded, and says which brokers did not answer. Called
//! by `cli` (`topics`, `run`).

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;
use thiserror::Error;

use super::client;
use super::deadline::Deadline;
use super::group::{EVENTS_WAIT, Group, Handle, serve_events};
use super::settings::Settings;
use super::topics::{TopicFacts, TopicPlan};

/// After this, twice this and so on, a wait for an answer looks whether there can be one at all.
const FIRST_ANSWER_WAIT: Duration = Duration::from_millis(640);
/// Until brokers that do not answer count as unavailable.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// Until a created topic has leaders for all its partitions.
const CREATED_WAIT: Duration = Duration::from_secs(10);
const CREATED_PAUSE: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AdminError {
    #[error("kafka at {addresses} is unavailable: {reason}")]
    Unavailable { addresses: String, reason: String },
    /// A person must act: settings, rights, quotas.
    #[error("{0}")]
    Refused(String),
}

/// The topics of the settings that exist, in no particular order. Configuration entries are left out where we may not see them.
pub fn look(settings: &Settings) -> Result<Vec<TopicFacts>, AdminError> {
    let problems = settings.problems();
    if !problems.is_empty() {
        return Err(AdminError::Refused(problems.join("; ")));
    }
    let wanted: Vec<&str> = settings.input_topics.iter().map(String::as_str).chain(settings.output.all()).collect();
    let observer = observer(settings)?;
    let metadata = fetch_metadata(settings, &observer, None)?;
    let mut facts: Vec<TopicFacts> = metadata
        .topics()
        .iter()
        .filter(|topic| wanted.contains(&topic.name()) && !topic.partitions().is_empty())
        .map(|topic| TopicFacts { name: topic.name().to_owned(), partitions: topic.partitions().len() as u32, configs: BTreeMap::new() })
        .collect();
    let missing: Vec<&str> = wanted.into_iter().filter(|name| !facts.iter().any(|topic| topic.name == *name)).collect();
    let hidden = hidden(settings, &observer, &missing)?;
    if !hidden.is_empty() {
        return Err(AdminError::Refused(hidden.join("\nerror: ")));
    }
    if !facts.is_empty() {
        add_configs(settings, &mut facts)?;
    }
    Ok(facts)
}

/// Creates what the plan has and the cluster has not; returns the names, when all of them can be used.
pub fn create(settings: &Settings, plans: &[TopicPlan]) -> Result<Vec<String>, AdminError> {
    let missing: Vec<&TopicPlan> = plans.iter().filter(|plan| !plan.exists).collect();
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let new: Vec<NewTopic<'_>> = missing
        .iter()
        .map(|plan| {
            let topic = NewTopic::new(&plan.name, plan.partitions as i32, TopicReplication::Fixed(plan.replication));
            plan.configs.iter().fold(topic, |topic, (key, value)| topic.set(key, value))
        })
        .collect();
    let admin = admin(settings)?;
    let results = wait_for(admin.create_topics(&new, &options())).map_err(|error| failed(settings, None, &error))?;
    let refusals: Vec<String> = results
        .into_iter()
        .filter_map(Result::err)
        // somebody else was faster, which is as good
        .filter(|(_, code)| *code != RDKafkaErrorCode::TopicAlreadyExists)
        .map(|(name, code)| format!("topic {name} cannot be created: {code}"))
        .collect();
    if !refusals.is_empty() {
        return Err(AdminError::Refused(refusals.join("; ")));
    }
    await_leaders(settings, &missing)?;
    Ok(missing.iter().map(|plan| plan.name.clone()).collect())
}

/// Brokers tell of a new topic a moment after they have agreed to it.
fn await_leaders(settings: &Settings, created: &[&TopicPlan]) -> Result<(), AdminError> {
    let observer = observer(settings)?;
    let deadline = Deadline::after(CREATED_WAIT);
    loop {
        let metadata = fetch_metadata(settings, &observer, None)?;
        let is_ready = |plan: &&TopicPlan| {
            let found = metadata.topics().iter().find(|topic| topic.name() == plan.name);
            found.is_some_and(|topic| !topic.partitions().is_empty() && topic.partitions().iter().all(|part| part.leader() >= 0))
        };
        let Some(waiting) = created.iter().find(|plan| !is_ready(plan)) else {
            return Ok(());
        };
        if deadline.is_over() {
            return Err(unavailable(settings, format!("topic {} has no leaders yet", waiting.name)));
        }
        thread::sleep(CREATED_PAUSE);
    }
}

fn add_configs(settings: &Settings, facts: &mut [TopicFacts]) -> Result<(), AdminError> {
    let names: Vec<String> = facts.iter().map(|topic| topic.name.clone()).collect();
    let resources: Vec<ResourceSpecifier<'_>> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
    let admin = admin(settings)?;
    let results = wait_for(admin.describe_configs(&resources, &options())).map_err(|error| failed(settings, None, &error))?;
    for (topic, result) in facts.iter_mut().zip(results) {
        match result {
            Ok(resource) => {
                let entries = resource.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?)));
                topic.configs = entries.collect();
            }
            Err(code) => tracing::debug!("the configuration of topic {} is hidden from us: {code}", topic.name),
        }
    }
    Ok(())
}

fn observer(settings: &Settings) -> Result<Handle, AdminError> {
    client::observer(settings, "topics")
        .create_with_context(Group::outsider())
        .map_err(|error| AdminError::Refused(client::text_of(&error)))
}

fn admin(settings: &Settings) -> Result<AdminClient<DefaultClientContext>, AdminError> {
    client::admin(settings).create().map_err(|error| AdminError::Refused(client::text_of(&error)))
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(ANSWER_WAIT)).operation_timeout(Some(ANSWER_WAIT))
}

/// Of one topic, or of all.
fn fetch_metadata(settings: &Settings, observer: &Handle, topic: Option<&str>) -> Result<Metadata, AdminError> {
    let mut wait = FIRST_ANSWER_WAIT;
    loop {
        let error = match observer.fetch_metadata(topic, wait) {
            Ok(metadata) => return Ok(metadata),
            Err(error) => error,
        };
        serve_events(observer, EVENTS_WAIT);
        if let Some(reason) = observer.context().mistrust() {
            return Err(AdminError::Refused(format!("no way into kafka at {}: {reason}", settings.bootstrap_servers)));
        }
        if wait > ANSWER_WAIT / 2 {
            return Err(failed(settings, observer.context().last_error(), &error));
        }
        wait *= 2;
    }
}

/// Of topics not among all topics: those of which we may know nothing. (The question creates none: `client::observer` is a consumer.)
fn hidden(settings: &Settings, observer: &Handle, missing: &[&str]) -> Result<Vec<String>, AdminError> {
    let mut hidden = Vec::new();
    for name in missing {
        let metadata = fetch_metadata(settings, observer, Some(name))?;
        let code = metadata.topics().first().and_then(|topic| topic.error()).map(RDKafkaErrorCode::from);
        if code.is_some_and(client::is_unauthorized) {
            let right = match *name {
                name if name == settings.output.changelog || name == settings.output.relay => "Read, Write and Delete",
                name if settings.input_topics.iter().any(|input| input == name) => "Read",
                _ => "Write",
            };
            hidden.push(client::denial(right, &format!("topic {name}, if there is one")));
        }
    }
    Ok(hidden)
}

fn failed(settings: &Settings, reason: Option<String>, error: &KafkaError) -> AdminError {
    match error.rdkafka_error_code() {
        Some(code) if client::is_unauthorized(code) => AdminError::Refused(code.to_string()),
        _ => unavailable(settings, reason.unwrap_or_else(|| client::text_of(error))),
    }
}

fn unavailable(settings: &Settings, reason: String) -> AdminError {
    AdminError::Unavailable { addresses: settings.bootstrap_servers.clone(), reason }
}

/// Wakes the thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits on this thread; librdkafka ends every admin call at its time-out.
fn wait_for<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
