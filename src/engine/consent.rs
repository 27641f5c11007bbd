//! May this customer be sent marketing mail: what they said, and what a profile trait says for them.
//!
//! Two registers, each the last writer by event time, kept apart so that the answer does not depend on the order of arrival: a refusal
//! stated by the customer (`Unsubscribed`, `Consent Changed`, a complaint) outweighs every trait, whenever it arrives, until the customer
//! states otherwise. Called by `apply`; read by `gates` and the action record.

use crate::event::{ConsentChange, ConsentStatus, TraitConsent};

/// Stated by the customer, or by a complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    pub status: ConsentStatus,
    /// The refusal is a spam complaint.
    pub complaint: bool,
    pub double_opt_in: bool,
    /// Where it was stated; empty if the event did not say.
    pub source: String,
    pub at_ms: i64,
}

/// Said by the trait `email_marketing_consent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByTrait {
    pub status: ConsentStatus,
    pub double_opt_in: bool,
    pub at_ms: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consent {
    pub stated: Option<Stated>,
    pub by_trait: Option<ByTrait>,
}

/// What holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing<'a> {
    pub status: ConsentStatus,
    pub complaint: bool,
    pub double_opt_in: bool,
    pub source: &'a str,
    pub at_ms: i64,
}

impl Consent {
    pub fn state(&mut self, change: &ConsentChange<'_>, at_ms: i64) {
        let source = change.source.as_deref().unwrap_or("");
        self.settle_stated(Stated {
            status: change.status,
            complaint: false,
            double_opt_in: change.double_opt_in,
            source: source.to_owned(),
            at_ms,
        });
    }

    pub fn complain(&mut self, at_ms: i64) {
        let status = ConsentStatus::Unsubscribed;
        self.settle_stated(Stated { status, complaint: true, double_opt_in: false, source: String::new(), at_ms });
    }

    /// `event_ms` bounds the time the trait gives itself: a moment in the future would lock the register.
    pub fn learn(&mut self, told: &TraitConsent, event_ms: i64) {
        let at_ms = told.at_ms.unwrap_or(event_ms).min(event_ms);
        self.settle_by_trait(ByTrait { status: told.status, double_opt_in: told.double_opt_in, at_ms });
    }

    /// Takes over what another id said, who turned out at `merged_ms` to be this customer. A refusal wins: the other's is as good as said
    /// then, and no consent of the other's outweighs one of our own.
    pub fn unite(&mut self, other: &Consent, merged_ms: i64) {
        let refuses = |status: ConsentStatus| status == ConsentStatus::Unsubscribed;
        let has_refused = self.stated.as_ref().is_some_and(|own| refuses(own.status));
        // what was said since then was said by this customer
        let counts = |status, at_ms, has_refused: bool| refuses(status) || !has_refused || at_ms >= merged_ms;
        if let Some(told) = other.stated.clone().filter(|told| counts(told.status, told.at_ms, has_refused)) {
            let at_ms = if refuses(told.status) { told.at_ms.max(merged_ms) } else { told.at_ms };
            self.settle_stated(Stated { at_ms, ..told });
        }
        let has_refused = self.by_trait.is_some_and(|own| refuses(own.status));
        if let Some(told) = other.by_trait.filter(|told| counts(told.status, told.at_ms, has_refused)) {
            let at_ms = if refuses(told.status) { told.at_ms.max(merged_ms) } else { told.at_ms };
            self.settle_by_trait(ByTrait { at_ms, ..told });
        }
    }

    fn settle_by_trait(&mut self, new: ByTrait) {
        let rank = |told: &ByTrait| (told.at_ms, severity(told.status, false));
        if self.by_trait.is_none_or(|old| rank(&old) < rank(&new)) {
            self.by_trait = Some(new);
        }
    }

    fn settle_stated(&mut self, new: Stated) {
        let rank = |s: &Stated| (s.at_ms, severity(s.status, s.complaint));
        if self.stated.as_ref().is_none_or(|old| rank(old) < rank(&new)) {
            self.stated = Some(new);
        }
    }

