//! The records the engine writes, one file per topic, and what they share: ids, causes, times, money.
//!
//! The fields are `contracts.md` 3 to 6; they are read by other people's programs and never renamed. Structs borrow from the customer
//! and are written straight into `Outputs`. Called by `scene`, `transitions`, `value`, `plays` and `cells`; `held` is
//! what `state export` shows, `explained` what `explain` does, `play_week` and `play_variant` what plays brought, `economics` what customers cost and are worth; they go to no topic.
//! `schema` says what records look like.

pub mod action;
pub mod cause;
pub mod cell;
pub mod clv;
pub mod economics;
pub mod explained;
pub mod held;
pub mod id;
pub mod json;
pub mod likes;
pub mod money;
pub mod play_variant;
pub mod play_week;
pub mod schema;
pub mod time;
pub mod transition;
