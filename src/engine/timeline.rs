//! The last decisions about a customer and their reasons, for people who ask why: moves on every track and what plays asked for, each in a few
//! bytes of the row, so that they go where the row goes.
//!
//! A ring of so many as `state.decisions_kept` says, off unless asked for; then a row is without it again once something is decided. It decides
//! nothing and is asked by nobody who decides. The entries stay bytes from row to row, and are read only to be told. Filled by `transitions`
//! and `actions` with what they write, and by `unite`; told by `record::held`.

use super::customer::Customer;
use super::lifecycle::Why;
use super::plays::{ActionKind, Reason};
use super::row::RowError;
use super::row::bytes::{Reader, put_i64, put_text};
use super::scene::Scene;
use super::transitions::TRACKS;

/// Decisions kept of one customer: more than anybody reads. Each takes some 25 bytes, 80 where names are as long as they may be.
pub const DECISIONS_MAX: usize = 50;

/// In the first byte of an entry: an action, and no move.
const IS_ACTION: u8 = 1 << 7;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided<'a> {
    /// `track`: one of `TRACKS`.
    Move { track: &'static str, from: Option<&'a str>, to: &'a str, why: Why },
    /// `step`: counted from 0.
    Action { play: &'a str, kind: ActionKind, step: u8, reason: Reason },
}

/// In the order they were decided: what, when, why, names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline(Vec<u8>);

/// Remembers what is written about the customer, if it is to be.
pub fn remember(customer: &mut Customer, decided: &Decided<'_>, scene: &Scene<'_>) {
    // rows of old versions have no place for it
    let most = if scene.cells.are_kept() { scene.rules.settings.decisions_kept } else { 0 };
    customer.timeline.push(scene.time_ms, decided, most);
}

/// What was decided about either was decided about this person.
pub fn unite(customer: &mut Customer, theirs: &Timeline, most: usize) {
    let own = std::mem::take(&mut customer.timeline);
    let mut all: Vec<(i64, &[u8])> = own.raw().chain(theirs.raw()).collect();
    all.sort_by_key(|(at_ms, _)| *at_ms);
    customer.timeline = Timeline(all.iter().flat_map(|(_, bytes)| *bytes).copied().collect());
    customer.timeline.bound(most);
}

impl Timeline {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes the bytes of a row, which must be such as `bytes` gives.
    pub fn set_bytes(&mut self, bytes: &[u8]) -> Result<(), RowError> {
        let (mut rest, mut count) = (bytes, 0);
        while !rest.is_empty() && count <= DECISIONS_MAX {
            (_, _, rest) = first(rest)?;
            count += 1;
        }
        if count > DECISIONS_MAX {
            return Err(RowError::Malformed("decisions"));
        }
        self.0.clear();
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    /// The oldest first, with their times.
    pub fn decisions(&self) -> impl Iterator<Item = (i64, Decided<'_>)> {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || {
            let (at_ms, decided, behind) = first(rest).ok()?;
            rest = behind;
            Some((at_ms, decided))
        })
    }

    pub fn push(&mut self, at_ms: i64, decided: &Decided<'_>, most: usize) {
        if most == 0 {
            return self.clear();
        }
        let row = &mut self.0;
        match *decided {
            Decided::Move { track, from, to, why } => {
                let place = TRACKS.iter().position(|known| *known == track);
                row.push(place.expect("invariant: every track that moves are written on is among them") as u8);
                put_i64(row, at_ms);
                row.push(why as u8);
                put_text(row, from.unwrap_or_default());
                put_text(row, to);
            }
            Decided::Action { play, kind, step, reason } => {
                row.push(IS_ACTION | kind as u8);
                put_i64(row, at_ms);
                row.push(reason as u8);
                row.push(step);
                put_text(row, play);
            }
        }
        self.bound(most);
    }

    /// Forgets the oldest of more than so many.
    fn bound(&mut self, most: usize) {
        let surplus = self.raw().count().saturating_sub(most);
        let bytes: usize = self.raw().take(surplus).map(|(_, entry)| entry.len()).sum();
        self.0.drain(..bytes);
    }

    /// Each with its time, as it stands in the row.
    fn raw(&self) -> impl Iterator<Item = (i64, &[u8])> {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || {
            let (at_ms, _, behind) = first(rest).ok()?;
            let entry = &rest[..rest.len() - behind.len()];
            rest = behind;
            Some((at_ms, entry))
        })
    }
}

/// The first entry, its time, and what is behind it.
fn first(bytes: &[u8]) -> Result<(i64, Decided<'_>, &[u8]), RowError> {
    let mut reader = Reader::new(bytes);
    let (head, at_ms, reason) = (reader.byte()?, reader.i64()?, usize::from(reader.byte()?));
    let number = usize::from(head & !IS_ACTION);
    let decided = if head & IS_ACTION == 0 {
        let (track, why) = TRACKS.get(number).copied().zip(Why::ALL.get(reason).copied()).ok_or(RowError::Malformed("move"))?;
        let (from, to) = (reader.text()?, reader.text()?);
        Decided::Move { track, from: Some(from).filter(|from| !from.is_empty()), to, why }
    } else {
        let known = ActionKind::ALL.get(number).copied().zip(Reason::ALL.get(reason).copied());
        let (kind, reason) = known.ok_or(RowError::Malformed("action"))?;
        let step = reader.byte()?;
        Decided::Action { play: reader.text()?, kind, step, reason }
    };
    Ok((at_ms, decided, reader.rest()))
}
