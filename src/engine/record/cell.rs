//! The value of an `aggregates` record (`contracts.md` 6): a cell as it is, to be put in place of what its key said before.
//!
//! `{id, name, dims{}, window, window_start, kind, value, slot, seq}`. A sum is money in the form all records have; a count is an integer;
//! a sketch tells how many durations were counted, half and nine tenths of them, and its bins, by which sketches are added.
//! Of what is expected it says over which horizon and by which
//! discount (`horizon_days`, `discount_monthly`). It tells no time, so that equal cells are equal records. What goes in is counted by `cells`.

use super::id::OutputId;
use super::json::{Json, json_object, write_plain};
use super::money::Amount;
use crate::clv::HORIZON_DAYS;
use crate::engine::cells::{Cell, Figure, Sketch, SketchBin, Tally, Window, parts};
use crate::event::Currency;
use crate::schema::Written;

use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

pub struct CellRecord<'a> {
    /// Without the slot.
    key: &'a str,
    cell: &'a Cell,
    slot: u32,
    /// Of the configuration.
    discount_monthly: f64,
}

/// The shape of what `write_total` writes, for documents.
pub struct TotalRecord;

impl PartialSchema for TotalRecord {
    fn schema() -> RefOr<Schema> {
        let required = ["name", "dims", "window", "window_start", "kind", "value"];
        required
            .into_iter()
            .fold(figure(), ObjectBuilder::required)
            .description(Some("A figure over all customers of the slots looked at"))
            .into()
    }
}

/// The fields that a total and a cell share.
fn figure() -> ObjectBuilder {
    let of = |kind: Type, what: &str| ObjectBuilder::new().schema_type(kind).description(Some(what));
    let dims = of(Type::Object, "what the figure is told by")
        .additional_properties(Some(AdditionalProperties::RefOr(ObjectBuilder::new().schema_type(Type::String).into())));
    let value = OneOfBuilder::new()
        .item(of(Type::Integer, "a count"))
        .item(Ref::from_schema_name("Amount"))
        .item(Ref::from_schema_name("SketchRecord"))
        .description(Some("an integer where `kind` is `count`, money where it is `sum`, durations where it is `sketch`"));
    ObjectBuilder::new()
        .property("name", of(Type::String, "of the figure"))
        .property("dims", dims)
        .property("window", of(Type::String, "").description(None::<&str>).enum_values(Some(Window::ALL.map(Window::as_str))))
        .property("window_start", of(Type::String, "`all`, a day, a week's Monday, or a month such as `2026-01`; `other` beyond the bound"))
        .property("kind", of(Type::String, "").description(None::<&str>).enum_values(Some(Figure::ALL.map(Figure::as_str))))
        .property("value", value)
        .property("horizon_days", of(Type::Integer, "of expected values: over how many days"))
        .property("discount_monthly", of(Type::Number, "of expected values: by which discount"))
}

impl ToSchema for TotalRecord {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        for (name, schema) in [(Amount::name(), Amount::schema()), (SketchRecord::name(), SketchRecord::schema())] {
            schemas.push((name.into(), schema));
        }
        SketchRecord::schemas(schemas);
    }
}

/// How long something took, of all that were counted. Percentiles are exact to a sixteenth.
#[derive(ToSchema)]
pub struct SketchRecord {
    count: i128,
    /// Half of them took no longer; `null` of none.
    p50_ms: Option<i128>,
    /// Nine of ten took no longer.
    p90_ms: Option<i128>,
    /// In order, empty ones left out. Sketches are added bin by bin.
    bins: Vec<BinRecord>,
}

json_object!(SketchRecord { count, p50_ms, p90_ms, bins });

/// Durations from `from_ms` on and below `below_ms`.
#[derive(ToSchema)]
pub struct BinRecord {
    from_ms: i128,
    below_ms: i128,
    count: i128,
}

json_object!(BinRecord { from_ms, below_ms, count });

