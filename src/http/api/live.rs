//! The figures of the live page, sent to whoever watches as they change: server-sent events, one each second.
//!
//! One picture is taken for all who watch, and none while nobody does. It is a few sums of the cells that are here, the lines of the slots, and
//! how the customers' values are spread (`spread`). Called by `api`.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::everywhere::here;
use super::figures::{self, PlayLine, saturated};
use super::spread::{Spread, SpreadOfCurrency};
use super::{Api, Asked, Shared, unavailable};
use crate::clock;
use crate::engine::{PLAY_CELLS, Totals, VARIANT_CELLS};
use crate::http::problem::Problem;
use crate::http::slots::SlotLine;

/// Between two pictures.
const EVERY: Duration = Duration::from_secs(1);
/// A picture younger than this is shown again.
const FRESH_MS: u64 = 900;
/// Who watches at one time: people, not programs.
const WATCHERS_MAX: usize = 16;
/// Weeks of plays that are shown.
const WEEKS: usize = 13;

/// What the live page shows.
#[derive(Serialize, ToSchema)]
pub struct Picture {
    at_ms: i64,
    instance_id: String,
    slots: Vec<SlotLine>,
    slot_count: u32,
    /// Customers by stage.
    stages: Vec<(String, i64)>,
    /// Moves between stages so far: from, to, how many; from `none`: somebody new.
    moves: Vec<(String, String, i64)>,
    /// What is expected of all customers, by currency, in minor units.
    equity_minor: Vec<(String, i64)>,
    /// Attempts to buy by how far they had come: step, given up, ended with an order.
    attempts: Vec<(String, i64, i64)>,
    spread: Vec<SpreadOfCurrency>,
    plays: Vec<PlayLine>,
}

/// One of the server-sent events.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is sent, and is never made")]
pub struct LiveEvent {
    /// A `Picture`, as JSON.
    #[schema(content_media_type = "application/json")]
    data: String,
}

/// What the streams share.
#[derive(Default)]
pub struct Live {
    watchers: AtomicUsize,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    taken_ms: Option<u64>,
    text: Arc<str>,
    spread: Spread,
}

impl Last {
    fn fresh(&self) -> Option<Arc<str>> {
        let age_ms = clock::monotonic_ms().saturating_sub(self.taken_ms?);
        (age_ms < FRESH_MS).then(|| Arc::clone(&self.text))
    }

    fn renew(&mut self, api: &Api) -> Arc<str> {
        let picture = take(api, &mut self.spread);
        self.text = serde_json::to_string(&picture).unwrap_or_default().into();
        self.taken_ms = Some(clock::monotonic_ms());
        Arc::clone(&self.text)
    }
}

/// Counts somebody who watches for as long as it lives.
struct Watcher(Arc<Shared>);

impl Watcher {
    fn begin(shared: &Arc<Shared>) -> Option<Watcher> {
        let watcher = Watcher(Arc::clone(shared));
        (shared.live.watchers.fetch_add(1, Ordering::Relaxed) < WATCHERS_MAX).then_some(watcher)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.live.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The live page's figures
///
/// Server-sent events: each `data` is a `Picture`, one a second, until the client goes.
#[utoipa::path(
    get,
    path = "/api/live",
    operation_id = "live",
    tag = "figures",
    responses(
        (status = 200, description = "A stream of pictures", body = LiveEvent, content_type = "text/event-stream"),
        (status = 503, description = "Too many are watching", body = Problem<'static>,
            content_type = "application/problem+json", headers(("retry-after" = String))),
    ),
    security(("api_token" = [])),
)]
pub async fn live(State(shared): Asked) -> Response {
    let Some(watcher) = Watcher::begin(&shared) else {
        return unavailable(&format!("{WATCHERS_MAX} are watching already"));
    };
    let events = futures_util::stream::unfold((watcher, true), async |(watcher, is_first)| {
        if !is_first {
            tokio::time::sleep(EVERY).await;
        }
        let event = match picture(&watcher.0).await {
            Some(text) => Event::default().data(text),
            None => Event::default().comment("busy"),
        };
        Some((Ok::<Event, Infallible>(event), (watcher, false)))
    });
    Sse::new(events).into_response()
}

/// `None`: others look at too many things; the next picture will do.
async fn picture(shared: &Arc<Shared>) -> Option<Arc<str>> {
    // one of those who watch takes it, and the others take no place from questions
    let taken = shared.live.last.try_lock().ok().and_then(|last| last.fresh());
    let look = |shared: &Shared| {
        // a panic leaves whole values behind: the text is replaced, and a spread begun anew at worst
        let mut last = shared.live.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.fresh().unwrap_or_else(|| last.renew(&shared.api))
    };
    match taken {
        Some(text) => Some(text),
        None => shared.run(look).await.ok(),
    }
}

fn take(api: &Api, spread: &mut Spread) -> Picture {
    const FIGURES: [&str; 5] = ["customers_in_stage", "stage_entries", "customer_equity", "drop_offs", "orders_by_step"];
    let is_wanted = |name: &str| FIGURES.contains(&name) || PLAY_CELLS.contains(&name) || VARIANT_CELLS.contains(&name);
    let (_, totals) = here(api, is_wanted);
    let settings = (api.settings)();
    spread.advance(&api.committed);
    Picture {
        at_ms: clock::wall_ms(),
        instance_id: api.instance_id.clone(),
        slots: api.health.slots().all(),
        slot_count: api.slot_count,
        stages: totals.by("customers_in_stage", ["stage"]).into_iter().map(|([stage], value)| (stage, saturated(value))).collect(),
        moves: totals.by("stage_entries", ["from", "to"]).into_iter().map(|([from, to], value)| (from, to, saturated(value))).collect(),
        equity_minor: totals.by("customer_equity", ["currency"]).into_iter().map(|([code], value)| (code, saturated(value))).collect(),
        attempts: attempts(&totals),
        spread: spread.told(),
        plays: figures::lines(&totals.values(), &settings, WEEKS).unwrap_or_default(),
    }
}

fn attempts(totals: &Totals) -> Vec<(String, i64, i64)> {
    let (given_up, ordered) = (totals.by("drop_offs", ["step"]), totals.by("orders_by_step", ["step"]));
    let count = |of: &std::collections::BTreeMap<[String; 1], i128>, step: &str| of.get(&[step.to_owned()]).copied().map_or(0, saturated);
    ["view", "cart", "checkout", "payment"].map(|step| (step.to_owned(), count(&given_up, step), count(&ordered, step))).to_vec()
}
