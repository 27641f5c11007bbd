//! What a row holds of what a customer is like, and of an attempt to buy that goes on, in words.
//!
//! Nothing is left out; of what somebody likes the weight left at the customer's now is shown. Part of `held`.

use crate::engine::attempt::Attempt;
use crate::engine::profile::Profile;
use crate::engine::record::action::told;
use crate::engine::record::json::{Json, json_object, write_plain};
use crate::engine::record::time::Time;
use crate::event::Birthday;

#[derive(utoipa::ToSchema)]
pub(super) struct HeldProfile<'a> {
    region: Option<&'a str>,
    customer_type: Option<&'a str>,
    birthday: Option<DayOfYear>,
}

json_object!(HeldProfile<'_> { region, customer_type, birthday });

/// `--04-01`
#[derive(utoipa::ToSchema)]
#[schema(value_type = String)]
struct DayOfYear(Birthday);

impl Json for DayOfYear {
    fn write(&self, out: &mut Vec<u8>) {
        write_plain(format!("--{:02}-{:02}", self.0.month(), self.0.day()).as_bytes(), out);
    }
}

#[derive(utoipa::ToSchema)]
pub(super) struct HeldAttempt {
    step: &'static str,
    latest_at: Time,
    checkout_at: Option<Time>,
}

json_object!(HeldAttempt { step, latest_at, checkout_at });

pub(super) fn held_profile(profile: &Profile) -> HeldProfile<'_> {
    HeldProfile { region: told(&profile.region), customer_type: told(&profile.customer_type), birthday: profile.birthday.map(DayOfYear) }
}

pub(super) fn held_attempt(attempt: &Attempt) -> HeldAttempt {
    HeldAttempt { step: attempt.step.as_str(), latest_at: Time(attempt.latest_ms), checkout_at: attempt.checkout_ms.map(Time) }
}
