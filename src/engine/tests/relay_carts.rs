//! Carts of visitors who sign in: what they had put in is in it, whenever the word of it comes.

use proptest::prelude::*;
use proptest::sample::select;

use super::carts::of_cart;
use super::relay::{VISITOR, any_deliveries, at_once, at_random, event_of, of};
use super::*;

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
