//! What a customer did besides buying, reading mails and filling carts: how often, since when they are signed up, what is open, what is on
//! its way, who served them, where they have heard of the shop.
//!
//! Who never did any of it has none of this. It keeps numbers and ids, or their fingerprints, never texts of what was said. The stages that follow
//! are `lifecycle`'s, the money is `costs`'. Called by `apply` and `unite`.

use super::cells::{Figure, Place, UNKNOWN, VALUE_BYTES_MAX, Window};
use super::contact::replace;
use super::customer::Customer;
use super::lifecycle::Why;
use super::scene::Scene;
use super::seen::{IdKind, fingerprint};
use super::{costs, population, transitions};
use crate::event::{Answer, CostKind, Interaction, InteractionKind, Money, cut};

/// Open tickets told apart; a customer with more is one with open tickets all the same.
pub const TICKETS_MAX: usize = 8;

pub const TRACK: &str = "fulfilment";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Journey {
    /// By `InteractionKind`.
    pub counts: [u32; InteractionKind::ALL.len()],
    pub signed_up_ms: Option<i64>,
    /// The latest of all of it.
    pub latest_ms: i64,
    /// Fingerprints, oldest first; at most `TICKETS_MAX`.
    pub open_tickets: Vec<u64>,
    pub parcel: Option<Parcel>,
    /// Who closed the last order that names somebody; empty: nobody did.
    pub salesperson: String,
    /// Where they have heard of the shop, by the first answer to a question that asks.
    pub source: Option<Source>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub answer: String,
    pub at_ms: i64,
}

/// The order last heard of on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parcel {
    /// The order's fingerprint.
    pub order: u64,
    pub is_delivered: bool,
    pub at_ms: i64,
}

impl Parcel {
    pub fn state(&self) -> &'static str {
        if self.is_delivered { "delivered" } else { "shipped" }
    }
}

impl Journey {
    pub fn count(&self, kind: InteractionKind) -> u32 {
        self.counts[kind as usize]
    }

    /// How often they have talked to service: by tickets opened and by calls.
    pub fn contacts(&self) -> u32 {
        self.count(InteractionKind::TicketOpened).saturating_add(self.count(InteractionKind::CallLogged))
    }
}

impl Journey {
    /// Counts add up; a ticket that either has open is open; of what there is once the latest stays, of who closed the sale our own.
    pub fn unite(&mut self, other: Journey) {
        self.counts.iter_mut().zip(other.counts).for_each(|(count, others)| *count = count.saturating_add(others));
        self.signed_up_ms = self.signed_up_ms.into_iter().chain(other.signed_up_ms).min();
        self.latest_ms = self.latest_ms.max(other.latest_ms);
        for ticket in other.open_tickets {
            if !self.open_tickets.contains(&ticket) && self.open_tickets.len() < TICKETS_MAX {
                self.open_tickets.push(ticket);
            }
        }
        let is_newer = |parcel: &Parcel| self.parcel.is_none_or(|own| own.at_ms < parcel.at_ms);
        self.parcel = other.parcel.filter(is_newer).or(self.parcel);
        if self.salesperson.is_empty() {
            self.salesperson = other.salesperson;
        }
    }
}

/// Takes an interaction up; whether it cost money.
pub fn take(customer: &mut Customer, interaction: &Interaction<'_>, time_ms: i64, scene: &mut Scene<'_>) -> bool {
    let journey = customer.journey.get_or_insert_default();
    let count = &mut journey.counts[interaction.kind as usize];
    *count = count.saturating_add(1);
    journey.latest_ms = journey.latest_ms.max(time_ms);
    if interaction.kind == InteractionKind::SignedUp {
        journey.signed_up_ms = Some(journey.signed_up_ms.map_or(time_ms, |earlier| earlier.min(time_ms)));
    }
    match interaction.kind {
        InteractionKind::TicketOpened => open_ticket(customer, interaction),
        InteractionKind::TicketResolved => resolve_ticket(customer, interaction),
        InteractionKind::OrderShipped => move_parcel(customer, interaction, false, time_ms, scene),
        InteractionKind::OrderDelivered => move_parcel(customer, interaction, true, time_ms, scene),
        _ => {}
    }
    if let Some(answer) = &interaction.answer {
        take_answer(customer, answer, time_ms, scene);
    }
    if let Some(amount) = interaction.cost {
        charge(customer, amount, interaction.salesperson_id.as_deref(), time_ms, scene);
    }
    interaction.cost.is_some()
}

