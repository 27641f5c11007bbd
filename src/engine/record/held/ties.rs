//! What a row holds of other customers, in words: other ids of the same person, where the id has gone, whom the customer brought and who
//! brought them.
//!
//! Nothing is left out; computed are the sums of what the referred have bought, and the share of referrals that brought somebody. Part of
//! `held`.

use crate::clv::formula::referral_rate;
use crate::engine::record::json::json_object;
use crate::engine::record::money::Amount;
use crate::engine::record::time::Time;
use crate::engine::ties::{Alias, Referee, Ties};

#[derive(utoipa::ToSchema)]
pub(super) struct HeldTies<'a> {
    moved_to: Option<&'a str>,
    moved_until: Option<Time>,
    other_ids: Vec<HeldAlias<'a>>,
    referrals: Option<HeldReferrals<'a>>,
    /// Empty: somebody whom nothing is told any more.
    referred_by: Option<&'a str>,
    referred_at: Option<Time>,
    words_to_referrer: u32,
}

json_object!(HeldTies<'_> { moved_to, moved_until, other_ids, referrals, referred_by, referred_at, words_to_referrer });

#[derive(utoipa::ToSchema)]
struct HeldAlias<'a> {
    id: &'a str,
    since: Time,
    is_settled: bool,
    was_new: bool,
}

json_object!(HeldAlias<'_> { id, since, is_settled, was_new });

#[derive(utoipa::ToSchema)]
struct HeldReferrals<'a> {
    sent: u32,
    converted: u32,
    rate: Option<f64>,
    value: Vec<Amount>,
    customers: Vec<HeldReferee<'a>>,
}

json_object!(HeldReferrals<'_> { sent, converted, rate, value, customers });

#[derive(utoipa::ToSchema)]
struct HeldReferee<'a> {
    customer_id: &'a str,
    since: Time,
    words: u32,
    value: Option<Amount>,
}

json_object!(HeldReferee<'_> { customer_id, since, words, value });

pub(super) fn held(ties: &Ties) -> HeldTies<'_> {
    let Ties { moved, aliases, referrals_sent, referred, referees, referrer } = ties;
    let has_referrals = *referrals_sent > 0 || *referred > 0 || !referees.is_empty();
    HeldTies {
        moved_to: moved.as_ref().map(|moved| moved.to.as_str()),
        moved_until: moved.as_ref().map(|moved| Time(moved.until_ms)),
        other_ids: aliases.iter().map(alias).collect(),
        referrals: has_referrals.then(|| HeldReferrals {
            sent: *referrals_sent,
            converted: *referred,
            rate: referral_rate(*referred, *referrals_sent),
            value: ties.referral_value().into_iter().map(|(currency, minor)| Amount { minor, currency }).collect(),
            customers: referees.iter().map(referee).collect(),
        }),
        referred_by: referrer.as_ref().map(|referrer| referrer.id.as_str()),
        referred_at: referrer.as_ref().map(|referrer| Time(referrer.since_ms)),
        words_to_referrer: referrer.as_ref().map_or(0, |referrer| referrer.told),
    }
}

fn alias(alias: &Alias) -> HeldAlias<'_> {
    HeldAlias { id: &alias.id, since: Time(alias.asked_ms), is_settled: alias.is_settled, was_new: alias.was_new }
}

fn referee(referee: &Referee) -> HeldReferee<'_> {
    let value = referee.net.map(|(currency, minor)| Amount { minor, currency });
    HeldReferee { customer_id: &referee.id, since: Time(referee.since_ms), words: referee.told, value }
}
