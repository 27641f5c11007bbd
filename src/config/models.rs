//! Parameter files of the value models: the shipped one (`config/models/cdnow.toml`) and a shop's own, in the same form.
//!
//! Whether the numbers can be parameters at all is for `clv` to say; here their text is read and units and currencies are checked.
//! It opens no files: the text is an argument. Called by `check`, and described for `cli::schema`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::clv::backtest::WindowKind;
use crate::clv::rfm::{Cut, Rfm};
use crate::clv::{BgNbd, Cnbd, GammaGamma, MbgNbd, ModelKind, Parameters, ParetoNbd, PurchaseModel, SeasonalFactor};
use crate::event::Currency;
use crate::schema::{self, Described};

/// Parameters in force until `clv.models` names others.
pub const SHIPPED_TOML: &str = include_str!("../../config/models/cdnow.toml");
pub const SHIPPED_NAME: &str = "config/models/cdnow.toml";

/// Parameters of the value models, as `lifetide fit` writes them and `clv.models` names them. A file has at least the model of `clv.model`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Said in each clv record.
    name: String,
    /// Said in each clv record.
    version: String,
    /// Whether the parameters were estimated from the shop's own orders.
    fitted: bool,
    /// Of every time the models see: `week`.
    #[schema(pattern = "^week$")]
    unit: String,
    bg_nbd: Option<AtPurchases>,
    mbg_nbd: Option<AtPurchases>,
    pareto_nbd: Option<AnyTime>,
    bg_cnbd_k: Option<Regular>,
    mbg_cnbd_k: Option<Regular>,
    /// What an order is worth, by currency.
    #[serde(default)]
    spend: BTreeMap<String, Spend>,
    #[serde(default)]
    provenance: Provenance,
    rfm: Option<CutPoints>,
    /// By purchase model.
    #[serde(default)]
    seasonal: BTreeMap<String, Seasonal>,
}

/// Customers leave at a purchase: MBG/NBD, BG/NBD.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AtPurchases {
    r: f64,
    alpha: f64,
    a: f64,
    b: f64,
}

/// Customers leave at any moment: Pareto/NBD.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnyTime {
    r: f64,
    alpha: f64,
    s: f64,
    beta: f64,
}

/// Customers come back regularly, the more so the larger `k`: (M)BG/CNBD-k.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Regular {
    r: f64,
    alpha: f64,
    a: f64,
    b: f64,
    k: u32,
}

/// Gamma-Gamma.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Spend {
    p: f64,
    q: f64,
    v: f64,
}

/// Cut points of segments: days since the last purchase, purchases, and by currency the spend in main units.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CutPoints {
    version: String,
    #[schema(value_type = Cuts)]
    r: Cut,
    #[schema(value_type = Cuts)]
    f: Cut,
    #[schema(value_type = BTreeMap<String, Cuts>)]
    m: BTreeMap<String, Cut>,
}

/// What a `Cut` looks like in a file.
struct Cuts;

impl PartialSchema for Cuts {
    fn schema() -> RefOr<Schema> {
        let points = ObjectBuilder::new().schema_type(Type::Number);
        let cuts = ArrayBuilder::new().items(points).min_items(Some(4)).max_items(Some(4));
        cuts.description(Some("Four points, which make five parts.")).into()
    }
}

impl ToSchema for Cuts {}

/// By what the expected purchases are multiplied, for a horizon of this length.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Seasonal {
    factor: f64,
    horizon_days: u32,
    /// Of what it was learned: `same_season` or `preceding`.
    #[schema(pattern = "^(same_season|preceding)$")]
    windows: String,
}

/// Where the numbers come from. Other keys are notes for people.
#[derive(Default, Deserialize, ToSchema)]
struct Provenance {
    buyers: Option<u64>,
    history_days: Option<u64>,
    /// `day`: no other merging fits what is scored.
    purchases_merged_by: Option<String>,
}

/// Of TOML, which has no null: what is not said is left out.
impl schema::Written for Written {
    const ALWAYS: &'static [&'static str] = &["name", "version", "fitted", "unit"];
    const RARELY: &'static [&'static str] = &["bg_nbd", "mbg_nbd", "pareto_nbd", "bg_cnbd_k", "mbg_cnbd_k", "rfm"];
}

