//! A customer's value, past and expected: puts the question to `clv` and writes the `clv` record.
//!
//! Does no arithmetic of its own beyond adding minor units; floats pass through from `clv` to the record. What it says is also added to
//! the figures of all customers. Called by `apply` after each order and refund that changed something, by `deadline` when silence has, and
//! by `slot` when the model has; `portrait` asks for the record as of the present.

use super::bands;
use super::contracts;
use super::customer::Customer;
use super::lifecycle::{self, Why};
use super::money::{self, Sum};
use super::note::Note;
use super::orders::Purchases;
use super::outputs::Topic;
use super::plays;
use super::population::{self, Contribution};
use super::record::cause::CauseRecord;
use super::record::clv::{ClvRecord, ContractsRecord, Future, Historic, Inputs, Model, Npv, ReferralValue, ReliabilityRecord, Simple};
use super::record::id::OutputId;
use super::record::money::Amount;
use super::record::time::Time;
use super::rules::Rules;
use super::scene::Scene;
use super::segments;
use super::settings::{Settings, Value};
use crate::clv::formula::{SIMPLE_MODES, SimpleInput, simple_values};
use crate::clv::rfm::{self, Segment};
use crate::clv::{self, Forecast, ForecastInput, HORIZON_DAYS};
use crate::event::Currency;

/// Names these records in ids of their own.
const SUBJECT: &str = "clv";

/// 2200-01-01: a moment later than this is as good as none, and said to be none.
const MOMENT_MAX_MS: i64 = 7_258_118_400_000;

/// P(alive) at the customer's now; `None` without a counted order.
pub fn p_alive(customer: &Customer, scene: &Scene<'_>) -> Option<f64> {
    alive(customer, &scene.rules.settings)
}

/// The same, for whoever decides.
pub fn alive(customer: &Customer, settings: &Settings) -> Option<f64> {
    let purchases = customer.derived.purchases.as_ref()?;
    Some(settings.value.parameters.purchase.p_alive(&purchases.history(customer.now_ms)))
}

/// Historic value net of refunds in the primary currency; `None` for who never ordered.
pub fn net(customer: &Customer) -> Option<Amount> {
    customer.orders.primary().map(|sum| Amount { minor: sum.net_minor(), currency: sum.currency })
}

/// What a customer is expected to bring over the horizon, in the primary currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    pub value: Amount,
    pub contribution: Amount,
}

impl Expected {
    fn of(outlook: &Outlook, currency: Currency, value: &Value) -> Expected {
        let minor = i128::from(outlook.forecast.expected_value_minor);
        let amount = |minor| Amount { minor, currency };
        Expected { value: amount(minor), contribution: amount(clv::scale_minor(minor, value.margin.unwrap_or(1.0))) }
    }
}

/// At the customer's now, as the `clv` record says it; `None` without a counted order.
pub fn expected(customer: &Customer, settings: &Settings) -> Option<Expected> {
    let currency = customer.orders.primary()?.currency;
    let outlook = look_ahead(customer, settings, customer.now_ms)?;
    Some(Expected::of(&outlook, currency, &settings.value))
}

/// What the model is told and what it answers.
struct Outlook {
    purchases: Purchases,
    input: ForecastInput,
    forecast: Forecast,
}

/// A customer's value at their now.
pub struct Valuation {
    primary: Sum,
    /// `None` without a counted order.
    outlook: Option<(Outlook, Expected)>,
    contracts: Option<ContractsRecord>,
    total: Amount,
    /// Of `total`, what comes of contracts.
    by_contract_minor: i128,
}

impl Valuation {
    /// `None` for who has neither ordered nor subscribed to anything.
    pub fn of(customer: &Customer, settings: &Settings) -> Option<Valuation> {
        let (primary, value) = (primary(customer)?, &settings.value);
        let outlook = look_ahead(customer, settings, customer.now_ms).map(|outlook| {
            let expected = Expected::of(&outlook, primary.currency, value);
            (outlook, expected)
        });
        let expected_minor = outlook.as_ref().map_or(0, |(_, expected)| expected.value.minor);
        let contracts = contracts::told(customer, primary.currency, value);
        let by_contract_minor =
            contracts.as_ref().map_or(0, |told| told.paid.minor + told.expected_value.map_or(0, |expected| expected.minor));
        let total = Amount { minor: primary.net_minor() + expected_minor + by_contract_minor, currency: primary.currency };
        Some(Valuation { primary, outlook, contracts, total, by_contract_minor })
    }

