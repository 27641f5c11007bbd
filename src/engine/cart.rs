//! A customer's open cart: its lines, and what each kind of cart event does to them.
//!
//! Answers with what happened to the cart (`Change`); what that means for reminders is `plays`' affair, whether the event is too late
//! `apply`'s. The rules are `contracts.md` 2. Called by `apply` and `unite`.

mod lines;

pub use lines::{LINES_MAX, Line};

use super::contact::replace;
use super::seen::{IdKind, fingerprint};
use crate::event::{CartContents, CartDelta, CartLine, Money, Product};

/// What the name of a cart begins with whose shop gives it none.
const NAMELESS: &str = "auto-";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cart {
    pub id: String,
    /// Where the customer finds it again; empty: unknown.
    pub url: String,
    /// Fingerprint of the checkout's id, which an order may come back with.
    pub checkout: Option<u64>,
    /// Distinct products; at most `LINES_MAX`.
    pub lines: Vec<Line>,
    /// The value the last contents event stated.
    pub stated: Option<Money>,
    /// Its whole contents were told since it was opened: the lines are all there is, wherever it was filled.
    pub is_whole: bool,
    /// Event time of the last change of contents; 0: looked at, never filled.
    pub last_change_ms: i64,
}

/// Which cart an event speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meant {
    Open,
    /// None is open.
    First,
    /// It takes the place of the open one.
    Other,
}

impl Meant {
    /// Without an id it is the open one.
    fn of(open: Option<&Cart>, id: Option<&str>) -> Meant {
        match (open, id) {
            (None, _) => Meant::First,
            (Some(cart), Some(id)) if cart.id != id => Meant::Other,
            _ => Meant::Open,
        }
    }
}

/// What a cart event did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change {
    /// Another cart than before, if there was one.
    pub opened: bool,
    /// Its contents changed: the time without change starts again.
    pub touched: bool,
    /// The last line went.
    pub emptied: bool,
}

impl Cart {
    fn new(id: Option<&str>, at_ms: i64) -> Cart {
        let id = id.map_or_else(|| format!("{NAMELESS}{at_ms}"), str::to_owned);
        Cart { id, ..Cart::default() }
    }

    /// Whether there is anything to remind of.
    pub fn is_worth_reminding(&self) -> bool {
        !self.lines.is_empty() || self.stated.is_some_and(|value| value.minor > 0)
    }

    /// Whether an order closes this cart: it came after the last change, or names it.
    pub fn is_closed_by(&self, order: &crate::event::Order<'_>, at_ms: i64) -> bool {
        let names_checkout = |id: &str| self.checkout == Some(fingerprint(IdKind::Order, id));
        at_ms >= self.last_change_ms
            || order.cart_id.as_deref() == Some(self.id.as_str())
            || (self.checkout.is_some() && (order.checkout_id.as_deref().is_some_and(names_checkout) || names_checkout(&order.order_id)))
    }

    /// Whether this is what was done since to the cart known as `before`, and not another cart.
    pub fn continues(&self, before: &Cart) -> bool {
        self.id == before.id || self.id.starts_with(NAMELESS)
    }

    /// With what was in it `before` (`continues`), as if that had been here, and under its name, if it does not keep its own. What was taken out
    /// here of what was only in there is forgotten.
    pub fn united(self, before: Cart, keeps_name: bool) -> Cart {
        let is_all = self.is_whole;
        let mut lines = if is_all { Vec::new() } else { before.lines };
        lines::unite(&mut lines, self.lines);
        Cart {
            id: if keeps_name { self.id } else { before.id },
            url: if self.url.is_empty() { before.url } else { self.url },
            checkout: self.checkout.or(before.checkout),
            lines,
            stated: if is_all { self.stated } else { self.stated.or(before.stated) },
            is_whole: is_all || before.is_whole,
            last_change_ms: self.last_change_ms.max(before.last_change_ms),
        }
    }

    /// The lines' sum if they all have a price in one currency; of no line or one without price, the value the shop stated.
    pub fn value(&self) -> Option<Money> {
        let mut priced = self.lines.iter().filter_map(|l| l.price);
        if let Some(first) = priced.next()
            && priced.any(|p| p.currency != first.currency)
        {
            return None;
        }
        let all_priced = !self.lines.is_empty() && self.lines.iter().all(|l| l.price.is_some());
        if !all_priced {
            return self.stated;
        }
        let minor: i128 = self.lines.iter().map(Line::total_minor).sum();
        let currency = self.lines.first()?.price?.currency;
        i64::try_from(minor).ok().map(|minor| Money { minor, currency })
    }

    fn touch(&mut self, at_ms: i64) {
        self.last_change_ms = self.last_change_ms.max(at_ms);
    }

    fn learn(&mut self, contents: &CartContents<'_>) {
        if let Some(url) = contents.url.as_deref() {
            replace(&mut self.url, url);
        }
        if let Some(checkout) = contents.checkout_id.as_deref() {
            self.checkout = Some(fingerprint(IdKind::Order, checkout));
        }
        if contents.products.is_some() || contents.value.is_some() {
            self.stated = contents.value;
        }
    }
}

/// Product Added, Product Removed.
pub fn apply_line(open: &mut Option<Cart>, event: &CartLine<'_>, at_ms: i64) -> Change {
    let id = event.cart_id.as_deref();
    let meant = Meant::of(open.as_ref(), id);
    let cart = pick(open, meant, id, at_ms);
    let changed = match event.delta {
        CartDelta::Added => lines::add(&mut cart.lines, &event.product),
        CartDelta::Removed => lines::remove(&mut cart.lines, &event.product),
    };
    let emptied = changed && cart.lines.is_empty();
    if emptied {
        cart.stated = None;
    }
    settle(open, meant, id, at_ms, Change { opened: meant != Meant::Open, touched: changed, emptied })
}

/// Cart Viewed, Cart Updated, Checkout Started, Cart Abandoned.
pub fn apply_contents(open: &mut Option<Cart>, event: &CartContents<'_>, at_ms: i64) -> Change {
    let id = event.cart_id.as_deref();
    let meant = Meant::of(open.as_ref(), id);
    let cart = pick(open, meant, id, at_ms);
    cart.learn(event);
    let change = event.products.as_deref().map_or_else(Change::default, |products| replace_lines(cart, products));
    settle(open, meant, id, at_ms, Change { opened: meant != Meant::Open, ..change })
}

fn replace_lines(cart: &mut Cart, products: &[Product<'_>]) -> Change {
    cart.is_whole = true;
    let told = lines::merged(products);
    if told.is_empty() {
        cart.stated = None;
    }
    if lines::are_equal(&cart.lines, &told) {
        lines::learn_texts(&mut cart.lines, told);
        return Change::default();
    }
    cart.lines = told;
    Change { opened: false, touched: true, emptied: cart.lines.is_empty() }
}

fn pick<'a>(open: &'a mut Option<Cart>, meant: Meant, id: Option<&str>, at_ms: i64) -> &'a mut Cart {
    if meant == Meant::Other {
        *open = None;
    }
    open.get_or_insert_with(|| Cart::new(id, at_ms))
}

/// Another cart in place of the open one restarts the time, whatever is in it; a first cart has its time, and its name if it was given none,
/// from its first change.
fn settle(open: &mut Option<Cart>, meant: Meant, id: Option<&str>, at_ms: i64, change: Change) -> Change {
    let change = Change { touched: change.touched || meant == Meant::Other, ..change };
    if change.touched {
        open.iter_mut().for_each(|cart| cart.touch(at_ms));
    } else if meant == Meant::First && id.is_none() {
        *open = None;
        return Change::default();
    }
    change
}
