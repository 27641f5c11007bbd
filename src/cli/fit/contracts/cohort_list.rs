//! The list of a cohort: a row for each period with the customers who are left after it, from period 0, when all were there.
//!
//! Comma-, semicolon- or tab-separated, rows in any order, usually with a heading. A list with a gap, or in which customers come back, is
//! refused: it is not of one cohort. Called by `contracts`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cli::purchases::delimiter;
use crate::cli::replay;

/// Contracts of a hundred years by the month: a longer list is something else.
const PERIODS_MAX: u32 = 1_200;
/// So many are counted exactly by the fit's floats, and nobody has more.
const CUSTOMERS_MAX: u64 = 1 << 40;

/// Names people give to the columns.
const PERIOD_NAMES: [&str; 6] = ["period", "month", "year", "tenure", "renewal", "t"];
const ACTIVE_NAMES: [&str; 6] = ["active", "customers", "contracts", "survivors", "left", "remaining"];

/// Customers left after period 0, 1, 2 …; at least two, falling.
pub fn read(path: &Path) -> Result<Vec<u64>, String> {
    let mut reader = replay::reader(path)?;
    let delimiter = delimiter(&mut reader)?;
    let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(reader);
    let mut row = csv::StringRecord::new();
    let mut columns = None;
    let mut left = BTreeMap::new();
    while rows.read_record(&mut row).map_err(|error| error.to_string())? {
        let line = row.position().map_or(0, csv::Position::line);
        let (period_column, active_column) = match columns {
            Some(known) => known,
            None => {
                let named = heading(&row);
                columns = Some(named.unwrap_or((0, 1)));
                if named.is_some() {
                    continue;
                }
                (0, 1)
            }
        };
        let field = |column: usize| row.get(column).map(str::trim).unwrap_or_default();
        let period = field(period_column).parse().ok().filter(|period| *period <= PERIODS_MAX);
        let active = field(active_column).parse().ok().filter(|active| *active <= CUSTOMERS_MAX);
        let (Some(period), Some(active)) = (period, active) else {
            return Err(format!("line {line}: expected period, customers left: whole numbers, of periods {PERIODS_MAX} at most"));
        };
        if left.insert(period, active).is_some() {
            return Err(format!("line {line}: period {period} is there twice"));
        }
    }
    one_cohort(left)
}

/// Where the two columns are, if the row names them.
fn heading(row: &csv::StringRecord) -> Option<(usize, usize)> {
    let find = |known: &[&str]| row.iter().position(|field| known.contains(&field.trim().to_lowercase().as_str()));
    Some((find(&PERIOD_NAMES)?, find(&ACTIVE_NAMES)?))
}

fn one_cohort(left: BTreeMap<u32, u64>) -> Result<Vec<u64>, String> {
    if left.len() < 2 {
        return Err("there are no renewals: a cohort is period 0, when all were there, and at least one more".to_owned());
    }
    if let Some((missing, _)) = (0..).zip(left.keys()).find(|(expected, period)| expected != *period) {
        return Err(format!("period {missing} is missing; a cohort begins with period 0, when all were there"));
    }
    let active: Vec<u64> = left.into_values().collect();
    if let Some(period) = active.windows(2).position(|pair| pair[0] < pair[1]) {
        return Err(format!("there are more customers after period {} than before it: a cohort loses customers only", period + 1));
    }
    Ok(active)
}
