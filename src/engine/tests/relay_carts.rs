//! Carts of visitors who sign in: what they had put in is in it, whenever the word of it comes.

use proptest::prelude::*;
use proptest::sample::select;

use super::carts::of_cart;
use super::relay::{Net, VISITOR, any_deliveries, at_once, at_random, event_of, of};
use super::triggers::shop_of;
use super::*;

/// A customer with a cart that a mail is out about, after a visitor who is her has put something in, too; then she orders.
fn order_after_mail(visit: Event<'static>, own: Event<'static>, is_visit_first: bool) -> Vec<String> {
    let mut net = Net::new();
    net.shop = shop_of(Trigger::CartIdle, &[HOUR, 3 * HOUR], |play| play.cancel_on.order = true);
    net.feed(&of("ann", identified(0), "known"));
    let (first, then) = if is_visit_first { (visit, own) } else { (own, visit) };
    net.feed(&first);
    net.shop.until(then.time_ms - T0);
    net.collect();
    net.feed(&then);
    // of a cart of the visitor's alone nothing is decided before she is known
    let at = (then.time_ms - T0) + if is_visit_first { HOUR + MINUTE } else { MINUTE };
    net.shop.until(at);
    net.collect();
    net.feed(&of("ann", event_of(at, Kind::Joined { former_id: VISITOR.into(), is_identify: true }), "join"));
    net.deliver_all();
    net.shop.until(at + 4 * HOUR);
    net.collect();
    net.feed(&of("ann", order(at + 4 * HOUR, "o-1", usd(100)), "order"));
    let told: Vec<_> = net.told.iter().filter(|action| text(action, "customer_id") == "ann").collect();
    let sent: Vec<_> = told.iter().filter(|action| text(action, "kind") == "send").map(|action| text(action, "id")).collect();
    for cancel in told.iter().filter(|action| text(action, "kind") == "cancel") {
        assert!(sent.contains(&text(cancel, "cancels")), "{cancel} takes back none of {sent:?}");
    }
    told.iter().map(|action| text(action, "kind").to_owned()).collect()
}

#[test]
fn what_is_out_about_a_cart_is_taken_back_also_after_more_has_come_into_it() {
    let visit = |at, cart| Event { identity: Identity::Anonymous, ..of(VISITOR, of_cart(cart, added(at, "mug", 1)), "m-1") };
    let own = |at, cart| of("ann", of_cart(cart, added(at, "bowl", 1)), "m-2");
    let cases = [
        // she goes on with what the visitor had, which is known only after the mail
        (visit(HOUR, Some("c-1")), own(2 * HOUR, None), true),
        (visit(HOUR, None), own(2 * HOUR, None), true),
        // the visitor goes on with what she has a mail about
        (visit(2 * HOUR, Some("c-1")), own(0, Some("c-1")), false),
        (visit(2 * HOUR, None), own(0, Some("c-1")), false),
    ];
    for (visit, own, is_visit_first) in cases {
        let context = format!("{visit:?} {own:?}");
        assert_eq!(order_after_mail(visit, own, is_visit_first), ["send", "send", "cancel", "cancel"], "{context}");
    }
}

/// Who has put what, as the cart is called, and whether that is all there is in it; `None`: an order.
type Put = Option<(u32, u32, bool)>;

/// A visitor who fills a cart, and goes on filling it as `ann`, or another one. Nothing is taken out: what is taken out of a cart before it is
/// known to be in there comes back.
fn any_shopping() -> impl Strategy<Value = Vec<Event<'static>>> {
    let put = || proptest::collection::vec(proptest::option::weighted(0.9, (0..24u32, 1..3u32, proptest::bool::weighted(0.1))), 0..14);
    let name = |names: &[Option<&'static str>]| select(names.to_vec());
    (put(), name(&[None, Some("c-1")]), put(), name(&[None, Some("c-1"), Some("c-2")])).prop_map(|(theirs, their_cart, own, own_cart)| {
        let told = |number: usize, put: &Put, cart_id: Option<&'static str>| {
            let at = number as i64 * MINUTE;
            let Some((id, quantity, is_all)) = *put else { return order(at, &format!("o-{number}"), usd(5000)) };
            let id = format!("p-{id}");
            let all = || contents(at, ContentsSource::Updated, Some(vec![product(&id, Some(usd(1000)), quantity)]));
            of_cart(cart_id, if is_all { all() } else { added(at, &id, quantity) })
        };
        let joined = theirs.len();
        let visits = theirs.iter().filter(|put| put.is_some()).enumerate();
        let visits = visits.map(|(number, put)| Event {
            identity: Identity::Anonymous,
            ..of(VISITOR, told(number, put, their_cart), &format!("m-{number}"))
        });
        let join = of("ann", event_of(joined as i64 * MINUTE, Kind::Joined { former_id: VISITOR.into(), is_identify: true }), "join");
        let own = own.iter().enumerate().map(|(place, put)| (joined + 1 + place, put));
        let own = own.map(|(number, put)| of("ann", told(number, put, own_cart), &format!("m-{number}")));
        visits.chain([join]).chain(own).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_cart_is_the_same_whenever_what_the_visitor_had_put_in_comes(events in any_shopping(), deliveries in any_deliveries()) {
        let carts = [at_once(&events), at_random(&events, &deliveries, true)].map(|mut net| net.held("ann").unwrap().cart);
        prop_assert_eq!(&carts[0], &carts[1]);
    }
}
