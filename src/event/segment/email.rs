//! E-mail events: what became of a mail, and of which campaign it was. Of a bounce it matters whether it may heal: a hard one suppresses the
//! address.
//! Guesses nothing: whatever is not said to be soft is hard (`contracts.md` 2, *Consent*). Whose address it is, is the engine's matter.
//! Called by `segment` alone.

use super::fields::Properties;
use crate::event::value::Field;
use crate::event::{Email, EmailSignal, Kind, Reject, json};

/// What mail providers call a bounce that may heal, in any case.
const SOFT_TYPES: [&str; 3] = ["soft", "transient", "temporary"];

/// A campaign that is no text, or too long for an id, counts as not told: it must not cost what became of the mail.
pub(super) fn heard<'a>(signal: EmailSignal, campaign_id: Field<'a>) -> Kind<'a> {
    Kind::Email(Email { signal, campaign_id: json::id("campaign_id", campaign_id).ok().flatten() })
}

/// Hard or soft, by `bounce_type`.
pub(super) fn bounced<'a>(properties: &Properties<'a>) -> Result<Kind<'a>, Reject> {
    let bounce_type = json::text("bounce_type", properties.bounce_type)?;
    let is_soft = bounce_type.is_some_and(|written| SOFT_TYPES.iter().any(|soft| written.eq_ignore_ascii_case(soft)));
    Ok(heard(if is_soft { EmailSignal::SoftBounce } else { EmailSignal::HardBounce }, properties.campaign_id))
}
