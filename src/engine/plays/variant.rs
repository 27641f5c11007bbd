//! Which of a step's templates a customer gets: the same one for ever, whatever arm or variant they have elsewhere.
//! Decides nothing else. Called by `actions`.

use crate::engine::draw::place;
use crate::engine::settings::{Play, Step};

/// `number`: of the step, from 0.
pub fn template<'a>(customer_id: &str, play: &Play, number: u8, step: &'a Step, salt: &str) -> &'a str {
    match step.templates.as_slice() {
        [only] => only,
        several => &several[place(&[salt, &play.name, customer_id, "step", &number.to_string()], several.len())],
    }
}
