//! The digamma function ψ = (ln Γ)′, which `libm` lacks: slopes of likelihoods need it, once per purchase count.
//!
//! Abramowitz, Stegun, Handbook of Mathematical Functions, 6.3.5 (recurrence) and 6.3.18 (asymptotic series). For positive arguments
//! only: all shapes are. Called by the likelihoods of this folder.

use libm::log;

/// From here on seven terms of the series are exact to 1e-16.
const ASYMPTOTIC_MIN: f64 = 10.0;
/// B_2k / 2k of the Bernoulli numbers, k = 1 … 7.
const COEFFICIENTS: [f64; 7] = [1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32_760.0, 1.0 / 12.0];

/// ψ(z) for z above 0, to about 1e-14 of its larger terms.
pub(super) fn digamma(z: f64) -> f64 {
    debug_assert!(z > 0.0, "digamma of {z}");
    let mut large = z;
    let mut below = 0.0;
    while large < ASYMPTOTIC_MIN {
        below += 1.0 / large;
        large += 1.0;
    }
    let inverse_square = 1.0 / (large * large);
    let series = COEFFICIENTS.iter().rev().fold(0.0, |sum, coefficient| (sum + coefficient) * inverse_square);
    log(large) - 0.5 / large - series - below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_are_met() {
        // Abramowitz, Stegun 6.3.2, 6.3.3, 6.3.5 and table 6.1
        const EULER: f64 = 0.577_215_664_901_532_9;
        let cases = [
            (1.0, -EULER),
            (2.0, 1.0 - EULER),
            (0.5, -EULER - 2.0 * std::f64::consts::LN_2),
            (1.5, 2.0 - EULER - 2.0 * std::f64::consts::LN_2),
            (11.0, 2.251_752_589_066_721 + 0.1),
            (10.0, 2.251_752_589_066_721),
        ];
        for (z, expected) in cases {
            let error = (digamma(z) - expected).abs();
            assert!(error < 1e-14, "ψ({z}) = {}, error {error:e}", digamma(z));
        }
    }
}
