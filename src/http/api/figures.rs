//! Figures over all customers of this instance's slots: the cells as they are, and what each play did and brought, week by week.
//!
//! Cells are read region by region and added over the slots that are here; which these are is told, since whoever wants all adds those of
//! the other instances. They are added up by the engine. Called by `api`.

use std::collections::BTreeSet;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::refusals::OfLook;
use super::{Api, Asked, answer, problem};
use crate::engine::{self, ALL_REGIONS, PlayWeek, PlayWeekRecord, Settings, TotalRecord, Totals};

/// Figures in one answer.
const FIGURES_MAX: u32 = 1_000;
/// Weeks of a play that are told: two years.
const WEEKS_MAX: u32 = 104;
const WEEKS_TOLD: u32 = 13;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WhichFigures {
    /// Of one name only, such as `customer_equity`.
    #[param(example = "customers_in_stage")]
    name: Option<String>,
    /// `next` of the answer before.
    after: Option<String>,
    /// At most so many.
    #[param(minimum = 1, maximum = 1000, default = 1000)]
    limit: Option<u32>,
}

/// Figures added over the slots of this instance.
#[derive(Serialize, ToSchema)]
pub struct Figures {
    /// The slots added up; add those of the other instances.
    slots: BTreeSet<u32>,
    /// Of all instances together.
    slot_count: u32,
    /// In order of name, dimensions and window.
    #[schema(value_type = Vec<TotalRecord>)]
    figures: Vec<Box<RawValue>>,
    /// Where to go on: pass it as `after`. `null`: there are no more.
    next: Option<String>,
}

/// Figures over all customers
///
/// The cells of the topic `aggregates`, added over the slots of this instance.
#[utoipa::path(
    get,
    path = "/api/aggregates",
    operation_id = "aggregates",
    tag = "figures",
    params(WhichFigures),
    responses(
        (status = 200, description = "The figures", body = Figures),
        OfLook,
    ),
    security(("api_token" = [])),
)]
pub async fn aggregates(State(shared): Asked, query: Result<Query<WhichFigures>, QueryRejection>) -> Response {
    let limit = query.as_ref().ok().map(|query| query.limit.unwrap_or(FIGURES_MAX)).filter(|limit| (1..=FIGURES_MAX).contains(limit));
    let (Ok(Query(query)), Some(limit)) = (query, limit) else {
        let wanted = format!("expected name, after and limit (1 to {FIGURES_MAX}), each at most once");
        return problem(StatusCode::BAD_REQUEST, &wanted);
    };
    shared.look(move |api| told(api, &query, limit as usize)).await
}

fn told(api: &Api, query: &WhichFigures, limit: usize) -> Response {
    let (slots, totals) = totals(api, |name| query.name.as_ref().is_none_or(|wanted| wanted == name));
    let discount_monthly = (api.settings)().value.horizon.discount_monthly;
    let mut records = totals.records(query.after.as_deref().unwrap_or_default(), discount_monthly);
    let page: Vec<(&str, String)> = records.by_ref().take(limit).collect();
    let next = records.next().and(page.last()).map(|(key, _)| (*key).to_owned());
    match raw(page.into_iter().map(|(_, text)| text)) {
        Ok(figures) => answer(&Figures { slots, slot_count: api.slot_count, figures, next }),
        Err(error) => unwritable(&error),
    }
}

/// Whether a figure is one of those that `PlayWeek` puts side by side.
pub(super) fn is_of_plays(name: &str) -> bool {
    name.starts_with("play_") || name.starts_with("lift_")
}

/// The slots that were here from the first look to the last, and their sums.
pub(super) fn totals(api: &Api, is_wanted: impl Fn(&str) -> bool) -> (BTreeSet<u32>, Totals) {
    let (mut slots, mut totals) = (BTreeSet::new(), Totals::default());
    for slot in api.held() {
        let mut own = Totals::default();
        for region in ALL_REGIONS {
            api.committed.with_region(slot, region as u16, |region| region.into_iter().for_each(|region| own.add(region, &is_wanted)));
        }
        if api.committed.holds(slot) {
            totals.unite(own);
            slots.insert(slot);
        }
    }
    (slots, totals)
}

