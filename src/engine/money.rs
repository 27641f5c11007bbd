//! A customer's money, by currency: what was ordered, what was refunded, how many orders still count.
//!
//! Nothing is converted: amounts of two currencies never meet. Sums are i128 and cannot overflow from i64 amounts. Called by `orders`.

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

/// The sum of a currency, opened if there is room.
pub fn open(sums: &mut Vec<Sum>, currency: Currency) -> Option<&mut Sum> {
    let place = match sums.iter().position(|s| s.currency == currency) {
        Some(place) => place,
        None if sums.len() == CURRENCIES_MAX => return None,
        None => {
            sums.push(Sum::new(currency));
            sums.len() - 1
        }
    };
    sums.get_mut(place)
}

/// The sum of a currency the customer has.
pub fn find(sums: &mut [Sum], currency: Currency) -> Option<&mut Sum> {
    sums.iter_mut().find(|s| s.currency == currency)
}
