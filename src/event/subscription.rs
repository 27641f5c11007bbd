//! What subscriptions tell: that one has begun, that it was paid for, that it ended.
//!
//! Types alone: `segment::subscriptions` reads them, the engine's `contracts` gives them a meaning.

use super::{Money, Text};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionKind {
    Started,
    Payment,
    Cancelled,
}

impl SubscriptionKind {
    pub const ALL: [SubscriptionKind; 3] = [SubscriptionKind::Started, SubscriptionKind::Payment, SubscriptionKind::Cancelled];

    pub fn event_name(self) -> &'static str {
        match self {
            SubscriptionKind::Started => "Subscription Started",
            SubscriptionKind::Payment => "Subscription Payment",
            SubscriptionKind::Cancelled => "Subscription Cancelled",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Subscription<'a> {
    pub kind: SubscriptionKind,
    pub id: Text<'a>,
    /// Of one payment; there unless it was cancelled. Never negative.
    pub amount: Option<Money>,
    /// From one payment to the next; `None`: not told.
    pub period_months: Option<u8>,
}
