//! The figures that dashboards watch, as gauges: a few of the cells, added over the slots of this instance at the moment of a scrape.
//!
//! What has many dimensions or windows stays where it is told whole, at `/api/aggregates` and on the topic. Money leaves whole minor units here,
//! for a gauge is a float. Called by `routes`.

use super::Api;
use super::everywhere::here;
use super::figures::saturated;
use crate::engine::minor_digits;
use crate::metrics::FigureReport;

const NAMES: [&str; 5] = ["customers_in_stage", "valued_customers", "customer_equity", "play_orders", "play_revenue"];
/// Of the two ways of crediting a play with an order.
const LAST_TOUCH: &str = "last_touch";

pub fn report(api: &Api) -> FigureReport {
    let (_, totals) = here(api, |name| NAMES.contains(&name));
    let counted = |name: &str, dim: &str| -> Vec<(String, i64)> {
        totals.by(name, [dim]).into_iter().map(|([label], value)| (label, saturated(value))).collect()
    };
    let credited = |[_, _, model]: &[String; 3]| model == LAST_TOUCH;
    let revenue = totals.by("play_revenue", ["play", "currency", "model"]).into_iter().filter(|(dims, _)| credited(dims));
    let orders = totals.by("play_orders", ["play", "model"]).into_iter().filter(|([_, model], _)| model == LAST_TOUCH);
    let equity = totals.by("customer_equity", ["currency"]).into_iter();
    FigureReport {
        customers: counted("customers_in_stage", "stage"),
        valued_customers: counted("valued_customers", "currency"),
        customer_equity: equity.map(|([code], minor)| (code.clone(), whole_units(&code, minor))).collect(),
        play_orders: orders.map(|([play, _], count)| (play, saturated(count))).collect(),
        play_revenue: revenue.map(|([play, code, _], minor)| ([play, code.clone()], whole_units(&code, minor))).collect(),
    }
}

fn whole_units(code: &str, minor: i128) -> f64 {
    minor as f64 / 10_i64.pow(minor_digits(code)) as f64
}
