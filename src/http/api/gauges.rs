//! The figures that dashboards watch, as gauges: a few of the cells, added over the slots of this instance at the moment of a scrape.
//!
//! What has many dimensions or windows stays where it is told whole, at `/api/aggregates` and on the topic. Money leaves whole minor units here,
//! for a gauge is a float. Called by `routes`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::Api;
use super::everywhere::here;
use super::figures::saturated;
use crate::engine::{Totals, minor_digits};
use crate::metrics::FigureReport;

const NAMES: [&str; 7] =
    ["customers_in_stage", "valued_customers", "customer_equity", "play_orders", "play_revenue", "customers_acquired", "cost"];
/// Of the two ways of crediting a play with an order.
const LAST_TOUCH: &str = "last_touch";
/// Of the kinds of cost, what winning customers takes.
const ACQUIRE: &str = "acquire";
/// Channels that are series of their own, those with the most customers; a channel may be any text of a link, and all further ones are one series.
const CHANNELS_MAX: usize = 20;
/// Of the channels that are not told one by one, as cells name what has no room.
const OTHER: &str = "other";

pub fn report(api: &Api) -> FigureReport {
    let (_, totals) = here(api, |name| NAMES.contains(&name));
    let counted = |name: &str, dim: &str| -> Vec<(String, i64)> {
        totals.by(name, [dim]).into_iter().map(|([label], value)| (label, saturated(value))).collect()
    };
    let credited = |[_, _, model]: &[String; 3]| model == LAST_TOUCH;
    let revenue = totals.by("play_revenue", ["play", "currency", "model"]).into_iter().filter(|(dims, _)| credited(dims));
    let orders = totals.by("play_orders", ["play", "model"]).into_iter().filter(|([_, model], _)| model == LAST_TOUCH);
    let equity = totals.by("customer_equity", ["currency"]).into_iter();
    let (acquired_customers, acquisition_cost) = acquisition(&totals);
    FigureReport {
        acquired_customers,
        acquisition_cost,
        customers: counted("customers_in_stage", "stage"),
        valued_customers: counted("valued_customers", "currency"),
        customer_equity: equity.map(|([code], minor)| (code.clone(), whole_units(&code, minor))).collect(),
        play_orders: orders.map(|([play, _], count)| (play, saturated(count))).collect(),
        play_revenue: revenue.map(|([play, code, _], minor)| ([play, code.clone()], whole_units(&code, minor))).collect(),
    }
}

/// Customers won by channel; channel, currency's code and what was spent.
type Acquisition = (Vec<(String, i64)>, Vec<([String; 2], f64)>);

fn acquisition(totals: &Totals) -> Acquisition {
    let spent: Vec<_> = totals.by("cost", ["channel", "currency", "kind"]).into_iter().filter(|([.., kind], _)| kind == ACQUIRE).collect();
    let mut won: BTreeMap<String, i64> =
        totals.by("customers_acquired", ["channel"]).into_iter().map(|([channel], count)| (channel, saturated(count))).collect();
    // also one that has brought nobody so far
    for ([channel, ..], _) in &spent {
        won.entry(channel.clone()).or_default();
    }
    let channels = largest(&won);
    let told = |channel: String| if channels.contains(&channel) { channel } else { OTHER.to_owned() };
    let (mut customers, mut costs) = (BTreeMap::new(), BTreeMap::new());
    won.into_iter().for_each(|(channel, count)| *customers.entry(told(channel)).or_default() += count);
    for ([channel, code, _], minor) in spent {
        *costs.entry([told(channel), code.clone()]).or_default() += whole_units(&code, minor);
    }
    (customers.into_iter().collect(), costs.into_iter().collect())
}

/// The channels with the most customers.
fn largest(won: &BTreeMap<String, i64>) -> BTreeSet<String> {
    let mut channels: Vec<_> = won.iter().collect();
    // of equal ones the first by name, as they stand
    channels.sort_by_key(|(_, count)| Reverse(**count));
    channels.into_iter().take(CHANNELS_MAX).map(|(channel, _)| channel.clone()).collect()
}

fn whole_units(code: &str, minor: i128) -> f64 {
    minor as f64 / 10_i64.pow(minor_digits(code)) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_channels_with_the_most_customers_are_series_of_their_own() {
        let counts = (0..100).map(|n| (format!("c-{n:02}"), n / 2)).collect();
        let channels = largest(&counts);
        assert_eq!(channels.len(), CHANNELS_MAX);
        assert_eq!((channels.first().map(String::as_str), channels.last().map(String::as_str)), (Some("c-80"), Some("c-99")));
    }
}
