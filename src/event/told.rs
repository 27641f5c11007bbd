//! What one record says: one event, nearly always; the elements of an array, each by itself; or nothing anybody is to hear.
//! Decides nothing. Made by `decode`; taken apart by the worker, which applies all of it in one transaction.

use super::{Event, Reject, Text};

/// The events of a record.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly every record is one event, which is not to be put into a box")]
pub enum Told<'a> {
    One(Event<'a>),
    /// In the record's order; none: a test order, a mail provider's handshake, an empty array.
    Several(Vec<Part<'a>>),
}

/// One of several.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "most parts are events")]
pub enum Part<'a> {
    Event(Event<'a>),
    /// The element as it is written, and why it is refused; its neighbours are none the worse for it.
    Refused {
        element: Text<'a>,
        reject: Reject,
    },
}

impl<'a> Told<'a> {
    /// The events from this number on, with their numbers; refused ones are left out.
    pub fn into_events_from(self, first: u16) -> Vec<(u16, Event<'a>)> {
        let event = |(number, part)| match part {
            Part::Event(event) => Some((number, event)),
            Part::Refused { .. } => None,
        };
        (0..).zip(self.into_parts()).skip(first.into()).filter_map(event).collect()
    }

    /// What says nothing.
    pub(super) fn nothing() -> Told<'a> {
        Told::Several(Vec::new())
    }

    pub(super) fn of_events(events: Vec<Event<'a>>) -> Told<'a> {
        Told::of_parts(events.into_iter().map(Part::Event).collect())
    }

    pub(super) fn of_parts(mut parts: Vec<Part<'a>>) -> Told<'a> {
        match parts.pop() {
            Some(Part::Event(event)) if parts.is_empty() => Told::One(event),
            last => {
                parts.extend(last);
                Told::Several(parts)
            }
        }
    }

    pub(super) fn into_parts(self) -> Vec<Part<'a>> {
        match self {
            Told::One(event) => vec![Part::Event(event)],
            Told::Several(parts) => parts,
        }
    }

    /// The event that happened first; `None`: there is none.
    pub fn earliest(&self) -> Option<&Event<'a>> {
        match self {
            Told::One(event) => Some(event),
            Told::Several(_) => self.events().min_by_key(|event| event.time_ms),
        }
    }

    /// Its events in order, without what was refused.
    pub fn events(&self) -> impl Iterator<Item = &Event<'a>> {
        let (one, several) = match self {
            Told::One(event) => (Some(event), &[][..]),
            Told::Several(parts) => (None, &parts[..]),
        };
        let several = several.iter().filter_map(|part| match part {
            Part::Event(event) => Some(event),
            Part::Refused { .. } => None,
        });
        one.into_iter().chain(several)
    }

    /// The same, borrowing from nothing.
    pub(super) fn into_owned(self) -> Told<'static> {
        let owned = |part| match part {
            Part::Event(event) => Part::Event(Event::into_owned(event)),
            Part::Refused { element, reject } => Part::Refused { element: element.into_owned().into(), reject },
        };
        match self {
            Told::One(event) => Told::One(event.into_owned()),
            Told::Several(parts) => Told::Several(parts.into_iter().map(owned).collect()),
        }
    }
}
