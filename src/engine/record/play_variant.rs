//! What one variant of a step brought, in words for programs.
//!
//! Fields and their form; the figures are `play_variant`'s. It goes to no topic. Used by `http`.

use super::json::{Json, json_object};
use super::money::Amount;
use super::play_week::{ArmRecord, LiftRecord, amounts};
use crate::engine::play_variant::PlayVariant;

/// One variant of one step, over all weeks and the slots looked at.
#[derive(utoipa::ToSchema)]
pub struct PlayVariantRecord<'a> {
    /// Counted from 1.
    step: &'a str,
    template: &'a str,
    sent: i128,
    /// Customers the play got hold of who have this variant, and those of them who ordered within 5 days.
    treated: ArmRecord,
    /// What these ordered within 5 days.
    revenue: Vec<Amount>,
    /// `revenue` for each mail sent.
    revenue_per_mail: Vec<Amount>,
    /// The variant it is compared with: the first of the step by name; `null` of that one.
    beside: Option<&'a str>,
    /// The share of those who ordered, less that of `beside`.
    difference: Option<LiftRecord>,
}

json_object!(PlayVariantRecord<'_> { step, template, sent, treated, revenue, revenue_per_mail, beside, difference });

/// A variant as JSON text.
pub fn play_variant(variant: &PlayVariant) -> String {
    let record = PlayVariantRecord {
        step: &variant.step,
        template: &variant.template,
        sent: variant.sent,
        treated: ArmRecord::of(&variant.treated),
        revenue: amounts(&variant.revenue_minor),
        revenue_per_mail: amounts(&variant.revenue_per_mail_minor()),
        beside: variant.beside.as_ref().map(|(template, _)| template.as_str()),
        difference: variant.difference().map(LiftRecord::of),
    };
    let mut out = Vec::new();
    record.write(&mut out);
    String::from_utf8(out).expect("invariant: names are ASCII and texts are text")
}
