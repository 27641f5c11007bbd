//! The stages a customer has been in before the present one, and since when in each: what people are told as the history of a customer.
//!
//! It decides nothing and is asked by nobody who decides. Only stages whose beginning is known are remembered; older ones than are kept are
//! in the topic of transitions. Filled by `transitions`, and by `identity` and `unite` when two customers become one; told by `record::held`.

use super::customer::Customer;
use super::stages::Stage;

/// Former stages of a customer, the oldest goes first. With the present one it is a whole way through the shipped stages, from the first visit
/// to advocacy, silence, loss and return; eight take some 50 bytes of a row, and most customers have one or two.
pub const STAYS_MAX: usize = 8;

/// A stage, and when it was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stay {
    pub stage: Stage,
    pub since_ms: i64,
}

/// The present stage is about to become a former one.
pub fn leave(customer: &mut Customer) {
    let Some((stage, since_ms)) = customer.stage.zip(customer.stage_since_ms) else {
        return;
    };
    if customer.stays.len() == STAYS_MAX {
        customer.stays.remove(0);
    }
    customer.stays.push(Stay { stage, since_ms });
}

/// What another id was before anything was known of this customer is how this customer began; what it was beside them is no step that they
/// have taken. Our own are the last to be forgotten.
pub fn unite(customer: &mut Customer, theirs: &[Stay]) {
    let began_ms = customer.stays.first().map(|stay| stay.since_ms).or(customer.stage_since_ms);
    let earlier: Vec<Stay> = theirs.iter().filter(|stay| began_ms.is_none_or(|began_ms| stay.since_ms < began_ms)).copied().collect();
    let room = STAYS_MAX - customer.stays.len();
    customer.stays.splice(..0, earlier[earlier.len().saturating_sub(room)..].iter().copied());
}
