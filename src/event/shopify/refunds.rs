//! Shopify's refunds: what was paid back, which the successful transactions of kind `refund` say.
//!
//! Where these are in the customer's currency and not the shop's, the sum is made of the shop money of what was refunded: lines and their
//! tax, shipping, and adjustments, which Shopify writes as negative where they add to the refund. Where orders count without tax and shipping
//! (`money.order_value`), the lines alone count. A refund that pays nothing back, such as one that only restocks, or whose payment is pending,
//! changes nothing. Called by `shopify` alone.

use super::super::forms::{Moment, Number, Signed, Word};
use super::super::frame::Frame;
use super::super::told::Told;
use super::super::value::{Field, Nested, Value};
use super::super::{Currency, Kind, Money, OrderValue, Reason, Refund, Reject, amount, json};
use serde::Deserialize;
use utoipa::ToSchema;

/// What was paid back of an order: the sum of the successful transactions of kind `refund`.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, bound(deserialize = "'de: 'a"))]
#[schema(as = Refund)]
pub(super) struct Fields<'a> {
    #[schema(value_type = Number)]
    id: Field<'a>,
    #[schema(value_type = Number)]
    order_id: Field<'a>,
    #[schema(value_type = Option<Moment>)]
    created_at: Field<'a>,
    #[schema(value_type = Option<Moment>)]
    processed_at: Field<'a>,
    #[schema(value_type = Option<Vec<Transaction>>)]
    transactions: Field<'a>,
    #[schema(value_type = Option<Vec<Item>>)]
    refund_line_items: Field<'a>,
    #[schema(value_type = Option<Vec<Item>>)]
    refund_shipping_lines: Field<'a>,
    #[schema(value_type = Option<Vec<Item>>)]
    order_adjustments: Field<'a>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, bound(deserialize = "'de: 'a"))]
#[schema(as = Transaction)]
struct Transaction<'a> {
    #[schema(value_type = Option<Word>)]
    kind: Field<'a>,
    #[schema(value_type = Option<Word>)]
    status: Field<'a>,
    #[schema(value_type = Option<bool>)]
    test: Field<'a>,
    #[schema(value_type = Option<Signed>)]
    amount: Field<'a>,
    #[schema(value_type = Option<Word>)]
    currency: Field<'a>,
}

/// A line, a shipping line or an adjustment: each has some of these.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, bound(deserialize = "'de: 'a"))]
#[schema(as = RefundItem)]
struct Item<'a> {
    #[schema(value_type = Option<BothMoneys>)]
    subtotal_set: Nested<BothMoneys<'a>>,
    #[schema(value_type = Option<BothMoneys>)]
    total_tax_set: Nested<BothMoneys<'a>>,
    #[schema(value_type = Option<BothMoneys>)]
    subtotal_amount_set: Nested<BothMoneys<'a>>,
    #[schema(value_type = Option<BothMoneys>)]
    amount_set: Nested<BothMoneys<'a>>,
    #[schema(value_type = Option<BothMoneys>)]
    tax_amount_set: Nested<BothMoneys<'a>>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, bound(deserialize = "'de: 'a"))]
#[schema(as = BothMoneys)]
struct BothMoneys<'a> {
    #[schema(value_type = Option<MoneyFields>)]
    shop_money: Nested<MoneyFields<'a>>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, bound(deserialize = "'de: 'a"))]
#[schema(as = ShopMoney)]
struct MoneyFields<'a> {
    #[schema(value_type = Option<Signed>)]
    amount: Field<'a>,
    #[schema(value_type = Option<Word>)]
    currency_code: Field<'a>,
}

/// Shop money of one currency, as it is added up.
#[derive(Default)]
struct Sum {
    minor: i128,
    currency: Option<Currency>,
}

