//! What loyalty programmes tell: who is in one, points earned and spent, rewards given.
//!
//! Types alone: `segment::loyalty` reads them, the engine's `loyalty` gives them a meaning.

use super::Money;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoyaltyKind {
    Enrolled,
    PointsEarned,
    PointsRedeemed,
    RewardRedeemed,
}

impl LoyaltyKind {
    pub const ALL: [LoyaltyKind; 4] =
        [LoyaltyKind::Enrolled, LoyaltyKind::PointsEarned, LoyaltyKind::PointsRedeemed, LoyaltyKind::RewardRedeemed];

    pub fn event_name(self) -> &'static str {
        match self {
            LoyaltyKind::Enrolled => "Loyalty Enrolled",
            LoyaltyKind::PointsEarned => "Points Earned",
            LoyaltyKind::PointsRedeemed => "Points Redeemed",
            LoyaltyKind::RewardRedeemed => "Reward Redeemed",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loyalty {
    pub kind: LoyaltyKind,
    /// Earned or spent; 0 where none are told.
    pub points: u32,
    /// What a reward costs the shop. Never negative.
    pub reward: Option<Money>,
    /// Of points earned; `None`: they last.
    pub expires_ms: Option<i64>,
}
