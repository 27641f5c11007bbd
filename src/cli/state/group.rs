//! A stopped group, held by this command alone while it writes.
//!
//! Members are asked for first, so that a running group is refused and not disturbed; a stopped static member is gone after its session
//! time-out, which is waited for. Then the command joins as the only member: from then on the broker itself keeps others from
//! writing. Called by the `state` commands that write.

use std::time::Duration;

use crate::cli::exit::CommandError;
use crate::cli::process::{nonce, now};
use crate::cli::rules;
use crate::clock;
use crate::config::Config;
use crate::kafka::{self, Consumer, Producer, Visitor};
use crate::worker::offline::{self, Beginning, Held};
use crate::worker::{Rules, WorkerError};

/// A little more than a session: a static member that has stopped counts as there for so long.
const LEAVING_MS_MAX: u64 = 13_000;
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A slot's whole state is one transaction, and may be gigabytes.
const TRANSACTION_TIMEOUT_MS: u32 = 60_000;
/// Above the transaction's, as everywhere.
const SESSION_TIMEOUT_MS: u32 = 70_000;

pub struct Group {
    pub consumer: Consumer,
    pub held: Held,
    pub rules: Rules,
    pub slots: u32,
    settings: kafka::Settings,
    /// Opened when the first thing is written.
    producer: Option<Producer>,
}

impl Group {
    /// Refused while the group has members.
    pub fn hold(config: &Config) -> Result<Group, CommandError> {
        let mut settings = rules::kafka_settings(config);
        let visitor = Visitor::open(&settings).map_err(WorkerError::from)?;
        wait_until_empty(&visitor, &settings.group_id)?;
        // a dynamic member leaves at once when it ends; nobody expects this one back
        settings.static_membership = false;
        settings.session_timeout_ms = SESSION_TIMEOUT_MS;
        settings.transaction_timeout_ms = TRANSACTION_TIMEOUT_MS;
        let mut consumer = Consumer::join(&settings, 0).map_err(WorkerError::from)?;
        let slots = consumer.slots();
        let held = offline::hold(&mut consumer, slots, &now)?;
        let rules = rules::worker_rules(config, slots, nonce(0));
        Ok(Group { consumer, held, rules, slots, settings, producer: None })
    }

    /// Writes slots' new beginnings, all or none.
    pub fn rewrite(&mut self, beginnings: &[Beginning<'_>]) -> Result<(), CommandError> {
        let producer = match &mut self.producer {
            Some(producer) => producer,
            closed => closed.insert(Producer::open(&self.settings, 0, clock::wall_ms).map_err(WorkerError::of_transaction)?),
        };
        offline::rewrite((&mut self.consumer, producer), &self.held, &self.rules, beginnings, &now)?;
        Ok(())
    }
}

fn wait_until_empty(visitor: &Visitor, group: &str) -> Result<(), CommandError> {
    let began_ms = clock::monotonic_ms();
    loop {
        let members = visitor.members().map_err(WorkerError::from)?;
        if members.is_empty() {
            return Ok(());
        }
        if clock::monotonic_ms() - began_ms > LEAVING_MS_MAX {
            let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
            return Err(CommandError::Failed(format!(
                "group {group} has members: {}; stop them first (one that was killed counts as there until its session ends, after 10 s)",
                names.join(", ")
            )));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
