//! Figures over all customers, told twice: by the cells, and added up by hand from the customers' last values. Rows that keep cells have
//! both agree at rest. Used by tests of whoever may leave somebody out.

use std::collections::BTreeMap;

use serde_json::Value;

/// By name and currency, over all slots and whatever else they are told by; without zeros.
pub type Figures = BTreeMap<(String, String), i64>;

fn amount(value: &Value) -> i64 {
    value.as_i64().or(value["minor"].as_i64()).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// What the last records of the cells say, of figures that every customer with a value is in.
pub fn counted(cells: impl Iterator<Item = Value>) -> Figures {
    let mut figures = Figures::new();
    for cell in cells {
        let (name, dims) = (text(&cell["name"]), &cell["dims"]);
        let by_cohort = dims.get("cohort").is_some();
        if ["customer_equity", "valued_customers"].contains(&name.as_str()) || (name == "clv_total" && by_cohort) {
            *figures.entry((name, text(&dims["currency"]))).or_default() += amount(&cell["value"]);
        }
    }
    figures.retain(|_, value| *value != 0);
    figures
}

/// The same, added up from the last value of each customer.
pub fn recounted(values: impl Iterator<Item = Value>) -> Figures {
    let mut figures = Figures::new();
    for value in values.filter(|value| !value["future"].is_null()) {
        let mut add = |name: &str, minor| *figures.entry((name.to_owned(), text(&value["primary_currency"]))).or_default() += minor;
        add("customer_equity", amount(&value["future"]["expected_value"]));
        add("valued_customers", 1);
        add("clv_total", amount(&value["total"]));
    }
    figures.retain(|_, value| *value != 0);
    figures
}
