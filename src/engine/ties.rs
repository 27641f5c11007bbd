//! What ties a customer to others: the ids that are theirs, too, where they have gone, whom they brought, and who brought them.
//!
//! Who has no ties has none of this. Lists are bounded, and whoever falls out of one is told to forget the tie, so that an erasure reaches
//! everybody who names the erased one. It sends nothing: `identity` and `referrals` do. Kept in the row by `row::ties`.

use crate::clv::DAY_MS;
use crate::event::Currency;

/// Ids of one person within `LASTS_MS`: browsers and devices. The oldest falls out beyond.
pub const ALIASES_MAX: usize = 8;
/// How long late events of an id that was given up are sent on (`contracts.md` 8).
pub const LASTS_MS: i64 = 30 * DAY_MS;
/// Referred customers whose value is followed one by one. Further ones are counted only.
pub const REFEREES_MAX: usize = 32;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ties {
    /// There is nothing else in the row then: it is a mark that says where events of this id go.
    pub moved: Option<Moved>,
    /// Oldest first; at most `ALIASES_MAX`.
    pub aliases: Vec<Alias>,
    /// `Referral Sent`
    pub referrals_sent: u32,
    /// Customers who came by a referral, those no longer among `referees` included.
    pub referred: u32,
    /// In order of their coming; at most `REFEREES_MAX`.
    pub referees: Vec<Referee>,
    pub referrer: Option<Referrer>,
}

/// This id is another customer's now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub to: String,
    pub until_ms: i64,
}

/// Another id of the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    pub id: String,
    /// Event time of the first word of it.
    pub asked_ms: i64,
    /// What that id had is united with this customer, or never will be.
    pub is_settled: bool,
    /// The customer was new when the other id was heard of: what that id had came before.
    pub was_new: bool,
}

/// Somebody whom the customer brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referee {
    pub id: String,
    /// Event time of the referral.
    pub since_ms: i64,
    /// Number of the referee's last word: older ones are old news.
    pub told: u32,
    /// What they have bought, net of refunds, in their primary currency.
    pub net: Option<(Currency, i128)>,
}

/// Who brought the customer, once for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrer {
    /// Empty: nobody who is to be told anything.
    pub id: String,
    pub since_ms: i64,
    /// Words told so far.
    pub told: u32,
}

impl Ties {
    pub fn alias(&mut self, id: &str) -> Option<&mut Alias> {
        self.aliases.iter_mut().find(|alias| alias.id == id)
    }

    pub fn referee(&mut self, id: &str) -> Option<&mut Referee> {
        self.referees.iter_mut().find(|referee| referee.id == id)
    }

    /// Forgets ids of which nothing late is sent on any more.
    pub fn prune(&mut self, now_ms: i64) {
        self.aliases.retain(|alias| now_ms < alias.asked_ms.saturating_add(LASTS_MS));
    }

    /// The value the referred customers have brought, by currency, in order of the codes.
    pub fn referral_value(&self) -> Vec<(Currency, i128)> {
        let mut sums: Vec<(Currency, i128)> = Vec::new();
        for (currency, minor) in self.referees.iter().filter_map(|referee| referee.net) {
            match sums.iter_mut().find(|(known, _)| *known == currency) {
                Some((_, sum)) => *sum += minor,
                None => sums.push((currency, minor)),
            }
        }
        sums.sort_unstable_by_key(|(currency, _)| *currency);
        sums
    }
}
