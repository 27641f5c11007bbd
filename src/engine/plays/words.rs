//! The words of an action record: its kinds and its reasons. Metrics use them as labels, so both are closed lists.
//! It chooses none of them: `plays`, `gates` and `cart` do. Read by `actions` and by whoever counts notes.

use crate::engine::settings::Trigger;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActionKind {
    Send,
    Cancel,
    Suppressed,
}

impl ActionKind {
    /// Their places are stored in rows: a new one goes to the end.
    pub const ALL: [ActionKind; 3] = [ActionKind::Send, ActionKind::Cancel, ActionKind::Suppressed];

    pub fn as_str(self) -> &'static str {
        match self {
            ActionKind::Send => "send",
            ActionKind::Cancel => "cancel",
            ActionKind::Suppressed => "suppressed",
        }
    }
}

/// Why an action is what it is: each refusal by the gate that failed. Rows keep the number: a new one goes to the end, here and in `ALL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Of a send: the cart was left alone for the step's delay.
    CartIdle,
    /// Of a send: the customer entered the play's stage.
    StageEntered,
    /// Of a send: the play's event was seen.
    EventSeen,
    /// Of a send: the customer came into the play's band, tier or segment.
    LevelReached,
    /// Of a send.
    Birthday,
    /// Of a send: by now the next order was to be expected.
    NextOrderDue,
    /// Of a cancel.
    Order,
    CartEmptied,
    CartFilled,
    StageLeft,
    /// Of a cancel: the order it is about was given back.
    Refund,
    /// Of a cancel: the customer has become another.
    Merged,
    /// Of a cancel: the customer is forgotten.
    Erased,
    Shadow,
    Backfill,
    Stale,
    NoEmail,
    InvalidEmail,
    NoConsent,
    ConsentPending,
    /// Of a cancel, too, as the two after it.
    Unsubscribed,
    Complained,
    Bounced,
    SupportIssue,
    BelowMinimum,
    AboveMaximum,
    NoThreshold,
    /// A condition over a word, or over what is not known.
    Condition,
    CoolDown,
    Cap,
    Priority,
    Margin,
    Control,
}

impl Reason {
    /// Their places are stored in rows: a new one goes to the end.
    pub const ALL: [Reason; 33] = [
        Reason::CartIdle,
        Reason::StageEntered,
        Reason::EventSeen,
        Reason::LevelReached,
        Reason::Birthday,
        Reason::NextOrderDue,
        Reason::Order,
        Reason::CartEmptied,
        Reason::CartFilled,
        Reason::StageLeft,
        Reason::Refund,
        Reason::Merged,
        Reason::Erased,
        Reason::Shadow,
        Reason::Backfill,
        Reason::Stale,
        Reason::NoEmail,
        Reason::InvalidEmail,
        Reason::NoConsent,
        Reason::ConsentPending,
        Reason::Unsubscribed,
        Reason::Complained,
        Reason::Bounced,
        Reason::SupportIssue,
        Reason::BelowMinimum,
        Reason::AboveMaximum,
        Reason::NoThreshold,
        Reason::Condition,
        Reason::CoolDown,
        Reason::Cap,
        Reason::Priority,
        Reason::Margin,
        Reason::Control,
    ];

    /// Of what a play with this trigger sends.
    pub fn to_send(trigger: &Trigger) -> Reason {
        match trigger {
            Trigger::CartIdle => Reason::CartIdle,
            Trigger::StageEntered(_) => Reason::StageEntered,
            Trigger::EventSeen(_) => Reason::EventSeen,
            Trigger::LevelReached { .. } => Reason::LevelReached,
            Trigger::Birthday => Reason::Birthday,
            Trigger::NextOrderDue => Reason::NextOrderDue,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Reason::CartIdle => "cart_idle",
            Reason::StageEntered => "stage_entered",
            Reason::EventSeen => "event_seen",
            Reason::LevelReached => "level_reached",
            Reason::Birthday => "birthday",
            Reason::NextOrderDue => "next_order_due",
            Reason::Order => "order",
            Reason::CartEmptied => "cart_emptied",
            Reason::CartFilled => "cart_filled",
            Reason::StageLeft => "stage_left",
            Reason::Refund => "refund",
            Reason::Merged => "merged",
            Reason::Erased => "erased",
            Reason::Shadow => "shadow",
            Reason::Backfill => "backfill",
            Reason::Stale => "stale",
            Reason::NoEmail => "no_email",
            Reason::InvalidEmail => "invalid_email",
            Reason::NoConsent => "no_consent",
            Reason::ConsentPending => "consent_pending",
            Reason::Unsubscribed => "unsubscribed",
            Reason::Complained => "complained",
            Reason::Bounced => "bounced",
            Reason::SupportIssue => "support_issue",
            Reason::BelowMinimum => "below_minimum",
            Reason::AboveMaximum => "above_maximum",
            Reason::NoThreshold => "no_threshold",
            Reason::Condition => "condition",
            Reason::CoolDown => "cool_down",
            Reason::Cap => "cap",
            Reason::Priority => "priority",
            Reason::Margin => "margin",
            Reason::Control => "control",
        }
    }
}
