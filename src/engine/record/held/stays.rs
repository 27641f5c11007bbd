//! The stages a customer has been in, the former ones and the present one, in words.
//!
//! When a stage ended is not held: it is when the next one began. Part of `held`.

use crate::engine::customer::Customer;
use crate::engine::record::json::json_object;
use crate::engine::record::time::Time;

/// A stage the customer has been in, or is in.
#[derive(utoipa::ToSchema)]
pub(super) struct HeldStay<'a> {
    stage: &'a str,
    since: Time,
    /// `null`: it is the present one.
    until: Option<Time>,
}

json_object!(HeldStay<'_> { stage, since, until });

/// In the order they were entered.
pub(super) fn held(customer: &Customer) -> Vec<HeldStay<'_>> {
    let present = customer.stage.as_ref().zip(customer.stage_since_ms);
    let all = customer.stays.iter().map(|stay| (&stay.stage, stay.since_ms)).chain(present);
    let ends = all.clone().skip(1).map(|(_, since_ms)| Some(Time(since_ms))).chain([None]);
    all.zip(ends).map(|((stage, since_ms), until)| HeldStay { stage: stage.as_str(), since: Time(since_ms), until }).collect()
}