    /// `None`: nobody ever said anything.
    pub fn standing(&self) -> Option<Standing<'_>> {
        let stated = self.stated.as_ref().map(|s| {
            let Stated { status, complaint, double_opt_in, source: _, at_ms } = *s;
            Standing { status, complaint, double_opt_in, source: source_of(s), at_ms }
        });
        let by_trait = self.by_trait.map(|ByTrait { status, double_opt_in, at_ms }| Standing {
            status,
            complaint: false,
            double_opt_in,
            source: "trait",
            at_ms,
        });
        match (stated, by_trait) {
            (Some(stated), Some(by_trait)) if stated.status != ConsentStatus::Unsubscribed && overrules(&by_trait, &stated) => {
                Some(by_trait)
            }
            (Some(stated), _) => Some(stated),
            (None, by_trait) => by_trait,
        }
    }
}

fn overrules(by_trait: &Standing<'_>, stated: &Standing<'_>) -> bool {
    (stated.at_ms, severity(stated.status, false)) < (by_trait.at_ms, severity(by_trait.status, false))
}

fn source_of(stated: &Stated) -> &str {
    match (stated.complaint, stated.source.as_str()) {
        (true, _) => "complaint",
        (false, "") => "event",
        (false, source) => source,
    }
}

/// Decides a tie in time: for the refusal.
fn severity(status: ConsentStatus, complaint: bool) -> u8 {
    match status {
        ConsentStatus::Subscribed => 0,
        ConsentStatus::Pending => 1,
        ConsentStatus::Unsubscribed => 2 + u8::from(complaint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ConsentStatus::{Pending, Subscribed, Unsubscribed};

    enum Said {
        State(ConsentStatus),
        Trait(ConsentStatus),
        Complaint,
    }
    use Said::{Complaint, State, Trait};

    fn after(said: &[(i64, Said)]) -> Consent {
        let mut consent = Consent::default();
        for (at_ms, what) in said {
            match what {
                State(status) => consent.state(&ConsentChange { status: *status, source: None, double_opt_in: false }, *at_ms),
                Trait(status) => consent.learn(&TraitConsent { status: *status, double_opt_in: false, at_ms: None }, *at_ms),
                Complaint => consent.complain(*at_ms),
            }
        }
        consent
    }

    #[test]
    fn the_last_word_holds_but_a_trait_never_lifts_a_stated_refusal() {
        let cases = [
            (vec![(1, State(Subscribed)), (2, State(Unsubscribed))], Unsubscribed, "event"),
            (vec![(2, State(Subscribed)), (2, State(Unsubscribed))], Unsubscribed, "event"),
            (vec![(2, State(Unsubscribed)), (2, State(Subscribed))], Unsubscribed, "event"),
            (vec![(1, State(Unsubscribed)), (2, Trait(Subscribed))], Unsubscribed, "event"),
            (vec![(2, Trait(Subscribed)), (1, State(Unsubscribed))], Unsubscribed, "event"),
            (vec![(1, State(Unsubscribed)), (2, Trait(Unsubscribed)), (3, Trait(Subscribed))], Unsubscribed, "event"),
            (vec![(1, State(Unsubscribed)), (2, State(Subscribed))], Subscribed, "event"),
            (vec![(1, Trait(Unsubscribed)), (2, Trait(Subscribed))], Subscribed, "trait"),
            (vec![(1, State(Subscribed)), (2, Trait(Unsubscribed))], Unsubscribed, "trait"),
            (vec![(1, Complaint), (9, Trait(Subscribed))], Unsubscribed, "complaint"),
            (vec![(1, Complaint), (2, State(Subscribed))], Subscribed, "event"),
            (vec![(1, Trait(Pending)), (1, Trait(Subscribed))], Pending, "trait"),
        ];
        for (case, (said, status, source)) in cases.iter().enumerate() {
            let consent = after(said);
            let standing = consent.standing().map(|s| (s.status, s.source));
            assert_eq!(standing, Some((*status, *source)), "case {case}");
        }
        assert_eq!(Consent::default().standing(), None);
    }

    #[test]
    fn a_trait_from_the_future_does_not_lock_the_register() {
        let mut consent = Consent::default();
        consent.learn(&TraitConsent { status: Subscribed, double_opt_in: true, at_ms: Some(i64::MAX) }, 10);
        consent.learn(&TraitConsent { status: Unsubscribed, double_opt_in: false, at_ms: None }, 11);
        assert_eq!(consent.standing().map(|s| s.status), Some(Unsubscribed));
    }
}
