//! The value of a `clv` record (`contracts.md` 4).
//! Fields and their form, nothing else: what goes in is computed by `value`.

use super::cause::CauseRecord;
use super::id::OutputId;
use super::json::{Json, json_object, write_all};
use super::money::Amount;
use super::time::Time;
use crate::clv::scale_minor;
use crate::engine::money::{CURRENCIES_MAX, Sum};

#[derive(Debug)]
pub struct ClvRecord<'a> {
    pub id: OutputId,
    pub customer_id: &'a str,
    pub event_time: Time,
    pub cause: CauseRecord<'a>,
    pub primary_currency: &'a str,
    pub historic: Historic<'a>,
    /// `None` while no order counts.
    pub future: Option<Future<'a>>,
    /// Historic net of refunds in the primary currency plus the expected value.
    pub total: Amount,
    pub p_alive: Option<f64>,
    pub next_order_at: Option<Time>,
    pub lapse_at: Option<Time>,
    pub expected_lifetime_days: Option<f64>,
    pub simple: Simple,
    pub segment: Option<&'a str>,
    pub margin_assumed: bool,
    pub reliability: ReliabilityRecord,
    pub model: Model<'a>,
    pub inputs: Option<Inputs>,
}

json_object!(ClvRecord<'_> { id, customer_id, event_time, cause, primary_currency, historic, future, total, p_alive, next_order_at, lapse_at, expected_lifetime_days, simple, segment, margin_assumed, reliability, model, inputs });

#[derive(Debug)]
pub struct Future<'a> {
    pub currency: &'a str,
    pub horizon_days: u32,
    pub discount_monthly: f64,
    pub expected_orders: f64,
    pub expected_value: Amount,
    pub expected_contribution: Amount,
    pub spend_model: &'static str,
}

json_object!(Future<'_> { currency, horizon_days, discount_monthly, expected_orders, expected_value, expected_contribution, spend_model });

/// Figures by name; none yet.
#[derive(Debug)]
pub struct Simple {}

impl Json for Simple {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{}");
    }
}

#[derive(Debug)]
pub struct ReliabilityRecord {
    pub level: &'static str,
    pub why: &'static str,
}

json_object!(ReliabilityRecord { level, why });

#[derive(Debug)]
pub struct Model<'a> {
    pub name: &'a str,
    pub version: &'a str,
    pub fitted: bool,
}

json_object!(Model<'_> { name, version, fitted });

/// What the model was asked with: weeks, and the mean repeat spend in main units of the primary currency.
#[derive(Debug)]
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
    pub margin: f64,
}

struct HistoricEntry<'a> {
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
    fn entry<'s>(&self, sum: &'s Sum) -> HistoricEntry<'s> {
        let amount = |minor| Amount { minor, currency: sum.currency };
        HistoricEntry {
            currency: sum.currency.code(),
            orders: sum.orders,
            gross: amount(sum.gross_minor),
            net_of_refunds: amount(sum.net_minor()),
            contribution: amount(scale_minor(sum.net_minor(), self.margin)),
        }
    }
}
