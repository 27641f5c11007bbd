//! What customers mean for each other comes when it comes, and once or twice: it makes no difference to who they are in the end.
//!
//! The same events are played out twice, once with every message delivered at once, once with messages late, each before or after others,
//! and some of them twice. Compared is what is held in the end, and the figures over all customers that are no history of how they
//! came about. Decisions of plays are moments, and not compared.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::journey::{did, heard};
use super::*;
use crate::engine::orders::HELD_MAX;
use crate::event::{Interaction, InteractionKind, Loyalty as LoyaltyEvent, LoyaltyKind};

/// Ids of one person, two more customers, and one whom nobody knows.
pub const VISITOR: &str = "browser-1";
const KNOWN: [&str; 3] = ["ann", "bob", "cy"];

/// A shop whose messages wait until they are delivered.
pub struct Net {
    pub shop: Shop,
    /// Receiver, bytes.
    pub waiting: Vec<(String, Vec<u8>)>,
    events: Vec<Event<'static>>,
    refused: usize,
    /// The last value of each cell that was written.
    cells: BTreeMap<String, i64>,
    /// `kind/reason instance`, of that the part that names it.
    pub actions: Vec<String>,
    /// All of them, as they were written.
    pub told: Vec<Json>,
}

impl Net {
    pub fn new() -> Net {
        let shop = Shop::with(Settings { plays: Vec::new(), ..settings() });
        Net { shop, waiting: Vec::new(), events: Vec::new(), refused: 0, cells: BTreeMap::new(), actions: Vec::new(), told: Vec::new() }
    }

    pub fn feed(&mut self, event: &Event<'static>) {
        self.events.push(event.clone());
        self.shop.feed(event);
        self.collect();
    }

    pub fn collect(&mut self) {
        let said = self.shop.out.records().filter(|record| record.topic == Topic::Relay);
        self.waiting.extend(said.map(|record| (record.key.to_owned(), record.value.unwrap().to_vec())));
        self.refused += usize::from(self.shop.out.take_refusal().is_some());
        let instance = |action: &Json| text(action, "instance").split(':').next().unwrap_or_default().to_owned();
        let line = |action: &Json| format!("{}/{} {}", text(action, "kind"), text(action, "reason"), instance(action));
        let written = self.shop.written(Topic::Actions);
        self.actions.extend(written.iter().map(line));
        self.told.extend(written);
        self.cells.extend(super::cells::told(&mut self.shop));
    }

    pub fn deliver(&mut self, place: usize, twice: bool) {
        let (receiver, bytes) = self.waiting.remove(place);
        for _ in 0..1 + usize::from(twice) {
            let message = Message::decode(&bytes, None).unwrap();
            let out = &mut self.shop.out;
            if let Content::Forward(raw) = message.content {
                // the worker decodes it, and names it by its place if it has no id
                let mut event = self.events[message.origin.offset as usize].clone();
                event.customer = receiver.clone().into();
                event.message_id.get_or_insert_with(|| format!("at {}", message.origin.offset).into());
                self.shop.slot.apply_forwarded(&event, &message, &raw, out);
            } else {
                self.shop.slot.receive(&receiver, &message, out);
            }
            self.collect();
        }
    }

    pub fn deliver_all(&mut self) {
        while !self.waiting.is_empty() {
            self.deliver(0, false);
        }
    }

    pub fn held(&mut self, id: &str) -> Option<Customer> {
        self.shop.commit();
        self.shop.committed.with_row(3, hash_of(id), id, |row| read_row(row).unwrap())
    }

    /// What is held of everybody, without what depends on the moment it came together.
    fn facts(&mut self) -> Vec<String> {
        let ids = KNOWN.iter().chain(&[VISITOR]);
        ids.map(|id| format!("{id}: {:?}", self.held(id).map(|held| facts(&held)))).collect()
    }

