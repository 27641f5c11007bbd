//! What a customer has subscribed to: contracts that run, and what was paid for all there ever were.
//!
//! Payments are no orders: the purchase models, stages and segments know nothing of them. A payment for a contract nobody told of begins one.
//! Called by `apply`, and by `value` for what
//! they are worth.

use super::customer::Customer;
use super::money::{self, OfCurrency};
use super::note::{Counter, Note};
use super::record::clv::ContractsRecord;
use super::record::money::Amount;
use super::scene::Scene;
use super::seen::{IdKind, fingerprint};
use super::settings::Value;
use crate::clv::formula::{self, ToCome, payments_to_come};
use crate::clv::{HORIZON_DAYS, HORIZON_MONTHS, whole_minor};
use crate::event::{Currency, Money, Subscription, SubscriptionKind};

/// Contracts that run at a time. More are paid for all the same, and expected of none.
pub const CONTRACTS_MAX: usize = 4;

/// Where no period is told.
const MONTHLY: u8 = 1;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contracts {
    /// Those that run, by their beginning; at most `CONTRACTS_MAX`.
    pub running: Vec<Contract>,
    /// By first payment of the currency; at most `money::CURRENCIES_MAX`.
    pub paid: Vec<Paid>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contract {
    /// The id's fingerprint.
    pub id: u64,
    /// Of the latest payment, else as it began.
    pub price: Money,
    /// From one payment to the next; at least 1.
    pub period_months: u8,
    pub payments: u32,
}

/// What was paid in a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paid {
    pub currency: Currency,
    pub payments: u32,
    pub minor: i128,
}

impl OfCurrency for Paid {
    fn currency(&self) -> Currency {
        self.currency
    }
}

impl Contracts {
    /// The currency they are told in, of who has ordered nothing: that of the first payment, else of the first contract.
    pub fn currency(&self) -> Option<Currency> {
        self.paid.first().map(|paid| paid.currency).or(self.running.first().map(|contract| contract.price.currency))
    }
}

/// Takes over the contracts of another id, and what was paid for them. One that both have is told by who has had more payments for it.
pub fn unite(customer: &mut Customer, other: Contracts, scene: &mut Scene<'_>) {
    let contracts = customer.contracts.get_or_insert_default();
    for theirs in other.running {
        if let Some(own) = contracts.running.iter_mut().find(|own| own.id == theirs.id) {
            let payments = own.payments.saturating_add(theirs.payments);
            *own = Contract { payments, ..if own.payments >= theirs.payments { *own } else { theirs } };
        } else if contracts.running.len() < CONTRACTS_MAX {
            contracts.running.push(theirs);
        }
    }
    for theirs in other.paid {
        match money::open(&mut contracts.paid, theirs.currency, || Paid { payments: 0, minor: 0, ..theirs }) {
            Some(paid) => (paid.payments, paid.minor) = (paid.payments.saturating_add(theirs.payments), paid.minor + theirs.minor),
            None => scene.note(Note::Count(Counter::CurrencyOverflow)),
        }
    }
}

/// Takes an event up; whether anything changed.
pub fn take(customer: &mut Customer, told: &Subscription<'_>, scene: &mut Scene<'_>) -> bool {
    let id = fingerprint(IdKind::Subscription, &told.id);
    if customer.contracts.is_none() && told.kind == SubscriptionKind::Cancelled {
        return false;
    }
    let contracts = customer.contracts.get_or_insert_default();
    let place = contracts.running.iter().position(|contract| contract.id == id);
    let Some(price) = told.amount.filter(|_| told.kind != SubscriptionKind::Cancelled) else {
        if let Some(place) = place {
            contracts.running.remove(place);
        }
        return place.is_some();
    };
    let place = place.or_else(|| {
        let has_room = contracts.running.len() < CONTRACTS_MAX;
        if has_room {
            contracts.running.push(Contract { id, price, period_months: told.period_months.unwrap_or(MONTHLY), payments: 0 });
        }
        has_room.then(|| contracts.running.len() - 1)
    });
    if let Some(place) = place {
        let contract = &mut contracts.running[place];
        contract.price = price;
        contract.period_months = told.period_months.unwrap_or(contract.period_months);
        contract.payments += u32::from(told.kind == SubscriptionKind::Payment);
    }
    if told.kind == SubscriptionKind::Payment {
        let currency = price.currency;
        match money::open(&mut contracts.paid, currency, || Paid { currency, payments: 0, minor: 0 }) {
            Some(paid) => (paid.payments, paid.minor) = (paid.payments.saturating_add(1), paid.minor + i128::from(price.minor)),
            None => scene.note(Note::Count(Counter::CurrencyOverflow)),
        }
    }
    true
}

/// What contracts in a currency have brought and are to bring; `None`: there never was one.
pub fn told(customer: &Customer, currency: Currency, value: &Value) -> Option<ContractsRecord> {
    let contracts = customer.contracts.as_deref()?;
    let running = contracts.running.iter().filter(|contract| contract.price.currency == currency);
    let paid = money::find(&contracts.paid, currency);
    if paid.is_none() && running.clone().next().is_none() {
        return None;
    }
    let expected: Option<Vec<ToCome>> =
        value.monthly_retention.and_then(|retention| running.clone().map(|contract| to_come(contract, retention, value)).collect());
    let amount = |minor| Amount { minor, currency };
    let without_end = |all: &Vec<ToCome>| all.iter().map(|to_come| to_come.without_end).sum::<Option<f64>>();
    Some(ContractsRecord {
        running: running.count() as u32,
        payments: paid.map_or(0, |paid| paid.payments),
        paid: amount(paid.map_or(0, |paid| paid.minor)),
        monthly_retention: value.monthly_retention,
        horizon_days: HORIZON_DAYS,
        discount_monthly: value.horizon.discount_monthly,
        expected_value: expected.as_ref().map(|all| amount(whole_minor(all.iter().map(|to_come| to_come.within_horizon).sum()))),
        expected_value_without_end: expected.as_ref().and_then(without_end).map(|minor| amount(whole_minor(minor))),
    })
}

fn to_come(contract: &Contract, retention_monthly: f64, value: &Value) -> Option<ToCome> {
    let by_month =
        formula::Contract { payment: contract.price.minor as f64, retention_monthly, discount_monthly: value.horizon.discount_monthly };
    payments_to_come(&by_month, contract.period_months, contract.payments > 0, HORIZON_MONTHS)
}
