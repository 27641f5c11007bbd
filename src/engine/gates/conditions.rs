//! `when`: what must be so of a customer at the moment of the send. The first condition that does not hold is the reason.
//!
//! An amount in a currency without a threshold, or no amount at all, fails; so does a number or a word that is not known. Looks, changes
//! nothing. Called by `gates`, and by `audience` for whoever asks for the customers of whom it is so.

use super::Question;
use crate::clv::rfm::{self, Scores};
use crate::engine::cart::Cart;
use crate::engine::cells::UNKNOWN;
use crate::engine::customer::Customer;
use crate::engine::plays::Reason;
use crate::engine::record::action::told;
use crate::engine::record::money::Amount;
use crate::engine::settings::{Condition, MoneyField, Settings, Test, WordField};
use crate::engine::stages::Stage;
use crate::engine::{bands, segments, tiers, value};

pub fn conditions(q: &Question<'_>) -> Option<Reason> {
    q.play.when.iter().find_map(|condition| failure(condition, q.customer, &q.rules.settings))
}

/// Whether all of it is so of a customer at their now.
pub fn hold(conditions: &[Condition], customer: &Customer, settings: &Settings) -> bool {
    conditions.iter().all(|condition| holds(condition, customer, settings))
}

pub fn holds(condition: &Condition, customer: &Customer, settings: &Settings) -> bool {
    failure(condition, customer, settings).is_none()
}

fn failure(condition: &Condition, customer: &Customer, settings: &Settings) -> Option<Reason> {
    match condition {
        Condition::Money { field, test, minor } => {
            let compared = amount_of(*field, customer, settings).and_then(|amount| Some((amount.minor, *minor.get(&amount.currency)?)));
            compared.map_or(Some(Reason::NoThreshold), |(amount, limit)| unless(*test, amount, i128::from(limit)))
        }
        Condition::Orders { test, count } => {
            let orders: u64 = customer.orders.sums.iter().map(|sum| u64::from(sum.orders)).sum();
            unless(*test, orders, u64::from(*count))
        }
        Condition::Alive { test, share } => {
            value::alive(customer, settings).map_or(Some(Reason::Condition), |alive| unless(*test, alive, *share))
        }
        Condition::Word { field, among } => (!is_among(*field, among, customer, settings)).then_some(Reason::Condition),
    }
}

fn unless<T: PartialOrd>(test: Test, value: T, limit: T) -> Option<Reason> {
    match test {
        Test::AtLeast => (value < limit).then_some(Reason::BelowMinimum),
        Test::LessThan => (value >= limit).then_some(Reason::AboveMaximum),
    }
}

fn amount_of(field: MoneyField, customer: &Customer, settings: &Settings) -> Option<Amount> {
    match field {
        MoneyField::CartValue => customer.cart.as_ref().and_then(Cart::value).map(Amount::from),
        MoneyField::HistoricNet => value::net(customer),
        MoneyField::FutureValue => value::expected(customer, settings).map(|expected| expected.value),
    }
}

fn is_among(field: WordField, among: &[String], customer: &Customer, settings: &Settings) -> bool {
    let word = match field {
        WordField::Stage => customer.stage.as_ref().map(Stage::as_str),
        WordField::Segment => segments::segment_of(customer).map(|segment| segment.as_str()),
        WordField::Flag => {
            let has = |flag: fn(Scores) -> bool| customer.scores.is_some_and(flag);
            return rfm::FLAGS.iter().any(|(name, flag)| has(*flag) && among.iter().any(|wanted| wanted == name));
        }
        WordField::ValueBand => bands::band_of(customer, settings),
        WordField::Tier => tiers::name_of(customer, settings),
        WordField::Region => customer.profile.as_deref().and_then(|profile| told(&profile.region)),
        WordField::CustomerType => customer.profile.as_deref().and_then(|profile| told(&profile.customer_type)),
        WordField::Channel => told(&customer.touch.first).or(Some(UNKNOWN)),
        WordField::Locale => {
            let locale = customer.contact.locale.as_str();
            return among.iter().any(|wanted| is_of_locale(locale, wanted));
        }
    };
    word.is_some_and(|word| among.iter().any(|wanted| wanted == word))
}

/// `de` is `de`, `de-AT` and `DE_ch`; `de-AT` is `de-AT` alone.
fn is_of_locale(locale: &str, wanted: &str) -> bool {
    let language = locale.split(['-', '_']).next().unwrap_or_default();
    locale.eq_ignore_ascii_case(wanted) || language.eq_ignore_ascii_case(wanted)
}

#[cfg(test)]
mod tests {
    use super::is_of_locale;

    #[test]
    fn a_language_stands_for_all_its_countries() {
        for (locale, wanted, expected) in [
            ("de", "de", true),
            ("de-AT", "de", true),
            ("DE_ch", "de", true),
            ("de", "de-AT", false),
            ("den", "de", false),
            ("", "de", false),
        ] {
            assert_eq!(is_of_locale(locale, wanted), expected, "{locale} {wanted}");
        }
    }
}
