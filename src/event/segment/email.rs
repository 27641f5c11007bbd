//! `Email Bounced`, the only e-mail event whose properties matter: a soft bounce may heal, a hard one suppresses the address.
//! Guesses nothing: whatever is not said to be soft is hard (`contracts.md` 2, *Consent*). Whose address it is, is the engine's matter.
//! Called by `segment` alone.

use super::fields::Properties;
use crate::event::{EmailSignal, Kind, Reject, json};

/// What mail providers call a bounce that may heal, in any case.
const SOFT_TYPES: [&str; 3] = ["soft", "transient", "temporary"];

/// Hard or soft, by `bounce_type`.
pub(super) fn bounced<'a>(properties: &Properties<'a>) -> Result<Kind<'a>, Reject> {
    let bounce_type = json::text("bounce_type", properties.bounce_type)?;
    let is_soft = bounce_type.is_some_and(|written| SOFT_TYPES.iter().any(|soft| written.eq_ignore_ascii_case(soft)));
    Ok(Kind::Email(if is_soft { EmailSignal::SoftBounce } else { EmailSignal::HardBounce }))
}
