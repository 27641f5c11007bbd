//! What happened, for metrics: small typed notes beside the records, so that nobody counts by parsing JSON.
//!
//! Every label is bounded by the code or the configuration; nothing here names a customer. Written by the engine into `Outputs`, read by
//! `worker` once per transaction, and only if that transaction commits.

use super::plays::{ActionKind, Reason};
use super::relay::RelayFate;
use super::stages::Stage;
use crate::event::Currency;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// A transition record was written.
    Transition {
        from: Option<Stage>,
        to: Stage,
    },
    /// An action record was written; `play` is the play's place in `Settings::plays`.
    Action {
        play: u16,
        kind: ActionKind,
        reason: Reason,
    },
    /// A clv record was written.
    Clv {
        currency: Currency,
    },
    /// A deadline fired; its delay is what the worker's clock makes of it.
    TimerFired {
        timer: TimerKind,
        deadline_ms: i64,
    },
    Count(Counter),
    /// A message of the relay was sent, or something became of one; `kind` is of a closed list.
    Relay {
        kind: &'static str,
        fate: RelayFate,
    },
}

/// What a customer was waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerKind {
    Play,
    Lifecycle,
    Expiry,
}

impl TimerKind {
    pub fn as_str(self) -> &'static str {
        match self {
            TimerKind::Play => "play",
            TimerKind::Lifecycle => "lifecycle",
            TimerKind::Expiry => "expiry",
        }
    }
}

/// Things worth counting that write no record of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counter {
    OrderDuplicate,
    RefundDuplicate,
    /// No such order, or an order in another currency.
    RefundUnmatched,
    /// More was refunded than the order had left.
    RefundClamped,
    /// Arrived before its order.
    RefundHeld,
    /// An order or a cost in a customer's fifth currency: counted, summed nowhere in their row.
    CurrencyOverflow,
    /// A cart event older than the last order.
    LateCart,
    AnonymousExpired,
    /// Told before.
    CostDuplicate,
    /// More points were spent than there were.
    PointsOverdrawn,
    /// A cell that would have been one too many: counted as `other`.
    CellFolded,
}

impl Counter {
    pub const ALL: [Counter; 11] = [
        Counter::OrderDuplicate,
        Counter::RefundDuplicate,
        Counter::RefundUnmatched,
        Counter::RefundClamped,
        Counter::RefundHeld,
        Counter::CurrencyOverflow,
        Counter::LateCart,
        Counter::AnonymousExpired,
        Counter::CostDuplicate,
        Counter::PointsOverdrawn,
        Counter::CellFolded,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Counter::OrderDuplicate => "order_duplicate",
            Counter::RefundDuplicate => "refund_duplicate",
            Counter::RefundUnmatched => "refund_unmatched",
            Counter::RefundClamped => "refund_clamped",
            Counter::RefundHeld => "refund_held",
            Counter::CurrencyOverflow => "currency_overflow",
            Counter::LateCart => "late_cart",
            Counter::AnonymousExpired => "anonymous_expired",
            Counter::CostDuplicate => "cost_duplicate",
            Counter::PointsOverdrawn => "points_overdrawn",
            Counter::CellFolded => "cell_folded",
        }
    }
}
