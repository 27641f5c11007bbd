//! Events of the e-commerce spec that are known and change nothing of the customer but that they were seen, and, of two, what they like:
//! plays may begin with them, and they are counted as `applied`. `Order Updated` is among them: an order counts as it was placed, for what
//! it was worth then. Reads none of their properties; refuses none. Called by `segment` and its schema.

/// A product was looked at, or wished for: of taste as a view of it is.
pub(super) const OF_PRODUCT: [&str; 2] = ["Product Clicked", "Product Added to Wishlist"];

/// Nothing that is read.
pub(super) const OTHERS: [&str; 11] = [
    "Products Searched",
    "Product List Filtered",
    "Promotion Viewed",
    "Promotion Clicked",
    "Order Updated",
    "Coupon Entered",
    "Coupon Denied",
    "Coupon Removed",
    "Product Removed from Wishlist",
    "Product Shared",
    "Cart Shared",
];

/// The name, if it is one of these.
pub(super) fn name_of(event: &str) -> Option<&'static str> {
    OF_PRODUCT.into_iter().chain(OTHERS).find(|known| *known == event)
}
