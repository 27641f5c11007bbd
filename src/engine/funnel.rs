//! The stages of all customers together: how many are in each, how many moved from which to which, and how long they had stayed.
//!
//! Figures for conversion and drop-off, on cells: readers divide. The row keeps since when its customer is in the stage, which also says
//! that they are counted. It decides no stage (`lifecycle` does). Called by `transitions`, and by `slot` when a customer
//! goes, or was not counted so far.

use super::cells::{Cells, Figure, Place, Window};
use super::customer::Customer;
use super::outputs::Outputs;
use super::stages::Stage;

/// The customer has come into their stage, from another or as somebody new.
pub fn enter(customer: &mut Customer, from: Option<Stage>, to: Stage, time_ms: i64, cells: &mut Cells, out: &mut Outputs) {
    if !cells.are_kept() {
        return;
    }
    // who came into the stage before anybody counted is not taken away from it
    if let (Some(from), Some(since_ms)) = (from, customer.stage_since_ms) {
        count_present(from, -1, cells, out);
        let dims = [("from", from.as_str()), ("to", to.as_str())];
        let place = Place { name: "stage_stays", figure: Figure::Sketch, dims: &dims, window: Window::Month, at_ms: time_ms };
        cells.observe(&place, time_ms - since_ms, out);
    }
    count_present(to, 1, cells, out);
    let dims = [("channel", customer.touch.first.as_str()), ("from", from.as_ref().map_or("none", Stage::as_str)), ("to", to.as_str())];
    let place = Place { name: "stage_entries", figure: Figure::Count, dims: &dims, window: Window::Month, at_ms: time_ms };
    cells.add(&place, 1, out);
    customer.stage_since_ms = Some(time_ms);
}

/// Counts somebody whom the rows of older versions did not count, as having come now; whether that was so.
pub fn count_in(customer: &mut Customer, cells: &mut Cells, out: &mut Outputs) -> bool {
    let Some(stage) = customer.stage.filter(|_| cells.are_kept() && customer.stage_since_ms.is_none()) else {
        return false;
    };
    count_present(stage, 1, cells, out);
    customer.stage_since_ms = Some(customer.now_ms);
    true
}

/// The customer is about to be forgotten.
pub fn leave(customer: &Customer, cells: &mut Cells, out: &mut Outputs) {
    if let (Some(stage), Some(_)) = (customer.stage, customer.stage_since_ms) {
        count_present(stage, -1, cells, out);
    }
}

fn count_present(stage: Stage, delta: i128, cells: &mut Cells, out: &mut Outputs) {
    let place =
        Place { name: "customers_in_stage", figure: Figure::Count, dims: &[("stage", stage.as_str())], window: Window::All, at_ms: 0 };
    cells.add(&place, delta, out);
}
