//! The fields of a Segment call that anybody looks at, marked in one pass over the record; all others are skipped.
//!
//! What is marked is still raw text: a kind of event reads its own fields later, and the wrong type of a field that it does not need is
//! never noticed. Only JSON that is broken, or that gives one of these fields twice, is refused here: readers disagree on which of the two
//! counts, and for money it matters. Filled by `segment`, `carts` and `traits`; names are those of the wire.

use crate::event::scan::{Fields, Place};
use crate::event::value::{Field, Nested};
use serde::Deserialize;

/// Around the properties.
#[derive(Debug, Deserialize, Default, PartialEq)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Envelope<'a> {
    pub(super) r#type: Field<'a>,
    pub(super) event: Field<'a>,
    pub(super) user_id: Field<'a>,
    pub(super) anonymous_id: Field<'a>,
    pub(super) previous_id: Field<'a>,
    pub(super) timestamp: Field<'a>,
    pub(super) message_id: Field<'a>,
    pub(super) traits: Nested<TraitFields<'a>>,
    pub(super) context: Nested<ContextFields<'a>>,
    pub(super) properties: Nested<Properties<'a>>,
}

/// `context`.
#[derive(Debug, Deserialize, Default, PartialEq)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct ContextFields<'a> {
    pub(super) traits: Nested<TraitFields<'a>>,
    pub(super) locale: Field<'a>,
    pub(super) timezone: Field<'a>,
    pub(super) campaign: Nested<CampaignFields<'a>>,
    pub(super) referrer: Field<'a>,
}

/// `context.campaign`.
#[derive(Debug, Deserialize, Default, PartialEq)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct CampaignFields<'a> {
    pub(super) source: Field<'a>,
    pub(super) medium: Field<'a>,
}

/// `traits` of identify, and `context.traits`.
#[derive(Debug, Deserialize, Default, PartialEq)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct TraitFields<'a> {
    pub(super) email: Field<'a>,
    pub(super) first_name: Field<'a>,
    #[serde(rename = "firstName")]
    pub(super) first_name_camel: Field<'a>,
    pub(super) name: Field<'a>,
    pub(super) locale: Field<'a>,
    pub(super) timezone: Field<'a>,
    pub(super) region: Field<'a>,
    pub(super) customer_type: Field<'a>,
    pub(super) birthday: Field<'a>,
    pub(super) email_marketing_consent: Field<'a>,
}

/// `properties` of all kinds of `track` calls together.
#[derive(Debug, Deserialize, Default, PartialEq)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Properties<'a> {
    // orders
    pub(super) order_id: Field<'a>,
    pub(super) checkout_id: Field<'a>,
    pub(super) refund_id: Field<'a>,
    pub(super) total: Field<'a>,
    pub(super) revenue: Field<'a>,
    pub(super) subtotal: Field<'a>,
    // orders and carts
    pub(super) cart_id: Field<'a>,
    pub(super) currency: Field<'a>,
    // carts
    pub(super) products: Field<'a>,
    pub(super) value: Field<'a>,
    pub(super) url: Field<'a>,
    // a single line of a cart, with url and currency
    pub(super) product_id: Field<'a>,
    pub(super) sku: Field<'a>,
    pub(super) name: Field<'a>,
    pub(super) image_url: Field<'a>,
    pub(super) price: Field<'a>,
    pub(super) quantity: Field<'a>,
    // one product, of a cart or looked at
    pub(super) category: Field<'a>,
    // e-mail and consent
    pub(super) bounce_type: Field<'a>,
    pub(super) campaign_id: Field<'a>,
    pub(super) channel: Field<'a>,
    pub(super) status: Field<'a>,
    pub(super) source: Field<'a>,
    pub(super) double_opt_in: Field<'a>,
    // costs, with channel and currency
    pub(super) cost_id: Field<'a>,
    pub(super) kind: Field<'a>,
    pub(super) amount: Field<'a>,
    pub(super) region: Field<'a>,
    pub(super) customer_type: Field<'a>,
    pub(super) product_type: Field<'a>,
    pub(super) from: Field<'a>,
    // service and surveys, with order_id and currency
    pub(super) ticket_id: Field<'a>,
    pub(super) cost: Field<'a>,
    pub(super) salesperson_id: Field<'a>,
    pub(super) survey_id: Field<'a>,
    pub(super) question_id: Field<'a>,
    pub(super) answer_id: Field<'a>,
    // subscriptions, with amount and currency
    pub(super) subscription_id: Field<'a>,
    pub(super) period: Field<'a>,
    // loyalty, with value and currency
    pub(super) points: Field<'a>,
    pub(super) expires_at: Field<'a>,
    // referrals
    pub(super) referrer_id: Field<'a>,
}

/// A product: an element of `products`, or taken from the properties of a single line.
#[derive(Debug, Deserialize, Default, PartialEq)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct ProductFields<'a> {
    pub(super) product_id: Field<'a>,
    pub(super) sku: Field<'a>,
    pub(super) name: Field<'a>,
    pub(super) url: Field<'a>,
    pub(super) image_url: Field<'a>,
    pub(super) price: Field<'a>,
    pub(super) currency: Field<'a>,
    pub(super) quantity: Field<'a>,
    pub(super) category: Field<'a>,
}