    fn next_order_ms(&self, customer: &Customer) -> Option<i64> {
        let (outlook, _) = self.outlook.as_ref()?;
        in_anybodys_time(customer.now_ms + outlook.forecast.next_order_wait_ms?)
    }
}

/// Tells the value anew, and the band it is in if that is another. `why`: what happened.
pub fn write_clv(customer: &mut Customer, why: Why, scene: &mut Scene<'_>) {
    let Some(valuation) = Valuation::of(customer, &scene.rules.settings) else {
        return;
    };
    let (primary, total, by_contract_minor) = (valuation.primary, valuation.total, valuation.by_contract_minor);
    let next_order_ms = valuation.next_order_ms(customer);
    let expected_minor = valuation.outlook.as_ref().map_or(0, |(_, expected)| expected.value.minor);
    let first_ms = valuation.outlook.as_ref().map(|(outlook, _)| outlook.purchases.first_ms);
    bands::settle(customer, &total, why, scene);
    let id = scene.next_id(SUBJECT);
    let cause = Some((id, scene.occasion.record(scene.slot)));
    let record = record(scene.customer_id, customer, &valuation, scene.rules, cause, scene.time_ms);
    scene.push(Topic::Clv, &id, &record);
    scene.note(Note::Clv { currency: primary.currency });
    let present = first_ms.map(|first_ms| Contribution {
        currency: primary.currency,
        expected_minor,
        total_minor: total.minor - by_contract_minor,
        cohort: scene.cells.month_of(first_ms),
        has_channel: !customer.touch.first.is_empty(),
        segment: segments::segment_of(customer),
        is_member: customer.loyalty.is_some(),
        has_source: customer.source().is_some(),
    });
    population::contribute(customer, present, scene.cells, scene.out);
    if let Some(next_order_ms) = next_order_ms.filter(|_| why == Why::Order) {
        plays::on_expectation(customer, next_order_ms, scene);
    }
}

/// The `clv` record as it would be written at the customer's now, which nothing has caused.
pub fn present<'a>(customer_id: &'a str, customer: &'a Customer, valuation: &'a Valuation, rules: &'a Rules) -> ClvRecord<'a> {
    record(customer_id, customer, valuation, rules, None, customer.now_ms)
}

fn record<'a>(
    customer_id: &'a str,
    customer: &'a Customer,
    valuation: &'a Valuation,
    rules: &'a Rules,
    cause: Option<(OutputId, CauseRecord<'a>)>,
    time_ms: i64,
) -> ClvRecord<'a> {
    let (settings, value) = (&rules.settings, &rules.settings.value);
    let next_order_ms = valuation.next_order_ms(customer);
    let Valuation { primary, outlook, contracts, total, .. } = valuation;
    let forecast = outlook.as_ref().map(|(outlook, _)| &outlook.forecast);
    ClvRecord {
        id: cause.map(|(id, _)| id),
        customer_id,
        event_time: Time(time_ms),
        cause: cause.map(|(_, cause)| cause),
        primary_currency: primary.currency.code(),
        historic: Historic { sums: &customer.orders.sums, costs: &customer.costs, margin: value.margin.unwrap_or(1.0) },
        npv: npv(customer, settings),
        future: outlook.as_ref().map(|(outlook, expected)| future(&outlook.forecast, expected, &primary.currency, value)),
        total: *total,
        p_alive: forecast.map(|forecast| forecast.p_alive),
        next_order_at: next_order_ms.map(Time),
        lapse_at: outlook.as_ref().and_then(|(outlook, _)| lapse_ms(&outlook.purchases, settings)).map(Time),
        expected_lifetime_days: forecast.map(|forecast| forecast.lifetime_days),
        simple: Simple(outlook.as_ref().map(|(outlook, _)| simple(customer, outlook, settings))),
        segment: segments::segment_of(customer).map(Segment::as_str),
        contracts: *contracts,
        promising_rfm: customer.scores.filter(|scores| rfm::is_promising_rfm(*scores)).map(|_| true),
        frequent_low_value: customer.scores.filter(|scores| rfm::is_frequent_low_value(*scores)).map(|_| true),
        referral: referral(customer),
        margin_assumed: value.margin.is_none(),
        reliability: ReliabilityRecord { level: rules.reliability.level.as_str(), why: rules.reliability.why },
        model: Model { name: &value.parameters.name, version: &value.parameters.version, fitted: value.parameters.fitted },
        inputs: outlook.as_ref().map(|(outlook, _)| inputs(outlook, primary)),
    }
}

