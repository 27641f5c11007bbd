//! What the customers of a transaction list are worth: the table a newcomer sees. It only reads the rows that `history` ended with and
//! asks the engine for their forecasts. Called by `replay`.

use std::io::{Write, stdout};

use super::history::History;
use super::lines::Purchase;
use crate::cli::exit::CommandError;
use crate::clv::{Forecast, HORIZON_DAYS};
use crate::config::Config;
use crate::engine::{self, Committed, Customer, forecast_at, read_row};

/// Rows of the table: the most valuable ones.
const ROWS: usize = 10;

struct Worth {
    id: String,
    customer: Customer,
    forecast: Forecast,
}

pub fn show(config: &Config, history: &History, slots: u32, until_ms: Option<i64>, purchases: &[Purchase]) -> Result<(), CommandError> {
    let Some(last) = purchases.last() else {
        return Ok(());
    };
    let last_ms = last.date.to_zoned(jiff::tz::TimeZone::UTC).map_or(i64::MIN, |day| day.timestamp().as_millisecond());
    let at_ms = until_ms.unwrap_or(last_ms).max(last_ms);
    let mut worths = Vec::new();
    for slot in 0..slots {
        collect(config, history.committed(), slot, at_ms, &mut worths);
    }
    worths.sort_by(|a, b| b.forecast.expected_value_minor.cmp(&a.forecast.expected_value_minor).then_with(|| a.id.cmp(&b.id)));
    let date = jiff::Timestamp::from_millisecond(at_ms).map_or_else(|_| last.date.to_string(), |at| at.strftime("%F").to_string());
    let parameters = &config.engine.value.parameters;
    let mut to = stdout().lock();
    writeln!(
        to,
        "{} customers, {} purchases; the next {HORIZON_DAYS} days as of {date}, value discounted by {} % a month, by {} ({} {})",
        worths.len(),
        purchases.len(),
        100.0 * config.engine.value.horizon.discount_monthly,
        parameters.purchase.name(),
        parameters.name,
        parameters.version
    )?;
    writeln!(to, "{:<16} {:>6} {:>12} {:>8} {:>9} {:>14}", "customer", "orders", "spent", "P(alive)", "orders+", "value+")?;
    for worth in worths.iter().take(ROWS) {
        writeln!(to, "{}", row(worth))?;
    }
    writeln!(to, "{}", totals(&worths))?;
    if !parameters.fitted {
        writeln!(to, "the parameters are not fitted to these customers: give your own with --models FILE")?;
    }
    Ok(())
}

/// The customers' worth added up, in the first one's currency.
fn totals(worths: &[Worth]) -> String {
    let alive: f64 = worths.iter().map(|worth| worth.forecast.p_alive).sum();
    let orders: f64 = worths.iter().map(|worth| worth.forecast.expected_orders).sum();
    let value: i128 = worths.iter().map(|worth| i128::from(worth.forecast.expected_value_minor)).sum();
    let exponent = worths.first().and_then(|worth| worth.customer.orders.primary()).map_or(2, |sum| sum.currency.exponent());
    format!("all together: {alive:.0} alive, {orders:.0} orders and {} expected", major(value, exponent))
}

fn collect(config: &Config, committed: &Committed, slot: u32, at_ms: i64, worths: &mut Vec<Worth>) {
    for region in engine::ALL_REGIONS {
        committed.with_region(slot, region as u16, |region| {
            for (_, id, row) in region.into_iter().flat_map(|region| region.rows()) {
                let Ok(mut customer) = read_row(row) else {
                    continue;
                };
                if let Some(forecast) = forecast_at(&mut customer, &config.engine, at_ms) {
                    worths.push(Worth { id: String::from_utf8_lossy(id).into_owned(), customer, forecast });
                }
            }
        });
    }
}

fn row(worth: &Worth) -> String {
    let Forecast { p_alive, expected_orders, expected_value_minor, .. } = worth.forecast;
    let Some(sum) = worth.customer.orders.primary() else {
        return worth.id.clone();
    };
    let exponent = sum.currency.exponent();
    let (spent, value) = (major(sum.net_minor(), exponent), major(expected_value_minor.into(), exponent));
    format!("{:<16} {:>6} {spent:>12} {p_alive:>8.2} {expected_orders:>9.1} {value:>10} {}", worth.id, sum.orders, sum.currency.code())
}

/// Minor units as people write them.
pub fn major(minor: i128, exponent: u32) -> String {
    let unit = 10i128.pow(exponent);
    let sign = if minor < 0 { "-" } else { "" };
    let (whole, part) = (minor.abs() / unit, minor.abs() % unit);
    if exponent == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part:0width$}", width = exponent as usize) }
}