impl<'a> Fields<'a> for Envelope<'a> {
    fn place(&mut self, name: &[u8]) -> Place<'_, 'a> {
        match name {
            b"type" => Place::Field(&mut self.r#type),
            b"event" => Place::Field(&mut self.event),
            b"userId" => Place::Field(&mut self.user_id),
            b"anonymousId" => Place::Field(&mut self.anonymous_id),
            b"previousId" => Place::Field(&mut self.previous_id),
            b"timestamp" => Place::Field(&mut self.timestamp),
            b"messageId" => Place::Field(&mut self.message_id),
            b"traits" => (&mut self.traits).into(),
            b"context" => (&mut self.context).into(),
            b"properties" => (&mut self.properties).into(),
            _ => Place::Nowhere,
        }
    }
}

impl<'a> Fields<'a> for ContextFields<'a> {
    fn place(&mut self, name: &[u8]) -> Place<'_, 'a> {
        match name {
            b"traits" => (&mut self.traits).into(),
            b"locale" => Place::Field(&mut self.locale),
            b"timezone" => Place::Field(&mut self.timezone),
            b"campaign" => (&mut self.campaign).into(),
            b"referrer" => Place::Field(&mut self.referrer),
            _ => Place::Nowhere,
        }
    }
}

impl<'a> Fields<'a> for CampaignFields<'a> {
    fn place(&mut self, name: &[u8]) -> Place<'_, 'a> {
        match name {
            b"source" => Place::Field(&mut self.source),
            b"medium" => Place::Field(&mut self.medium),
            _ => Place::Nowhere,
        }
    }
}

impl<'a> Fields<'a> for TraitFields<'a> {
    fn place(&mut self, name: &[u8]) -> Place<'_, 'a> {
        match name {
            b"email" => Place::Field(&mut self.email),
            b"first_name" => Place::Field(&mut self.first_name),
            b"firstName" => Place::Field(&mut self.first_name_camel),
            b"name" => Place::Field(&mut self.name),
            b"locale" => Place::Field(&mut self.locale),
            b"timezone" => Place::Field(&mut self.timezone),
            b"region" => Place::Field(&mut self.region),
            b"customer_type" => Place::Field(&mut self.customer_type),
            b"birthday" => Place::Field(&mut self.birthday),
            b"email_marketing_consent" => Place::Field(&mut self.email_marketing_consent),
            _ => Place::Nowhere,
        }
    }
}

impl<'a> Fields<'a> for Properties<'a> {
    fn place(&mut self, name: &[u8]) -> Place<'_, 'a> {
        match name {
            b"order_id" => Place::Field(&mut self.order_id),
            b"checkout_id" => Place::Field(&mut self.checkout_id),
            b"refund_id" => Place::Field(&mut self.refund_id),
            b"total" => Place::Field(&mut self.total),
            b"revenue" => Place::Field(&mut self.revenue),
            b"subtotal" => Place::Field(&mut self.subtotal),
            b"cart_id" => Place::Field(&mut self.cart_id),
            b"currency" => Place::Field(&mut self.currency),
            b"products" => Place::Field(&mut self.products),
            b"value" => Place::Field(&mut self.value),
            b"url" => Place::Field(&mut self.url),
            b"product_id" => Place::Field(&mut self.product_id),
            b"sku" => Place::Field(&mut self.sku),
            b"name" => Place::Field(&mut self.name),
            b"image_url" => Place::Field(&mut self.image_url),
            b"price" => Place::Field(&mut self.price),
            b"quantity" => Place::Field(&mut self.quantity),
            b"category" => Place::Field(&mut self.category),
            b"bounce_type" => Place::Field(&mut self.bounce_type),
            b"campaign_id" => Place::Field(&mut self.campaign_id),
            b"channel" => Place::Field(&mut self.channel),
            b"status" => Place::Field(&mut self.status),
            b"source" => Place::Field(&mut self.source),
            b"double_opt_in" => Place::Field(&mut self.double_opt_in),
            b"cost_id" => Place::Field(&mut self.cost_id),
            b"kind" => Place::Field(&mut self.kind),
            b"amount" => Place::Field(&mut self.amount),
            b"region" => Place::Field(&mut self.region),
            b"customer_type" => Place::Field(&mut self.customer_type),
            b"product_type" => Place::Field(&mut self.product_type),
            b"from" => Place::Field(&mut self.from),
            b"ticket_id" => Place::Field(&mut self.ticket_id),
            b"cost" => Place::Field(&mut self.cost),
            b"salesperson_id" => Place::Field(&mut self.salesperson_id),
            b"survey_id" => Place::Field(&mut self.survey_id),
            b"question_id" => Place::Field(&mut self.question_id),
            b"answer_id" => Place::Field(&mut self.answer_id),
            b"subscription_id" => Place::Field(&mut self.subscription_id),
            b"period" => Place::Field(&mut self.period),
            b"points" => Place::Field(&mut self.points),
            b"expires_at" => Place::Field(&mut self.expires_at),
            b"referrer_id" => Place::Field(&mut self.referrer_id),
            _ => Place::Nowhere,
        }
    }
}

impl<'a> Fields<'a> for ProductFields<'a> {
    fn place(&mut self, name: &[u8]) -> Place<'_, 'a> {
        match name {
            b"product_id" => Place::Field(&mut self.product_id),
            b"sku" => Place::Field(&mut self.sku),
            b"name" => Place::Field(&mut self.name),
            b"url" => Place::Field(&mut self.url),
            b"image_url" => Place::Field(&mut self.image_url),
            b"price" => Place::Field(&mut self.price),
            b"currency" => Place::Field(&mut self.currency),
            b"quantity" => Place::Field(&mut self.quantity),
            b"category" => Place::Field(&mut self.category),
            _ => Place::Nowhere,
        }
    }
}