impl From<&Sketch> for SketchRecord {
    fn from(sketch: &Sketch) -> SketchRecord {
        let percentile = |percent| sketch.percentile_ms(percent).map(i128::from);
        let bin = |bin: SketchBin| BinRecord { from_ms: bin.from_ms.into(), below_ms: bin.below_ms.into(), count: bin.count.into() };
        SketchRecord {
            count: sketch.count().into(),
            p50_ms: percentile(50),
            p90_ms: percentile(90),
            bins: sketch.bins().map(bin).collect(),
        }
    }
}

impl PartialSchema for CellRecord<'_> {
    fn schema() -> RefOr<Schema> {
        let of = |kind: Type, what: &str| ObjectBuilder::new().schema_type(kind).description(Some(what));
        let object = figure()
            .property("id", Ref::from_schema_name("OutputId"))
            .property("slot", of(Type::Integer, "whose customers are counted: add up the slots"))
            .property("seq", of(Type::Integer, "changes of the cell so far"));
        object.description(Some("A figure over all customers of a slot: of each key the latest counts.")).into()
    }
}

impl ToSchema for CellRecord<'_> {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        TotalRecord::schemas(schemas);
        schemas.push((OutputId::name().into_owned(), OutputId::schema()));
    }
}

impl Written for CellRecord<'_> {
    const ALWAYS: &'static [&'static str] = &["id", "name", "dims", "window", "window_start", "kind", "value", "slot", "seq"];
    const RARELY: &'static [&'static str] = &["horizon_days", "discount_monthly"];
}

/// Cells that hold expected values.
const EXPECTED: [&str; 3] = ["customer_equity", "clv_total", "loyalty_clv"];

impl<'a> CellRecord<'a> {
    pub fn new(key: &'a str, cell: &'a Cell, slot: u32, discount_monthly: f64) -> CellRecord<'a> {
        CellRecord { key, cell, slot, discount_monthly }
    }

    pub fn write(&self, id: &OutputId, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"id":"#);
        id.write(out);
        out.push(b',');
        self.write_figure(out);
        out.extend_from_slice(br#","slot":"#);
        self.slot.write(out);
        out.extend_from_slice(br#","seq":"#);
        i128::from(self.cell.seq).write(out);
        self.write_expectation(out);
        out.push(b'}');
    }

    /// Without what only a record of one slot has.
    pub fn write_total(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        self.write_figure(out);
        self.write_expectation(out);
        out.push(b'}');
    }

    fn write_figure(&self, out: &mut Vec<u8>) {
        let (name, dims, start) = parts(self.key);
        let mut currency = None;
        out.extend_from_slice(br#""name":"#);
        write_plain(name.as_bytes(), out);
        out.extend_from_slice(br#","dims":{"#);
        for (number, (name, value)) in dims.enumerate() {
            if number > 0 {
                out.push(b',');
            }
            write_plain(name.as_bytes(), out);
            out.push(b':');
            value.write(out);
            currency = currency.or(Currency::from_code(value).filter(|_| name == "currency"));
        }
        out.extend_from_slice(br#"},"window":"#);
        write_plain(self.cell.window.as_str().as_bytes(), out);
        out.extend_from_slice(br#","window_start":"#);
        start.write(out);
        out.extend_from_slice(br#","kind":"#);
        write_plain(self.cell.tally.figure().as_str().as_bytes(), out);
        out.extend_from_slice(br#","value":"#);
        match (&self.cell.tally, currency) {
            (Tally::Sum(minor), Some(currency)) => Amount { minor: *minor, currency }.write(out),
            (Tally::Sum(number) | Tally::Count(number), _) => number.write(out),
            (Tally::Sketch(sketch), _) => SketchRecord::from(sketch).write(out),
        }
    }

    fn write_expectation(&self, out: &mut Vec<u8>) {
        if EXPECTED.contains(&parts(self.key).0) {
            out.extend_from_slice(br#","horizon_days":"#);
            HORIZON_DAYS.write(out);
            out.extend_from_slice(br#","discount_monthly":"#);
            self.discount_monthly.write(out);
        }
    }
}