impl schema::Written for Provenance {
    const ALWAYS: &'static [&'static str] = &[];
    const RARELY: &'static [&'static str] = &["buyers", "history_days", "purchases_merged_by"];
}

/// JSON Schema of a parameter file, its tables as objects. What the numbers may be, `clv` says.
pub fn schema_of_models() -> Value {
    let models = ModelKind::ALL.map(ModelKind::name);
    let one_of_them = models.map(|name| json!({ "required": [name] }));
    Described::of::<Written>()
        .written::<Written>()
        .written::<Provenance>()
        .with("Written", "anyOf", json!(one_of_them))
        .document("a parameter file of the value models")
}

/// Reads a parameter file for one of its models (`clv.model`); the message names the line where there is one.
pub fn parse(text: &str, model: ModelKind) -> Result<Parameters, String> {
    let written: Written = toml::from_str(text).map_err(|error| match error.span() {
        Some(span) => format!("line {}: {}", 1 + text[..span.start].matches('\n').count(), error.message()),
        None => error.message().to_string(),
    })?;
    if written.unit != "week" {
        return Err(format!("unit is \"{}\", expected \"week\"", written.unit));
    }
    if let Some(period) = written.provenance.purchases_merged_by.as_ref().filter(|period| *period != "day") {
        return Err(format!("purchases were merged by {period} for the fit, and are merged by day here"));
    }
    let purchase = written.purchase(model)?;
    if let Some(code) = written.spend.keys().find(|code| Currency::from_code(code).is_none()) {
        return Err(format!("[spend.{code}] is not an ISO 4217 currency"));
    }
    let spend = written.spend.into_iter().map(|(code, Spend { p, q, v })| (code, GammaGamma { p, q, v })).collect();
    let rfm = written.rfm.map(segments).transpose()?;
    let seasonal = seasonal(&written.seasonal, model)?;
    let parameters = Parameters {
        name: written.name,
        version: written.version,
        fitted: written.fitted,
        purchase,
        spend,
        buyers: written.provenance.buyers,
        history_days: written.provenance.history_days,
        rfm,
        seasonal,
    };
    parameters.check().map_err(|error| error.to_string())?;
    Ok(parameters)
}

fn segments(CutPoints { version, r, f, m }: CutPoints) -> Result<Rfm, String> {
    if let Some(code) = m.keys().find(|code| Currency::from_code(code).is_none()) {
        return Err(format!("rfm.m.{code} is not an ISO 4217 currency"));
    }
    let rfm = Rfm { version, recency_days: r, orders: f, spend: m };
    rfm.check().map_err(|error| error.to_string())?;
    Ok(rfm)
}

/// The factor of the model in force; those of the others are looked at, too.
fn seasonal(tables: &BTreeMap<String, Seasonal>, model: ModelKind) -> Result<Option<SeasonalFactor>, String> {
    let mut found = None;
    for (name, &Seasonal { factor, horizon_days, ref windows }) in tables {
        let of: ModelKind = name.parse().map_err(|why| format!("[seasonal.{name}]: {why}"))?;
        let Some(windows) = WindowKind::ALL.into_iter().find(|kind| kind.as_str() == windows) else {
            let names = WindowKind::ALL.map(WindowKind::as_str).join(", ");
            return Err(format!("seasonal.{name}.windows is \"{windows}\", which is none of {names}"));
        };
        if of == model {
            found = Some(SeasonalFactor { factor, horizon_days, windows });
        }
    }
    Ok(found)
}

