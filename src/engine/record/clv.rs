//! The value of a `clv` record (`contracts.md` 4).
//! Fields and their form, nothing else: what goes in is computed by `value`.

use super::cause::CauseRecord;
use super::id::OutputId;
use super::json::{Json, json_object, write_all, write_plain};
use super::money::Amount;
use super::time::Time;
use crate::clv::formula::{REVENUE_DIVIDED_BY_YEARS_AND_COSTS, SIMPLE_MODES};
use crate::clv::{scale_minor, whole_minor};
use crate::engine::costs::CostSum;
use crate::engine::money::{self, CURRENCIES_MAX, Sum};
use crate::event::Currency;

/// What a customer has brought and is expected to bring: of each customer the latest counts.
#[derive(Debug, utoipa::ToSchema)]
pub struct ClvRecord<'a> {
    /// `None`, as `cause`: it is no record of the topic, nothing has caused it.
    pub id: Option<OutputId>,
    pub customer_id: &'a str,
    pub event_time: Time,
    pub cause: Option<CauseRecord<'a>>,
    pub primary_currency: &'a str,
    #[schema(value_type = Vec<HistoricEntry<'a>>)]
    pub historic: Historic<'a>,
    /// Of the cash flows to date in the primary currency; `None`: rows of an old version do not keep them.
    pub npv: Option<Npv>,
    /// `None` while no order counts.
    pub future: Option<Future<'a>>,
    /// Historic net of refunds in the primary currency plus the expected value; of contracts what was paid and is expected, too.
    pub total: Amount,
    pub p_alive: Option<f64>,
    pub next_order_at: Option<Time>,
    pub lapse_at: Option<Time>,
    pub expected_lifetime_days: Option<f64>,
    pub simple: Simple,
    pub segment: Option<&'a str>,
    /// `None`: never subscribed to anything in that currency, and the field is not there.
    pub contracts: Option<ContractsRecord>,
    /// `Some(true)`, else the field is not there: see `clv::rfm::is_promising_rfm`.
    pub promising_rfm: Option<bool>,
    /// The same of `clv::rfm::is_frequent_low_value`.
    pub frequent_low_value: Option<bool>,
    /// What customers have brought whom this one referred, no part of `total`; `None`: nobody came, and the field is not there.
    pub referral: Option<ReferralValue>,
    pub margin_assumed: bool,
    pub reliability: ReliabilityRecord,
    pub model: Model<'a>,
    pub inputs: Option<Inputs>,
}

json_object!(ClvRecord<'_> { id, customer_id, event_time, cause, primary_currency, historic, npv, future, total, p_alive, next_order_at, lapse_at, expected_lifetime_days, simple, segment, margin_assumed, reliability, model, inputs; contracts, promising_rfm, frequent_low_value, referral });

/// What a customer has subscribed to, in the primary currency.
#[derive(Debug, Clone, Copy, utoipa::ToSchema)]
pub struct ContractsRecord {
    pub running: u32,
    pub payments: u32,
    pub paid: Amount,
    /// `None`: nobody said, and nothing is expected.
    pub monthly_retention: Option<f64>,
    pub horizon_days: u32,
    pub discount_monthly: f64,
    pub expected_value: Option<Amount>,
    pub expected_value_without_end: Option<Amount>,
}

json_object!(ContractsRecord {
    running,
    payments,
    paid,
    monthly_retention,
    horizon_days,
    discount_monthly,
    expected_value,
    expected_value_without_end
});

/// Net present value: orders less refunds and recorded costs, each discounted from its day to `as_of`, the day of the first of them.
#[derive(Debug, utoipa::ToSchema)]
pub struct Npv {
    pub as_of: Time,
    pub discount_monthly: f64,
    pub value: Amount,
}

json_object!(Npv { as_of, discount_monthly, value });

#[derive(Debug, utoipa::ToSchema)]
pub struct Future<'a> {
    pub currency: &'a str,
    pub horizon_days: u32,
    pub discount_monthly: f64,
    pub expected_orders: f64,
    /// `E[M]`: what one order is expected to be worth.
    pub expected_order_value: Amount,
    pub expected_value: Amount,
    pub expected_contribution: Amount,
    pub spend_model: &'static str,
    /// All there will ever be, discounted; `None`: not asked for, or infinite, and the field is not there.
    pub expected_value_without_end: Option<Amount>,
    /// What expected orders and values were multiplied by; `None`: by nothing, and the field is not there.
    pub seasonal_factor: Option<f64>,
}