/// Who closed an order serves the customer from here on.
pub fn close_sale(customer: &mut Customer, salesperson: &str, is_first_order: bool, time_ms: i64, scene: &mut Scene<'_>) {
    if !scene.cells.are_kept() {
        return;
    }
    let journey = customer.journey.get_or_insert_default();
    replace(&mut journey.salesperson, salesperson);
    journey.latest_ms = journey.latest_ms.max(time_ms);
    if is_first_order {
        let dims = [("salesperson", salesperson)];
        let place = Place { name: "customers_closed", figure: Figure::Count, dims: &dims, window: Window::Month, at_ms: time_ms };
        scene.cells.add(&place, 1, scene.out);
    }
}

fn subject_of(interaction: &Interaction<'_>, kind: IdKind) -> Option<u64> {
    interaction.subject.as_deref().map(|id| fingerprint(kind, id))
}

/// A ticket that was resolved before, in an event that came earlier, stays resolved.
fn open_ticket(customer: &mut Customer, interaction: &Interaction<'_>) {
    let (Some(ticket), Some(journey)) = (subject_of(interaction, IdKind::Ticket), &mut customer.journey) else { return };
    let is_known = journey.open_tickets.contains(&ticket) || customer.seen.contains(ticket);
    if !is_known && journey.open_tickets.len() < TICKETS_MAX {
        journey.open_tickets.push(ticket);
    }
}

fn resolve_ticket(customer: &mut Customer, interaction: &Interaction<'_>) {
    let (Some(ticket), Some(journey)) = (subject_of(interaction, IdKind::Ticket), &mut customer.journey) else { return };
    journey.open_tickets.retain(|open| *open != ticket);
    if !customer.seen.contains(ticket) {
        customer.seen.remember(ticket);
    }
}

/// Says that an order is on its way, or there: `placed`, which every order is, `shipped`, `delivered`. News of an older order, or news
/// that come late, say nothing.
fn move_parcel(customer: &mut Customer, interaction: &Interaction<'_>, is_delivered: bool, time_ms: i64, scene: &mut Scene<'_>) {
    let (Some(order), Some(journey)) = (subject_of(interaction, IdKind::Order), &mut customer.journey) else { return };
    let from = match &journey.parcel {
        Some(former) if former.order == order && (former.is_delivered || !is_delivered) => return,
        Some(former) if former.order == order => former.state(),
        Some(former) if former.at_ms > time_ms => return,
        _ => "placed",
    };
    let parcel = Parcel { order, is_delivered, at_ms: time_ms };
    journey.parcel = Some(parcel);
    transitions::write(customer, TRACK, Some(from), parcel.state(), Why::Fulfilment, scene);
}

fn take_answer(customer: &mut Customer, answer: &Answer<'_>, time_ms: i64, scene: &mut Scene<'_>) {
    let dims = [("answer", answer.answer_id.as_ref()), ("question", answer.question_id.as_ref()), ("survey", answer.survey_id.as_ref())];
    let place = Place { name: "survey_answers", figure: Figure::Count, dims: &dims, window: Window::Month, at_ms: time_ms };
    scene.cells.add(&place, 1, scene.out);
    let asks_for_source = scene.rules.settings.source_questions.iter().any(|question| *question == answer.question_id);
    if asks_for_source {
        learn_source(customer, Source { answer: cut(&answer.answer_id, VALUE_BYTES_MAX).to_owned(), at_ms: time_ms }, scene);
    }
}

/// The first answer stays, whenever it comes; customers and their value are told by it.
pub fn learn_source(customer: &mut Customer, told: Source, scene: &mut Scene<'_>) {
    let is_first = |known: &Source| (known.at_ms, &known.answer) <= (told.at_ms, &told.answer);
    if customer.source().is_some_and(is_first) {
        return;
    }
    let contribution = customer.contribution;
    population::contribute(customer, None, scene.cells, scene.out);
    customer.journey.get_or_insert_default().source = Some(told);
    let contribution = contribution.map(|contribution| population::Contribution { has_source: true, ..contribution });
    population::contribute(customer, contribution, scene.cells, scene.out);
}

/// Service that costs money is a cost like any other; besides it is told by who closed the customer's sale, or else served them.
fn charge(customer: &mut Customer, amount: Money, served_by: Option<&str>, time_ms: i64, scene: &mut Scene<'_>) {
    costs::charge(customer, CostKind::Service, amount, time_ms, scene);
    let closed_by = customer.journey.as_ref().map(|journey| journey.salesperson.as_str()).filter(|name| !name.is_empty());
    let salesperson = closed_by.or(served_by).unwrap_or(UNKNOWN);
    let dims = [("currency", amount.currency.code()), ("salesperson", salesperson)];
    let place = Place { name: "service_cost", figure: Figure::Sum, dims: &dims, window: Window::Month, at_ms: time_ms };
    scene.cells.add(&place, i128::from(amount.minor), scene.out);
}
