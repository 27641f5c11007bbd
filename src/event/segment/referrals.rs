//! `Referral Converted`, which is keyed by who was referred. Refuses one that does not name the referrer; which order it was is not asked.
//! Whether the referral counts is the engine's affair. Called by `segment` alone.

use super::fields::Properties;
use crate::event::{Kind, Reject, json};

pub(super) fn converted<'a>(properties: &Properties<'a>) -> Result<Kind<'a>, Reject> {
    json::required_id("referrer_id", properties.referrer_id).map(|referrer_id| Kind::ReferralConverted { referrer_id })
}
