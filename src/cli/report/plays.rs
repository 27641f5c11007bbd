//! What plays did and brought as rows of texts: one for each play and week.
//!
//! Nothing is computed but ratios. Called by `report`.

use std::collections::BTreeMap;

use super::money;
use super::tables::Table;
use crate::clv::Arm;
use crate::engine::PlayWeek;

const COLUMNS: [&str; 20] = [
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
    "revenue per mail",
    "incremental revenue",
    "carts",
    "cart value",
    "recovered carts",
    "recovered value",
];

pub fn table(weeks: &[PlayWeek]) -> Table {
    Table {
        title: "What plays brought",
        note: "Orders and revenue: within 5 days of the last click in the play's mails. Lift: the share of those the play wanted to mail who \
               ordered within 5 days, treated less control, with its 95 % interval. Recovered: these orders over \
               the carts left alone that the play decided about, these revenues over what was in them.",
        nothing: "no play has done anything in these records",
        columns: &COLUMNS,
        rows: weeks.iter().map(|week| row(week).to_vec()).collect(),
    }
}

/// The row of a week, a text for each column.
fn row(week: &PlayWeek) -> [String; COLUMNS.len()] {
    let reasons: Vec<String> = week.suppressed.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    let lift = week.lift();
    let recovered: Vec<String> = week.recovered_value().iter().map(|(code, share)| format!("{} {code}", plain_percent(*share))).collect();
    [
        week.week.clone(),
        week.play.clone(),
        week.sent.to_string(),
        week.suppressed_total().to_string(),
        reasons.join(", "),
        week.delivered.to_string(),
        week.clicked.to_string(),
        week.orders.to_string(),
        amounts(&week.revenue_minor),
        arm(&week.treated),
        arm(&week.control),
        lift.map_or_else(String::new, |lift| percent(lift.difference)),
        lift.map_or_else(String::new, |lift| format!("{} to {}", percent(lift.low), percent(lift.high))),
        week.incremental().map_or_else(String::new, |orders| format!("{orders:+.1}")),
        amounts(&week.revenue_per_mail_minor()),
        amounts(&week.incremental_revenue_minor()),
        week.carts.to_string(),
        amounts(&week.cart_value_minor),
        week.recovery_rate().map_or_else(String::new, plain_percent),
        recovered.join(", "),
    ]
}

pub(super) fn amounts(minors: &BTreeMap<String, i128>) -> String {
    let amounts: Vec<String> = minors.iter().map(|(code, minor)| money(*minor, code)).collect();
    amounts.join(", ")
}

pub(super) fn arm(arm: &Arm) -> String {
    format!("{} of {}", arm.converted, arm.customers)
}

/// Of a difference.
pub(super) fn percent(share: f64) -> String {
    format!("{:+.1} %", share * 100.0)
}

/// Of a part of a whole.
pub(super) fn plain_percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
