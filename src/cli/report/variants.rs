//! Variants of steps side by side as rows of texts: one for each step and template that there are several of.
//!
//! Nothing is computed but ratios. Called by `report`.

use super::plays::{amounts, arm, percent, plain_percent};
use super::tables::Table;
use crate::engine::PlayVariant;

const COLUMNS: [&str; 10] =
    ["play", "step", "variant", "sent", "ordered", "share", "revenue", "revenue per mail", "difference", "difference 95 %"];

pub fn table(variants: &[PlayVariant]) -> Table {
    Table {
        title: "Which variant brought more",
        note: "Ordered: within 5 days, of all whom the play got hold of and who have the variant, whether or not a mail arrived. Difference: their \
               share less that of the step's first variant by name, with its 95 % interval. Of several variants the best of them is partly luck.",
        nothing: "no step has several variants in these records",
        columns: &COLUMNS,
        rows: variants.iter().map(|variant| row(variant).to_vec()).collect(),
    }
}

fn row(variant: &PlayVariant) -> [String; COLUMNS.len()] {
    let difference = variant.difference();
    [
        variant.play.clone(),
        variant.step.clone(),
        variant.template.clone(),
        variant.sent.to_string(),
        arm(&variant.treated),
        variant.treated.share().map_or_else(String::new, plain_percent),
        amounts(&variant.revenue_minor),
        amounts(&variant.revenue_per_mail_minor()),
        difference.map_or_else(String::new, |found| percent(found.difference)),
        difference.map_or_else(String::new, |found| format!("{} to {}", percent(found.low), percent(found.high))),
    ]
}
