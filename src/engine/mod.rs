//! The pure core: what an event or a deadline means for a customer. No async, clock, I/O, logs, metrics or randomness.
//!
//! `Slot::apply(event)` and `Slot::tick(moment)` are total, bounded and deterministic: same calls, same bytes. A refusal is an output.
//! Changed customers live in the slot's overlay until the worker publishes or discards them at the end of its transaction; committed
//! rows are shared read-only with HTTP. Called by `worker` alone (`http` reads `Committed`).
//!
//! Reading order: `slot` (the calls), `apply` and `deadline` (one event, one deadline), `customer` and the file of each of its parts
//! (`seen`, `contact`, `profile`, `consent`, `touch`, `stays`, `orders`, `money`, `costs`, `cart`, `journey`, `loyalty`, `contracts`, `affinity`, `attempt`, `ties`), what is decided about it (`lifecycle`, `segments`, `levels`, `bands`, `tiers`, `plays`, `gates`, `quiet`, `draw`), what came of it (`attribution`, `variants`), what it means for others (`relay`, `identity`, `unite`, `referrals`), what is
//! written about it (`transitions`, `value`, `actions`, `timeline`, `record`), what all of them add up to (`cells`, `population`, `funnel`, `cohorts`), how it is kept (`row`,
//! `overlay`, `timers`, `committed`) and forgotten (`erasure`). `explain` and `audience` ask the gates for people;
//! `portrait`, `totals`, `play_week`, `play_variant` and `economics` put together what is told of a customer, of all, of plays, and of costs; `told_cell` reads a figure back.

mod actions;
mod affinity;
mod apply;
mod attempt;
mod attribution;
mod audience;
mod bands;
mod cart;
mod cash_flow;
mod cells;
mod cohorts;
mod committed;
mod consent;
mod contact;
mod contracts;
mod costs;
mod customer;
mod deadline;
mod draw;
mod economics;
mod erasure;
mod explain;
mod funnel;
mod gates;
mod identity;
mod journey;
mod levels;
mod lifecycle;
mod loyalty;
mod money;
mod note;
mod orders;
mod outputs;
mod overlay;
mod play_variant;
mod play_week;
mod plays;
mod population;
mod portrait;
mod profile;
mod quiet;
mod record;
mod referrals;
mod relay;
mod row;
mod rules;
mod scene;
mod seen;
mod segments;
mod settings;
mod slot;
mod stages;
mod stays;
mod suppressed;
#[cfg(test)]
mod tests;
mod tiers;
mod ties;
mod timeline;
mod timers;
mod told_cell;
mod totals;
mod touch;
mod trace;
mod transitions;
mod unite;
mod value;
mod variants;

pub use apply::Outcome;
pub use attribution::{Attribution, Click, Exposure};
pub use audience::{Member, member};
pub use cart::{Cart, Line};
pub use cells::check_cell;
pub use committed::{ALL_REGIONS, Committed, REGION_BITS, ROW_OVERHEAD_BYTES, Region, hash_of, hash_of_mark, region_of};
pub use consent::{ByTrait, Consent, Standing, Stated};
pub use contact::Contact;
pub use costs::CostSum;
pub use customer::{Customer, SENDS_MAX};
pub use economics::{ECONOMICS_CELLS, EconomicsRow, ToldBy, economics};
pub use erasure::{ErasureKey, Mark, MarkId};
pub use explain::{Explained, Waiting, ahead, explain};
pub use gates::Arm;
pub use journey::{Journey, Parcel};
pub use levels::{LEVELS_MAX, Level, NONE as NO_LEVEL};
pub use lifecycle::Why;
pub use loyalty::{Expiring, Loyalty};
pub use note::{Counter, Note, TimerKind};
pub use orders::{Folded, Kept, Orders};
pub use outputs::{Outputs, Record, Topic};
pub use play_variant::{PlayVariant, VARIANT_CELLS};
pub use play_week::{CellId, PLAY_CELLS, PlayWeek};
pub use plays::{ActionKind, Grant, Phase, PlayState, Reason};
pub use population::Contribution;
pub use portrait::{Portrait, portrait};
pub use record::cell::TotalRecord;
pub use record::economics::{EconomicsRecord, economics_row};
pub use record::explained::explained;
pub use record::held::held;
pub use record::play_variant::{PlayVariantRecord, play_variant};
pub use record::play_week::{PlayWeekRecord, play_week};
pub use record::schema as record_schemas;
pub use referrals::CREDITED;
pub use relay::{Content, HOPS_MAX, Message, Origin, RelayFate};
pub use row::{RowError, RowVersion, deadline_ms as row_deadline_ms, encode as encode_row, moved_to as row_moved_to, read_row};
pub use rules::{PLAYS_MAX, STEPS_MAX};
pub use scene::Cause;
pub use settings::{
    CancelOn, Cap, Channel, ChannelRule, Condition, ConsentRule, Lifecycle, Loyalty as LoyaltyRules, Mode, MoneyField, Offer, Pattern,
    Play, QuietHours, Settings, Step, Test, Track, Trigger, Value, WordField,
};
pub use slot::{Change, Moment, Progress, Slot};
pub use stages::{
    ALIVE_BOUNDS_MAX, Counted, CustomerFlag, ENTRIES_MAX as STAGE_ENTRIES_MAX, Entry as StageEntry, Graph as StageGraph,
    Moment as StageMoment, STAGE_BYTES_MAX, Stage, StageBounds, StageCondition, shipped_stages,
};
pub use tiers::{Month, Tier, WINDOW_DAYS_MAX};
pub use ties::{ALIASES_MAX, Alias, Moved, REFEREES_MAX, Referee, Referrer, Ties};
pub use timeline::DECISIONS_MAX;
pub use told_cell::{ToldCell, read_told_cell};
pub use totals::{Totals, minor_digits};
pub use touch::Touches;
pub use trace::Trace;
pub use value::forecast_at;
