//! The figures of one play in one week, taken from cells.
//!
//! Which cells there are is decided where they are counted; here they are only put side by side. Called by `cli` (`report`) and `http`.

use std::collections::BTreeMap;

use crate::clv::{Arm, Lift, lift, shared_minor};

/// As cells name the arm.
const CONTROL: &str = "control";

/// A cell over all slots: name, dimensions, beginning of its window.
pub type CellId = (String, BTreeMap<String, String>, String);

/// The names of the cells it is made of.
pub const PLAY_CELLS: [&str; 9] = [
    "lift_converted",
    "lift_customers",
    "lift_revenue",
    "play_actions",
    "play_cart_value",
    "play_carts",
    "play_emails",
    "play_orders",
    "play_revenue",
];

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlayWeek {
    /// The Monday it begins with.
    pub week: String,
    pub play: String,
    pub sent: i128,
    /// Refusals by reason, those of the control arm among them.
    pub suppressed: BTreeMap<String, i128>,
    pub delivered: i128,
    pub clicked: i128,
    /// Orders given to the play by the last click.
    pub orders: i128,
    /// By currency, in minor units.
    pub revenue_minor: BTreeMap<String, i128>,
    /// Carts left alone that the play decided about, and by currency what was in them, in minor units.
    pub carts: i128,
    pub cart_value_minor: BTreeMap<String, i128>,
    pub treated: Arm,
    pub control: Arm,
    /// What each arm ordered within the lift's window, by currency, in minor units.
    pub treated_revenue_minor: BTreeMap<String, i128>,
    pub control_revenue_minor: BTreeMap<String, i128>,
}

impl PlayWeek {
    /// Of every play and week that any cell tells of, in order of week and play.
    pub fn of_cells(cells: &BTreeMap<CellId, i128>) -> Vec<PlayWeek> {
        let mut weeks: BTreeMap<(String, String), PlayWeek> = BTreeMap::new();
        for ((name, dims, start), value) in cells {
            let Some(play) = dims.get("play").filter(|_| PLAY_CELLS.contains(&name.as_str())) else { continue };
            let week = weeks.entry((start.clone(), play.clone())).or_default();
            (week.week, week.play) = (start.clone(), play.clone());
            week.take(name, |dim| dims.get(dim).map_or("", String::as_str), *value);
        }
        weeks.into_values().collect()
    }

    fn take<'a>(&mut self, name: &str, dim: impl Fn(&str) -> &'a str, value: i128) {
        match (name, dim("kind"), dim("event"), dim("model")) {
            ("play_actions", "send", ..) => self.sent += value,
            ("play_actions", "suppressed", ..) => *self.suppressed.entry(dim("reason").to_owned()).or_default() += value,
            ("play_emails", _, "delivered", _) => self.delivered += value,
            ("play_emails", _, "clicked", _) => self.clicked += value,
            ("play_orders", _, _, "last_touch") => self.orders += value,
            ("play_revenue", _, _, "last_touch") => *self.revenue_minor.entry(dim("currency").to_owned()).or_default() += value,
            ("play_carts", ..) => self.carts += value,
            ("play_cart_value", ..) => *self.cart_value_minor.entry(dim("currency").to_owned()).or_default() += value,
            ("lift_customers", ..) => self.arm(dim("arm")).customers += count(value),
            ("lift_converted", ..) => self.arm(dim("arm")).converted += count(value),
            ("lift_revenue", ..) => {
                let of_arm = if dim("arm") == CONTROL { &mut self.control_revenue_minor } else { &mut self.treated_revenue_minor };
                *of_arm.entry(dim("currency").to_owned()).or_default() += value;
            }
            _ => {}
        }
    }

    fn arm(&mut self, name: &str) -> &mut Arm {
        if name == CONTROL { &mut self.control } else { &mut self.treated }
    }

    /// Treated less control; `None` without a control arm.
    pub fn lift(&self) -> Option<Lift> {
        lift(&self.treated, &self.control)
    }

    /// Orders that would not have come without the play: the difference of the shares, for all treated.
    pub fn incremental(&self) -> Option<f64> {
        self.lift().map(|lift| lift.difference * self.treated.customers as f64)
    }

    /// Orders given to the play over the carts it decided about; `None` without carts.
    pub fn recovery_rate(&self) -> Option<f64> {
        (self.carts > 0).then(|| self.orders as f64 / self.carts as f64)
    }

    /// Revenue given to the play over the value of these carts, by currency.
    pub fn recovered_value(&self) -> BTreeMap<String, f64> {
        let valued = self.cart_value_minor.iter().filter(|(_, minor)| **minor > 0);
        valued
            .map(|(code, minor)| (code.clone(), self.revenue_minor.get(code).copied().unwrap_or_default() as f64 / *minor as f64))
            .collect()
    }

    /// Revenue given to the play for each mail it asked for, by currency.
    pub fn revenue_per_mail_minor(&self) -> BTreeMap<String, i128> {
        for_each_mail(&self.revenue_minor, self.sent)
    }

    /// Revenue that would not have come without the play, by currency: what the treated ordered, less what as many of the control arm did.
    /// Empty without a control arm. It has no interval: a few large orders decide it.
    pub fn incremental_revenue_minor(&self) -> BTreeMap<String, i128> {
        let codes = self.treated_revenue_minor.keys().chain(self.control_revenue_minor.keys());
        let of = |sums: &BTreeMap<String, i128>, code: &str| sums.get(code).copied().unwrap_or_default();
        let incremental = |code: &String| {
            let (treated, control) = (i128::from(self.treated.customers), i128::from(self.control.customers));
            let expected = shared_minor(of(&self.control_revenue_minor, code).saturating_mul(treated), control)?;
            Some((code.clone(), of(&self.treated_revenue_minor, code) - expected))
        };
        codes.filter_map(incremental).collect()
    }

    pub fn suppressed_total(&self) -> i128 {
        self.suppressed.values().sum()
    }
}

/// Amounts by currency, shared among the mails sent; nothing without any.
pub(super) fn for_each_mail(minors: &BTreeMap<String, i128>, sent: i128) -> BTreeMap<String, i128> {
    minors.iter().filter_map(|(code, minor)| Some((code.clone(), shared_minor(*minor, sent)?))).collect()
}

pub(super) fn count(value: i128) -> u64 {
    u64::try_from(value).unwrap_or_default()
}
