//! All that is told about one customer: what is held, what they are worth, what each play has in mind for them and why.
//!
//! It looks at a committed row as of a moment, changes nothing and belongs to no topic. `held` and `explain` are the same that `cli` shows;
//! the value is the `clv` record as it would be written then, without id and cause, since nothing caused it. Called by `http`.

use std::sync::Arc;

use super::explain::explain;
use super::record::clv::ClvRecord;
use super::record::explained::{PlayRecord, play_record};
use super::record::held::{Held, held_record};
use super::record::json::{Json, json_object};
use super::record::time::Time;
use super::row::{RowError, deadline_ms, read_row};
use super::rules::Rules;
use super::settings::Settings;
use super::value::{self, Valuation};

/// One customer as of a moment. `held` is as of the customer's last event or deadline, the rest as of `as_of`.
#[derive(utoipa::ToSchema)]
pub struct Portrait<'a> {
    customer_id: &'a str,
    /// The partition of the input topics that the customer's key lies in.
    slot: u32,
    as_of: Time,
    /// The stage of the lifecycle.
    stage: Option<&'a str>,
    stage_since: Option<Time>,
    /// Counted from 1; one more with each return after having lapsed.
    cycle: u32,
    /// When something will be decided without an event; `null`: nothing waits.
    next_deadline_at: Option<Time>,
    /// The value as a `clv` record would tell it now; `null`: neither orders nor subscriptions.
    clv: Option<ClvRecord<'a>>,
    /// Every configured play, in the order of the configuration.
    plays: Vec<PlayRecord<'a>>,
    /// How many decisions `held.decisions` keeps (`state.decisions_kept`).
    decisions_kept: u32,
    /// Everything the row holds, as `state export` prints it.
    held: Held<'a>,
}

json_object!(Portrait<'_> { customer_id, slot, as_of, stage, stage_since, cycle, next_deadline_at, clv, plays, decisions_kept, held });

/// The portrait of a row as JSON text. `at_ms` is not before the customer's own now: an earlier moment means that one.
pub fn portrait(customer_id: &str, slot: u32, row: &[u8], settings: &Arc<Settings>, at_ms: i64) -> Result<String, RowError> {
    let kept = read_row(row)?;
    let mut present = kept.clone();
    let plays = explain(customer_id, &mut present, settings, at_ms);
    let rules = Rules::new(Arc::clone(settings));
    let valuation = Valuation::of(&present, settings);
    let portrait = Portrait {
        customer_id,
        slot,
        as_of: Time(present.now_ms),
        stage: kept.stage.as_ref().map(|stage| stage.as_str()),
        stage_since: kept.stage_since_ms.map(Time),
        cycle: kept.cycle,
        next_deadline_at: deadline_ms(row).map(Time),
        clv: valuation.as_ref().map(|valuation| value::present(customer_id, &present, valuation, &rules)),
        plays: plays.iter().map(|play| play_record(play, settings)).collect(),
        decisions_kept: settings.decisions_kept as u32,
        held: held_record(customer_id, &kept, deadline_ms(row), settings),
    };
    let mut out = Vec::new();
    portrait.write(&mut out);
    Ok(String::from_utf8(out).expect("invariant: names are ASCII and texts are text"))
}
