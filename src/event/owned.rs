//! Events that borrow from nothing: for data that had to be unpacked (a text inside a text, base64) and is gone when its record is read.
//! Changes no value. Every field is named, so that a new one cannot be forgotten. Called by `told` alone.

use super::{
    Answer, CartContents, CartLine, ConsentChange, Cost, Email, Event, Interaction, Item, Kind, Order, Product, Refund, Subscription, Text,
    Touch, Traits,
};

fn own(text: Text<'_>) -> Text<'static> {
    text.into_owned().into()
}

fn own_all(text: Option<Text<'_>>) -> Option<Text<'static>> {
    text.map(own)
}

impl Event<'_> {
    pub(super) fn into_owned(self) -> Event<'static> {
        let Event { customer, identity, time_ms, name, message_id, traits, touch, items, address, kind } = self;
        Event {
            customer: own(customer),
            identity,
            time_ms,
            name: own(name),
            message_id: own_all(message_id),
            traits: traits.into_owned(),
            touch: touch.map(Touch::into_owned),
            items: items.into_iter().map(Item::into_owned).collect(),
            address: own_all(address),
            kind: kind.into_owned(),
        }
    }
}

impl Traits<'_> {
    fn into_owned(self) -> Traits<'static> {
        let Traits { email, first_name, locale, time_zone, region, customer_type, birthday, consent } = self;
        Traits {
            email: own_all(email),
            first_name: own_all(first_name),
            locale: own_all(locale),
            time_zone: own_all(time_zone),
            region: own_all(region),
            customer_type: own_all(customer_type),
            birthday,
            consent,
        }
    }
}

impl Item<'_> {
    fn into_owned(self) -> Item<'static> {
        let Item { product_id, category } = self;
        Item { product_id: own_all(product_id), category: own_all(category) }
    }
}

impl Touch<'_> {
    fn into_owned(self) -> Touch<'static> {
        let Touch { source, medium, referrer } = self;
        Touch { source: own_all(source), medium: own_all(medium), referrer: own_all(referrer) }
    }
}

impl Kind<'_> {
    fn into_owned(self) -> Kind<'static> {
        match self {
            Kind::OrderCompleted(order) => Kind::OrderCompleted(order.into_owned()),
            Kind::OrderRefunded(Refund { order_id, refund_id, amount }) => {
                Kind::OrderRefunded(Refund { order_id: own(order_id), refund_id: own_all(refund_id), amount })
            }
            Kind::OrderCancelled { order_id } => Kind::OrderCancelled { order_id: own(order_id) },
            Kind::Email(Email { signal, campaign_id }) => Kind::Email(Email { signal, campaign_id: own_all(campaign_id) }),
            Kind::Consent(ConsentChange { status, source, double_opt_in }) => {
                Kind::Consent(ConsentChange { status, source: own_all(source), double_opt_in })
            }
            Kind::CartLine(CartLine { cart_id, delta, product }) => {
                Kind::CartLine(CartLine { cart_id: own_all(cart_id), delta, product: product.into_owned() })
            }
            Kind::CartContents(contents) => Kind::CartContents(contents.into_owned()),
            Kind::CartAbandoned(contents) => Kind::CartAbandoned(contents.into_owned()),
            Kind::Cost(cost) => Kind::Cost(cost.into_owned()),
            Kind::Interaction(interaction) => Kind::Interaction(interaction.into_owned()),
            Kind::Loyalty(loyalty) => Kind::Loyalty(loyalty),
            Kind::Subscription(Subscription { kind, id, amount, period_months }) => {
                Kind::Subscription(Subscription { kind, id: own(id), amount, period_months })
            }
            Kind::Identify => Kind::Identify,
            Kind::Joined { former_id, is_identify } => Kind::Joined { former_id: own(former_id), is_identify },
            Kind::ReferralSent => Kind::ReferralSent,
            Kind::ReferralConverted { referrer_id } => Kind::ReferralConverted { referrer_id: own(referrer_id) },
            Kind::Erased => Kind::Erased,
            Kind::Noted(name) => Kind::Noted(name),
            Kind::Unknown => Kind::Unknown,
        }
    }
}

impl Order<'_> {
    fn into_owned(self) -> Order<'static> {
        let Order { order_id, checkout_id, cart_id, value, salesperson_id } = self;
        Order {
            order_id: own(order_id),
            checkout_id: own_all(checkout_id),
            cart_id: own_all(cart_id),
            value,
            salesperson_id: own_all(salesperson_id),
        }
    }
}

impl CartContents<'_> {
    fn into_owned(self) -> CartContents<'static> {
        let CartContents { cart_id, checkout_id, source, url, products, value } = self;
        let products = products.map(|products| products.into_iter().map(Product::into_owned).collect());
        CartContents { cart_id: own_all(cart_id), checkout_id: own_all(checkout_id), source, url: own_all(url), products, value }
    }
}

impl Product<'_> {
    fn into_owned(self) -> Product<'static> {
        let Product { product_id, sku, name, url, image_url, price, quantity } = self;
        Product {
            product_id: own(product_id),
            sku: own_all(sku),
            name: own_all(name),
            url: own_all(url),
            image_url: own_all(image_url),
            price,
            quantity,
        }
    }
}

impl Cost<'_> {
    fn into_owned(self) -> Cost<'static> {
        let Cost { cost_id, kind, amount, channel, region, customer_type, product_type, from_ms } = self;
        Cost {
            cost_id: own_all(cost_id),
            kind,
            amount,
            channel: own_all(channel),
            region: own_all(region),
            customer_type: own_all(customer_type),
            product_type: own_all(product_type),
            from_ms,
        }
    }
}

impl Interaction<'_> {
    fn into_owned(self) -> Interaction<'static> {
        let Interaction { kind, subject, cost, salesperson_id, answer } = self;
        let answer = answer.map(|Answer { survey_id, question_id, answer_id }| Answer {
            survey_id: own(survey_id),
            question_id: own(question_id),
            answer_id: own(answer_id),
        });
        Interaction { kind, subject: own_all(subject), cost, salesperson_id: own_all(salesperson_id), answer }
    }
}
