//! What one play did and brought in one week, in words for programs.
//!
//! Fields and their form; the figures are `play_week`'s. It goes to no topic. Used by `http`.

use std::collections::BTreeMap;

use super::json::{Json, json_object};
use super::money::Amount;
use crate::engine::play_week::PlayWeek;
use crate::event::Currency;

/// One play in one week, over the slots looked at.
#[derive(utoipa::ToSchema)]
pub struct PlayWeekRecord<'a> {
    /// The Monday it begins with; `other`: of cells beyond the bound.
    week: &'a str,
    sent: i128,
    /// By reason, those of the control arm among them.
    suppressed: Vec<ReasonRecord<'a>>,
    delivered: i128,
    clicked: i128,
    /// Given to the play by the last click in its mails, within 5 days.
    orders: i128,
    /// Of these orders.
    revenue: Vec<Amount>,
    treated: ArmRecord,
    control: ArmRecord,
    /// `null` without a control arm.
    lift: Option<LiftRecord>,
    /// Orders that would not have come without the play; `null` without a control arm.
    incremental_orders: Option<f64>,
    /// `revenue` for each mail sent.
    revenue_per_mail: Vec<Amount>,
    /// What the treated ordered within 5 days, less what as many of the control arm did; without an interval. Empty without a control arm.
    incremental_revenue: Vec<Amount>,
}

json_object!(PlayWeekRecord<'_> { week, sent, suppressed, delivered, clicked, orders, revenue, treated, control, lift, incremental_orders, revenue_per_mail, incremental_revenue });

#[derive(utoipa::ToSchema)]
struct ReasonRecord<'a> {
    reason: &'a str,
    count: i128,
}

json_object!(ReasonRecord<'_> { reason, count });

/// Customers the play wanted to mail, and those of them who ordered within 5 days.
#[derive(utoipa::ToSchema)]
struct ArmRecord {
    customers: i128,
    converted: i128,
}

json_object!(ArmRecord { customers, converted });

/// Treated less control, as shares of 0 to 1, with the bounds of the 95 % interval.
#[derive(utoipa::ToSchema)]
struct LiftRecord {
    difference: f64,
    low: f64,
    high: f64,
}

json_object!(LiftRecord { difference, low, high });

/// A play's week as JSON text.
pub fn play_week(week: &PlayWeek) -> String {
    let arm = |arm: &crate::clv::Arm| ArmRecord { customers: arm.customers.into(), converted: arm.converted.into() };
    let amount = |(code, minor): (&String, &i128)| Some(Amount { minor: *minor, currency: Currency::from_code(code)? });
    let amounts = |minors: &BTreeMap<String, i128>| minors.iter().filter_map(amount).collect::<Vec<_>>();
    let record = PlayWeekRecord {
        week: &week.week,
        sent: week.sent,
        suppressed: week.suppressed.iter().map(|(reason, count)| ReasonRecord { reason, count: *count }).collect(),
        delivered: week.delivered,
        clicked: week.clicked,
        orders: week.orders,
        revenue: amounts(&week.revenue_minor),
        treated: arm(&week.treated),
        control: arm(&week.control),
        lift: week.lift().map(|lift| LiftRecord { difference: lift.difference, low: lift.low, high: lift.high }),
        incremental_orders: week.incremental(),
        revenue_per_mail: amounts(&week.revenue_per_mail_minor()),
        incremental_revenue: amounts(&week.incremental_revenue_minor()),
    };
    let mut out = Vec::new();
    record.write(&mut out);
    String::from_utf8(out).expect("invariant: names are ASCII and texts are text")
}
