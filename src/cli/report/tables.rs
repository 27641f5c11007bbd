//! The figures of plays as a table for people, for spreadsheets, and as a page.
//!
//! One row for each play and week; nothing is computed but ratios. The page has no script and fetches nothing. Called by `report`.

use crate::cli::backtest::escape;
use crate::cli::replay::major;
use crate::engine::PlayWeek;
use crate::event::Currency;

const COLUMNS: [&str; 14] = [
    "week",
    "play",
    "sent",
    "suppressed",
    "reasons",
    "delivered",
    "clicked",
    "orders",
    "revenue",
    "treated",
    "control",
    "lift",
    "lift 95 %",
    "incremental orders",
];
const STYLE: &str = include_str!("page.css");

/// The row of a week, a text for each column.
fn row(week: &PlayWeek) -> [String; COLUMNS.len()] {
    let reasons: Vec<String> = week.suppressed.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    let revenue: Vec<String> = week.revenue_minor.iter().map(|(code, minor)| format!("{} {code}", amount(*minor, code))).collect();
    let arm = |arm: &crate::clv::Arm| format!("{} of {}", arm.converted, arm.customers);
    let lift = week.lift();
    let percent = |share: f64| format!("{:+.1} %", share * 100.0);
    [
        week.week.clone(),
        week.play.clone(),
        week.sent.to_string(),
        week.suppressed_total().to_string(),
        reasons.join(", "),
        week.delivered.to_string(),
        week.clicked.to_string(),
        week.orders.to_string(),
        revenue.join(", "),
        arm(&week.treated),
        arm(&week.control),
        lift.map_or_else(String::new, |lift| percent(lift.difference)),
        lift.map_or_else(String::new, |lift| format!("{} to {}", percent(lift.low), percent(lift.high))),
        week.incremental().map_or_else(String::new, |orders| format!("{orders:+.1}")),
    ]
}

fn amount(minor: i128, code: &str) -> String {
    major(minor, Currency::from_code(code).map_or(0, |currency| currency.exponent()))
}

pub fn text(weeks: &[PlayWeek]) -> String {
    if weeks.is_empty() {
        return "no play has done anything in these records\n".to_owned();
    }
    let rows: Vec<[String; COLUMNS.len()]> = std::iter::once(COLUMNS.map(str::to_owned)).chain(weeks.iter().map(row)).collect();
    let width = |place: usize| rows.iter().map(|row| row[place].chars().count()).max().unwrap_or_default();
    let widths: [usize; COLUMNS.len()] = std::array::from_fn(width);
    let line = |row: &[String; COLUMNS.len()]| {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

pub fn csv(weeks: &[PlayWeek]) -> String {
    let mut table = csv::Writer::from_writer(Vec::new());
    for row in std::iter::once(COLUMNS.map(str::to_owned)).chain(weeks.iter().map(row)) {
        table.write_record(&row).expect("invariant: rows are of one length, and a vector takes every byte");
    }
    let table = table.into_inner().expect("invariant: a vector takes every byte");
    String::from_utf8(table).expect("invariant: texts are text")
}

pub fn html(weeks: &[PlayWeek]) -> String {
    let cells = |tag: &str, row: &[String]| row.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell))).collect::<String>();
    let head = cells("th scope=\"col\"", &COLUMNS.map(str::to_owned)).replace("</th scope=\"col\">", "</th>");
    let body: String = weeks.iter().map(|week| format!("<tr>{}</tr>\n", cells("td", &row(week)))).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>What plays brought</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>What plays brought</h1>\n\
         <p>Orders and revenue: within 5 days of the last click in the play's mails. Lift: the share of those the play wanted to mail who ordered within \
         5 days, treated less control, with its 95 % interval.</p>\n<div class=\"scroll\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>\n\
         </main>\n</body>\n</html>\n"
    )
}
