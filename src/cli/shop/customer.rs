//! What a customer of the generated shop does next: visits that run from browsing to an order or break off anywhere between.
//!
//! A visit is a chain of turns; every turn tells one event and says after how many steps of the shop the next one follows, or that the
//! visit is over. Between visits some customers fall silent. Time and faults are the affair of `mod.rs`, which calls this.

use super::basket::Basket;
use super::envelope::{Scene, Told};
use super::json::JsonObject;
use super::mailbox::{MailStep, advance_mail, change_consent, identify};
use super::orders::{OrderHistory, PlacedOrder, next_order_id, refund_of};
use super::rates::ShopRates;
use super::record::ShopTopic;

/// Addresses a customer goes through, counted by the `+1`, `+2`, … in them.
const MAX_ADDRESS_CHANGES: u8 = 9;

/// Where in a visit a customer is.
#[derive(Debug, Clone)]
enum Phase {
    Away,
    Browse {
        views_left: u64,
    },
    Fill {
        changes_left: u64,
    },
    Abandoned,
    Checkout,
    Order {
        id: String,
    },
    /// The refund of this order has been told already.
    OrderAfterRefund {
        order: Box<PlacedOrder>,
    },
    /// The front end still has something to tell of the cart that was ordered.
    Echo {
        basket: Box<Basket>,
    },
    PostAgain,
    Refund,
    Cancel,
    Mail {
        step: MailStep,
    },
    Preferences,
}

#[derive(Debug, Clone)]
pub(super) struct Customer {
    phase: Phase,
    basket: Option<Basket>,
    orders: OrderHistory,
    is_identified: bool,
    pub(super) address_changes: u8,
    /// Gone, for all the shop knows; few come back.
    pub(super) is_silent: bool,
}

/// A turn's event, and the steps until the next turn; `None`: the visit is over.
pub(super) struct Turn {
    pub(super) told: Told,
    pub(super) next_after_steps: Option<u64>,
}

impl Customer {
    pub(super) fn new() -> Customer {
        Customer {
            phase: Phase::Away,
            basket: None,
            orders: OrderHistory::default(),
            is_identified: false,
            address_changes: 0,
            is_silent: false,
        }
    }

    pub(super) fn take_turn(&mut self, scene: &mut Scene, rates: &ShopRates) -> Turn {
        self.is_silent = false;
        let told = match std::mem::replace(&mut self.phase, Phase::Away) {
            Phase::Away => self.arrive(scene),
            Phase::Browse { views_left } => self.browse(scene, views_left),
            Phase::Fill { changes_left } => self.fill(scene, changes_left),
            Phase::Abandoned => self.tell_abandoned(scene),
            Phase::Checkout => self.check_out(scene),
            Phase::Order { id } => self.order(scene, rates, id),
            Phase::OrderAfterRefund { order } => self.complete(scene, rates, *order),
            Phase::Echo { basket } => Told::track(ShopTopic::Carts, "Cart Updated", basket.whole_properties()),
            Phase::PostAgain => self.orders.post_again().unwrap_or_else(|| self.browse(scene, 0)),
            Phase::Refund => self.orders.refund(scene).unwrap_or_else(|| self.browse(scene, 0)),
            Phase::Cancel => self.orders.cancel().unwrap_or_else(|| self.browse(scene, 0)),
            Phase::Mail { step } => self.read_mail(scene, step),
            Phase::Preferences => self.visit_preferences(scene),
        };
        if matches!(self.phase, Phase::Away) {
            self.is_silent = scene.random.percent(6);
            return Turn { told, next_after_steps: None };
        }
        Turn { told, next_after_steps: Some(self.pause_steps(scene)) }
    }

    /// True when the next event to tell happened a while ago, whatever the rate of late events.
    pub(super) fn lags(&self) -> bool {
        matches!(self.phase, Phase::Echo { .. })
    }

    /// Mostly seconds; now and then somebody thinks it over, and money takes its time.
    fn pause_steps(&self, scene: &mut Scene) -> u64 {
        let is_long = matches!(self.phase, Phase::Refund) || scene.random.one_in(12);
        if is_long { scene.random.within(300, 3000) } else { scene.random.within(1, 20) }
    }

    fn arrive(&mut self, scene: &mut Scene) -> Told {
        if !self.is_identified && !scene.person.is_anonymous && scene.random.percent(70) {
            self.is_identified = true;
            self.begin_shopping(scene);
            return identify(scene, scene.person.first_consent);
        }
        let has_email = scene.person.email(self.address_changes).is_some();
        match scene.random.below(100) {
            0..52 if has_email => self.read_mail(scene, MailStep::Sent),
            52..55 if !scene.person.is_anonymous => self.visit_preferences(scene),
            55..57 if !self.orders.is_empty() => self.orders.refund(scene).expect("invariant: there are orders"),
            57..59 => wander(scene),
            _ => {
                self.begin_shopping(scene);
                match self.phase {
                    Phase::Browse { views_left } => self.browse(scene, views_left),
                    _ => self.check_out(scene),
                }
            }
        }
    }

    /// Goes on with the basket of the last visit, takes it straight to the till, or starts a new one.
    fn begin_shopping(&mut self, scene: &mut Scene) {
        let has_lines = self.basket.as_ref().is_some_and(|basket| !basket.lines.is_empty());
        if has_lines && scene.random.percent(25) {
            self.phase = Phase::Checkout;
            return;
        }
        if !has_lines || scene.random.percent(60) {
            self.basket = Some(Basket::new(scene.person, scene.random, scene.numbers));
        }
        self.phase = Phase::Browse { views_left: scene.random.below(2) };
    }

