//! Who a customer of the generated shop is: what stays the same over all their events.
//!
//! Everything follows from the seed and the customer's number, so nothing is stored and a customer is the same at any scale. No real or
//! invented people: names and addresses are numbers (`u-00000042@example.com`). Used by the other files of `shop` alone.

use super::json::{Amount, JsonObject};
use super::random::Random;

/// A currency of the shop and its digits behind the point (ISO 4217).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ShopCurrency {
    pub(super) code: &'static str,
    pub(super) digits: u32,
}

impl ShopCurrency {
    pub(super) fn amount(self, minor: i64) -> Amount {
        Amount { minor, digits: self.digits }
    }
}

pub(super) const CURRENCIES: [ShopCurrency; 3] =
    [ShopCurrency { code: "USD", digits: 2 }, ShopCurrency { code: "EUR", digits: 2 }, ShopCurrency { code: "JPY", digits: 0 }];

const ZONES: [&str; 5] = ["Europe/Berlin", "America/New_York", "Asia/Tokyo", "Pacific/Auckland", "Atlantis/Capital"];
const LOCALES: [&str; 3] = ["en-US", "de-DE", "ja-JP"];
/// What people type into address fields.
const INVALID_EMAILS: [&str; 4] = ["none", "someone@localhost", "a b@example.com", "two@at@example.com"];

/// How the shop's front end writes the consent trait; it lasts, because one front end serves a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ConsentShape {
    Flag,
    Word,
    Object,
}

/// One customer's lasting properties.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// The record key.
    pub(super) id: String,
    /// Known by `anonymousId` only.
    pub(super) is_anonymous: bool,
    /// First address; `None`: never gives one.
    email: Option<String>,
    /// Puts the address into every event, not only into `identify` and e-mail events.
    pub(super) always_tells_email: bool,
    pub(super) currency: ShopCurrency,
    /// Status of the first `identify`; `None`: the trait is absent.
    pub(super) first_consent: Option<&'static str>,
    consent_shape: ConsentShape,
    /// Hours east of UTC in which the front end writes times; most write UTC.
    pub(super) offset_hours: i8,
    time_zone: Option<&'static str>,
    locale: &'static str,
    first_name: String,
}

impl Person {
    pub(super) fn new(seed: u64, index: u32) -> Person {
        Person::called(seed, index, None)
    }

    /// A customer with a userId that begins with these letters.
    pub(super) fn known(seed: u64, index: u32, letters: &str) -> Person {
        Person::called(seed, index, Some(letters))
    }

    /// The same person while the shop's front end knows the browser only.
    pub(super) fn as_visitor(&self) -> Person {
        Person { id: format!("v{}", self.id), is_anonymous: true, ..self.clone() }
    }

    fn called(seed: u64, index: u32, letters: Option<&str>) -> Person {
        let mut random = Random::of_member(seed, u64::from(index));
        let is_anonymous = random.percent(12) && letters.is_none();
        let id = format!("{}-{index:08}", letters.unwrap_or(if is_anonymous { "a" } else { "u" }));
        let has_email = random.percent(if is_anonymous { 15 } else { 85 });
        let email = match (has_email, random.one_in(40)) {
            (false, _) => None,
            (true, false) => Some(format!("{id}@example.com")),
            (true, true) => Some((*random.pick(&INVALID_EMAILS)).to_owned()),
        };
        Person {
            is_anonymous,
            email,
            always_tells_email: random.percent(50),
            currency: match random.below(100) {
                0..70 => CURRENCIES[0],
                70..90 => CURRENCIES[1],
                _ => CURRENCIES[2],
            },
            first_consent: match random.below(100) {
                0..65 => Some("subscribed"),
                65..73 => Some("unsubscribed"),
                73..80 => Some("pending"),
                _ => None,
            },
            consent_shape: *random.pick(&[ConsentShape::Flag, ConsentShape::Word, ConsentShape::Object]),
            offset_hours: if random.one_in(10) { *random.pick(&[-8, 1, 9]) } else { 0 },
            time_zone: random.percent(60).then(|| *random.pick(&ZONES)),
            locale: random.pick::<&str>(&LOCALES),
            first_name: if random.one_in(25) { format!("Näme \"{index}\"") } else { format!("Name {index}") },
            id,
        }
    }

    /// Current address after `changes` changes of it.
    pub(super) fn email(&self, changes: u8) -> Option<String> {
        let first = self.email.as_ref()?;
        match changes {
            0 => Some(first.clone()),
            _ => Some(format!("{}+{changes}@example.com", self.id)),
        }
    }

    /// Traits of an `identify` call. `consent` is the status to state, written at `time` (RFC 3339).
    pub(super) fn traits(&self, changes: u8, consent: Option<&str>, time: &str) -> JsonObject {
        let traits = JsonObject::new()
            .text_if("email", self.email(changes).as_deref())
            .text("first_name", &self.first_name)
            .text("locale", self.locale)
            .text_if("timezone", self.time_zone);
        let Some(status) = consent else { return traits };
        match (self.consent_shape, status) {
            (ConsentShape::Flag, "subscribed") => traits.raw("email_marketing_consent", "true"),
            (ConsentShape::Flag, "unsubscribed") => traits.raw("email_marketing_consent", "false"),
            (ConsentShape::Object, _) => {
                let consent =
                    JsonObject::new().text("state", status).text("opt_in_level", "single_opt_in").text("consent_updated_at", time);
                traits.object("email_marketing_consent", consent)
            }
            (ConsentShape::Flag | ConsentShape::Word, _) => traits.text("email_marketing_consent", status),
        }
    }
}
