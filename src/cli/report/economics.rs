//! What customers cost and are worth as rows of texts: by channel, by month, by all that costs are told by, by salesperson.
//!
//! The engine has done the sums and ratios. Called by `report`.

use super::money;
use super::tables::Table;
use crate::engine::EconomicsRow;

const COLUMNS: [&str; 13] = [
    "by",
    "of",
    "customers",
    "cost",
    "cost per customer",
    "CLV",
    "max CAC",
    "CLV:CAC",
    "leads",
    "conversion",
    "value per lead",
    "lost",
    "replacement cost",
];

pub fn table(rows: &[EconomicsRow]) -> Table {
    Table {
        title: "What customers cost and are worth",
        note: "Cost: of winning customers; of salespeople, of serving them. CLV: mean net revenue so far and expected. Max CAC: the same by the \
               margin, less what keeping and serving one has cost: the most that winning one may cost; CLV:CAC and the value of a lead go by it.",
        nothing: "these records tell of no customers and no costs",
        columns: &COLUMNS,
        rows: rows.iter().map(|row| texts(row).to_vec()).collect(),
    }
}

fn texts(row: &EconomicsRow) -> [String; COLUMNS.len()] {
    let amount =
        |minor: Option<i128>| minor.filter(|_| !row.currency.is_empty()).map_or_else(String::new, |minor| money(minor, &row.currency));
    let count = |count: Option<i128>| count.map_or_else(String::new, |count| count.to_string());
    let names: Vec<&str> = row.of.values().map(String::as_str).collect();
    [
        row.by.as_str().to_owned(),
        names.join(" / "),
        row.customers.to_string(),
        amount(Some(row.cost_minor)),
        amount(row.cost_per_customer_minor()),
        amount(row.worth.map(|worth| worth.clv_mean_minor)),
        amount(row.worth.map(|worth| worth.max_cac_minor)),
        row.clv_to_cac().map_or_else(String::new, |ratio| format!("{ratio:.2}")),
        count(row.leads),
        row.conversion().map_or_else(String::new, |share| format!("{:.1} %", share * 100.0)),
        amount(row.value_per_lead_minor()),
        count(row.lost),
        amount(row.replacement_minor()),
    ]
}
