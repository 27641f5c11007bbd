//! The value of an `aggregates` record (`contracts.md` 6): a cell as it is, to be put in place of what its key said before.
//!
//! `{id, name, dims{}, window, window_start, kind, value, slot, seq}`. A sum is money in the form all records have; a count is an integer.
//! Of what is expected it says over which horizon and by which
//! discount (`horizon_days`, `discount_monthly`). It tells no time, so that equal cells are equal records. What goes in is counted by `cells`.

use super::id::OutputId;
use super::json::{Json, write_plain};
use super::money::Amount;
use crate::clv::HORIZON_DAYS;
use crate::engine::cells::{Cell, Figure, parts};
use crate::event::Currency;

pub struct CellRecord<'a> {
    /// Without the slot.
    key: &'a str,
    cell: &'a Cell,
    slot: u32,
    /// Of the configuration.
    discount_monthly: f64,
}

/// Cells that hold expected values.
const EXPECTED: [&str; 3] = ["customer_equity", "clv_total", "loyalty_clv"];

impl<'a> CellRecord<'a> {
    pub fn new(key: &'a str, cell: &'a Cell, slot: u32, discount_monthly: f64) -> CellRecord<'a> {
        CellRecord { key, cell, slot, discount_monthly }
    }

    pub fn write(&self, id: &OutputId, out: &mut Vec<u8>) {
        let (name, dims, start) = parts(self.key);
        let mut currency = None;
        out.extend_from_slice(br#"{"id":"#);
        id.write(out);
        out.extend_from_slice(br#","name":"#);
        write_plain(name.as_bytes(), out);
        out.extend_from_slice(br#","dims":{"#);
        for (number, (name, value)) in dims.enumerate() {
            if number > 0 {
                out.push(b',');
            }
            write_plain(name.as_bytes(), out);
            out.push(b':');
            value.write(out);
            currency = currency.or(Currency::from_code(value).filter(|_| name == "currency"));
        }
        out.extend_from_slice(br#"},"window":"#);
        write_plain(self.cell.window.as_str().as_bytes(), out);
        out.extend_from_slice(br#","window_start":"#);
        start.write(out);
        out.extend_from_slice(br#","kind":"#);
        write_plain(self.cell.figure.as_str().as_bytes(), out);
        out.extend_from_slice(br#","value":"#);
        match (self.cell.figure, currency) {
            (Figure::Sum, Some(currency)) => Amount { minor: self.cell.value, currency }.write(out),
            _ => self.cell.value.write(out),
        }
        out.extend_from_slice(br#","slot":"#);
        self.slot.write(out);
        out.extend_from_slice(br#","seq":"#);
        i128::from(self.cell.seq).write(out);
        if EXPECTED.contains(&name) {
            out.extend_from_slice(br#","horizon_days":"#);
            HORIZON_DAYS.write(out);
            out.extend_from_slice(br#","discount_monthly":"#);
            self.discount_monthly.write(out);
        }
        out.push(b'}');
    }
}