fn future<'a>(forecast: &Forecast, expected: &Expected, currency: &'a Currency, value: &Value) -> Future<'a> {
    let amount = |minor: f64| Amount { minor: clv::whole_minor(minor), currency: *currency };
    Future {
        currency: currency.code(),
        horizon_days: HORIZON_DAYS,
        discount_monthly: value.horizon.discount_monthly,
        expected_orders: forecast.expected_orders,
        expected_order_value: amount(forecast.expected_spend_minor),
        expected_value: expected.value,
        expected_contribution: expected.contribution,
        spend_model: forecast.spend_model.as_str(),
        expected_value_without_end: forecast.unending_value_minor.map(amount),
        seasonal_factor: value.parameters.seasonal_factor(),
    }
}

/// The sums of the currency a customer is told in; of who has ordered nothing that of their contracts.
fn primary(customer: &Customer) -> Option<Sum> {
    let by_contract = || customer.contracts.as_ref()?.currency().map(Sum::new);
    customer.orders.primary().copied().or_else(by_contract)
}

fn look_ahead(customer: &Customer, settings: &Settings, at_ms: i64) -> Option<Outlook> {
    let purchases = customer.derived.purchases?;
    let primary = customer.orders.primary()?;
    let input = ForecastInput {
        history: purchases.history(at_ms),
        mean_repeat_spend_minor: customer.orders.mean_repeat_minor(&purchases),
        mean_order_spend_minor: customer.orders.mean_minor(&purchases),
        currency_exponent: primary.currency.exponent(),
    };
    let value = &settings.value;
    let forecast = clv::forecast(&value.parameters, primary.currency.code(), &value.horizon, &input);
    Some(Outlook { purchases, input, forecast })
}

fn referral(customer: &Customer) -> Option<ReferralValue> {
    let ties = customer.ties.as_ref().filter(|ties| ties.referred > 0)?;
    let net_of_refunds = ties.referral_value().into_iter().map(|(currency, minor)| Amount { minor, currency }).collect();
    Some(ReferralValue { customers: ties.referred, net_of_refunds })
}

fn npv(customer: &Customer, settings: &Settings) -> Option<Npv> {
    let currency = customer.orders.primary()?.currency;
    let present = money::find(&customer.flows, currency)?.present;
    Some(Npv {
        as_of: Time(present.as_of_ms()),
        discount_monthly: settings.value.horizon.discount_monthly,
        value: Amount { minor: present.minor(), currency },
    })
}

/// The textbook formulas, with the model's word for what they leave open: how long the customer stays, and how surely.
fn simple(customer: &Customer, outlook: &Outlook, settings: &Settings) -> [(&'static str, Option<f64>); SIMPLE_MODES] {
    let (orders, revenue_minor) = customer.orders.primary().map_or((0, 0), |sum| (sum.orders, sum.net_minor()));
    let value = &settings.value;
    let [acquisition_minor, _, service_minor, _] = customer.costs_minor();
    simple_values(&SimpleInput {
        orders,
        revenue_minor: saturated(revenue_minor),
        relationship_ms: customer.now_ms - outlook.purchases.first_ms,
        lifetime_years: outlook.forecast.relationship_years,
        retention_yearly: outlook.forecast.retention_yearly,
        margin: value.margin.unwrap_or(1.0),
        discount_yearly: value.horizon.discount_yearly(),
        acquisition_minor: saturated(acquisition_minor),
        service_minor: saturated(service_minor),
    })
}

fn saturated(minor: i128) -> i64 {
    i64::try_from(minor).unwrap_or(if minor < 0 { i64::MIN } else { i64::MAX })
}

fn lapse_ms(purchases: &Purchases, settings: &Settings) -> Option<i64> {
    lifecycle::alive_until_ms(purchases, settings, settings.lifecycle.lapsed_below).and_then(in_anybodys_time)
}

fn in_anybodys_time(at_ms: i64) -> Option<i64> {
    (at_ms < MOMENT_MAX_MS).then_some(at_ms)
}

fn inputs(outlook: &Outlook, primary: &Sum) -> Inputs {
    let history = &outlook.input.history;
    let m = outlook.input.mean_repeat_spend_minor.map(|minor| clv::major(minor, primary.currency.exponent()));
    Inputs { x: history.x, t_x: history.t_x, t: history.t, m }
}

/// The forecast for a customer as of a moment, not before their own now; `None` without a counted order. For whoever shows customers:
/// decisions are made at events' own times.
pub fn forecast_at(customer: &mut Customer, settings: &Settings, at_ms: i64) -> Option<Forecast> {
    customer.derive(settings);
    look_ahead(customer, settings, at_ms.max(customer.now_ms)).map(|outlook| outlook.forecast)
}
