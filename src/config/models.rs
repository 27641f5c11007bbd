//! Parameter files of the value models: the shipped one (`config/models/cdnow.toml`) and a shop's own, in the same form.
//!
//! Whether the numbers can be parameters at all is for `clv` to say; here their text is read and units and currencies are checked.
//! It opens no files: the text is an argument. Called by `check`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::clv::{BgNbd, Cnbd, GammaGamma, MbgNbd, Parameters, ParetoNbd, PurchaseModel};
use crate::event::Currency;

/// Parameters in force until `clv.models` names others.
pub const SHIPPED_TOML: &str = include_str!("../../config/models/cdnow.toml");
pub const SHIPPED_NAME: &str = "config/models/cdnow.toml";

/// `clv.model`: which of a file's models counts orders and finds out who has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    MbgNbd,
    BgNbd,
    ParetoNbd,
    BgCnbdK,
    MbgCnbdK,
}

/// Every model by its name in configuration and files.
pub const MODELS: &[(&str, Model)] = &[
    ("mbg_nbd", Model::MbgNbd),
    ("bg_nbd", Model::BgNbd),
    ("pareto_nbd", Model::ParetoNbd),
    ("bg_cnbd_k", Model::BgCnbdK),
    ("mbg_cnbd_k", Model::MbgCnbdK),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    version: String,
    fitted: bool,
    unit: String,
    bg_nbd: Option<AtPurchases>,
    mbg_nbd: Option<AtPurchases>,
    pareto_nbd: Option<AnyTime>,
    bg_cnbd_k: Option<Regular>,
    mbg_cnbd_k: Option<Regular>,
    #[serde(default)]
    spend: BTreeMap<String, Spend>,
    #[serde(default)]
    provenance: Provenance,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AtPurchases {
    r: f64,
    alpha: f64,
    a: f64,
    b: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnyTime {
    r: f64,
    alpha: f64,
    s: f64,
    beta: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Regular {
    r: f64,
    alpha: f64,
    a: f64,
    b: f64,
    k: u32,
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
    let purchase = written.purchase(model)?;
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

impl Written {
    fn purchase(&self, model: Model) -> Result<PurchaseModel, String> {
        let regular = |&Regular { r, alpha, a, b, k }: &Regular| Cnbd { r, alpha, a, b, k };
        let found = match model {
            Model::MbgNbd => self.mbg_nbd.as_ref().map(|&AtPurchases { r, alpha, a, b }| PurchaseModel::MbgNbd(MbgNbd { r, alpha, a, b })),
            Model::BgNbd => self.bg_nbd.as_ref().map(|&AtPurchases { r, alpha, a, b }| PurchaseModel::BgNbd(BgNbd { r, alpha, a, b })),
            Model::ParetoNbd => {
                self.pareto_nbd.as_ref().map(|&AnyTime { r, alpha, s, beta }| PurchaseModel::ParetoNbd(ParetoNbd { r, alpha, s, beta }))
            }
            Model::BgCnbdK => self.bg_cnbd_k.as_ref().map(|table| PurchaseModel::BgCnbdK(regular(table))),
            Model::MbgCnbdK => self.mbg_cnbd_k.as_ref().map(|table| PurchaseModel::MbgCnbdK(regular(table))),
        };
        found.ok_or_else(|| {
            let name = MODELS.iter().find(|(_, listed)| *listed == model).map_or("", |(name, _)| name);
            format!("has no table [{name}]")
        })
    }
}

/// The file without its comments and its order: what a fingerprint is taken of.
pub fn canonical(text: &str) -> String {
    text.parse::<toml::Table>().map(|table| table.to_string()).unwrap_or_default()
}
