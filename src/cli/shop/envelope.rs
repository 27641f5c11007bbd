//! The Segment call around what happened: ids, time, context, then properties or traits.
//!
//! Also the times and the numbers that go into it. Which event comes next is not decided here. Used by the other files of `shop` alone.

use jiff::Timestamp;
use jiff::tz::Offset;

use super::json::JsonObject;
use super::person::Person;
use super::random::Random;
use super::record::ShopTopic;

/// Counters behind the ids of the whole shop.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbers {
    pub(super) messages: u64,
    pub(super) orders: u64,
    pub(super) carts: u64,
    pub(super) refunds: u64,
    pub(super) emails: u64,
    pub(super) tickets: u64,
    pub(super) subscriptions: u64,
    pub(super) costs: u64,
}

/// The next number of a counter, from 1.
pub(super) fn count(counter: &mut u64) -> u64 {
    *counter += 1;
    *counter
}

/// What a customer's turn has at hand.
pub(super) struct Scene<'a> {
    pub(super) person: &'a Person,
    /// Changes of address so far.
    pub(super) address_changes: u8,
    pub(super) random: &'a mut Random,
    pub(super) numbers: &'a mut Numbers,
    /// Event time in RFC 3339.
    pub(super) time: &'a str,
    /// Some producers leave the time to Kafka.
    pub(super) tells_time: bool,
}

/// Which call of the Segment API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Track(&'static str),
    Identify,
    Alias,
}

/// What happened, on its way into an envelope.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) topic: ShopTopic,
    pub(super) call: Call,
    /// Properties of a track call, traits of an identify call.
    pub(super) body: JsonObject,
    /// Another id of the same person, which an alias or an identify call names.
    pub(super) former_id: Option<String>,
}

impl Told {
    pub(super) fn track(topic: ShopTopic, event: &'static str, properties: JsonObject) -> Told {
        Told { topic, call: Call::Track(event), body: properties, former_id: None }
    }
}

/// The whole event as JSON.
pub(super) fn envelope(scene: &mut Scene, told: Told) -> String {
    let message = count(&mut scene.numbers.messages);
    let mut event = JsonObject::new().text("messageId", &format!("m-{message:012}"));
    let is_track = matches!(told.call, Call::Track(_));
    event = match told.call {
        Call::Track(name) => event.text("type", "track").text("event", name),
        Call::Identify => event.text("type", "identify").text_if("anonymousId", told.former_id.as_deref()),
        Call::Alias => event.text("type", "alias").text_if("previousId", told.former_id.as_deref()),
    };
    event = add_ids(event, scene, is_track);
    // A consent trait may repeat the time, and then both must be the same.
    if !is_track || scene.tells_time {
        event = event.text("timestamp", scene.time);
    }
    event = event.object("context", context(scene, told.topic));
    event.object(if told.call == Call::Identify { "traits" } else { "properties" }, told.body).finish()
}

fn add_ids(event: JsonObject, scene: &mut Scene, is_track: bool) -> JsonObject {
    let id = &scene.person.id;
    if scene.person.is_anonymous {
        let event = if scene.random.percent(50) { event.raw("userId", "null") } else { event };
        return event.text("anonymousId", id);
    }
    let event = event.text("userId", id);
    // Other calls with both ids join two customers.
    if !is_track || !scene.random.one_in(10) {
        return event;
    }
    event.text("anonymousId", &format!("browser-{id}"))
}

fn context(scene: &mut Scene, topic: ShopTopic) -> JsonObject {
    let tells_email = scene.person.always_tells_email || topic == ShopTopic::Emails;
    let email = scene.person.email(scene.address_changes).filter(|_| tells_email);
    let mut context = JsonObject::new();
    if let Some(email) = email {
        context = context.object("traits", JsonObject::new().text("email", &email));
    }
    if scene.random.percent(40) {
        let (source, medium) = *scene.random.pick(&[("google", "cpc"), ("newsletter", "email"), ("instagram", "social")]);
        context = context.object("campaign", JsonObject::new().text("source", source).text("medium", medium));
    }
    context
}

/// RFC 3339 with milliseconds; `None` outside the calendar's years.
pub(super) fn rfc3339(time_ms: i64, offset_hours: i8) -> Option<String> {
    let time = Timestamp::from_millisecond(time_ms).ok()?;
    if offset_hours == 0 {
        return Some(format!("{time:.3}"));
    }
    let local = time.to_zoned(Offset::constant(offset_hours).to_time_zone());
    Some(local.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string())
}
