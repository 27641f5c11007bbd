//! The stages of all customers together: how many are in each, how many moved from which to which, how long they had stayed, and how many
//! became known through which channel.
//!
//! Figures for conversion and drop-off, on cells: readers divide. The row keeps since when its customer is in the stage, which also says
//! that they are counted. It decides no stage (`lifecycle` does). Called by `transitions`, and by `slot` when a customer
//! goes, or was not counted so far.

use super::cells::{Cells, Figure, Place, Window};
use super::costs;
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
    if from.is_none_or(|from| from == Stage::VISITOR) && to != Stage::VISITOR {
        count_lead(&customer.touch.first, 1, cells, out);
    }
}

/// The channel of a customer of whom nothing was known but `former` (empty: no channel at all) has become known: what tells leads and
/// customers by channel follows, or of some channels more would buy than were known.
pub fn rename_channel(customer: &Customer, former: &str, cells: &mut Cells, out: &mut Outputs) {
    if customer.touch.first == former {
        return;
    }
    let channels = [(former, -1), (customer.touch.first.as_str(), 1)];
    if is_lead(customer) {
        channels.iter().for_each(|(channel, delta)| count_lead(channel, *delta, cells, out));
    }
    if let Some(first_ms) = customer.orders.first_ms() {
        channels.iter().for_each(|(channel, delta)| costs::count_customer(channel, first_ms, *delta, cells, out));
    }
}

/// The customer has turned out to be another, who is a lead by themselves.
pub fn give_lead(customer: &Customer, cells: &mut Cells, out: &mut Outputs) {
    if is_lead(customer) {
        count_lead(&customer.touch.first, -1, cells, out);
    }
}

/// Has become known, and was counted.
fn is_lead(customer: &Customer) -> bool {
    customer.stage.is_some_and(|stage| stage != Stage::VISITOR) && customer.stage_since_ms.is_some()
}

fn count_lead(channel: &str, delta: i128, cells: &mut Cells, out: &mut Outputs) {
    cells.add(&Place { name: "leads", figure: Figure::Count, dims: &[("channel", channel)], window: Window::All, at_ms: 0 }, delta, out);
}

/// Counts somebody whom the rows of older versions did not count, as having come now; whether that was so.
pub fn count_in(customer: &mut Customer, cells: &mut Cells, out: &mut Outputs) -> bool {
    let Some(stage) = customer.stage.filter(|_| cells.are_kept() && customer.stage_since_ms.is_none()) else {
        return false;
    };
    count_present(stage, 1, cells, out);
    customer.stage_since_ms = Some(customer.now_ms);
    if is_lead(customer) {
        count_lead(&customer.touch.first, 1, cells, out);
    }
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