json_object!(Future<'_> { currency, horizon_days, discount_monthly, expected_orders, expected_order_value, expected_value, expected_contribution, spend_model; expected_value_without_end, seasonal_factor });

/// The textbook formulas by name: whole minor units of the primary currency, `null` where a formula has no value for this customer. The
/// literal division is no amount and is written as it is. `None`: while no order counts.
#[derive(Debug, utoipa::ToSchema)]
#[schema(value_type = std::collections::BTreeMap<String, Option<f64>>)]
pub struct Simple(pub Option<[(&'static str, Option<f64>); SIMPLE_MODES]>);

impl Json for Simple {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        for (index, (name, value)) in self.0.iter().flatten().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_plain(name.as_bytes(), out);
            out.push(b':');
            match value {
                Some(value) if *name != REVENUE_DIVIDED_BY_YEARS_AND_COSTS => whole_minor(*value).write(out),
                value => value.write(out),
            }
        }
        out.push(b'}');
    }
}

/// Referred customers, and what they have bought so far, net of refunds, each in their own primary currency.
#[derive(Debug, utoipa::ToSchema)]
pub struct ReferralValue {
    pub customers: u32,
    pub net_of_refunds: Vec<Amount>,
}

json_object!(ReferralValue { customers, net_of_refunds });

#[derive(Debug, utoipa::ToSchema)]
pub struct ReliabilityRecord {
    pub level: &'static str,
    pub why: &'static str,
}

json_object!(ReliabilityRecord { level, why });

#[derive(Debug, utoipa::ToSchema)]
pub struct Model<'a> {
    pub name: &'a str,
    pub version: &'a str,
    pub fitted: bool,
}

json_object!(Model<'_> { name, version, fitted });

/// What the model was asked with: weeks, and the mean repeat spend in main units of the primary currency.
#[derive(Debug, utoipa::ToSchema)]
pub struct Inputs {
    pub x: u32,
    pub t_x: f64,
    pub t: f64,
    pub m: Option<f64>,
}

json_object!(Inputs { x, t_x, t, m });

/// The past, one entry per currency, by code.
#[derive(Debug)]
pub struct Historic<'a> {
    pub sums: &'a [Sum],
    pub costs: &'a [CostSum],
    pub margin: f64,
}

#[derive(utoipa::ToSchema)]
pub struct HistoricEntry<'a> {
    currency: &'a str,
    orders: u32,
    gross: Amount,
    net_of_refunds: Amount,
    contribution: Amount,
}

json_object!(HistoricEntry<'_> { currency, orders, gross, net_of_refunds, contribution });

impl Json for Historic<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        debug_assert!(self.sums.len() <= CURRENCIES_MAX);
        let mut by_code: [Option<&Sum>; CURRENCIES_MAX] = [None; CURRENCIES_MAX];
        for (place, sum) in by_code.iter_mut().zip(self.sums) {
            *place = Some(sum);
        }
        by_code.sort_by_key(|s| s.map(|s| s.currency));
        write_all(by_code.into_iter().flatten().map(|s| self.entry(s)), out);
    }
}

impl Historic<'_> {
    fn costs_minor(&self, currency: Currency) -> i128 {
        money::find(self.costs, currency).map_or(0, |costs| costs.minor.iter().sum())
    }

    fn entry<'s>(&self, sum: &'s Sum) -> HistoricEntry<'s> {
        let amount = |minor| Amount { minor, currency: sum.currency };
        HistoricEntry {
            currency: sum.currency.code(),
            orders: sum.orders,
            gross: amount(sum.gross_minor),
            net_of_refunds: amount(sum.net_minor()),
            contribution: amount(scale_minor(sum.net_minor(), self.margin) - self.costs_minor(sum.currency)),
        }
    }
}
