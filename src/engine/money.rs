//! A customer's money, by currency: what was ordered, what was refunded, how many orders still count.
//!
//! Nothing is converted: amounts of two currencies never meet. Sums are i128 and cannot overflow from i64 amounts. Called by `orders`; `costs` and `cash_flow` keep what they have of a currency
//! in the same way.

use crate::event::Currency;

/// Currencies summed per customer (`contracts.md` 4). Orders in further ones count as orders and are summed nowhere.
pub const CURRENCIES_MAX: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    pub currency: Currency,
    /// Orders that count: a full refund takes one away.
    pub orders: u32,
    pub gross_minor: i128,
    pub refunds_minor: i128,
    /// Net spend of the folded orders on the first purchase day, and on later days.
    pub folded_first_minor: i128,
    pub folded_repeat_minor: i128,
}

impl Sum {
    pub fn new(currency: Currency) -> Sum {
        Sum { currency, orders: 0, gross_minor: 0, refunds_minor: 0, folded_first_minor: 0, folded_repeat_minor: 0 }
    }

    pub fn net_minor(&self) -> i128 {
        self.gross_minor - self.refunds_minor
    }
}

/// What a customer has once for each currency.
pub trait OfCurrency {
    fn currency(&self) -> Currency;
}

impl OfCurrency for Sum {
    fn currency(&self) -> Currency {
        self.currency
    }
}

/// The entry of a currency, opened if there is room for one more (`CURRENCIES_MAX`).
pub fn open<T: OfCurrency>(entries: &mut Vec<T>, currency: Currency, new: impl FnOnce() -> T) -> Option<&mut T> {
    let place = match entries.iter().position(|entry| entry.currency() == currency) {
        Some(place) => place,
        None if entries.len() == CURRENCIES_MAX => return None,
        None => {
            entries.push(new());
            entries.len() - 1
        }
    };
    entries.get_mut(place)
}

/// The entry of a currency, if the customer has it.
pub fn find<T: OfCurrency>(entries: &[T], currency: Currency) -> Option<&T> {
    entries.iter().find(|entry| entry.currency() == currency)
}

/// The same, to be changed.
pub fn find_mut<T: OfCurrency>(entries: &mut [T], currency: Currency) -> Option<&mut T> {
    entries.iter_mut().find(|entry| entry.currency() == currency)
}
