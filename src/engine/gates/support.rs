//! No marketing to a customer who waits for help.
//!
//! A ticket is open from `Support Ticket Opened` to `Support Ticket Resolved` of the same id (`journey`). Called by `gates`.

use super::Question;
use crate::engine::plays::Reason;

pub fn support_issue(q: &Question<'_>) -> Option<Reason> {
    let journey = q.customer.journey.as_ref()?;
    (!journey.open_tickets.is_empty()).then_some(Reason::SupportIssue)
}
