//! Figures over all customers: the cells as they are, and what each play did and brought, week by week.
//!
//! They are added over the slots of all instances (`everywhere`); which slots these are is told, and why others are missing. They are added
//! up by the engine. Called by `api`.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::everywhere::{FIGURES_MAX, Gathered, Scope, Wanted, gather, here};
use super::refusals::{Busy, NoSuchQuestion};
use super::{Api, Asked, answer, problem};
use crate::engine::{
    self, CellId, PLAY_CELLS, PlayVariant, PlayVariantRecord, PlayWeek, PlayWeekRecord, Settings, TotalRecord, VARIANT_CELLS,
};

/// Weeks of a play that are told: two years.
const WEEKS_MAX: u32 = 104;
const WEEKS_TOLD: u32 = 13;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WhichFigures {
    /// Of this name only, or these, with commas between them.
    #[param(example = "customers_in_stage")]
    name: Option<String>,
    /// Over the slots of all instances, or of this one.
    scope: Option<Scope>,
    /// `next` of the answer before.
    after: Option<String>,
    /// At most so many.
    #[param(minimum = 1, maximum = 1000, default = 1000)]
    limit: Option<u32>,
}

/// Figures added over the slots named.
#[derive(Serialize, ToSchema)]
pub struct Figures {
    /// The slots added up.
    slots: BTreeSet<u32>,
    /// Of all instances together.
    slot_count: u32,
    /// Why slots are missing.
    missing: Vec<String>,
    /// In order of name, dimensions and window.
    #[schema(value_type = Vec<TotalRecord>)]
    figures: Vec<Box<RawValue>>,
    /// Where to go on: pass it as `after`. `null`: there are no more.
    next: Option<String>,
}

/// Figures over all customers
///
/// The cells of the topic `aggregates`, added over the slots of all instances: the others are asked for theirs.
#[utoipa::path(
    get,
    path = "/api/aggregates",
    operation_id = "aggregates",
    tag = "figures",
    params(WhichFigures),
    responses(
        (status = 200, description = "The figures", body = Figures),
        NoSuchQuestion,
        Busy,
    ),
    security(("api_token" = [])),
)]
pub async fn aggregates(State(shared): Asked, query: Result<Query<WhichFigures>, QueryRejection>) -> Response {
    let limit = query.as_ref().ok().map(|query| query.limit.unwrap_or(FIGURES_MAX)).filter(|limit| (1..=FIGURES_MAX).contains(limit));
    let (Ok(Query(query)), Some(limit)) = (query, limit) else {
        let wanted = format!("expected name, scope (all or instance), after and limit (1 to {FIGURES_MAX}), each at most once");
        return problem(StatusCode::BAD_REQUEST, &wanted);
    };
    let is_asked_by_another = query.scope == Some(Scope::Instance);
    let look = move |api: &Api| told(api, &query, limit);
    if is_asked_by_another { shared.look_for_another(look).await } else { shared.look(look).await }
}

fn told(api: &Api, query: &WhichFigures, limit: u32) -> Response {
    let names: Vec<&str> = query.name.iter().flat_map(|names| names.split(',')).collect();
    let after = query.after.as_deref().unwrap_or_default();
    let gathered = if query.scope == Some(Scope::Instance) {
        let (slots, totals) = here(api, |name| names.is_empty() || names.contains(&name));
        Gathered { slots, missing: Vec::new(), totals, has_more: false }
    } else {
        gather(api, &Wanted { names: &names, after, limit: Some(limit) })
    };
    let discount_monthly = (api.settings)().value.horizon.discount_monthly;
    let mut records = gathered.totals.records(after, discount_monthly);
    let page: Vec<(&str, String)> = records.by_ref().take(limit as usize).collect();
    let has_more = records.next().is_some() || gathered.has_more;
    let next = page.last().filter(|_| has_more).map(|(key, _)| (*key).to_owned());
    match raw(page.into_iter().map(|(_, text)| text)) {
        Ok(figures) => answer(&Figures { slots: gathered.slots, slot_count: api.slot_count, missing: gathered.missing, figures, next }),
        Err(error) => unwritable(&error),
    }
}