    /// Figures that say how everybody stands, by key.
    fn figures(&mut self) -> Vec<(String, i64)> {
        let time_ms = self.shop.slot.time_ms().unwrap();
        self.shop.tick(time_ms + DAY, None);
        self.shop.slot.flush(&mut self.shop.out);
        let gauges = [
            "customers_in_stage",
            "points_outstanding",
            "valued_customers",
            "clv_customers",
            "loyalty_customers",
            "customers_acquired",
            "answer_customers",
        ];
        self.collect();
        let mut last = self.cells.clone();
        last.retain(|key, value| *value != 0 && gauges.iter().any(|gauge| key.starts_with(&format!("{gauge}|"))));
        last.into_iter().collect()
    }
}

type Facts<'a> = (Option<Stage>, BTreeSet<(u64, i64, i64, bool)>, Vec<(u32, i128, i128)>, String, String, Ties);

fn facts(held: &Customer) -> Facts<'_> {
    let orders = held.orders.kept.iter().map(|order| (order.id, order.at_ms, order.remaining_minor, order.counted)).collect();
    let sums = held.orders.sums.iter().map(|sum| (sum.orders, sum.gross_minor, sum.refunds_minor)).collect();
    let consent = format!("{:?} {:?}", held.consent.standing().map(|standing| (standing.status, standing.at_ms)), held.contact.email);
    let counts = held.journey.as_ref().map(|journey| (journey.counts, journey.signed_up_ms, journey.source.clone()));
    let points = held.loyalty.as_ref().map(|loyalty| (loyalty.since_ms, loyalty.points()));
    let mut seen = held.seen.fingerprints().to_vec();
    seen.sort_unstable();
    let costs: Vec<_> = held.costs.iter().map(|cost| cost.minor).collect();
    let mut ties = held.ties.as_deref().cloned().unwrap_or_default();
    // how often somebody was told is no fact about anybody
    ties.referrer.iter_mut().for_each(|referrer| referrer.told = 0);
    ties.referees.iter_mut().for_each(|referee| referee.told = 0);
    ties.referees.sort_by(|a, b| a.id.cmp(&b.id));
    (held.stage, orders, sums, consent, format!("{counts:?} {points:?} {seen:?} {costs:?} {}", held.known), ties)
}

fn any_kind() -> impl Strategy<Value = Kind<'static>> {
    let orders = (0..6u32, 1..90i64).prop_map(|(number, value)| order(0, &format!("o-{number}"), usd(value * 100)).kind);
    let refunds =
        (0..14u32, proptest::option::of(1..40i64)).prop_map(|(number, value)| refund(0, &format!("o-{number}"), value.map(usd)).kind);
    let interactions = select(vec![InteractionKind::ProductViewed, InteractionKind::SignedUp, InteractionKind::ProductsCompared]);
    let statuses = select(vec![ConsentStatus::Subscribed, ConsentStatus::Unsubscribed]);
    let points = (1..50u32)
        .prop_map(|points| Kind::Loyalty(LoyaltyEvent { kind: LoyaltyKind::PointsEarned, points, reward: None, expires_ms: None }));
    let answers = select(vec!["friend", "advert"]).prop_map(|answer| heard(0, answer).kind);
    prop_oneof![
        4 => orders,
        1 => answers,
        2 => refunds,
        4 => interactions.prop_map(|kind| Kind::Interaction(Interaction { kind, subject: None, cost: None, salesperson_id: None, answer: None })),
        2 => statuses.prop_map(|status| states(0, status).kind),
        2 => points,
        1 => Just(Kind::Unknown),
    ]
}

/// What, whether the visitor or `ann`, and an address it tells.
type Happening = (Kind<'static>, bool, Option<&'static str>);

