//! How often the generated shop does what is rare. Called by whoever wants other traffic than the default.
//! Numbers only; what they do is `shop`'s.

/// Fractions from 0.0 (never) to 1.0 (always).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShopRates {
    /// Of all records: one of the last thousand again, byte for byte.
    pub duplicates: f64,
    /// Of all other records: the event happened up to ten minutes before it is sent.
    pub late: f64,
    /// Of all other records: the sender's clock is up to two hours ahead.
    pub ahead: f64,
    /// Of all other records: spoiled in one of eight ways, none of which is an event.
    pub malformed: f64,
    /// Of all orders: refunded later (or, one in twenty of as many again, a moment before they are told).
    pub refunds: f64,
    /// Of all orders: cancelled soon after.
    pub cancellations: f64,
}

impl Default for ShopRates {
    fn default() -> ShopRates {
        ShopRates { duplicates: 0.01, late: 0.005, ahead: 0.0001, malformed: 0.0005, refunds: 0.05, cancellations: 0.01 }
    }
}
