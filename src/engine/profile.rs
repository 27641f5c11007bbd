//! What a customer's traits tell beside how to address them: where they live, what kind of customer they are, their birthday.
//!
//! The last writer by event time wins. It decides nothing: conditions of plays and cells ask it. Called by `apply`.

use super::contact::replace;
use super::customer::Customer;
use crate::event::{Birthday, Traits};

/// Empty texts are unknown ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    pub region: String,
    pub customer_type: String,
    pub birthday: Option<Birthday>,
}

/// What another id told fills gaps.
pub fn unite(customer: &mut Customer, other: Profile) {
    let profile = customer.profile.get_or_insert_default();
    for (own, theirs) in [(&mut profile.region, &other.region), (&mut profile.customer_type, &other.customer_type)] {
        if own.is_empty() {
            replace(own, theirs);
        }
    }
    profile.birthday = profile.birthday.or(other.birthday);
}

/// `is_newest`: no later event of the customer has been applied; an older one only fills gaps.
pub fn learn(customer: &mut Customer, traits: &Traits<'_>, is_newest: bool) {
    if traits.region.is_none() && traits.customer_type.is_none() && traits.birthday.is_none() {
        return;
    }
    let profile = customer.profile.get_or_insert_default();
    for (known, told) in [(&mut profile.region, &traits.region), (&mut profile.customer_type, &traits.customer_type)] {
        if let Some(told) = told.as_deref().filter(|_| is_newest || known.is_empty()) {
            replace(known, told);
        }
    }
    if is_newest || profile.birthday.is_none() {
        profile.birthday = traits.birthday.or(profile.birthday);
    }
}
