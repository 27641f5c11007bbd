//! G(s, z) = ∫_0^∞ e^(−zt) (1+t)^(−s) dt: the discounted time of a customer whose dropout rate is gamma-distributed.
//! It is U(1, 2−s, z) of Tricomi and e^z E_s(z) of the generalised exponential integral.
//!
//! Trapezoid rule in v = ln t, where the integrand is analytic in a strip of half-width π/2, rises like e^v and falls
//! double exponentially: the error falls exponentially with 1/step. All terms are positive. Called by `pareto_nbd`.

use libm::{exp, log, log1p};

/// The error for the strip is e^(−2π·(π/2)/step), below 1e-17.
const STEP: f64 = 0.25;
/// Terms below this, relative to the sum, do not count.
const NEGLIGIBLE: f64 = 1e-18;
/// From the scale of the integrand to where it vanishes, for z down to 1e-300: ln 1e300, and what is left of the scale.
const NODES_MAX: usize = 4000;

/// `s` ≥ 0; `z` ≥ 0. Infinite for z = 0 unless s > 1: then it is 1/(s−1).
pub(super) fn discounted_time(s: f64, z: f64) -> f64 {
    if z == 0.0 {
        return if s > 1.0 { 1.0 / (s - 1.0) } else { f64::INFINITY };
    }
    // relative to its scale the integrand is 1/e at most, whatever s and z are
    let scale = -log(z + s);
    let term = |v: f64| {
        let t = exp(v);
        exp(v - scale - z * t - s * log1p(t))
    };
    let mut sum = term(scale);
    for direction in [-STEP, STEP] {
        for node in 1..NODES_MAX {
            let v = scale + direction * node as f64;
            let latest = term(v);
            sum += latest;
            // the summit lies right of the scale, where (1−s)/(1+t) = z at the latest
            if latest <= NEGLIGIBLE * sum && (direction < 0.0 || z * exp(v) > 1.0 || s > 1.0) {
                break;
            }
        }
    }
    sum * STEP * exp(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn high_precision_values_are_met() {
        #[rustfmt::skip]
        let cases = [
            (0.6, 0.14, 2.8367925492472117),
            (0.4, 0.2, 2.88544457996143),
            (1.0, 1.0, 0.5963473623231941),
            (1e-06, 0.02, 49.99982887645578),
            (0.3, 1e-09, 2589959.461994597),
            (2.5, 1e-12, 0.6666666666653334),
            (1.0, 1e-09, 20.146050193190927),
            (1000000.0, 0.3, 1.00000070000019e-06),
            (1000000.0, 1000000.0, 5.000001249999688e-07),
            (0.6, 2700.0, 0.00037028811456977015),
            (20.0, 3.5, 0.044130027630567975),
            (0.999, 1e-06, 13.327156424186507),
        ];
        for (s, z, expected) in cases {
            let found = discounted_time(s, z);
            assert!((found / expected - 1.0).abs() < 1e-13, "G({s}, {z}) = {found}, expected {expected}");
        }
        assert_eq!(discounted_time(3.0, 0.0), 0.5);
        assert_eq!(discounted_time(1.0, 0.0), f64::INFINITY);
    }
}