/// For scripts and gauges, whose numbers are floats anyway.
pub(super) fn saturated(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

pub(super) fn raw(texts: impl Iterator<Item = String>) -> Result<Vec<Box<RawValue>>, serde_json::Error> {
    texts.map(RawValue::from_string).collect()
}

pub(super) fn unwritable(error: &serde_json::Error) -> Response {
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

/// Plays and what they brought, added over the slots named.
#[derive(Serialize, ToSchema)]
pub struct Plays {
    slots: BTreeSet<u32>,
    slot_count: u32,
    /// Why slots are missing.
    missing: Vec<String>,
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
    /// Of steps with several templates, over all weeks; in order of step and template.
    #[schema(value_type = Vec<PlayVariantRecord>)]
    variants: Vec<Box<RawValue>>,
}

/// Plays and their results
///
/// What each play asked for, was refused and brought, week by week, and variants of steps side by side, as `lifetide report` shows it.
#[utoipa::path(
    get,
    path = "/api/plays",
    operation_id = "plays",
    tag = "figures",
    params(WhichWeeks),
    responses(
        (status = 200, description = "The plays", body = Plays),
        NoSuchQuestion,
        Busy,
    ),
    security(("api_token" = [])),
)]
pub async fn plays(State(shared): Asked, query: Result<Query<WhichWeeks>, QueryRejection>) -> Response {
    let weeks = query.ok().map(|Query(query)| query.weeks.unwrap_or(WEEKS_TOLD)).filter(|weeks| (1..=WEEKS_MAX).contains(weeks));
    let Some(weeks) = weeks else {
        return problem(StatusCode::BAD_REQUEST, &format!("expected weeks (1 to {WEEKS_MAX}), at most once"));
    };
    let look = move |api: &Api| {
        let names = [&PLAY_CELLS[..], &VARIANT_CELLS[..]].concat();
        let gathered = gather(api, &Wanted { names: &names, after: "", limit: None });
        match lines(&gathered.totals.values(), &(api.settings)(), weeks as usize) {
            Ok(plays) => answer(&Plays { slots: gathered.slots, slot_count: api.slot_count, missing: gathered.missing, plays }),
            Err(error) => unwritable(&error),
        }
    };
    shared.look(look).await
}

pub(super) fn lines(cells: &BTreeMap<CellId, i128>, settings: &Settings, most: usize) -> Result<Vec<PlayLine>, serde_json::Error> {
    let (weeks, variants) = (PlayWeek::of_cells(cells), PlayVariant::of_cells(cells));
    let latest = |play: &str| {
        let own: Vec<&PlayWeek> = weeks.iter().filter(|week| week.play == play).collect();
        raw(own[own.len().saturating_sub(most)..].iter().map(|week| engine::play_week(week)))
    };
    let compared = |play: &str| raw(variants.iter().filter(|variant| variant.play == play).map(engine::play_variant));
    let mut lines = Vec::new();
    for play in &settings.plays {
        lines.push(PlayLine {
            play: play.name.clone(),
            mode: Some(play.mode.as_str()),
            play_version: Some(play.version.clone()),
            priority: Some(play.priority),
            control: Some(play.control),
            weeks: latest(&play.name)?,
            variants: compared(&play.name)?,
        });
    }
    let former: BTreeSet<&str> = weeks.iter().map(|week| week.play.as_str()).collect();
    for name in former.into_iter().filter(|name| settings.plays.iter().all(|play| play.name != *name)) {
        let (weeks, variants) = (latest(name)?, compared(name)?);
        lines.push(PlayLine { play: name.to_owned(), mode: None, play_version: None, priority: None, control: None, weeks, variants });
    }
    Ok(lines)
}
