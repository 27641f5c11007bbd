//! Tables of minor units by currency, such as `{ USD = 2000, JPY = 3000 }`: thresholds and costs.
//! Amounts are whole and not negative; no currency is converted into another. Called by `plays` and `conditions`.

use std::collections::BTreeMap;

use toml::Value;

use super::super::values::expected;
use crate::event::Currency;

pub fn amounts(value: &Value) -> Result<BTreeMap<Currency, i64>, String> {
    let table = value.as_table().filter(|table| !table.is_empty());
    let table = table.ok_or_else(|| expected("minor units by currency, such as { USD = 2000 }", value))?;
    let amount = |(code, amount): (&String, &Value)| {
        let currency = Currency::from_code(code).ok_or_else(|| format!("{code} is not an ISO 4217 currency"))?;
        let minor = amount.as_integer().filter(|minor| *minor >= 0);
        let minor = minor.ok_or_else(|| expected(&format!("{code} in whole minor units, not negative"), amount))?;
        Ok((currency, minor))
    };
    table.iter().map(amount).collect()
}
