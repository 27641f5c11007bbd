//! The customers of a running group, read from its changelog with every check: what `fit --live` fits.
//!
//! It joins nothing and writes nothing; the group goes on. Every slot is read back as a new owner would read it, and one that would be refused
//! ends the command. The end is the latest time its slots know. Called by `fit`.

use std::collections::BTreeMap;

use super::data::Data;
use crate::cli::exit::CommandError;
use crate::cli::process::now;
use crate::cli::rules;
use crate::cli::settings::SettingsArgs;
use crate::clv::rfm::{Cuts, Measures};
use crate::clv::{Period, Sample};
use crate::engine::{Customer, read_row};
use crate::event::Currency;
use crate::kafka::Visitor;
use crate::worker::{WorkerError, offline};

/// A buyer, as far as a fit needs one.
struct Buyer {
    customer: Customer,
    currency: Currency,
}

/// All buyers of the group. `currency` is the one whose spend is fitted, by default that of most buyers.
pub fn read(settings: &SettingsArgs, currency: Option<Currency>) -> Result<Data, CommandError> {
    let config = settings.read()?;
    let mut visitor = Visitor::open(&rules::kafka_settings(&config)).map_err(WorkerError::from)?;
    let mut buyers = Vec::new();
    // the moment the state speaks of: by the clock, customers of a group that stands still would look silent
    let mut end_ms = None;
    for slot in 0..visitor.slots() {
        let found = offline::inspect(&mut visitor, &rules::consumed_topics(&config), slot, &now)?;
        let state = found.state.map_err(|why| CommandError::Failed(format!("slot {slot}: {why}")))?;
        end_ms = end_ms.max(state.last.as_ref().and_then(|last| last.time_ms));
        let rows = state.regions.iter().flat_map(|(_, region)| region.rows());
        for (_, _, row) in rows {
            let customer = read_row(row).map_err(|error| CommandError::Failed(format!("slot {slot}: a row cannot be read: {error}")))?;
            if let Some(currency) = customer.orders.primary().map(|sum| sum.currency) {
                buyers.push(Buyer { customer, currency });
            }
        }
    }
    let latest_ms = buyers.iter().map(|buyer| buyer.customer.now_ms).max();
    let end_ms = end_ms.max(latest_ms).unwrap_or_default();
    data(&buyers, currency, end_ms, &config.kafka.group_id)
}

fn data(buyers: &[Buyer], stated: Option<Currency>, end_ms: i64, group: &str) -> Result<Data, CommandError> {
    let mut counts: BTreeMap<Currency, u64> = BTreeMap::new();
    for buyer in buyers {
        *counts.entry(buyer.currency).or_default() += 1;
    }
    let most = counts.iter().max_by_key(|(currency, count)| (**count, std::cmp::Reverse(**currency))).map(|(currency, _)| *currency);
    let Some(currency) = stated.or(most) else {
        return Err(CommandError::Failed("the group knows no customer who has bought".to_owned()));
    };
    let sample = |buyer: &Buyer| {
        let sample = buyer.customer.orders.sample(end_ms)?;
        let mean_repeat_spend = sample.mean_repeat_spend.filter(|_| buyer.currency == currency);
        Some(Sample { mean_repeat_spend, ..sample })
    };
    let measures = |buyer: &Buyer| {
        let purchases = buyer.customer.orders.purchases().filter(|_| buyer.currency == currency)?;
        let spend_minor = buyer.customer.orders.primary()?.net_minor();
        Some(Measures::of(end_ms - purchases.latest_ms, purchases.x() + 1, spend_minor, currency.exponent()))
    };
    let samples: Vec<Sample> = buyers.iter().filter_map(sample).collect();
    let first_ms = buyers.iter().filter_map(|buyer| buyer.customer.orders.purchases()).map(|purchases| purchases.first_ms).min();
    Ok(Data {
        samples,
        occasions: None,
        source: format!("state of the group {group}"),
        currency: currency.code().to_owned(),
        period: Period::Day,
        first_ms: first_ms.unwrap_or(end_ms),
        end_ms,
        cuts: Cuts::fit(&buyers.iter().filter_map(measures).collect::<Vec<_>>()),
    })
}