/// A day of the visitor, who is `ann` from some moment on, and of her.
fn any_visit() -> impl Strategy<Value = Vec<Event<'static>>> {
    let event = (any_kind(), any::<bool>(), proptest::option::weighted(0.3, select(vec!["a@example.com", "b@example.com"])));
    let day = (proptest::collection::vec(event, 2..14), any::<Index>());
    // of more refunds that wait for their orders than are held one is given up, and which is a matter of who was heard first
    let is_held = |(happenings, _): &(Vec<Happening>, Index)| {
        happenings.iter().filter(|(kind, ..)| matches!(kind, Kind::OrderRefunded(_))).count() <= HELD_MAX
    };
    day.prop_filter("as many refunds as can be held", is_held).prop_map(|(happenings, joined)| {
        let joined = joined.index(happenings.len());
        let mut events = Vec::new();
        for (number, (kind, is_visitor, address)) in happenings.into_iter().enumerate() {
            let at = number as i64 * MINUTE;
            if number == joined {
                events.push(of("ann", event_of(at, Kind::Joined { former_id: VISITOR.into(), is_identify: true }), "join"));
            }
            let kind = once(kind, number);
            let traits = Traits { email: address.map(Into::into), ..Traits::default() };
            let (customer, identity) = if is_visitor { (VISITOR, Identity::Anonymous) } else { ("ann", Identity::Known) };
            events.push(Event { traits, identity, ..of(customer, event_of(at + SECOND, kind), &format!("m-{number}")) });
        }
        events
    })
}

/// An order is made once: of two of one id the first to come counts, and which that is nobody knows.
fn once(kind: Kind<'static>, number: usize) -> Kind<'static> {
    match kind {
        Kind::OrderCompleted(order) => Kind::OrderCompleted(Order { order_id: format!("o-{number}").into(), ..order }),
        other => other,
    }
}

pub fn event_of(at: i64, kind: Kind<'static>) -> Event<'static> {
    event(at, kind.label(), kind)
}

pub fn of(customer: &'static str, event: Event<'static>, message: &str) -> Event<'static> {
    Event { customer: customer.into(), message_id: Some(message.to_owned().into()), ..event }
}

/// Orders and refunds of three customers who say that they have referred each other. Each names one other, again and again: of somebody else the
/// answer depends on whether the first has been found to form a circle by then (`referrals::convert`).
fn any_referrals() -> impl Strategy<Value = Vec<Event<'static>>> {
    let conversion = select(KNOWN.to_vec()).prop_map(|referrer| Kind::ReferralConverted { referrer_id: referrer.into() });
    let kind = prop_oneof![3 => any_kind(), 2 => conversion];
    proptest::collection::vec((kind, select(KNOWN.to_vec())), 2..16).prop_map(|happenings| {
        let mut named = BTreeMap::new();
        let numbered = happenings.into_iter().enumerate().map(|(number, (kind, who))| match kind {
            Kind::ReferralConverted { referrer_id } => {
                let referrer_id = named.entry(who).or_insert(referrer_id).clone();
                (number, (Kind::ReferralConverted { referrer_id }, who))
            }
            kind => (number, (kind, who)),
        });
        let told = |(number, (kind, who))| of(who, event_of(number as i64 * MINUTE, once(kind, number)), &format!("m-{number}"));
        numbered.map(told).collect()
    })
}

/// After each event so many messages are delivered, which, and whether twice.
pub type Deliveries = Vec<Vec<(Index, bool)>>;

pub fn any_deliveries() -> impl Strategy<Value = Deliveries> {
    proptest::collection::vec(proptest::collection::vec((any::<Index>(), any::<bool>()), 0..3), 20)
}

