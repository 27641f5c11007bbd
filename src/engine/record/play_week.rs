//! What one play did and brought in one week, in words for programs.
//!
//! Fields and their form; the figures are `play_week`'s. It goes to no topic. Used by `http`.

use std::collections::BTreeMap;

use super::json::{Json, json_object};
use super::money::Amount;
use crate::clv::{Arm, Lift};
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
    /// Carts left alone that the play decided about, whatever it decided; 0 of plays that no cart begins.
    carts: i128,
    /// Of these carts, at that moment.
    cart_value: Vec<Amount>,
    /// `orders` over `carts`; `null` without carts.
    recovery_rate: Option<f64>,
    /// `revenue` over `cart_value`.
    recovered_value: Vec<RecoveredRecord<'a>>,
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

json_object!(PlayWeekRecord<'_> { week, sent, suppressed, delivered, clicked, orders, revenue, carts, cart_value, recovery_rate, recovered_value, treated, control, lift, incremental_orders, revenue_per_mail, incremental_revenue });

#[derive(utoipa::ToSchema)]
struct ReasonRecord<'a> {
    reason: &'a str,
    count: i128,
}

json_object!(ReasonRecord<'_> { reason, count });

/// The share of what was left in carts that came back as orders.
#[derive(utoipa::ToSchema)]
struct RecoveredRecord<'a> {
    currency: &'a str,
    share: f64,
}

json_object!(RecoveredRecord<'_> { currency, share });

/// Customers the play wanted to mail, and those of them who ordered within 5 days.
#[derive(utoipa::ToSchema)]
pub struct ArmRecord {
    customers: i128,
    converted: i128,
}

json_object!(ArmRecord { customers, converted });

/// Treated less control, as shares of 0 to 1, with the bounds of the 95 % interval.
#[derive(utoipa::ToSchema)]
pub struct LiftRecord {
    difference: f64,
    low: f64,
    high: f64,
}

json_object!(LiftRecord { difference, low, high });

impl ArmRecord {
    pub fn of(arm: &Arm) -> ArmRecord {
        ArmRecord { customers: arm.customers.into(), converted: arm.converted.into() }
    }
}

impl LiftRecord {
    pub fn of(lift: Lift) -> LiftRecord {
        LiftRecord { difference: lift.difference, low: lift.low, high: lift.high }
    }
}

/// Sums of cells with their currencies.
pub fn amounts(minors: &BTreeMap<String, i128>) -> Vec<Amount> {
    let amount = |(code, minor): (&String, &i128)| Some(Amount { minor: *minor, currency: Currency::from_code(code)? });
    minors.iter().filter_map(amount).collect()
}

/// A play's week as JSON text.
pub fn play_week(week: &PlayWeek) -> String {
    let recovered = week.recovered_value();
    let record = PlayWeekRecord {
        week: &week.week,
        sent: week.sent,
        suppressed: week.suppressed.iter().map(|(reason, count)| ReasonRecord { reason, count: *count }).collect(),
        delivered: week.delivered,
        clicked: week.clicked,
        orders: week.orders,
        revenue: amounts(&week.revenue_minor),
        carts: week.carts,
        cart_value: amounts(&week.cart_value_minor),
        recovery_rate: week.recovery_rate(),
        recovered_value: recovered.iter().map(|(currency, share)| RecoveredRecord { currency, share: *share }).collect(),
        treated: ArmRecord::of(&week.treated),
        control: ArmRecord::of(&week.control),
        lift: week.lift().map(LiftRecord::of),
        incremental_orders: week.incremental(),
        revenue_per_mail: amounts(&week.revenue_per_mail_minor()),
        incremental_revenue: amounts(&week.incremental_revenue_minor()),
    };
    let mut out = Vec::new();
    record.write(&mut out);
    String::from_utf8(out).expect("invariant: names are ASCII and texts are text")
}
