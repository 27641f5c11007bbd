//! What an event is about beside its money: the products bought, added to a cart or looked at, as far as taste goes.
//!
//! Types alone: `segment::items` reads them, the engine's `affinity` keeps what a customer likes.

use super::Text;

/// Of one event. More: the first ones count; taste is learned from many events, not from one.
pub const ITEMS_MAX: usize = 8;

/// What is not told, or is of a wrong type or size, is left out. At least one is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item<'a> {
    /// `product_id`, else `sku`.
    pub product_id: Option<Text<'a>>,
    pub category: Option<Text<'a>>,
}
