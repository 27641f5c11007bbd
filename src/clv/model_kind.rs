//! The purchase models by name, as options, parameter files and records spell them.
//!
//! Called by `config` and the command line, which read the names, by `purchase_model`, and by `fit`, which fits what they name.

use std::fmt;
use std::str::FromStr;

/// A purchase model without its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModelKind {
    BgNbd,
    MbgNbd,
    ParetoNbd,
    BgCnbdK,
    MbgCnbdK,
}

impl ModelKind {
    pub const ALL: [ModelKind; 5] = [ModelKind::BgNbd, ModelKind::MbgNbd, ModelKind::ParetoNbd, ModelKind::BgCnbdK, ModelKind::MbgCnbdK];

    pub const fn name(self) -> &'static str {
        match self {
            ModelKind::BgNbd => "bg_nbd",
            ModelKind::MbgNbd => "mbg_nbd",
            ModelKind::ParetoNbd => "pareto_nbd",
            ModelKind::BgCnbdK => "bg_cnbd_k",
            ModelKind::MbgCnbdK => "mbg_cnbd_k",
        }
    }

    /// Whether purchases may come in stages, whose number k is a parameter too.
    pub fn is_regular(self) -> bool {
        matches!(self, ModelKind::BgCnbdK | ModelKind::MbgCnbdK)
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