/// For scripts and gauges, whose numbers are floats anyway.
pub(super) fn saturated(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

fn raw(texts: impl Iterator<Item = String>) -> Result<Vec<Box<RawValue>>, serde_json::Error> {
    texts.map(RawValue::from_string).collect()
}

fn unwritable(error: &serde_json::Error) -> Response {
    problem(StatusCode::INTERNAL_SERVER_ERROR, &format!("the answer cannot be written: {error}"))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WhichWeeks {
    /// The latest so many weeks of each play.
    #[param(minimum = 1, maximum = 104, default = 13)]
    weeks: Option<u32>,
}

/// Plays and what they brought, added over the slots of this instance.
#[derive(Serialize, ToSchema)]
pub struct Plays {
    slots: BTreeSet<u32>,
    slot_count: u32,
    /// Those of the configuration in its order, then former ones of which there are figures.
    plays: Vec<PlayLine>,
}

#[derive(Serialize, ToSchema)]
pub struct PlayLine {
    play: String,
    /// `live`, `shadow` or `off`; `null`: no longer configured.
    mode: Option<&'static str>,
    /// Changes with any of the play's rules.
    play_version: Option<String>,
    priority: Option<u32>,
    /// The share of customers in the control arm.
    control: Option<f64>,
    /// In order.
    #[schema(value_type = Vec<PlayWeekRecord>)]
    weeks: Vec<Box<RawValue>>,
}

/// Plays and their results
///
/// What each play asked for, was refused and brought, week by week, as `lifetide report` shows it.
#[utoipa::path(
    get,
    path = "/api/plays",
    operation_id = "plays",
    tag = "figures",
    params(WhichWeeks),
    responses(
        (status = 200, description = "The plays", body = Plays),
        OfLook,
    ),
    security(("api_token" = [])),
)]
pub async fn plays(State(shared): Asked, query: Result<Query<WhichWeeks>, QueryRejection>) -> Response {
    let weeks = query.ok().map(|Query(query)| query.weeks.unwrap_or(WEEKS_TOLD)).filter(|weeks| (1..=WEEKS_MAX).contains(weeks));
    let Some(weeks) = weeks else {
        return problem(StatusCode::BAD_REQUEST, &format!("expected weeks (1 to {WEEKS_MAX}), at most once"));
    };
    let look = move |api: &Api| {
        let (slots, totals) = totals(api, is_of_plays);
        match lines(&PlayWeek::of_cells(&totals.values()), &(api.settings)(), weeks as usize) {
            Ok(plays) => answer(&Plays { slots, slot_count: api.slot_count, plays }),
            Err(error) => unwritable(&error),
        }
    };
    shared.look(look).await
}

pub(super) fn lines(weeks: &[PlayWeek], settings: &Settings, most: usize) -> Result<Vec<PlayLine>, serde_json::Error> {
    let latest = |play: &str| {
        let own: Vec<&PlayWeek> = weeks.iter().filter(|week| week.play == play).collect();
        raw(own[own.len().saturating_sub(most)..].iter().map(|week| engine::play_week(week)))
    };
    let mut lines = Vec::new();
    for play in &settings.plays {
        lines.push(PlayLine {
            play: play.name.clone(),
            mode: Some(play.mode.as_str()),
            play_version: Some(play.version.clone()),
            priority: Some(play.priority),
            control: Some(play.control),
            weeks: latest(&play.name)?,
        });
    }
    let former: BTreeSet<&str> = weeks.iter().map(|week| week.play.as_str()).collect();
    for name in former.into_iter().filter(|name| settings.plays.iter().all(|play| play.name != *name)) {
        lines.push(PlayLine { play: name.to_owned(), mode: None, play_version: None, priority: None, control: None, weeks: latest(name)? });
    }
    Ok(lines)
}
