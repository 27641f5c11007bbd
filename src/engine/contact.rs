//! How a customer can be addressed: the e-mail address with what mail servers said of it, name, language, time zone.
//!
//! The last writer by event time wins. A new address starts with a clean record; a hard bounce sticks to the address it is about. Whether a
//! mail may be sent is `gates`' affair. Texts are bounded by `event`. Called by `apply`.

use crate::event::{EmailSignal, Traits};

/// Soft bounces in a row that count as a hard one.
const SOFT_BOUNCES_MAX: u8 = 3;

/// Empty texts are unknown ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contact {
    pub email: String,
    /// Event time that last named the address.
    pub email_at_ms: i64,
    pub hard_bounced: bool,
    /// In a row; below `SOFT_BOUNCES_MAX`.
    pub soft_bounces: u8,
    pub first_name: String,
    pub locale: String,
    /// IANA name.
    pub time_zone: String,
}

impl Contact {
    pub fn has_email(&self) -> bool {
        !self.email.is_empty()
    }

    /// Learns from an event at `time_ms`. `is_newest`: no later event of the customer has been applied; an older one only fills gaps.
    pub fn learn(&mut self, traits: &Traits<'_>, time_ms: i64, is_newest: bool) {
        if let Some(email) = traits.email.as_deref().filter(|e| !e.is_empty()) {
            self.learn_email(email, time_ms);
        }
        let texts =
            [(&mut self.first_name, &traits.first_name), (&mut self.locale, &traits.locale), (&mut self.time_zone, &traits.time_zone)];
        for (known, told) in texts {
            if let Some(told) = told.as_deref().filter(|_| is_newest || known.is_empty()) {
                replace(known, told);
            }
        }
    }

    fn learn_email(&mut self, email: &str, time_ms: i64) {
        if self.has_email() && time_ms < self.email_at_ms {
            return;
        }
        self.email_at_ms = time_ms;
        if self.email != email {
            replace(&mut self.email, email);
            self.hard_bounced = false;
            self.soft_bounces = 0;
        }
    }

    /// The address named last holds; what mail servers said sticks to it; other gaps are filled.
    pub fn unite(&mut self, other: &Contact) {
        if other.has_email() && other.email == self.email {
            self.email_at_ms = self.email_at_ms.max(other.email_at_ms);
            self.hard_bounced |= other.hard_bounced;
            self.soft_bounces = self.soft_bounces.max(other.soft_bounces);
        } else if other.has_email() && (!self.has_email() || other.email_at_ms > self.email_at_ms) {
            replace(&mut self.email, &other.email);
            (self.email_at_ms, self.hard_bounced, self.soft_bounces) = (other.email_at_ms, other.hard_bounced, other.soft_bounces);
        }
        let texts = [(&mut self.first_name, &other.first_name), (&mut self.locale, &other.locale), (&mut self.time_zone, &other.time_zone)];
        for (own, others) in texts {
            if own.is_empty() {
                replace(own, others);
            }
        }
    }

    /// What a mail server or reader said. `about`: the address the signal names, if it names one; another than the known one is old news.
    pub fn hear(&mut self, signal: EmailSignal, about: Option<&str>) {
        if !self.has_email() || about.is_some_and(|address| !address.is_empty() && !address.eq_ignore_ascii_case(&self.email)) {
            return;
        }
        match signal {
            EmailSignal::Delivered | EmailSignal::Opened | EmailSignal::Clicked => self.soft_bounces = 0,
            EmailSignal::HardBounce => self.hard_bounced = true,
            EmailSignal::SoftBounce if self.hard_bounced => {}
            EmailSignal::SoftBounce => {
                self.soft_bounces += 1;
                if self.soft_bounces == SOFT_BOUNCES_MAX {
                    self.hard_bounced = true;
                    self.soft_bounces = 0;
                }
            }
            EmailSignal::Complaint => {}
        }
    }

    pub fn clear(&mut self) {
        for text in [&mut self.email, &mut self.first_name, &mut self.locale, &mut self.time_zone] {
            text.clear();
        }
        self.email_at_ms = 0;
        self.hard_bounced = false;
        self.soft_bounces = 0;
    }
}

/// In place, so that a reused customer allocates nothing.
pub fn replace(known: &mut String, told: &str) {
    known.clear();
    known.push_str(told);
}

#[cfg(test)]
mod tests {
    use super::*;
    use EmailSignal::{Delivered, HardBounce, SoftBounce};

    fn told(email: &str) -> Traits<'_> {
        Traits { email: Some(email.into()), ..Traits::default() }
    }

    #[test]
    fn a_new_address_lifts_a_hard_bounce_and_an_older_one_is_ignored() {
        let mut contact = Contact::default();
        contact.learn(&told("a@example.com"), 10, true);
        contact.hear(HardBounce, None);
        contact.learn(&told("a@example.com"), 20, true);
        assert!(contact.hard_bounced, "the same address again changes nothing");
        contact.learn(&told("b@example.com"), 19, false);
        assert_eq!(contact.email, "a@example.com");
        contact.learn(&told("b@example.com"), 20, true);
        assert_eq!((contact.email.as_str(), contact.hard_bounced), ("b@example.com", false));
        contact.hear(HardBounce, Some("a@example.com"));
        assert!(!contact.hard_bounced, "the bounce is about the former address");
    }

    #[test]
    fn three_soft_bounces_in_a_row_are_a_hard_one() {
        let cases: [(&[EmailSignal], bool); 4] = [
            (&[SoftBounce, SoftBounce], false),
            (&[SoftBounce, SoftBounce, Delivered, SoftBounce], false),
            (&[SoftBounce, SoftBounce, SoftBounce], true),
            (&[HardBounce, Delivered], true),
        ];
        for (signals, hard) in cases {
            let mut contact = Contact::default();
            contact.learn(&told("a@example.com"), 1, true);
            signals.iter().for_each(|s| contact.hear(*s, None));
            assert_eq!(contact.hard_bounced, hard, "{signals:?}");
        }
    }

    #[test]
    fn an_older_event_fills_gaps_but_replaces_nothing() {
        let mut contact = Contact::default();
        let traits = |name: &'static str| Traits { first_name: Some(name.into()), ..Traits::default() };
        contact.learn(&traits("older"), 5, false);
        contact.learn(&traits("oldest"), 4, false);
        assert_eq!(contact.first_name, "older");
        contact.learn(&traits("newest"), 6, true);
        assert_eq!(contact.first_name, "newest");
    }
}
