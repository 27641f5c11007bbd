//! Parameter files of the value models: the shipped one (`config/models/cdnow.toml`) and a shop's own, in the same form.
//!
//! Whether the numbers can be parameters at all is for `clv` to say; here their text is read and units and currencies are checked.
//! It opens no files: the text is an argument. Called by `check`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::clv::{BgNbd, GammaGamma, MbgNbd, Parameters, PurchaseModel};
use crate::event::Currency;

/// Parameters in force until `clv.models` names others.
pub const SHIPPED_TOML: &str = include_str!("../../config/models/cdnow.toml");
pub const SHIPPED_NAME: &str = "config/models/cdnow.toml";

/// `clv.model`: which of a file's models counts orders and finds out who has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    MbgNbd,
    BgNbd,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    version: String,
    fitted: bool,
    unit: String,
    bg_nbd: Option<Purchase>,
    mbg_nbd: Option<Purchase>,
    #[serde(default)]
    spend: BTreeMap<String, Spend>,
    #[serde(default)]
    provenance: Provenance,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Purchase {
    r: f64,
    alpha: f64,
    a: f64,
    b: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spend {
    p: f64,
    q: f64,
    v: f64,
}

/// Where the numbers come from. Other keys are notes for people.
#[derive(Default, Deserialize)]
struct Provenance {
    buyers: Option<u64>,
    history_days: Option<u64>,
}

/// Reads a parameter file; the message names the line where there is one.
pub fn parse(text: &str, model: Model) -> Result<Parameters, String> {
    let written: Written = toml::from_str(text).map_err(|error| match error.span() {
        Some(span) => format!("line {}: {}", 1 + text[..span.start].matches('\n').count(), error.message()),
        None => error.message().to_string(),
    })?;
    if written.unit != "week" {
        return Err(format!("unit is \"{}\", expected \"week\"", written.unit));
    }
    let purchase = match model {
        Model::MbgNbd => {
            let Purchase { r, alpha, a, b } = written.mbg_nbd.ok_or("has no table [mbg_nbd]")?;
            PurchaseModel::MbgNbd(MbgNbd { r, alpha, a, b })
        }
        Model::BgNbd => {
            let Purchase { r, alpha, a, b } = written.bg_nbd.ok_or("has no table [bg_nbd]")?;
            PurchaseModel::BgNbd(BgNbd { r, alpha, a, b })
        }
    };
    if let Some(code) = written.spend.keys().find(|code| Currency::from_code(code).is_none()) {
        return Err(format!("[spend.{code}] is not an ISO 4217 currency"));
    }
    let spend = written.spend.into_iter().map(|(code, Spend { p, q, v })| (code, GammaGamma { p, q, v })).collect();
    let parameters = Parameters {
        name: written.name,
        version: written.version,
        fitted: written.fitted,
        purchase,
        spend,
        buyers: written.provenance.buyers,
        history_days: written.provenance.history_days,
    };
    parameters.check().map_err(|error| error.to_string())?;
    Ok(parameters)
}

/// The file without its comments and its order: what a fingerprint is taken of.
pub fn canonical(text: &str) -> String {
    text.parse::<toml::Table>().map(|table| table.to_string()).unwrap_or_default()
}
