//! The exact bytes that the load generator of the benchmark writes, one record of every kind, and the same bytes cut off anywhere.
//! Written out by hand from its specification, so that a change of either side shows.
//! Speed is not measured here.

use super::{AT_MS, money, rules};
use crate::event::{
    CartContents, CartDelta, CartLine, ConsentChange, ConsentStatus, ContentsSource, Email, EmailSignal, Event, Identity, Item, Kind,
    Order, Product, Raw, Reason, Refund, Touch, Traits,
};

const BEFORE: &str = r#"{"messageId":"m-000000012345","type":"track","event":""#;
const BETWEEN: &str = r#"","userId":"u-00001234","timestamp":"2026-01-01T00:00:00.000Z","context":{"traits":{"email":"u-00001234@example.com"},"campaign":{"source":"google","medium":"cpc"}},"properties":{"#;

const EMAIL: &str = r#""email_id":"e-000000012345","campaign_id":"cmp-103","campaign_name":"Back in Stock""#;
const LINE: &str =
    r#""cart_id":"c-00001234-7","product_id":"p-123","category":"shoes","price":28.60,"quantity":2,"value":57.20,"currency":"USD""#;
const CONTENTS: &str = r#""cart_id":"c-00001234-7","value":57.20,"currency":"USD","products":[{"product_id":"p-123","category":"shoes","price":28.60,"quantity":2}]"#;

fn product() -> Product<'static> {
    let price = Some(money(2860, "USD"));
    Product { product_id: "p-123".into(), sku: None, name: None, url: None, image_url: None, price, quantity: 2 }
}

fn contents(source: ContentsSource) -> Kind<'static> {
    Kind::CartContents(CartContents {
        cart_id: Some("c-00001234-7".into()),
        checkout_id: None,
        source,
        url: None,
        products: Some(vec![product()]),
        value: Some(money(5720, "USD")),
    })
}

fn line(delta: CartDelta) -> Kind<'static> {
    Kind::CartLine(CartLine { cart_id: Some("c-00001234-7".into()), delta, product: product() })
}

fn mail(signal: EmailSignal) -> Kind<'static> {
    Kind::Email(Email { signal, campaign_id: Some("cmp-103".into()) })
}

fn order() -> Kind<'static> {
    let cart_id = Some("c-00001234-7".into());
    Kind::OrderCompleted(Order {
        order_id: "o-000000012345".into(),
        checkout_id: None,
        cart_id,
        value: money(5720, "USD"),
        salesperson_id: None,
    })
}

fn read(value: &str) -> Result<Event<'_>, Reason> {
    let raw = Raw { key: Some(b"u-00001234"), value: Some(value.as_bytes()), timestamp_ms: Some(AT_MS) };
    super::call(&raw, &rules(), None).map_err(|reject| reject.reason)
}

/// Refunds have none, and contents of carts are not looked at for it.
fn items_of(kind: &Kind<'_>) -> Vec<Item<'static>> {
    match kind {
        Kind::OrderCompleted(_) | Kind::CartLine(CartLine { delta: CartDelta::Added, .. }) => {
            vec![Item { product_id: Some("p-123".into()), category: Some("shoes".into()) }]
        }
        _ => Vec::new(),
    }
}

fn expected(name: &'static str, kind: Kind<'static>) -> Event<'static> {
    Event {
        customer: "u-00001234".into(),
        identity: Identity::Known,
        time_ms: AT_MS,
        name: name.into(),
        message_id: Some("m-000000012345".into()),
        traits: Traits { email: Some("u-00001234@example.com".into()), ..Traits::default() },
        touch: Some(Touch { source: Some("google".into()), medium: Some("cpc".into()), referrer: None }),
        items: items_of(&kind),
        address: None,
        kind,
    }
}

#[test]
fn the_order_of_the_specification_is_read() {
    let value = "{\"messageId\":\"m-000000012345\",\"type\":\"track\",\"event\":\"Order Completed\",\"userId\":\"u-00001234\",\"timestamp\":\"2026-01-01T00:00:00.000Z\",\n \"context\":{\"traits\":{\"email\":\"u-00001234@example.com\"},\"campaign\":{\"source\":\"google\",\"medium\":\"cpc\"}},\n \"properties\":{\"order_id\":\"o-000000012345\",\"cart_id\":\"c-00001234-7\",\"total\":57.20,\"currency\":\"USD\",\"products\":[{\"product_id\":\"p-123\",\"category\":\"shoes\",\"price\":28.60,\"quantity\":2}]}}";
    assert_eq!(read(value), Ok(expected("Order Completed", order())));
}

#[test]
fn every_record_of_the_generator_is_read() {
    let order_fields = r#""order_id":"o-000000012345","cart_id":"c-00001234-7","total":57.20,"currency":"USD","products":[{"product_id":"p-123","category":"shoes","price":28.60,"quantity":2}]"#;
    let refund_fields = r#""order_id":"o-000000012345","total":28.60,"currency":"USD""#;
    let refund = Refund { order_id: "o-000000012345".into(), refund_id: None, amount: Some(money(2860, "USD")) };
    let unsubscribed = ConsentChange { status: ConsentStatus::Unsubscribed, source: None, double_opt_in: false };
    let cases = [
        ("Order Completed", order_fields, order()),
        ("Order Refunded", refund_fields, Kind::OrderRefunded(refund)),
        ("Email Delivered", EMAIL, mail(EmailSignal::Delivered)),
        ("Email Opened", EMAIL, mail(EmailSignal::Opened)),
        ("Email Link Clicked", EMAIL, mail(EmailSignal::Clicked)),
        ("Unsubscribed", EMAIL, Kind::Consent(unsubscribed)),
        ("Email Bounced", EMAIL, mail(EmailSignal::HardBounce)),
        ("Product Added", LINE, line(CartDelta::Added)),
        ("Product Removed", LINE, line(CartDelta::Removed)),
        ("Cart Viewed", CONTENTS, contents(ContentsSource::Viewed)),
        ("Checkout Started", CONTENTS, contents(ContentsSource::CheckoutStarted)),
    ];
    for (name, properties, kind) in cases {
        let value = format!("{BEFORE}{name}{BETWEEN}{properties}}}}}");
        assert_eq!(read(&value), Ok(expected(name, kind)), "{value}");
    }
}

#[test]
fn a_record_cut_off_anywhere_is_invalid_json() {
    let value = format!("{BEFORE}Checkout Started{BETWEEN}{CONTENTS}}}}}");
    for end in 1..value.len() {
        assert_eq!(read(&value[..end]), Err(Reason::InvalidJson), "{}", &value[..end]);
    }
}
