//! A cell read back from what was told of it: a record of `aggregates`, or a figure of another instance's API.
//!
//! `record::cell` writes what this reads. Whoever reads cells adds them up by `totals`. Called by `cli` (`report`) and `http`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::cells::{Cell, Figure, Sketch, Tally, Window, key_of};

pub struct ToldCell {
    /// Without the slot.
    pub key: String,
    /// `None`: of all slots that the teller has.
    pub slot: Option<u32>,
    pub cell: Cell,
}

/// As far as it is looked at.
#[derive(Deserialize)]
struct Told {
    name: String,
    dims: BTreeMap<String, String>,
    window: String,
    window_start: String,
    kind: String,
    value: Value,
    slot: Option<u32>,
    #[serde(default)]
    seq: u64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Number(i64),
    Money { minor: i64 },
    Sketch { bins: Vec<Bin> },
}

#[derive(Deserialize)]
struct Bin {
    from_ms: u64,
    count: u64,
}

/// `None`: it is no cell.
pub fn read_told_cell(json: &str) -> Option<ToldCell> {
    let told: Told = serde_json::from_str(json).ok()?;
    let window = *Window::ALL.iter().find(|window| window.as_str() == told.window)?;
    let figure = *Figure::ALL.iter().find(|figure| figure.as_str() == told.kind)?;
    let tally = match (figure, told.value) {
        (Figure::Count, Value::Number(number)) => Tally::Count(number.into()),
        (Figure::Sum, Value::Number(minor) | Value::Money { minor }) => Tally::Sum(minor.into()),
        (Figure::Sketch, Value::Sketch { bins }) => Tally::Sketch(Sketch::of_bins(bins.iter().map(|bin| (bin.from_ms, bin.count)))),
        _ => return None,
    };
    let key = key_of(&told.name, told.dims.iter().map(|(name, value)| (name.as_str(), value.as_str())), &told.window_start);
    Some(ToldCell { key, slot: told.slot, cell: Cell { window, tally, seq: told.seq } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::record::cell::CellRecord;

    #[test]
    fn what_was_told_is_read_back() {
        let mut durations = Tally::new(Figure::Sketch);
        [5, 86_400_000, 86_400_001].into_iter().for_each(|duration_ms| durations.observe(duration_ms));
        let cells = [
            ("cost|channel=email,currency=USD,kind=acquire|2026-01", Tally::Sum(-1250)),
            ("cost|currency=other|all", Tally::Sum(7)),
            ("customers_in_stage|stage=lead|all", Tally::Count(3)),
            ("checkout_durations||2026-01-05", durations),
        ];
        for (key, tally) in cells {
            let cell = Cell { window: Window::Week, tally, seq: 0 };
            let mut json = Vec::new();
            CellRecord::new(key, &cell, 3, 0.01).write_total(&mut json);
            let told = read_told_cell(std::str::from_utf8(&json).unwrap()).unwrap();
            assert_eq!((told.key.as_str(), told.slot, told.cell), (key, None, cell));
        }
        for no_cell in ["", "{}", r#"{"name":"a","dims":{},"window":"all","window_start":"all","kind":"sketch","value":1}"#] {
            assert!(read_told_cell(no_cell).is_none(), "{no_cell}");
        }
    }
}
