//! The purchase models by name, as options, parameter files and records spell them.
//!
//! Called by the command line, which reads the names, and by `mod`, which fits what they name.

use std::fmt;
use std::str::FromStr;

/// A purchase model without its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModelKind {
    BgNbd,
    MbgNbd,
}

impl ModelKind {
    pub const ALL: [ModelKind; 2] = [ModelKind::BgNbd, ModelKind::MbgNbd];

    pub fn name(self) -> &'static str {
        match self {
            ModelKind::BgNbd => "bg_nbd",
            ModelKind::MbgNbd => "mbg_nbd",
        }
    }
}

impl fmt::Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ModelKind {
    type Err = String;

    fn from_str(text: &str) -> Result<ModelKind, String> {
        let found = ModelKind::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| format!("\"{text}\" is none of {}", ModelKind::ALL.map(ModelKind::name).join(", ")))
    }
}
