//! Gamma-Gamma: what a customer spends per purchase, given the few amounts seen so far. Colombo, Jiang 1999;
//! Fader, Hardie, note 025, "The Gamma-Gamma Model of Monetary Value", 2013.
//!
//! Counts and means are those of *repeat* purchases (the convention the parameters must have been fitted with).
//! Knows no currency: amounts are in the unit of `v`. Called by `forecast`; `mean_minor` by `engine`.

/// Amount ~ gamma(`p`, ν), ν ~ gamma(`q`, `v`), `v` in major units of the currency. `q` above 1: with less the
/// population has no finite mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GammaGamma {
    pub p: f64,
    pub q: f64,
    pub v: f64,
}

impl GammaGamma {
    /// E[M | x, m] = p (v + x m) / (p x + q − 1): between the customer's own mean `m` of `x` repeat purchases and
    /// the population's p v / (q − 1), which it is for x = 0. In the unit of `v`.
    pub fn mean_spend(&self, x: u32, m: f64) -> f64 {
        let x = f64::from(x);
        self.p * (self.v + x * m) / (self.p * x + self.q - 1.0)
    }
}

/// Mean of `count` amounts in minor units; `None` if there is none, or refunds have left nothing.
pub fn mean_minor(total_minor: i128, count: u32) -> Option<f64> {
    (count > 0 && total_minor > 0).then(|| total_minor as f64 / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_needs_something_to_average() {
        assert_eq!(mean_minor(10, 4), Some(2.5));
        assert_eq!(mean_minor(10, 0), None);
        assert_eq!(mean_minor(0, 3), None);
        assert_eq!(mean_minor(-10, 3), None);
    }
}