impl Written {
    fn purchase(&self, model: ModelKind) -> Result<PurchaseModel, String> {
        let regular = |&Regular { r, alpha, a, b, k }: &Regular| Cnbd { r, alpha, a, b, k };
        let found = match model {
            ModelKind::MbgNbd => {
                self.mbg_nbd.as_ref().map(|&AtPurchases { r, alpha, a, b }| PurchaseModel::MbgNbd(MbgNbd { r, alpha, a, b }))
            }
            ModelKind::BgNbd => self.bg_nbd.as_ref().map(|&AtPurchases { r, alpha, a, b }| PurchaseModel::BgNbd(BgNbd { r, alpha, a, b })),
            ModelKind::ParetoNbd => {
                self.pareto_nbd.as_ref().map(|&AnyTime { r, alpha, s, beta }| PurchaseModel::ParetoNbd(ParetoNbd { r, alpha, s, beta }))
            }
            ModelKind::BgCnbdK => self.bg_cnbd_k.as_ref().map(|table| PurchaseModel::BgCnbdK(regular(table))),
            ModelKind::MbgCnbdK => self.mbg_cnbd_k.as_ref().map(|table| PurchaseModel::MbgCnbdK(regular(table))),
        };
        found.ok_or_else(|| format!("has no table [{model}]"))
    }
}

/// The file without its comments and its order: what a fingerprint is taken of.
pub fn canonical(text: &str) -> String {
    text.parse::<toml::Table>().map(|table| table.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shipped file with a table of cut points.
    fn with_rfm(table: &str) -> Result<Parameters, String> {
        parse(&format!("{SHIPPED_TOML}\n[rfm]\n{table}\n"), ModelKind::MbgNbd)
    }

    #[test]
    fn cut_points_of_segments_are_read_with_their_version() {
        assert_eq!(parse(SHIPPED_TOML, ModelKind::MbgNbd).map(|parameters| parameters.rfm), Ok(None));
        let rfm = with_rfm("version = \"2\"\nr = [1, 2, 3, 4]\nf = [2, 2, 3, 9]\nm = { EUR = [10, 20.5, 30, 40] }").unwrap().rfm.unwrap();
        assert_eq!((rfm.version.as_str(), rfm.recency_days, rfm.orders), ("2", [1.0, 2.0, 3.0, 4.0], [2.0, 2.0, 3.0, 9.0]));
        assert_eq!(rfm.cuts("EUR").unwrap().spend, [10.0, 20.5, 30.0, 40.0]);
    }

    #[test]
    fn a_seasonal_factor_is_read_for_the_model_in_force_alone() {
        let of = |table: &str, model| parse(&format!("{SHIPPED_TOML}\n[seasonal.{table}\n"), model).map(|parameters| parameters.seasonal);
        let table = "mbg_nbd]\nfactor = 0.7\nhorizon_days = 365\nwindows = \"same_season\"";
        let learned = SeasonalFactor { factor: 0.7, horizon_days: 365, windows: WindowKind::SameSeason };
        assert_eq!((of(table, ModelKind::MbgNbd), of(table, ModelKind::BgNbd)), (Ok(Some(learned)), Ok(None)));
        for (wrong, message) in [
            (table.replace("mbg_nbd", "tarot"), "[seasonal.tarot]: \"tarot\" is none of"),
            (table.replace("same_season", "next"), "seasonal.mbg_nbd.windows is \"next\", which is none of same_season, preceding"),
            (table.replace("0.7", "-1.0"), "seasonal.mbg_nbd.factor = -1 is not a factor"),
            (table.replace("factor", "faktor"), "unknown field `faktor`"),
        ] {
            let error = of(&wrong, ModelKind::MbgNbd).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn cut_points_nobody_can_be_scored_by_are_refused() {
        let cases = [
            ("version = \"1\"\nr = [1, 2, 3, 4]\nf = [1, 2, 3, 4]\nm = { EUR = [4, 3, 2, 1] }", "rfm.m.EUR are not four numbers"),
            (
                "version = \"1\"\nr = [1, 2, 3, 4]\nf = [1, 2, 3, 4]\nm = { BEANS = [1, 2, 3, 4] }",
                "rfm.m.BEANS is not an ISO 4217 currency",
            ),
            ("version = \"1\"\nr = [1, 2, 3]\nf = [1, 2, 3, 4]\nm = { EUR = [1, 2, 3, 4] }", "invalid length 3"),
            ("version = \"1\"\nr = [1, 2, 3, 4]\nf = [1, 2, 3, 4]\nm = {}", "rfm.m has no currency"),
        ];
        for (table, message) in cases {
            let error = with_rfm(table).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }
}
