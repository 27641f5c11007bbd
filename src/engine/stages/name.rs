//! A stage, by its name: the shipped ones have numbers in rows, others are written out there.
//!
//! A name says all there is of a stage without its graph: a customer may be in one that the configuration no longer has. Used by whoever
//! names a stage; which one holds is `stages`' affair.

use std::fmt;

/// Stages stand in rows, records and keys of cells.
pub const STAGE_BYTES_MAX: usize = 24;

/// At most `STAGE_BYTES_MAX` of ASCII, and so as cheap to copy as a number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stage {
    length: u8,
    bytes: [u8; STAGE_BYTES_MAX],
}

impl Stage {
    pub const VISITOR: Stage = Stage::shipped("visitor");
    pub const LEAD: Stage = Stage::shipped("lead");
    pub const FIRST_TIME: Stage = Stage::shipped("first_time");
    pub const REPEAT: Stage = Stage::shipped("repeat");
    pub const LOYAL: Stage = Stage::shipped("loyal");
    pub const REACTIVATED: Stage = Stage::shipped("reactivated");
    pub const AT_RISK: Stage = Stage::shipped("at_risk");
    pub const LAPSED: Stage = Stage::shipped("lapsed");
    pub const ONBOARDING: Stage = Stage::shipped("onboarding");
    pub const CONSIDERATION: Stage = Stage::shipped("consideration");
    pub const ADVOCATE: Stage = Stage::shipped("advocate");

    /// By their numbers in rows. Rows of version 2 know none from the ninth on.
    pub const NUMBERED: [Stage; 11] = [
        Stage::VISITOR,
        Stage::LEAD,
        Stage::FIRST_TIME,
        Stage::REPEAT,
        Stage::LOYAL,
        Stage::REACTIVATED,
        Stage::AT_RISK,
        Stage::LAPSED,
        Stage::ONBOARDING,
        Stage::CONSIDERATION,
        Stage::ADVOCATE,
    ];

    const fn shipped(name: &str) -> Stage {
        match Stage::named(name) {
            Some(stage) => stage,
            None => panic!("invariant: shipped names are short"),
        }
    }

    /// `None`: empty, too long, or not ASCII.
    pub const fn named(name: &str) -> Option<Stage> {
        let text = name.as_bytes();
        if text.is_empty() || text.len() > STAGE_BYTES_MAX || !name.is_ascii() {
            return None;
        }
        let mut bytes = [0; STAGE_BYTES_MAX];
        let mut place = 0;
        while place < text.len() {
            bytes[place] = text[place];
            place += 1;
        }
        Some(Stage { length: text.len() as u8, bytes })
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).expect("invariant: made of ASCII")
    }

    /// Its number in rows; `None`: written out.
    pub fn number(&self) -> Option<u8> {
        Stage::NUMBERED.iter().position(|stage| stage == self).map(|number| number as u8)
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
