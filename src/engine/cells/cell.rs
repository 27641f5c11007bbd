//! One cell: what it counts, how often it has changed; and the bytes it is stored as.
//!
//! The bytes are frozen: version, figure and window, changes (u64), little endian; then a number (i128), or a sketch's bins. The key is the
//! row's id. Used by `cells`; `worker` checks rows by `check_cell` when it restores.

use super::key::{Figure, Window};
use super::paid::{self, Paid};
use super::sketch::Sketch;
use crate::engine::row::RowError;

const VERSION: u8 = 1;
const NUMBER_BYTES: usize = 16;
const HEAD_BYTES: usize = 10;
/// Figures and windows share a byte.
const WINDOW_SHIFT: u32 = 4;
const FIGURE_MASK: u8 = (1 << WINDOW_SHIFT) - 1;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    pub window: Window,
    pub tally: Tally,
    /// Changes so far.
    pub seq: u64,
}

/// What has been counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tally {
    Count(i128),
    /// Minor units.
    Sum(i128),
    Sketch(Sketch),
}

impl Tally {
    /// Of nothing yet.
    pub fn new(figure: Figure) -> Tally {
        match figure {
            Figure::Count => Tally::Count(0),
            Figure::Sum => Tally::Sum(0),
            Figure::Sketch => Tally::Sketch(Sketch::default()),
        }
    }

    pub fn figure(&self) -> Figure {
        match self {
            Tally::Count(_) => Figure::Count,
            Tally::Sum(_) => Figure::Sum,
            Tally::Sketch(_) => Figure::Sketch,
        }
    }

    /// As one number: of a sketch how many were counted.
    pub fn number(&self) -> i128 {
        match self {
            Tally::Count(number) | Tally::Sum(number) => *number,
            Tally::Sketch(sketch) => sketch.count().into(),
        }
    }

    pub fn add(&mut self, delta: i128) {
        match self {
            Tally::Count(number) | Tally::Sum(number) => *number = number.saturating_add(delta),
            Tally::Sketch(_) => unreachable!("invariant: a figure's name says whether it is a sketch"),
        }
    }

    pub fn observe(&mut self, duration_ms: i64) {
        match self {
            Tally::Sketch(sketch) => sketch.add(duration_ms),
            Tally::Count(_) | Tally::Sum(_) => unreachable!("invariant: a figure's name says whether it is a sketch"),
        }
    }

    /// Adds that of the same cell elsewhere.
    pub fn unite(&mut self, other: &Tally) {
        match (self, other) {
            (Tally::Sketch(own), Tally::Sketch(other)) => own.unite(other),
            (own, other) => own.add(other.number()),
        }
    }
}

impl Cell {
    pub fn row(&self) -> Vec<u8> {
        let mut row = Vec::with_capacity(HEAD_BYTES + NUMBER_BYTES);
        row.extend_from_slice(&[VERSION, self.tally.figure() as u8 | (self.window as u8) << WINDOW_SHIFT]);
        row.extend_from_slice(&self.seq.to_le_bytes());
        match &self.tally {
            Tally::Count(number) | Tally::Sum(number) => row.extend_from_slice(&number.to_le_bytes()),
            Tally::Sketch(sketch) => sketch.write(&mut row),
        }
        row
    }

    pub fn read(row: &[u8]) -> Result<Cell, RowError> {
        let (version, rest) = row.split_first().ok_or(RowError::Truncated)?;
        if *version != VERSION {
            return Err(RowError::Version(*version));
        }
        let (what, rest) = rest.split_first().ok_or(RowError::Truncated)?;
        let (seq, value) = rest.split_first_chunk().ok_or(RowError::Truncated)?;
        let figure = Figure::ALL.get(usize::from(what & FIGURE_MASK)).ok_or(RowError::Malformed("figure"))?;
        let window = Window::ALL.get(usize::from(what >> WINDOW_SHIFT)).ok_or(RowError::Malformed("window"))?;
        let number = || value.try_into().map(i128::from_le_bytes).map_err(|_| RowError::Malformed("cell"));
        let tally = match figure {
            Figure::Count => Tally::Count(number()?),
            Figure::Sum => Tally::Sum(number()?),
            Figure::Sketch => Tally::Sketch(Sketch::read(value)?),
        };
        Ok(Cell { window: *window, tally, seq: u64::from_le_bytes(*seq) })
    }
}

/// Whether these are bytes of a cell, or of what else is stored among them.
pub fn check_cell(key: &str, row: &[u8]) -> Result<(), RowError> {
    if key == paid::KEY { Paid::read(row).map(drop) } else { Cell::read(row).map(drop) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_stored_and_so_never_change() {
        let cell = Cell { window: Window::Month, tally: Tally::Sum(-5), seq: 258 };
        let mut golden = vec![1, 0x21, 2, 1, 0, 0, 0, 0, 0, 0, 0xfb];
        golden.resize(HEAD_BYTES + NUMBER_BYTES, 0xff);
        assert_eq!(cell.row(), golden);
        assert_eq!(Cell::read(&cell.row()), Ok(cell));
        let mut tally = Tally::new(Figure::Sketch);
        [86_400_000, 0, 86_400_000].into_iter().for_each(|duration_ms| tally.observe(duration_ms));
        let cell = Cell { window: Window::Week, tally, seq: 3 };
        assert_eq!(cell.row(), [1, 0x32, 3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xc2, 1, 2]);
        assert_eq!(Cell::read(&cell.row()), Ok(cell));
    }

    #[test]
    fn damaged_cells_are_errors() {
        let row = Cell { window: Window::All, tally: Tally::Count(1), seq: 1 }.row();
        let with = |place: usize, byte: u8| {
            let mut row = row.clone();
            row[place] = byte;
            Cell::read(&row)
        };
        assert_eq!(Cell::read(&[]), Err(RowError::Truncated));
        assert_eq!(Cell::read(&row[..9]), Err(RowError::Truncated));
        assert_eq!(Cell::read(&row[..25]), Err(RowError::Malformed("cell")));
        assert_eq!(with(0, 9), Err(RowError::Version(9)));
        assert_eq!(with(1, 0x07), Err(RowError::Malformed("figure")));
        assert_eq!(with(1, 0x70), Err(RowError::Malformed("window")));
        assert_eq!(check_cell("a||all", &row), Ok(()));
        assert!(check_cell(paid::KEY, &row).is_err());
    }
}
