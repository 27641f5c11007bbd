//! What winning customers costs and what they are worth, in words for programs.
//!
//! Fields and their form; the figures are `economics`'. It goes to no topic. Used by `http`.

use std::collections::BTreeMap;

use super::json::{Json, json_object, write_plain};
use super::money::Amount;
use crate::engine::economics::EconomicsRow;
use crate::event::Currency;

use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{ObjectBuilder, Schema, Type};

/// A row of figures told by channel, by month, by all that costs are told by (`cube`), or by salesperson. Money is `null` where nothing is
/// known of it.
#[derive(utoipa::ToSchema)]
pub struct EconomicsRecord<'a> {
    by: &'a str,
    /// `channel`, `cohort`, or `salesperson`; of a cube `channel`, `customer_type`, `product_type` and `region`.
    #[schema(schema_with = names_and_values)]
    of: Names<'a>,
    /// Customers with a first order; of several currencies those of this one, by the share that has a value in it.
    customers: i128,
    /// Of winning them; of salespeople, of serving them.
    cost: Option<Amount>,
    /// `null` also where costs are told in other currencies only.
    cost_per_customer: Option<Amount>,
    /// Mean of their `total`: net revenue so far and expected.
    clv: Option<Amount>,
    /// The same by `clv.margin`, less what keeping, serving and rewarding one has cost so far: the most that winning one may cost.
    max_cac: Option<Amount>,
    /// `max_cac` over `cost_per_customer`.
    clv_to_cac: Option<f64>,
    /// Who became known, of all currencies. Of channels only.
    leads: Option<i128>,
    /// The share of leads that have become customers.
    conversion: Option<f64>,
    /// That share times `max_cac`.
    value_per_lead: Option<Amount>,
    /// How often a customer was given up for lost.
    lost: Option<i128>,
    /// What it costs to win as many.
    replacement_cost: Option<Amount>,
}

json_object!(EconomicsRecord<'_> {
    by, of, customers, cost, cost_per_customer, clv, max_cac, clv_to_cac, leads, conversion, value_per_lead, lost, replacement_cost
});

struct Names<'a>(&'a BTreeMap<String, String>);

impl Json for Names<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        for (number, (name, value)) in self.0.iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            write_plain(name.as_bytes(), out);
            out.push(b':');
            value.as_str().write(out);
        }
        out.push(b'}');
    }
}

fn names_and_values() -> Schema {
    let text = ObjectBuilder::new().schema_type(Type::String);
    ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(AdditionalProperties::RefOr(text.into()))).into()
}

/// A row as JSON text.
pub fn economics_row(row: &EconomicsRow) -> String {
    let currency = Currency::from_code(&row.currency);
    let amount = |minor: Option<i128>| Some(Amount { minor: minor?, currency: currency? });
    let record = EconomicsRecord {
        by: row.by.as_str(),
        of: Names(&row.of),
        customers: row.customers,
        cost: amount(Some(row.cost_minor)),
        cost_per_customer: amount(row.cost_per_customer_minor()),
        clv: amount(row.worth.map(|worth| worth.clv_mean_minor)),
        max_cac: amount(row.worth.map(|worth| worth.max_cac_minor)),
        clv_to_cac: row.clv_to_cac(),
        leads: row.leads,
        conversion: row.conversion(),
        value_per_lead: amount(row.value_per_lead_minor()),
        lost: row.lost,
        replacement_cost: amount(row.replacement_minor()),
    };
    let mut out = Vec::new();
    record.write(&mut out);
    String::from_utf8(out).expect("invariant: names are ASCII and texts are text")
}