pub(super) fn read<'a>(frame: &Frame<'a, '_>, text: &'a str) -> Result<Told<'a>, Reject> {
    let fields: Fields = json::unusual_object("record", text)?;
    let order_id = json::required_id("order_id", fields.order_id)?;
    let refund_id = json::required_id("id", fields.id)?;
    let at_ms = json::moment("processed_at", fields.processed_at, 0)?.or(json::moment("created_at", fields.created_at, 0)?);
    let transactions: Vec<Transaction<'a>> = objects("transactions", fields.transactions)?;
    let mut is_test = !transactions.is_empty();
    for transaction in &transactions {
        is_test &= json::flag("test", transaction.test)?;
    }
    if is_test {
        return Ok(Told::nothing());
    }
    let amount = amount(frame, &fields, &transactions)?;
    let id = super::state_id("refund", &refund_id, "created");
    let kind = match amount {
        Some(amount) if amount.minor > 0 => Kind::OrderRefunded(Refund { order_id, refund_id: Some(refund_id), amount: Some(amount) }),
        _ => Kind::Unknown,
    };
    frame.event("Order Refunded".into(), Some(id), at_ms, kind).map(Told::One)
}

fn amount(frame: &Frame<'_, '_>, fields: &Fields<'_>, transactions: &[Transaction<'_>]) -> Result<Option<Money>, Reject> {
    let paid = paid_back(frame, transactions)?;
    // nothing was paid back, or not yet
    if paid.currency.is_none() {
        return Ok(None);
    }
    let mut lines = Sum::default();
    let mut taxes = Sum::default();
    for item in objects::<Item<'_>>("refund_line_items", fields.refund_line_items)? {
        lines.add(1, &item.subtotal_set)?;
        taxes.add(1, &item.total_tax_set)?;
    }
    if frame.rules.order_value != OrderValue::Total {
        return lines.money();
    }
    let mut others = Sum::default();
    for item in objects::<Item<'_>>("refund_shipping_lines", fields.refund_shipping_lines)? {
        others.add(1, &item.subtotal_amount_set)?;
    }
    for item in objects::<Item<'_>>("order_adjustments", fields.order_adjustments)? {
        others.add(-1, &item.amount_set)?;
        others.add(-1, &item.tax_amount_set)?;
    }
    let shop_currency = lines.currency.or(others.currency);
    if shop_currency.is_none() || shop_currency == paid.currency {
        return paid.money();
    }
    Sum { minor: lines.minor + taxes.minor + others.minor, currency: shop_currency }.money()
}

fn paid_back(frame: &Frame<'_, '_>, transactions: &[Transaction<'_>]) -> Result<Sum, Reject> {
    let mut paid = Sum::default();
    for transaction in transactions {
        let is = |field, word| json::text("transaction", field).map(|text| text.as_deref() == Some(word));
        if !is(transaction.kind, "refund")? || !is(transaction.status, "success")? {
            continue;
        }
        let amount = transaction.amount.given().ok_or_else(|| json::missing("transactions.amount"))?;
        paid.add_amount(1, amount, super::currency(frame, transaction.currency)?)?;
    }
    Ok(paid)
}

impl Sum {
    fn add(&mut self, sign: i128, set: &Nested<BothMoneys<'_>>) -> Result<(), Reject> {
        let money = &set.fields.shop_money.fields;
        match (money.amount.given(), json::currency(money.currency_code, None)?) {
            (Some(amount), Some(currency)) => self.add_amount(sign, amount, currency),
            _ => Ok(()),
        }
    }

    fn add_amount(&mut self, sign: i128, amount: Value<'_>, currency: Currency) -> Result<(), Reject> {
        let text = json::number_text("amount", amount)?;
        let minor = amount::signed_minor_units(&text, currency.exponent()).map_err(|reason| json::refusal(reason, "amount", &text))?;
        if self.currency.is_some_and(|first| first != currency) {
            return Err(json::refusal(Reason::UnknownCurrency, "currency", currency.code()));
        }
        self.currency = Some(currency);
        self.minor += sign * i128::from(minor);
        Ok(())
    }

    fn money(&self) -> Result<Option<Money>, Reject> {
        let minor = i64::try_from(self.minor.max(0)).map_err(|_| Reject::new(Reason::AmountOutOfRange, "the refund is too large"))?;
        Ok(self.currency.map(|currency| Money { minor, currency }))
    }
}

fn objects<'a, T: Deserialize<'a>>(name: &str, field: Field<'a>) -> Result<Vec<T>, Reject> {
    let Some(value) = field.given() else { return Ok(Vec::new()) };
    let elements = json::elements(name, value, Reason::TooManyProducts)?;
    let one = |(index, element)| json::unusual_object(&format!("{name}[{index}]"), element);
    elements.into_iter().enumerate().map(one).collect()
}
