//! Gauss-Legendre quadrature of smooth functions over an interval cut into equal panels.
//!
//! Refuses to judge whether the panels are narrow enough: callers choose variables in which the integrand is smooth, and say how many
//! panels it takes. Called by `pareto_nbd` and `discounting`.

/// Positive nodes of the rule of 32 points on [-1, 1], with their weights: roots of the Legendre polynomial, computed with mpmath.
const NODES: [(f64, f64); 16] = [
    (0.04830766568773832, 0.0965400885147278),
    (0.1444719615827965, 0.09563872007927486),
    (0.23928736225213706, 0.09384439908080457),
    (0.33186860228212767, 0.09117387869576389),
    (0.42135127613063533, 0.08765209300440381),
    (0.5068999089322294, 0.08331192422694675),
    (0.5877157572407623, 0.07819389578707031),
    (0.6630442669302152, 0.0723457941088485),
    (0.7321821187402897, 0.06582222277636185),
    (0.7944837959679424, 0.058684093478535544),
    (0.84936761373257, 0.050998059262376175),
    (0.8963211557660521, 0.04283589802222668),
    (0.9349060759377397, 0.03427386291302143),
    (0.9647622555875064, 0.02539206530926206),
    (0.9856115115452684, 0.01627439473090567),
    (0.9972638618494816, 0.007018610009470096),
];

/// The integral of `f` from `start` to `end`, exact for polynomials of degree 63 in every panel.
pub(super) fn integrate(start: f64, end: f64, panels: usize, f: impl Fn(f64) -> f64) -> f64 {
    let [integral] = integrate_all(start, end, panels, |x| [f(x)]);
    integral
}

/// Several functions at once, which have most of their work in common.
pub(super) fn integrate_all<const N: usize>(start: f64, end: f64, panels: usize, f: impl Fn(f64) -> [f64; N]) -> [f64; N] {
    let half_width = (end - start) / (2.0 * panels as f64);
    let mut sums = [0.0; N];
    for panel in 0..panels {
        let middle = start + half_width * (2 * panel + 1) as f64;
        for (node, weight) in NODES {
            let offset = half_width * node;
            let (below, above) = (f(middle - offset), f(middle + offset));
            for i in 0..N {
                sums[i] += weight * (below[i] + above[i]);
            }
        }
    }
    sums.map(|sum| sum * half_width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smooth_functions_integrate_to_the_last_digits() {
        assert!((integrate(0.0, 2.0, 1, |x| x.powi(40)) / (2f64.powi(41) / 41.0) - 1.0).abs() < 1e-14);
        assert!((integrate(-1.0, 3.0, 1, f64::exp) - (3f64.exp() - (-1f64).exp())).abs() < 1e-13);
        assert!((integrate(0.0, 40.0, 5, f64::sin) - (1.0 - 40f64.cos())).abs() < 1e-13);
        assert_eq!(integrate(1.0, 1.0, 3, f64::exp), 0.0);
    }
}
