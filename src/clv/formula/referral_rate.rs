//! How many of a customer's referrals brought somebody: referrals converted by referrals sent, the plain share that referral programmes
//! report. More may convert than were told to have been sent. Called by `engine`.

/// `None`: none were sent.
pub fn referral_rate(converted: u32, sent: u32) -> Option<f64> {
    (sent > 0).then(|| f64::from(converted) / f64::from(sent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_needs_something_that_was_sent() {
        assert_eq!((referral_rate(1, 4), referral_rate(2, 1), referral_rate(1, 0)), (Some(0.25), Some(2.0), None));
    }
}
