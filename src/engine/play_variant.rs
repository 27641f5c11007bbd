//! The figures of one variant of one step, over all weeks that cells tell of.
//!
//! Which cells there are is decided where they are counted (`variants`); here they are only put side by side. Called by `cli` (`report`) and
//! `http`.

use std::collections::BTreeMap;

use super::play_week::{CellId, count, for_each_mail};
use crate::clv::{Arm, Lift, lift};

/// The names of the cells it is made of.
pub const VARIANT_CELLS: [&str; 4] = ["variant_converted", "variant_customers", "variant_revenue", "variant_sent"];

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlayVariant {
    pub play: String,
    /// Counted from 1.
    pub step: String,
    pub template: String,
    pub sent: i128,
    /// Whom the play got hold of, and who of them ordered in time.
    pub treated: Arm,
    /// What they ordered, by currency, in minor units.
    pub revenue_minor: BTreeMap<String, i128>,
    /// The first variant of the step by name, if it is another: what this one is compared with.
    pub beside: Option<(String, Arm)>,
}

impl PlayVariant {
    /// Of every variant that any cell tells of, in order of play, step and template.
    pub fn of_cells(cells: &BTreeMap<CellId, i128>) -> Vec<PlayVariant> {
        let mut variants: BTreeMap<[&str; 3], PlayVariant> = BTreeMap::new();
        for ((name, dims, _), value) in cells {
            let dim = |dim: &str| dims.get(dim).map(String::as_str);
            let (Some(play), Some(step), Some(template)) = (dim("play"), dim("step"), dim("template")) else { continue };
            let variant = variants.entry([play, step, template]).or_default();
            match name.as_str() {
                "variant_sent" => variant.sent += value,
                "variant_customers" => variant.treated.customers += count(*value),
                "variant_converted" => variant.treated.converted += count(*value),
                "variant_revenue" => *variant.revenue_minor.entry(dim("currency").unwrap_or_default().to_owned()).or_default() += value,
                _ => {}
            }
        }
        let mut told: Vec<PlayVariant> = Vec::with_capacity(variants.len());
        for ([play, step, template], variant) in variants {
            let first = told.iter().find(|first| (first.play.as_str(), first.step.as_str()) == (play, step));
            let beside = first.map(|first| (first.template.clone(), first.treated));
            told.push(PlayVariant { play: play.to_owned(), step: step.to_owned(), template: template.to_owned(), beside, ..variant });
        }
        told
    }

    /// The share of those who ordered, less that of the variant it stands beside.
    pub fn difference(&self) -> Option<Lift> {
        let (_, first) = self.beside.as_ref()?;
        lift(&self.treated, first)
    }

    /// What they ordered for each mail sent, by currency.
    pub fn revenue_per_mail_minor(&self) -> BTreeMap<String, i128> {
        for_each_mail(&self.revenue_minor, self.sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_of_a_step_stand_beside_its_first_over_all_weeks() {
        let mut cells = BTreeMap::new();
        let mut put = |name: &str, dims: &[(&str, &str)], week: &str, value| {
            let dims = dims.iter().map(|(dim, word)| ((*dim).to_owned(), (*word).to_owned())).collect();
            cells.insert((name.to_owned(), dims, week.to_owned()), value);
        };
        let of = |template| [("play", "p"), ("step", "1"), ("template", template)];
        for (week, converted) in [("2026-01-05", 26), ("2026-01-12", 30)] {
            put("variant_customers", &of("b"), week, 35);
            put("variant_converted", &of("b"), week, converted);
        }
        put("variant_customers", &of("a"), "2026-01-05", 80);
        put("variant_converted", &of("a"), "2026-01-05", 48);
        put("variant_sent", &of("b"), "2026-01-05", 4);
        put("variant_revenue", &[&of("b")[..], &[("currency", "USD")]].concat(), "2026-01-05", 1000);
        put("variant_customers", &[("play", "p"), ("step", "2"), ("template", "c")], "2026-01-05", 1);
        put("play_actions", &[("play", "p"), ("kind", "send")], "2026-01-05", 9);
        let told = PlayVariant::of_cells(&cells);
        let [a, b, c] = &told[..] else { panic!("{told:?}") };
        assert_eq!((a.difference(), c.difference()), (None, None));
        // Newcombe 1998, table II, method 10: 56 of 70 beside 48 of 80
        let found = b.difference().unwrap();
        assert!((found.low - 0.0524).abs() < 6e-5 && (found.high - 0.3339).abs() < 6e-5, "{found:?}");
        assert_eq!((b.revenue_per_mail_minor(), b.beside.as_ref().unwrap().0.as_str()), (BTreeMap::from([("USD".into(), 250)]), "a"));
    }
}
