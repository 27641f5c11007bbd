//! One cell: what it counts, its value, how often it has changed; and the bytes it is stored as.
//!
//! The bytes are frozen: version, figure and window, changes (u64), value (i128), little endian. The key is the row's id. Used by `cells`;
//! `worker` checks rows by `check_cell` when it restores.

use super::key::{Figure, Window};
use super::paid::{self, Paid};
use crate::engine::row::RowError;

const VERSION: u8 = 1;
const ROW_BYTES: usize = 26;
/// Figures and windows share a byte.
const WINDOW_SHIFT: u32 = 4;
const FIGURE_MASK: u8 = (1 << WINDOW_SHIFT) - 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    pub figure: Figure,
    pub window: Window,
    pub value: i128,
    /// Changes so far.
    pub seq: u64,
}

impl Cell {
    pub fn row(&self) -> [u8; ROW_BYTES] {
        let mut row = [VERSION; ROW_BYTES];
        row[1] = self.figure as u8 | (self.window as u8) << WINDOW_SHIFT;
        row[2..10].copy_from_slice(&self.seq.to_le_bytes());
        row[10..].copy_from_slice(&self.value.to_le_bytes());
        row
    }

    pub fn read(row: &[u8]) -> Result<Cell, RowError> {
        let (version, rest) = row.split_first().ok_or(RowError::Truncated)?;
        if *version != VERSION {
            return Err(RowError::Version(*version));
        }
        let (what, rest) = rest.split_first().ok_or(RowError::Truncated)?;
        let (seq, value) = rest.split_first_chunk().ok_or(RowError::Truncated)?;
        let value = value.try_into().map_err(|_| RowError::Malformed("cell"))?;
        let figure = Figure::ALL.get(usize::from(what & FIGURE_MASK)).ok_or(RowError::Malformed("figure"))?;
        let window = Window::ALL.get(usize::from(what >> WINDOW_SHIFT)).ok_or(RowError::Malformed("window"))?;
        Ok(Cell { figure: *figure, window: *window, value: i128::from_le_bytes(value), seq: u64::from_le_bytes(*seq) })
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
        let cell = Cell { figure: Figure::Sum, window: Window::Month, value: -5, seq: 258 };
        let mut golden = vec![1, 0x21, 2, 1, 0, 0, 0, 0, 0, 0, 0xfb];
        golden.resize(ROW_BYTES, 0xff);
        assert_eq!(cell.row().to_vec(), golden);
        assert_eq!(Cell::read(&cell.row()), Ok(cell));
    }

    #[test]
    fn damaged_cells_are_errors() {
        let row = Cell { figure: Figure::Count, window: Window::All, value: 1, seq: 1 }.row();
        let with = |place: usize, byte: u8| {
            let mut row = row;
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
