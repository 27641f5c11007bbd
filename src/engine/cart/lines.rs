//! The lines of a cart: one per product, bounded, what does not fit folded into one line.
//!
//! Lines carry what a mailer shows. Equality is of products, prices and quantities; names and pictures are decoration. Called by `cart`.

use crate::engine::contact::replace;
use crate::event::{Money, Product};

/// Lines kept per cart (`contracts.md` 2). What exceeds them is folded into one of them, the last at the first time.
pub const LINES_MAX: usize = 20;

/// The product id of the line that stands for all that did not fit.
const FOLDED_ID: &str = "other";

/// Empty texts are unknown ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    pub product_id: String,
    pub sku: String,
    pub name: String,
    pub url: String,
    pub image_url: String,
    /// Of one piece.
    pub price: Option<Money>,
    /// At least 1.
    pub quantity: u32,
}

impl Line {
    fn of(product: &Product<'_>) -> Line {
        let mut line = Line { product_id: product.product_id.clone().into_owned(), ..Line::default() };
        line.overwrite(product);
        line.quantity = product.quantity;
        line
    }

    /// Takes over what the event gives; the quantity is the caller's.
    fn overwrite(&mut self, product: &Product<'_>) {
        let texts = [
            (&mut self.sku, &product.sku),
            (&mut self.name, &product.name),
            (&mut self.url, &product.url),
            (&mut self.image_url, &product.image_url),
        ];
        for (known, told) in texts {
            if let Some(told) = told.as_deref() {
                replace(known, told);
            }
        }
        self.price = product.price.or(self.price);
    }

    /// Names and pictures: what is told replaces what is known.
    fn learn_texts(&mut self, told: Line) {
        let texts =
            [(&mut self.sku, told.sku), (&mut self.name, told.name), (&mut self.url, told.url), (&mut self.image_url, told.image_url)];
        for (known, told) in texts {
            if !told.is_empty() {
                *known = told;
            }
        }
    }

    pub fn total_minor(&self) -> i128 {
        self.price.map_or(0, |p| i128::from(p.minor) * i128::from(self.quantity))
    }
}

/// `true`: something was added.
pub fn add(lines: &mut Vec<Line>, product: &Product<'_>) -> bool {
    if product.quantity == 0 {
        return false;
    }
    if let Some(line) = lines.iter_mut().find(|l| l.product_id == product.product_id) {
        line.overwrite(product);
        line.quantity = line.quantity.saturating_add(product.quantity);
        return true;
    }
    if lines.len() < LINES_MAX {
        lines.push(Line::of(product));
    } else {
        fold(lines, product.quantity);
    }
    true
}

/// There is one such line: the last one becomes it where there is none yet.
fn fold(lines: &mut [Line], quantity: u32) {
    let place = lines.iter().position(|line| line.product_id == FOLDED_ID).or(lines.len().checked_sub(1));
    if let Some(line) = place.and_then(|place| lines.get_mut(place)) {
        *line = Line { product_id: FOLDED_ID.to_owned(), quantity: line.quantity.saturating_add(quantity), ..Line::default() };
    }
}

/// What came into the cart `since`.
pub fn unite(lines: &mut Vec<Line>, since: Vec<Line>) {
    for new in since {
        if let Some(line) = lines.iter_mut().find(|line| line.product_id == new.product_id) {
            line.quantity = line.quantity.saturating_add(new.quantity);
            line.price = new.price.or(line.price);
            line.learn_texts(new);
        } else if lines.len() < LINES_MAX {
            lines.push(new);
        } else {
            fold(lines, new.quantity);
        }
    }
}

/// `true`: something was removed.
pub fn remove(lines: &mut Vec<Line>, product: &Product<'_>) -> bool {
    let Some(place) = lines.iter().position(|l| l.product_id == product.product_id) else {
        return false;
    };
    if product.quantity == 0 {
        return false;
    }
    lines[place].quantity = lines[place].quantity.saturating_sub(product.quantity);
    if lines[place].quantity == 0 {
        lines.remove(place);
    }
    true
}

/// The lines whole contents come to.
pub fn merged(products: &[Product<'_>]) -> Vec<Line> {
    let mut lines = Vec::with_capacity(products.len().min(LINES_MAX));
    for product in products {
        add(&mut lines, product);
    }
    lines
}

/// Same products with the same prices and quantities, in any order.
pub fn are_equal(old: &[Line], new: &[Line]) -> bool {
    let same = |a: &Line, b: &Line| a.product_id == b.product_id && a.price == b.price && a.quantity == b.quantity;
    old.len() == new.len() && new.iter().all(|n| old.iter().any(|o| same(o, n)))
}

/// Names and pictures of equal contents.
pub fn learn_texts(lines: &mut [Line], told: Vec<Line>) {
    for new in told {
        if let Some(line) = lines.iter_mut().find(|line| line.product_id == new.product_id) {
            line.learn_texts(new);
        }
    }
}
