//! Scoring everybody anew: after the value model has changed, and after rows have become such as keep what a score adds to the cells, and
//! the segment. A piece at a time, region by region, in order of (hash, customer id).
//!
//! Whoever has ordered gets a `clv` record of the model in force, and the stage it puts them in; deadlines move with it. How far it has come is
//! not stored: until everybody is done the slot's history names no model, and whoever takes the slot over begins again, as does another
//! model, the former one included. Which model is in force, and how much may be done at once, others decide. Called by `worker`.

use std::sync::Arc;

use super::{Progress, Slot, text_of};
use crate::engine::committed::ALL_REGIONS;
use crate::engine::lifecycle::Why;
use crate::engine::outputs::Outputs;
use crate::engine::plays;
use crate::engine::rules::Rules;
use crate::engine::scene::{Occasion, Scene};
use crate::engine::settings::Settings;
use crate::engine::{funnel, segments, tiers, transitions, value};

/// How far the scores of a slot follow the model in force.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Rescoring {
    /// What every customer of the slot has been scored with, as `Slot::scoring` names it; `MIXED` while that is being changed.
    pub scored_with: String,
    /// What comes next; `None`: nothing is left to do.
    next: Option<Place>,
}

/// Some by the former model, some by the one in force: equal to nothing, so that whatever comes next begins again.
const MIXED: &str = "";

/// Ends the name of a scoring whose scores were counted on the cells, in rows that have a place for it.
const COUNTED: &str = " counted";

/// Customers up to this one are done.
#[derive(Debug, Clone, Default, PartialEq)]
struct Place {
    region: usize,
    /// Within the region; `None`: its beginning.
    after: Option<(u64, Vec<u8>)>,
}

impl Rescoring {
    /// Everybody has been scored so.
    pub fn none(scoring: &str) -> Rescoring {
        Rescoring { scored_with: scoring.to_owned(), next: None }
    }
}

impl Slot {
    /// A restored slot whose customers were scored with a model: if that is not the one in force, they are to be scored anew.
    pub fn scored_with_model(mut self, scoring: &str) -> Slot {
        // the versions of lifetide before wrote the version of the parameters alone
        let is_former_form = scoring == self.rules.settings.value.parameters.version;
        self.rescoring = Rescoring::none(if is_former_form { &self.rules.scoring } else { scoring });
        self.begin_rescoring();
        self.published_rescoring.clone_from(&self.rescoring);
        self
    }

    /// Another model is in force from here on. Between transactions only.
    pub fn change_settings(&mut self, settings: Arc<Settings>) {
        assert!(self.overlay.entries().is_empty(), "invariant: rules change between transactions");
        self.rules = Rules::new(settings);
        self.begin_rescoring();
        self.published_rescoring.clone_from(&self.rescoring);
    }

    /// What is in force is another scoring than it was, or may be.
    pub(super) fn begin_rescoring(&mut self) {
        let scoring = self.scoring();
        // without a time there was never an event, and nobody is there
        if self.time_ms.is_none() || self.rescoring.scored_with == scoring {
            self.rescoring = Rescoring::none(&scoring);
        } else {
            self.rescoring.next = Some(Place::default());
        }
    }

    /// What customers are scored with from here on: `Rules::scoring`, and whether it is counted. So older rows bear the name they always
    /// had, and raising them to such as keep cells is another scoring.
    pub(super) fn scoring(&self) -> String {
        let counted = if self.row_version().has_cells() { COUNTED } else { "" };
        format!("{}{counted}", self.rules.scoring)
    }

    /// What every customer of the slot has been scored with; empty while that is being changed.
    pub fn model_version(&self) -> &str {
        &self.rescoring.scored_with
    }

    pub fn is_rescoring(&self) -> bool {
        self.rescoring.next.is_some()
    }

    /// Scores the next customers anew, `limit` at most, at the slot's time. Nobody in the transaction that raises the rows: whoever is new
    /// in it may have been scored in the former ones, and is found once committed.
    pub fn rescore(&mut self, limit: usize, out: &mut Outputs) -> Progress {
        if self.row_version() != self.published_row_version {
            return Progress::More;
        }
        let (Some(mut place), Some(time_ms)) = (self.rescoring.next.take(), self.time_ms) else {
            return self.end_rescoring();
        };
        let mut left = limit;
        while place.region < ALL_REGIONS.len() {
            let next = self.customers_after(&place, left);
            left -= next.len();
            for (hash, id) in &next {
                self.score(*hash, id, time_ms, out);
            }
            if left == 0 {
                place.after = next.into_iter().next_back().map(|(hash, id)| (hash, id.into_bytes()));
                self.rescoring = Rescoring { scored_with: MIXED.to_owned(), next: Some(place) };
                return Progress::More;
            }
            place = Place { region: place.region + 1, after: None };
        }
        self.end_rescoring()
    }

    fn end_rescoring(&mut self) -> Progress {
        self.rescoring = Rescoring::none(&self.scoring());
        Progress::Done
    }

    /// The committed customers of a region behind a place, in order. Those of the open transaction alone are new: what is in force scored
    /// them.
    fn customers_after(&self, place: &Place, most: usize) -> Vec<(u64, String)> {
        let after = place.after.as_ref().map(|(hash, id)| (*hash, id.as_slice()));
        let mut customers = Vec::new();
        self.committed.with_region(self.number, place.region as u16, |region| {
            let rows = region.into_iter().flat_map(|r| r.rows()).map(|(hash, id, _)| (hash, id));
            let mut behind: Vec<(u64, &[u8])> = rows.filter(|row| after.is_none_or(|after| *row > after)).collect();
            behind.sort_unstable();
            customers.extend(behind.into_iter().take(most).map(|(hash, id)| (hash, text_of(id).to_owned())));
        });
        customers
    }

    fn score(&mut self, hash: u64, id: &str, time_ms: i64, out: &mut Outputs) {
        self.open(hash, id);
        let (customer, entry) = self.overlay.current();
        if !entry.exists {
            return;
        }
        let is_new_in_funnel = funnel::count_in(customer, &mut self.cells, out);
        if customer.orders.primary().is_none() {
            if is_new_in_funnel {
                self.settle();
            }
            return;
        }
        let parameters = &self.rules.settings.value.parameters;
        let mut scene = Scene {
            rules: &self.rules,
            slot: self.number,
            customer_id: id,
            occasion: Occasion::Model { name: &parameters.name, version: &parameters.version },
            time_ms: customer.now_ms.max(time_ms),
            wall_ms: None,
            cells: &mut self.cells,
            out,
            written: 0,
        };
        plays::pass_birthday(customer, scene.time_ms, &scene);
        customer.now_ms = scene.time_ms;
        transitions::settle(customer, Some(Why::Model), &mut scene);
        segments::settle(customer, Why::Model, &mut scene);
        tiers::settle(customer, &mut scene);
        value::write_clv(customer, Why::Model, &mut scene);
        self.settle();
    }
}
