//! What treating customers changed: the difference of two shares, treated less control, with an interval that covers the truth.
//!
//! The interval is Newcombe's hybrid of two score intervals (Newcombe 1998, *Statistics in Medicine* 17, 873–890, method 10; Wilson 1927
//! for each share): unlike the textbook's it holds for small groups and shares near 0 or 1. It knows no plays. Called by `cli` (`report`).

use libm::sqrt;

/// The normal quantile of a two-sided 95 % interval.
const Z_95: f64 = 1.959_963_984_540_054;

/// Customers of an arm, and those of them who ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arm {
    pub customers: u64,
    /// At most `customers`.
    pub converted: u64,
}

/// Treated less control, as shares of 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lift {
    pub difference: f64,
    /// Of the 95 % interval.
    pub low: f64,
    pub high: f64,
}

impl Arm {
    /// `None` of nobody.
    pub fn share(&self) -> Option<f64> {
        (self.customers > 0).then(|| self.converted as f64 / self.customers as f64)
    }

    /// Wilson's score interval of the share.
    fn score_interval(&self, share: f64) -> (f64, f64) {
        let n = self.customers as f64;
        let z_squared = Z_95 * Z_95;
        let middle = share + z_squared / (2.0 * n);
        let reach = Z_95 * sqrt(share * (1.0 - share) / n + z_squared / (4.0 * n * n));
        let scale = 1.0 + z_squared / n;
        (((middle - reach) / scale).max(0.0), ((middle + reach) / scale).min(1.0))
    }
}

/// `None` if an arm has nobody.
pub fn lift(treated: &Arm, control: &Arm) -> Option<Lift> {
    let (p, q) = (treated.share()?, control.share()?);
    let ((p_low, p_high), (q_low, q_high)) = (treated.score_interval(p), control.score_interval(q));
    let difference = p - q;
    let low = difference - sqrt((p - p_low) * (p - p_low) + (q_high - q) * (q_high - q));
    let high = difference + sqrt((p_high - p) * (p_high - p) + (q - q_low) * (q - q_low));
    Some(Lift { difference, low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arm(converted: u64, customers: u64) -> Arm {
        Arm { customers, converted }
    }

    #[test]
    fn the_published_intervals_are_found() {
        // Newcombe 1998, table II, method 10
        let cases = [
            (arm(56, 70), arm(48, 80), 0.0524, 0.3339),
            (arm(9, 10), arm(3, 10), 0.1705, 0.8090),
            (arm(5, 56), arm(0, 29), -0.0381, 0.1926),
            (arm(0, 10), arm(0, 20), -0.1611, 0.2775),
            (arm(10, 10), arm(0, 10), 0.6075, 1.0),
        ];
        for (treated, control, low, high) in cases {
            let found = lift(&treated, &control).unwrap();
            assert!((found.low - low).abs() < 6e-5 && (found.high - high).abs() < 6e-5, "{treated:?} {control:?} {found:?}");
        }
        assert_eq!(lift(&arm(1, 1), &arm(0, 0)), None);
    }
}
