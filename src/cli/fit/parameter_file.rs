//! The fitted parameters as the file that `clv.models` names, with where they come from.
//!
//! The version is the data's last day and a hash of all but the moment of writing: the same fit of the same data has the same version
//! wherever it is made. `config::models` reads the file; what stands under `provenance` is for people, but for `buyers` and
//! `history_days`. Called by `fit`.

use toml::{Table, Value};
use xxhash_rust::xxh3::xxh3_64;

use super::Fit;
use crate::cli::{day, instant};
use crate::clv::rfm::{Cut, Cuts};
use crate::clv::{Fitted, PurchaseModel, Warning};

const HEAD: &str = "# Parameters of the value models, fitted to a shop's own purchases by `lifetide fit`.\n\
    # Put them into force with clv.models, or for all running instances with `lifetide models publish`.\n\n";

pub struct ParameterFile {
    pub version: String,
    pub text: String,
}

pub fn written(fit: &Fit, name: &str, now_ms: i64) -> ParameterFile {
    let mut tables = Table::new();
    let mut provenance = origin(fit);
    for (kind, fitted) in &fit.purchases {
        tables.insert(kind.name().to_owned(), Value::Table(parameters(&fitted.model)));
        let names: Vec<&str> = fitted.model.named_parameters().iter().map(|(name, _)| *name).collect();
        provenance.insert(kind.name().to_owned(), Value::Table(quality(fitted, &names)));
    }
    if let Ok(fitted) = &fit.spend {
        let model = fitted.model;
        let values = [("p", model.p), ("q", model.q), ("v", model.v)].map(|(name, value)| (name.to_owned(), Value::Float(value)));
        let spend = Table::from_iter([(fit.data.currency.clone(), Value::Table(Table::from_iter(values)))]);
        tables.insert("spend".to_owned(), Value::Table(spend));
        provenance.insert("spend".to_owned(), Value::Table(quality(fitted, &["p", "q", "v"])));
    }
    if let Some(cuts) = &fit.data.cuts {
        tables.insert("rfm".to_owned(), Value::Table(segments(cuts, &fit.data.currency, fit.data.end_ms)));
    }
    if let Some(learned) = fit.seasonal.as_ref().filter(|learned| !learned.table().is_empty()) {
        tables.insert("seasonal".to_owned(), Value::Table(learned.table()));
        provenance.insert("seasonal".to_owned(), Value::Table(learned.provenance()));
    }
    let hash = xxh3_64(format!("{tables}{provenance}").as_bytes());
    let version = format!("{}-{:08x}", day(fit.data.end_ms), hash >> 32);
    provenance.insert("fitted_at".to_owned(), Value::String(instant(now_ms)));
    tables.insert("provenance".to_owned(), Value::Table(provenance));
    let name = Value::String(name.to_owned());
    let text = format!("{HEAD}name = {name}\nversion = \"{version}\"\nfitted = true\nunit = \"week\"\n\n{tables}");
    ParameterFile { version, text }
}

fn parameters(model: &PurchaseModel) -> Table {
    let continuous = model.named_parameters().map(|(name, value)| (name.to_owned(), Value::Float(value)));
    let stages = model.named_stages().map(|(name, k)| (name.to_owned(), Value::Integer(k.into())));
    continuous.into_iter().chain(stages).collect()
}

/// `[rfm]`, with a version of its own: segments are named in records by the cut points that made them.
fn segments(cuts: &Cuts, currency: &str, end_ms: i64) -> Table {
    let values = |cut: &Cut| Value::Array(cut.iter().map(|point| Value::Float(*point)).collect());
    let spend = Table::from_iter([(currency.to_owned(), values(&cuts.spend))]);
    let mut table = Table::from_iter([
        ("r".to_owned(), values(&cuts.recency_days)),
        ("f".to_owned(), values(&cuts.orders)),
        ("m".to_owned(), Value::Table(spend)),
    ]);
    let hash = xxh3_64(table.to_string().as_bytes());
    table.insert("version".to_owned(), Value::String(format!("{}-{:08x}", day(end_ms), hash >> 32)));
    table
}

fn origin(fit: &Fit) -> Table {
    let data = &fit.data;
    Table::from_iter([
        ("data".to_owned(), Value::String(data.source.clone())),
        ("buyers".to_owned(), integer(data.customers())),
        ("repeat_buyers".to_owned(), integer(data.repeaters())),
        ("first_purchase".to_owned(), Value::String(day(data.first_ms))),
        ("end".to_owned(), Value::String(day(data.end_ms))),
        ("history_days".to_owned(), integer(data.days())),
        ("purchases_merged_by".to_owned(), Value::String(data.period.to_string())),
    ])
}

/// How well one model fits, and its errors; unknown ones are left out.
fn quality<M>(fitted: &Fitted<M>, names: &[&str]) -> Table {
    let errors = names.iter().zip(&fitted.standard_errors).filter_map(|(name, error)| Some(((*name).to_owned(), Value::Float((*error)?))));
    let warnings = fitted.warnings.iter().map(Warning::to_string).map(Value::String).collect();
    Table::from_iter([
        ("customers".to_owned(), integer(fitted.customers)),
        ("log_likelihood".to_owned(), Value::Float(fitted.log_likelihood)),
        ("aic".to_owned(), Value::Float(fitted.aic)),
        ("standard_errors".to_owned(), Value::Table(errors.collect())),
        ("warnings".to_owned(), Value::Array(warnings)),
    ])
}

fn integer(count: u64) -> Value {
    Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}
