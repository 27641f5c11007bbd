//! What customers do besides buying, reading mails and filling carts, as far as anybody asks for it.
//!
//! Types alone: `segment::interactions` reads them, the engine's `journey` gives them a meaning.

use super::{Money, Text};

/// The numbers are stored in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InteractionKind {
    SignedUp = 0,
    ProductViewed = 1,
    ProductListViewed = 2,
    ProductsCompared = 3,
    CheckoutStepViewed = 4,
    CheckoutStepCompleted = 5,
    PaymentInfoEntered = 6,
    CouponApplied = 7,
    OrderShipped = 8,
    OrderDelivered = 9,
    ReviewSubmitted = 10,
    SurveyAnswered = 11,
    TicketOpened = 12,
    TicketResolved = 13,
    CallLogged = 14,
}

impl InteractionKind {
    pub const ALL: [InteractionKind; 15] = [
        InteractionKind::SignedUp,
        InteractionKind::ProductViewed,
        InteractionKind::ProductListViewed,
        InteractionKind::ProductsCompared,
        InteractionKind::CheckoutStepViewed,
        InteractionKind::CheckoutStepCompleted,
        InteractionKind::PaymentInfoEntered,
        InteractionKind::CouponApplied,
        InteractionKind::OrderShipped,
        InteractionKind::OrderDelivered,
        InteractionKind::ReviewSubmitted,
        InteractionKind::SurveyAnswered,
        InteractionKind::TicketOpened,
        InteractionKind::TicketResolved,
        InteractionKind::CallLogged,
    ];

    /// The event's name, as Segment writes it where it has one.
    pub fn event_name(self) -> &'static str {
        match self {
            InteractionKind::SignedUp => "Signed Up",
            InteractionKind::ProductViewed => "Product Viewed",
            InteractionKind::ProductListViewed => "Product List Viewed",
            InteractionKind::ProductsCompared => "Products Compared",
            InteractionKind::CheckoutStepViewed => "Checkout Step Viewed",
            InteractionKind::CheckoutStepCompleted => "Checkout Step Completed",
            InteractionKind::PaymentInfoEntered => "Payment Info Entered",
            InteractionKind::CouponApplied => "Coupon Applied",
            InteractionKind::OrderShipped => "Order Shipped",
            InteractionKind::OrderDelivered => "Order Delivered",
            InteractionKind::ReviewSubmitted => "Review Submitted",
            InteractionKind::SurveyAnswered => "Survey Answered",
            InteractionKind::TicketOpened => "Support Ticket Opened",
            InteractionKind::TicketResolved => "Support Ticket Resolved",
            InteractionKind::CallLogged => "Call Logged",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Interaction<'a> {
    pub kind: InteractionKind,
    /// The order that is on its way, or the ticket; there for those kinds.
    pub subject: Option<Text<'a>>,
    /// What a ticket or a call cost. Never negative.
    pub cost: Option<Money>,
    /// Who served the customer.
    pub salesperson_id: Option<Text<'a>>,
    /// There for `SurveyAnswered`.
    pub answer: Option<Answer<'a>>,
}

/// An answer among those a survey offers; free text is never read.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<'a> {
    pub survey_id: Text<'a>,
    pub question_id: Text<'a>,
    pub answer_id: Text<'a>,
}
