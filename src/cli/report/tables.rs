//! A table for people, for spreadsheets, and as a page.
//!
//! It shows texts and knows nothing of what they say. The page has no script and fetches nothing. Called by `report`.

use crate::cli::backtest::escape;

const STYLE: &str = include_str!("page.css");

/// What is shown; rows have as many texts as there are columns.
pub struct Table {
    pub title: &'static str,
    /// How to read it.
    pub note: &'static str,
    /// In place of a table without rows.
    pub nothing: &'static str,
    pub columns: &'static [&'static str],
    pub rows: Vec<Vec<String>>,
}

pub fn text(table: &Table) -> String {
    if table.rows.is_empty() {
        return format!("{}\n", table.nothing);
    }
    let lines: Vec<Vec<String>> = head(table).chain(table.rows.iter().cloned()).collect();
    let width = |place: usize| lines.iter().map(|row| row[place].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    lines.iter().map(line).collect()
}

pub fn csv(table: &Table) -> String {
    let mut written = csv::Writer::from_writer(Vec::new());
    for row in head(table).chain(table.rows.iter().cloned()) {
        written.write_record(&row).expect("invariant: rows are of one length, and a vector takes every byte");
    }
    let written = written.into_inner().expect("invariant: a vector takes every byte");
    String::from_utf8(written).expect("invariant: texts are text")
}

pub fn html(table: &Table) -> String {
    let cells =
        |open: &str, close: &str, row: &[String]| row.iter().map(|cell| format!("<{open}>{}</{close}>", escape(cell))).collect::<String>();
    let head: String = head(table).map(|row| cells("th scope=\"col\"", "th", &row)).collect();
    let body: String = table.rows.iter().map(|row| format!("<tr>{}</tr>\n", cells("td", "td", row))).collect();
    let (title, note) = (table.title, table.note);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{note}</p>\n\
         <div class=\"scroll\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>\n</main>\n</body>\n</html>\n"
    )
}

fn head(table: &Table) -> impl Iterator<Item = Vec<String>> {
    std::iter::once(table.columns.iter().map(|column| (*column).to_owned()).collect())
}
