//! Where a customer came from: the channel of the first event that tells of a campaign or a referrer, and of the last one.
//!
//! Channels are names of the configuration's table; what no rule knows is `other`. The first one never changes. Reads no urls beyond
//! their host. Called by `apply`.

use super::cells::OTHER;
use super::contact::replace;
use super::settings::{ChannelRule, Pattern};
use crate::event::Touch;

/// Channels; empty: none was ever told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touches {
    pub first: String,
    pub last: String,
}

impl Touches {
    /// `is_newest`: no later event of the customer has been applied.
    pub fn learn(&mut self, touch: &Touch<'_>, rules: &[ChannelRule], is_newest: bool) {
        if !is_newest && !self.first.is_empty() {
            return;
        }
        let channel = channel_of(touch, rules);
        if self.first.is_empty() {
            replace(&mut self.first, channel);
        }
        if is_newest || self.last.is_empty() {
            replace(&mut self.last, channel);
        }
    }

    pub fn clear(&mut self) {
        self.first.clear();
        self.last.clear();
    }
}

/// The channel of the first rule that all its patterns agree with.
fn channel_of<'r>(touch: &Touch<'_>, rules: &'r [ChannelRule]) -> &'r str {
    let (source, medium) = (touch.source.as_deref(), touch.medium.as_deref());
    // a campaign says more than the page it was on
    let is_campaign = source.is_some() || medium.is_some();
    let host = touch.referrer.as_deref().filter(|_| !is_campaign).map(host_of);
    let agrees = |pattern: &Option<Pattern>, told: Option<&str>, is_like: fn(&str, &str) -> bool| match (pattern, told) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(Pattern::Any), Some(_)) => true,
        (Some(Pattern::OneOf(words)), Some(told)) => words.iter().any(|word| is_like(told, word)),
    };
    let fits = |rule: &&ChannelRule| {
        agrees(&rule.medium, medium, str::eq_ignore_ascii_case)
            && agrees(&rule.source, source, str::eq_ignore_ascii_case)
            && agrees(&rule.referrer, host, is_of_domain)
    };
    rules.iter().find(fits).map_or(OTHER, |rule| rule.channel.as_str())
}

/// The host of a url, or of what is a host already.
fn host_of(referrer: &str) -> &str {
    let behind_scheme = referrer.split_once("://").map_or(referrer, |(_, rest)| rest);
    let authority = behind_scheme.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.split(':').next().unwrap_or_default()
}

/// `www.example.com` is of `example.com`, and `google.de` of `google.*`.
fn is_of_domain(host: &str, domain: &str) -> bool {
    let is_end = |host: &str| {
        let Some(start) = host.len().checked_sub(domain.len()) else { return false };
        let behind_dot = start == 0 || host.as_bytes()[start - 1] == b'.';
        behind_dot && host.as_bytes()[start..].eq_ignore_ascii_case(domain.as_bytes())
    };
    match domain.strip_suffix(".*") {
        None => is_end(host),
        Some(name) => host.split('.').rev().skip(1).any(|label| label.eq_ignore_ascii_case(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(medium: &[&str], source: &[&str], referrer: &[&str], channel: &str) -> ChannelRule {
        let pattern = |words: &[&str]| match words {
            [] => None,
            ["*"] => Some(Pattern::Any),
            words => Some(Pattern::OneOf(words.iter().map(|word| (*word).to_owned()).collect())),
        };
        ChannelRule { source: pattern(source), medium: pattern(medium), referrer: pattern(referrer), channel: channel.to_owned() }
    }

    fn rules() -> Vec<ChannelRule> {
        vec![
            rule(&["email", "newsletter"], &[], &[], "email"),
            rule(&["cpc"], &["google", "bing"], &[], "paid_search"),
            rule(&["cpc"], &[], &[], "paid_other"),
            rule(&[], &[], &["google.*", "duckduckgo.com"], "organic_search"),
            rule(&[], &[], &["*"], "referral"),
        ]
    }

    fn touch(source: &'static str, medium: &'static str, referrer: &'static str) -> Touch<'static> {
        let told = |text: &'static str| Some(text.into()).filter(|_| !text.is_empty());
        Touch { source: told(source), medium: told(medium), referrer: told(referrer) }
    }

    #[test]
    fn the_first_rule_that_agrees_names_the_channel() {
        let cases = [
            (("", "Email", ""), "email"),
            (("google", "cpc", ""), "paid_search"),
            (("GOOGLE", "CPC", "https://www.example.com/"), "paid_search"),
            (("elsewhere", "cpc", ""), "paid_other"),
            (("google", "", ""), "other"),
            (("", "", "https://www.google.co.uk/search?q=a.b"), "organic_search"),
            (("", "", "google.de"), "organic_search"),
            (("", "", "https://user@duckduckgo.com:443#x"), "organic_search"),
            (("", "", "https://notduckduckgo.com/"), "referral"),
            (("", "", "https://google/"), "referral"),
            (("", "", "/"), "referral"),
            (("newsletter", "", "https://www.google.com/"), "other"),
        ];
        for ((source, medium, referrer), channel) in cases {
            assert_eq!(channel_of(&touch(source, medium, referrer), &rules()), channel, "{source} {medium} {referrer}");
        }
        assert_eq!(channel_of(&touch("a", "b", ""), &[]), "other");
    }

    #[test]
    fn the_first_touch_stays_and_the_last_one_follows_the_newest_event() {
        let mut touches = Touches::default();
        let seen = |touches: &Touches| (touches.first.clone(), touches.last.clone());
        touches.learn(&touch("", "email", ""), &rules(), true);
        assert_eq!(seen(&touches), ("email".to_owned(), "email".to_owned()));
        touches.learn(&touch("google", "cpc", ""), &rules(), true);
        touches.learn(&touch("", "", "example.com"), &rules(), false);
        assert_eq!(seen(&touches), ("email".to_owned(), "paid_search".to_owned()));
    }
}