    fn browse(&mut self, scene: &mut Scene, views_left: u64) -> Told {
        if views_left == 0 {
            let changes_left = scene.random.within(1, 3);
            return self.fill(scene, changes_left);
        }
        self.phase = Phase::Browse { views_left: views_left - 1 };
        let product = scene.random.below(400);
        let properties = JsonObject::new().text("product_id", &format!("p-{product}"));
        Told::track(ShopTopic::Carts, "Product Viewed", properties)
    }

    fn fill(&mut self, scene: &mut Scene, changes_left: u64) -> Told {
        let mut basket = match self.basket.take() {
            Some(basket) => basket,
            None => Basket::new(scene.person, scene.random, scene.numbers),
        };
        let told = change_basket(scene, &mut basket);
        self.phase = match changes_left {
            0 | 1 => decide(scene, &basket),
            _ => Phase::Fill { changes_left: changes_left - 1 },
        };
        self.basket = Some(basket);
        told
    }

    fn tell_abandoned(&mut self, scene: &mut Scene) -> Told {
        let Some(basket) = &self.basket else {
            return wander(scene);
        };
        let properties = if scene.random.percent(70) { basket.whole_properties() } else { basket.bare_properties() };
        Told::track(ShopTopic::Carts, "Cart Abandoned", properties)
    }

    fn check_out(&mut self, scene: &mut Scene) -> Told {
        let Some(basket) = &mut self.basket else {
            return wander(scene);
        };
        let id = next_order_id(scene);
        let properties = basket.begin_checkout(scene, &id);
        self.phase = if scene.random.percent(75) { Phase::Order { id } } else { Phase::Away };
        Told::track(ShopTopic::Carts, "Checkout Started", properties)
    }

    fn order(&mut self, scene: &mut Scene, rates: &ShopRates, id: String) -> Told {
        let Some(basket) = self.basket.clone() else {
            return wander(scene);
        };
        let order = PlacedOrder::new(scene, id, &basket);
        // Two systems of a shop need not agree on what came first.
        if scene.random.chance(rates.refunds) && scene.random.one_in(20) {
            let told = refund_of(scene, &order);
            self.phase = Phase::OrderAfterRefund { order: Box::new(order) };
            return told;
        }
        self.complete(scene, rates, order)
    }

    fn complete(&mut self, scene: &mut Scene, rates: &ShopRates, order: PlacedOrder) -> Told {
        let told = self.orders.complete(order);
        let basket = self.basket.take();
        if scene.random.chance(rates.cancellations) {
            self.phase = Phase::Cancel;
        } else if scene.random.chance(rates.refunds) {
            self.phase = Phase::Refund;
        } else if scene.random.one_in(300) {
            self.phase = Phase::PostAgain;
        } else if let Some(basket) = basket
            && scene.random.one_in(100)
        {
            self.phase = Phase::Echo { basket: Box::new(basket) };
        }
        told
    }

    fn read_mail(&mut self, scene: &mut Scene, step: MailStep) -> Told {
        let (told, next) = advance_mail(scene, step);
        if let Some(step) = next {
            self.phase = Phase::Mail { step };
        }
        told
    }

    fn visit_preferences(&mut self, scene: &mut Scene) -> Told {
        if scene.random.one_in(6) && self.address_changes < MAX_ADDRESS_CHANGES {
            self.address_changes += 1;
            scene.address_changes = self.address_changes;
            self.phase = Phase::Preferences;
            return identify(scene, None);
        }
        change_consent(scene)
    }
}

/// Where a visit goes once the basket is as the customer wants it.
fn decide(scene: &mut Scene, basket: &Basket) -> Phase {
    let goes_on = if scene.person.is_anonymous { 12 } else { 55 };
    if basket.lines.is_empty() {
        return Phase::Away;
    }
    if scene.random.percent(goes_on) {
        return Phase::Checkout;
    }
    if scene.random.one_in(20) { Phase::Abandoned } else { Phase::Away }
}

pub(super) fn change_basket(scene: &mut Scene, basket: &mut Basket) -> Told {
    let (event, properties) = match scene.random.below(100) {
        70..80 if !basket.lines.is_empty() => {
            let line = basket.remove(scene.random);
            ("Product Removed", basket.line_properties(line))
        }
        80..87 if !basket.lines.is_empty() => ("Cart Viewed", basket.whole_properties()),
        87..90 => ("Cart Viewed", basket.bare_properties()),
        90..97 if !basket.lines.is_empty() => {
            basket.edit(scene.random);
            ("Cart Updated", basket.whole_properties())
        }
        97..98 => {
            basket.fill(scene.random);
            ("Cart Updated", basket.whole_properties())
        }
        98..100 if !basket.lines.is_empty() => {
            basket.lines.clear();
            ("Cart Updated", basket.whole_properties())
        }
        _ => {
            let line = basket.add(scene.random);
            ("Product Added", basket.line_properties(line))
        }
    };
    Told::track(ShopTopic::Carts, event, properties)
}

/// Something the shop's other systems tell, and nobody here has a use for.
pub(super) fn wander(scene: &mut Scene) -> Told {
    let event = *scene.random.pick(&["Wishlist Opened", "Store Locator Used", "Chat Window Opened"]);
    Told::track(ShopTopic::Carts, event, JsonObject::new().text("page", "/start"))
}