pub fn at_once(events: &[Event<'static>]) -> Net {
    let mut net = Net::new();
    for event in events {
        net.feed(event);
        net.deliver_all();
    }
    net
}

/// `in_order`: of those to one receiver the first comes first, as in a partition.
pub fn at_random(events: &[Event<'static>], deliveries: &Deliveries, in_order: bool) -> Net {
    let mut net = Net::new();
    for (number, event) in events.iter().enumerate() {
        net.feed(event);
        for (which, twice) in &deliveries[number % deliveries.len()] {
            if !net.waiting.is_empty() {
                let place = which.index(net.waiting.len());
                let first = net.waiting.iter().position(|(receiver, _)| *receiver == net.waiting[place].0).unwrap();
                net.deliver(if in_order { first } else { place }, *twice);
            }
        }
    }
    net.deliver_all();
    net
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_visitor_becomes_the_same_customer_whenever_the_words_of_it_come(events in any_visit(), deliveries in any_deliveries()) {
        let (mut wanted, mut found) = (at_once(&events), at_random(&events, &deliveries, true));
        prop_assert_eq!(wanted.facts(), found.facts());
        prop_assert_eq!(wanted.figures(), found.figures());
        let counted: u32 = found.held("ann").unwrap().journey.map_or(0, |journey| journey.counts.iter().sum());
        let happened = events.iter().filter(|event| matches!(event.kind, Kind::Interaction(_))).count();
        prop_assert_eq!(counted as usize, happened, "nothing counts twice, nothing is lost");
    }

    #[test]
    fn referrals_come_to_the_same_whatever_is_heard_first(events in any_referrals(), deliveries in any_deliveries()) {
        let (mut wanted, mut found) = (at_once(&events), at_random(&events, &deliveries, false));
        prop_assert_eq!(wanted.facts(), found.facts());
        for id in KNOWN {
            let Some(held) = found.held(id) else { continue };
            let referees = held.ties.map(|ties| ties.referees).unwrap_or_default();
            for referee in referees {
                let other = found.held(&referee.id).unwrap();
                let net = other.orders.primary().map(|sum| (sum.currency, sum.net_minor()));
                prop_assert_eq!(&other.ties.as_ref().unwrap().referrer.as_ref().unwrap().id, id, "each names the other");
                prop_assert_eq!(referee.net, net, "the value is what was bought");
            }
        }
    }
}

#[test]
fn who_is_found_to_be_known_after_another_has_asked_is_their_own_unless_the_shop_says_otherwise() {
    for (merges_known, orders) in [(false, [1, 0]), (true, [0, 1])] {
        let mut net = Net::new();
        net.shop = Shop::with(Settings { merges_known, ..settings() });
        net.feed(&of("ann", event_of(2, Kind::Joined { former_id: "bob".into(), is_identify: false }), "m-1"));
        net.deliver_all();
        net.feed(&of("bob", order(1, "o-1", usd(100)), "m-2"));
        net.deliver_all();
        assert_eq!(["bob", "ann"].map(|id| net.held(id).unwrap().orders.kept.len()), orders);
    }
}

#[test]
fn who_is_known_is_not_taken_in_unless_the_shop_says_so() {
    for (merges_known, orders) in [(false, [1, 1]), (true, [0, 2])] {
        let mut net = Net::new();
        net.shop = Shop::with(Settings { merges_known, ..settings() });
        net.feed(&of("bob", order(0, "o-1", usd(100)), "m-1"));
        net.feed(&of("ann", order(1, "o-2", usd(200)), "m-2"));
        net.feed(&of("ann", event_of(2, Kind::Joined { former_id: "bob".into(), is_identify: false }), "m-3"));
        net.deliver_all();
        assert_eq!(["bob", "ann"].map(|id| net.held(id).unwrap().orders.kept.len()), orders);
        assert_eq!(net.refused, usize::from(!merges_known));
    }
}

#[test]
fn two_who_ask_for_each_other_at_once_keep_what_they_have() {
    let mut net = Net::new();
    net.shop = Shop::with(Settings { merges_known: true, ..settings() });
    for (who, other) in [("ann", "bob"), ("bob", "ann")] {
        net.feed(&of(who, order(0, who, usd(100)), who));
        net.feed(&of(who, event_of(1, Kind::Joined { former_id: other.into(), is_identify: false }), other));
    }
    net.deliver_all();
    assert_eq!(["bob", "ann"].map(|id| net.held(id).unwrap().orders.kept.len()), [1, 1]);
    assert_eq!(net.refused, 2);
}

#[test]
fn a_mark_ends_after_thirty_days_and_the_oldest_of_many_is_forgotten() {
    let mut net = Net::new();
    for number in 0..ALIASES_MAX + 1 {
        let former_id = format!("browser-{number}").into();
        net.feed(&of("ann", event_of(number as i64, Kind::Joined { former_id, is_identify: true }), &format!("m-{number}")));
    }
    net.deliver_all();
    assert_eq!(net.held("ann").unwrap().ties.unwrap().aliases.len(), ALIASES_MAX);
    assert!(net.held("browser-0").is_none(), "whoever is not named any more names nobody");
    assert_eq!(net.held("browser-1").unwrap().moved().unwrap().to, "ann");
    net.shop.until(30 * DAY - 1);
    assert!(net.held("browser-1").is_some());
    net.shop.until(31 * DAY);
    assert!(net.held("browser-1").is_none() && net.held("ann").is_some());
}

#[test]
fn referrals_beyond_the_list_are_counted_once_and_need_not_be_told() {
    let mut net = Net::new();
    net.feed(&of("ann", order(0, "o", usd(100)), "m"));
    let ids: Vec<String> = (0..REFEREES_MAX + 2).map(|number| format!("u-{number}")).collect();
    for id in &ids {
        let told = event_of(1, Kind::ReferralConverted { referrer_id: "ann".into() });
        net.feed(&Event { customer: id.clone().into(), ..told });
        net.deliver_all();
    }
    let ties = net.held("ann").unwrap().ties.unwrap();
    assert_eq!((ties.referred as usize, ties.referees.len()), (REFEREES_MAX + 2, REFEREES_MAX));
    let last = ids.last().unwrap();
    assert_eq!(net.held(last).unwrap().ties.unwrap().referrer.unwrap().id, "", "nobody names a referrer who does not know of it");
    net.feed(&Event { customer: last.clone().into(), ..order(2, "o-9", usd(500)) });
    assert!(net.waiting.is_empty());
}

#[test]
fn who_is_erased_is_named_by_nobody() {
    let mut net = Net::new();
    let convert = |who, referrer: &'static str| of(who, event_of(1, Kind::ReferralConverted { referrer_id: referrer.into() }), who);
    net.feed(&of("ann", event_of(0, Kind::Joined { former_id: VISITOR.into(), is_identify: true }), "m-0"));
    net.feed(&of("ann", order(0, "o-1", usd(100)), "m-1"));
    net.feed(&convert("bob", "ann"));
    net.feed(&convert("ann", "cy"));
    net.deliver_all();
    assert!(net.held(VISITOR).is_some() && net.held("cy").unwrap().ties.unwrap().referees.len() == 1);
    net.feed(&of("ann", event_of(5, Kind::Erased), "m-2"));
    net.deliver_all();
    assert!(net.held("ann").is_none() && net.held(VISITOR).is_none());
    for id in ["bob", "cy"] {
        assert!(!format!("{:?}", net.held(id)).contains("ann"), "{id}");
    }
    assert_eq!(net.held("cy").unwrap().ties.unwrap().referred, 1, "that somebody came is no secret");
}

#[test]
fn slots_whose_rows_have_no_place_for_it_say_and_take_nothing() {
    let mut net = Net::new();
    let committed = net.shop.committed.clone();
    let old = RowVersion::newest_up_to(2);
    net.shop.slot = Slot::new(3, Arc::new(settings()), committed).with_row_version(old);
    assert!(!net.shop.slot.takes_relay());
    net.feed(&of("ann", event_of(0, Kind::Joined { former_id: VISITOR.into(), is_identify: true }), "m-0"));
    net.feed(&of("ann", event_of(1, Kind::ReferralConverted { referrer_id: "bob".into() }), "m-1"));
    assert!(net.waiting.is_empty());
    assert!(net.shop.slot.raise_row_version(RowVersion::NEWEST) && net.shop.slot.takes_relay());
}

#[test]
fn views_of_a_visitor_are_the_customer_s_and_so_is_the_stage() {
    let mut net = Net::new();
    for at in 0..3 {
        let viewed = of(VISITOR, did(at, InteractionKind::ProductViewed, None), &format!("m-{at}"));
        net.feed(&Event { identity: Identity::Anonymous, ..viewed });
    }
    net.feed(&of("ann", event_of(5, Kind::Joined { former_id: VISITOR.into(), is_identify: true }), "m-5"));
    assert_eq!(net.held("ann").unwrap().stage, Some(Stage::LEAD));
    net.deliver_all();
    assert_eq!(net.held("ann").unwrap().stage, Some(Stage::CONSIDERATION));
    assert_eq!(net.figures(), [("customers_in_stage|stage=consideration|all".to_owned(), 1)]);
}
