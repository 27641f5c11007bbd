//! The value of an `aggregates` record (`contracts.md` 6): a cell as it is, to be put in place of what its key said before.
//!
//! `{id, name, dims{}, window, window_start, kind, value, slot, seq}`. A sum is money in the form all records have; a count is an integer.
//! Of what is expected it says over which horizon and by which
//! discount (`horizon_days`, `discount_monthly`). It tells no time, so that equal cells are equal records. What goes in is counted by `cells`.

use super::id::OutputId;
use super::json::{Json, write_plain};
use super::money::Amount;
use crate::clv::HORIZON_DAYS;
use crate::engine::cells::{Cell, Figure, Window, parts};
use crate::event::Currency;

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
        let of = |kind: Type, what: &str| ObjectBuilder::new().schema_type(kind).description(Some(what));
        let dims = of(Type::Object, "what the figure is told by")
            .additional_properties(Some(AdditionalProperties::RefOr(ObjectBuilder::new().schema_type(Type::String).into())));
        let value = OneOfBuilder::new()
            .item(of(Type::Integer, "a count"))
            .item(Ref::from_schema_name("Amount"))
            .description(Some("an integer where `kind` is `count`, money where it is `sum`"));
        let object = ObjectBuilder::new()
            .property("name", of(Type::String, "of the figure"))
            .property("dims", dims)
            .property("window", of(Type::String, "").description(None::<&str>).enum_values(Some(Window::ALL.map(Window::as_str))))
            .property(
                "window_start",
                of(Type::String, "`all`, a day, a week's Monday, or a month such as `2026-01`; `other` beyond the bound"),
            )
            .property("kind", of(Type::String, "").description(None::<&str>).enum_values(Some(Figure::ALL.map(Figure::as_str))))
            .property("value", value)
            .property("horizon_days", of(Type::Integer, "of expected values: over how many days"))
            .property("discount_monthly", of(Type::Number, "of expected values: by which discount"));
        let required = ["name", "dims", "window", "window_start", "kind", "value"];
        required
            .into_iter()
            .fold(object, ObjectBuilder::required)
            .description(Some("A figure over all customers of the slots looked at"))
            .into()
    }
}

impl ToSchema for TotalRecord {}

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
        write_plain(self.cell.figure.as_str().as_bytes(), out);
        out.extend_from_slice(br#","value":"#);
        match (self.cell.figure, currency) {
            (Figure::Sum, Some(currency)) => Amount { minor: self.cell.value, currency }.write(out),
            _ => self.cell.value.write(out),
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
