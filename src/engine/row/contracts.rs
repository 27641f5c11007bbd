//! The part of a row about what a customer has subscribed to.
//! Written and read by `row` since version 3; a new field is a new row version, never another meaning of these bytes.

use super::bytes::{Reader, put_fixed, put_u64, put_u128};
use super::currencies::Currencies;
use super::{RowError, rest};
use crate::engine::contracts::{CONTRACTS_MAX, Contract, Contracts, Paid};
use crate::engine::customer::Customer;
use crate::engine::money::CURRENCIES_MAX;
use crate::event::Money;

pub fn encode(customer: &Customer, parts: u16, currencies: &mut Currencies, row: &mut Vec<u8>) {
    let Some(contracts) = customer.contracts.as_ref().filter(|_| parts & rest::CONTRACTS != 0) else {
        return;
    };
    put_u64(row, contracts.running.len() as u64);
    for contract in &contracts.running {
        put_fixed(row, contract.id);
        currencies.put(row, contract.price.currency, 0);
        put_u64(row, contract.price.minor as u64);
        row.push(contract.period_months);
        put_u64(row, u64::from(contract.payments));
    }
    put_u64(row, contracts.paid.len() as u64);
    for paid in &contracts.paid {
        currencies.put(row, paid.currency, 0);
        put_u64(row, u64::from(paid.payments));
        put_u128(row, paid.minor as u128);
    }
}

pub fn decode(reader: &mut Reader<'_>, parts: u16, currencies: &mut Currencies, customer: &mut Customer) -> Result<(), RowError> {
    if parts & rest::CONTRACTS == 0 {
        return Ok(());
    }
    let mut contracts = Box::<Contracts>::default();
    for _ in 0..reader.count(CONTRACTS_MAX, "contracts")? {
        let id = reader.fixed()?;
        let (currency, _) = currencies.get(reader)?;
        let minor = i64::try_from(reader.u64()?).map_err(|_| RowError::Malformed("price"))?;
        let period_months = Some(reader.byte()?).filter(|months| *months > 0).ok_or(RowError::Malformed("period"))?;
        let payments = reader.u32("payments")?;
        contracts.running.push(Contract { id, price: Money { minor, currency }, period_months, payments });
    }
    for _ in 0..reader.count(CURRENCIES_MAX, "payments")? {
        let (currency, _) = currencies.get(reader)?;
        contracts.paid.push(Paid { currency, payments: reader.u32("payments")?, minor: reader.u128()? as i128 });
    }
    customer.contracts = Some(contracts);
    Ok(())
}
