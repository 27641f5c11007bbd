//! No marketing to a customer who waits for help, but the answer to the call for it.
//!
//! A ticket is open from `Support Ticket Opened` to `Support Ticket Resolved` of the same id (`journey`). A play that begins with the opening of
//! a ticket is about tickets: it passes, however many are open, or none could ever be escalated. Called by `gates`.

use super::Question;
use crate::engine::plays::Reason;
use crate::engine::settings::Trigger;
use crate::event::InteractionKind;

pub fn support_issue(q: &Question<'_>) -> Option<Reason> {
    let journey = q.customer.journey.as_ref()?;
    (!journey.open_tickets.is_empty() && !escalates(&q.play.trigger)).then_some(Reason::SupportIssue)
}

fn escalates(trigger: &Trigger) -> bool {
    matches!(trigger, Trigger::EventSeen(name) if name == InteractionKind::TicketOpened.event_name())
}
