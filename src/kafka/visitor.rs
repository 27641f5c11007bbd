//! A look at a group from outside: committed offsets, bounds, changelogs, and who the members are.
//!
//! It implements the worker's source without joining: nothing is ever assigned to it, it reads no input and has no claim, so it can write
//! nothing and disturb nobody, whether the group runs or not. Used by `cli` (`state`).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::changelog::{ChangelogReader, FIRST_BLOCK_WAIT};
use super::client;
use super::group::{Group, Handle};
use super::message::Message;
use super::observer::{Member, Observer};
use super::offsets;
use super::retire::Retiring;
use super::settings::Settings;
use super::wake::Waker;
use crate::worker::source::{Arrival, Bounds, Claim, CommittedOffsets, Input, LogEntry, LogRead, Membership, Source, SourceError};

/// For librdkafka to end.
const END_WAIT: Duration = Duration::from_secs(2);

pub struct Visitor {
    settings: Settings,
    slots: u32,
    changelog: ChangelogReader,
    handle: Retiring<Handle>,
    observer: Observer,
    waker: Arc<Waker>,
}

impl Visitor {
    /// Refused when input topics are missing or differ in partitions.
    pub fn open(settings: &Settings) -> Result<Visitor, SourceError> {
        let observer = Observer::connect(settings, "visitor-observer")?;
        let slots = observer.count_slots(settings)?;
        let config = client::changelog_reader(settings, 0);
        let created = config.create_with_context(Group::outsider());
        let handle = Retiring::new(created.map_err(|error| SourceError::Refused(client::text_of(&error)))?, END_WAIT);
        let changelog = ChangelogReader::new(&config, &settings.output.changelog, FIRST_BLOCK_WAIT)?;
        Ok(Visitor { settings: settings.clone(), slots, changelog, handle, observer, waker: Arc::default() })
    }

    /// Partitions of each input topic.
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// The group's members, in order of their names; empty when nobody is there.
    pub fn members(&self) -> Result<Vec<Member>, SourceError> {
        self.observer.members(&self.settings.group_id)
    }
}

impl Source for Visitor {
    type Record = Message;

    fn membership(&mut self) -> Result<Vec<Membership>, SourceError> {
        Ok(Vec::new())
    }

    fn wait(&mut self, longest: Duration) {
        self.waker.sleep(longest);
    }

    fn take(&mut self, _input: Input, _most: usize, _into: &mut VecDeque<Arrival<Message>>) -> Result<(), SourceError> {
        Ok(())
    }

    fn start(&mut self, slot: u32, _offsets: &[i64]) -> Result<(), SourceError> {
        Err(SourceError::Refused(format!("slot {slot} is only looked at, not owned")))
    }

    fn claim(&mut self) -> Result<Claim, SourceError> {
        Err(SourceError::Refused("a visitor is no member of the group".to_owned()))
    }

    fn committed(&mut self, slot: u32) -> Result<CommittedOffsets, SourceError> {
        offsets::committed(&self.handle, &self.settings.group_id, &self.settings.consumed_topics(), slot)
    }

    fn input_bounds(&mut self, input: Input) -> Result<Bounds, SourceError> {
        self.observer.bounds(self.settings.consumed(input.topic), input.slot)
    }

    fn changelog_bounds(&mut self, slot: u32) -> Result<Bounds, SourceError> {
        self.observer.bounds(&self.settings.output.changelog, slot)
    }

    fn open_changelog(&mut self, slot: u32, from: i64) -> Result<(), SourceError> {
        self.changelog.open(slot, from, &self.waker)
    }

    fn read_changelog(&mut self, slot: u32, most_bytes: usize, into: &mut Vec<LogEntry>) -> Result<LogRead, SourceError> {
        self.changelog.read(slot, most_bytes, into)
    }

    fn close_changelog(&mut self, slot: u32) {
        self.changelog.close(slot);
    }
}
