//! What a row holds of what a customer has subscribed to, in words.
//!
//! Nothing is left out; ids are shown as the fingerprints that are kept. Part of `held`.

use super::Hex;
use crate::engine::contracts::{Contract, Contracts, Paid};
use crate::engine::record::json::json_object;
use crate::engine::record::money::Amount;

#[derive(utoipa::ToSchema)]
pub(super) struct HeldContracts {
    running: Vec<HeldContract>,
    paid: Vec<HeldPaid>,
}

json_object!(HeldContracts { running, paid });

#[derive(utoipa::ToSchema)]
struct HeldContract {
    id: Hex,
    price: Amount,
    period_months: u32,
    payments: u32,
}

json_object!(HeldContract { id, price, period_months, payments });

#[derive(utoipa::ToSchema)]
struct HeldPaid {
    payments: u32,
    amount: Amount,
}

json_object!(HeldPaid { payments, amount });

pub(super) fn held(contracts: &Contracts) -> HeldContracts {
    let running = |contract: &Contract| HeldContract {
        id: Hex(contract.id),
        price: Amount::from(contract.price),
        period_months: contract.period_months.into(),
        payments: contract.payments,
    };
    let paid = |paid: &Paid| HeldPaid { payments: paid.payments, amount: Amount { minor: paid.minor, currency: paid.currency } };
    HeldContracts { running: contracts.running.iter().map(running).collect(), paid: contracts.paid.iter().map(paid).collect() }
}
