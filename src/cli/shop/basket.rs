//! The cart of a generated customer, as the shop's front end sees it, and how its contents are written.
//!
//! Knows products and quantities; when they change is up to `shopping`. Used by the other files of `shop` alone.

use super::envelope::{Numbers, Scene, count};
use super::json::JsonObject;
use super::person::{CURRENCIES, Person, ShopCurrency};
use super::random::Random;

/// Products on sale; few enough that carts meet the same product again.
pub(super) const PRODUCTS: u64 = 400;
const CATEGORIES: [&str; 5] = ["shoes", "garden", "books", "kitchen", "toys"];
/// More than the 20 lines that are kept of a cart, so that folding is met too.
const BULK_LINES: u64 = 25;

/// What kind of thing a product is.
pub(super) fn category_of(product: u64) -> &'static str {
    CATEGORIES[usize::try_from(product % 5).expect("invariant: below 5")]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BasketLine {
    pub(super) product: u64,
    pub(super) quantity: u64,
}

impl BasketLine {
    /// Between 4.99 and 153.99 in two digits, or 499 and 15 399 in none.
    fn price_minor(self) -> i64 {
        let step = Random::of_member(0, self.product).below(150);
        499 + 100 * i64::try_from(step).expect("invariant: below 150")
    }
}

#[derive(Debug, Clone)]
pub(super) struct Basket {
    number: u64,
    pub(super) lines: Vec<BasketLine>,
    pub(super) currency: ShopCurrency,
    /// Some front ends have no cart ids, and some tell no prices but the value of the whole.
    has_id: bool,
    has_prices: bool,
    /// How the checkout is known, once begun.
    pub(super) checkout: Option<String>,
}

impl Basket {
    pub(super) fn new(person: &Person, random: &mut Random, numbers: &mut Numbers) -> Basket {
        Basket {
            number: count(&mut numbers.carts),
            lines: Vec::new(),
            currency: if random.one_in(20) { *random.pick(&CURRENCIES) } else { person.currency },
            has_id: random.percent(85),
            has_prices: !random.one_in(50),
            checkout: None,
        }
    }

    /// Name of the cart, if the front end gives it one.
    pub(super) fn id(&self) -> Option<String> {
        self.has_id.then(|| format!("c-{:09}", self.number))
    }

    pub(super) fn value_minor(&self) -> i64 {
        self.lines.iter().map(|line| line.price_minor() * i64::try_from(line.quantity).expect("invariant: a handful of pieces")).sum()
    }

    /// A random product and quantity, added to the lines.
    pub(super) fn add(&mut self, random: &mut Random) -> BasketLine {
        let added = BasketLine { product: random.below(PRODUCTS), quantity: random.within(1, 3) };
        match self.lines.iter_mut().find(|line| line.product == added.product) {
            Some(line) => line.quantity += added.quantity,
            None => self.lines.push(added),
        }
        added
    }

    /// Takes one line's pieces, or some of them, out of a basket that is not empty.
    pub(super) fn remove(&mut self, random: &mut Random) -> BasketLine {
        let position = random.index_of(&self.lines);
        let line = self.lines[position];
        let removed = BasketLine { quantity: random.within(1, line.quantity), ..line };
        self.lines[position].quantity -= removed.quantity;
        self.lines.retain(|line| line.quantity > 0);
        removed
    }

    /// Sets a quantity anew, as the cart page does.
    pub(super) fn edit(&mut self, random: &mut Random) {
        let position = random.index_of(&self.lines);
        self.lines[position].quantity = random.within(1, 4);
    }

    /// What an office buys: more lines than anybody keeps.
    pub(super) fn fill(&mut self, random: &mut Random) {
        let first = random.below(PRODUCTS);
        self.lines = (0..BULK_LINES).map(|step| BasketLine { product: (first + step) % PRODUCTS, quantity: 1 }).collect();
    }

    /// Properties of an event about one line: cart, product, quantity, price.
    pub(super) fn line_properties(&self, line: BasketLine) -> JsonObject {
        let properties = JsonObject::new().text_if("cart_id", self.id().as_deref());
        self.add_product(properties, line).text("currency", self.currency.code)
    }

    /// Properties of an event about the whole: cart, value, currency, products.
    pub(super) fn whole_properties(&self) -> JsonObject {
        self.bare_properties().list("products", self.products())
    }

    /// The same without products, as some front ends tell of a mere look.
    pub(super) fn bare_properties(&self) -> JsonObject {
        JsonObject::new()
            .text_if("cart_id", self.id().as_deref())
            .amount("value", self.currency.amount(self.value_minor()))
            .text("currency", self.currency.code)
    }

    pub(super) fn products(&self) -> Vec<JsonObject> {
        self.lines.iter().map(|line| self.add_product(JsonObject::new(), *line)).collect()
    }

    fn add_product(&self, object: JsonObject, line: BasketLine) -> JsonObject {
        let category = category_of(line.product);
        let object = object
            .text("product_id", &format!("p-{}", line.product))
            .text("name", &format!("Product {}", line.product))
            .text("category", category)
            .number("quantity", line.quantity);
        match self.has_prices {
            true => object.amount("price", self.currency.amount(line.price_minor())),
            false => object,
        }
    }

    /// Names the checkout by a number of its own or by the coming order's, as shops do.
    pub(super) fn begin_checkout(&mut self, scene: &mut Scene, order_id: &str) -> JsonObject {
        let properties = self.whole_properties();
        if scene.random.percent(70) {
            self.checkout = Some(format!("k-{:09}", self.number));
            return properties.text_if("checkout_id", self.checkout.as_deref());
        }
        self.checkout = None;
        properties.text("order_id", order_id)
    }
}
