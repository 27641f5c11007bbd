//! Standard errors from the curvature of the log-likelihood at its summit: the inverse of its negative second derivatives by
//! ln(parameter − its lower limit) is the covariance there, and by the delta method a parameter's error is that of its logarithm times
//! its height above the limit. Refuses a summit that is none: where the curvature is not that of a dome there are no errors. Called by `mod`.

use super::likelihood::Likelihood;
use libm::{exp, sqrt};

/// Step in ln of a parameter for second derivatives, from slopes on either side.
const STEP: f64 = 1e-4;
/// A direction whose curvature is below this part of the largest is flat: what is known of it is rounding.
const FLAT: f64 = 1e-10;

/// By parameter; `None` for all if the likelihood is not a dome there.
pub(super) fn standard_errors(likelihood: &dyn Likelihood, parameters: &[f64]) -> Option<Vec<f64>> {
    let size = parameters.len();
    let above_limits: Vec<f64> = parameters.iter().zip(likelihood.parameters()).map(|(parameter, (_, least))| parameter - least).collect();
    // slope by logarithms, one logarithm moved by `by`
    let slope = |i: usize, by: f64| {
        let mut moved = parameters.to_vec();
        moved[i] += above_limits[i] * (exp(by) - 1.0);
        let (_, slope) = likelihood.with_slope(&moved);
        let by_log = |j: usize| slope[j] * (moved[j] - likelihood.parameters()[j].1);
        (0..size).map(by_log).collect::<Vec<f64>>()
    };
    let sides: Vec<_> = (0..size).map(|i| (slope(i, STEP), slope(i, -STEP))).collect();
    let bend = |i: usize, j: usize| -(sides[i].0[j] - sides[i].1[j]) / (2.0 * STEP);
    let matrix: Vec<Vec<f64>> = (0..size).map(|i| (0..size).map(|j| (bend(i, j) + bend(j, i)) / 2.0).collect()).collect();
    let variances = inverse_diagonal(&matrix)?;
    Some(variances.iter().zip(&above_limits).map(|(variance, height)| sqrt(*variance) * height).collect())
}

/// Diagonal of the inverse of a symmetric positive definite matrix, by Cholesky's decomposition; `None` if it is not one.
fn inverse_diagonal(matrix: &[Vec<f64>]) -> Option<Vec<f64>> {
    let size = matrix.len();
    let largest = (0..size).map(|i| matrix[i][i]).fold(0.0, f64::max);
    let mut lower = vec![vec![0.0; size]; size];
    for i in 0..size {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            let rest: f64 = matrix[i][j] - sum;
            let is_bent = rest > FLAT * largest;
            if i == j && !is_bent {
                return None;
            }
            lower[i][j] = if i == j { sqrt(rest) } else { rest / lower[j][j] };
        }
    }
    // the columns of L^-1 give the diagonal of (L L^T)^-1 as their sums of squares
    let column = |j: usize| {
        let mut solution = vec![0.0; size];
        for i in j..size {
            let sum: f64 = (j..i).map(|k| lower[i][k] * solution[k]).sum();
            solution[i] = (if i == j { 1.0 } else { 0.0 } - sum) / lower[i][i];
        }
        solution.iter().map(|value| value * value).sum()
    };
    Some((0..size).map(column).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_of_a_dome_is_known_and_a_saddle_has_none() {
        let dome = vec![vec![4.0, 2.0], vec![2.0, 3.0]];
        let diagonal = inverse_diagonal(&dome).expect("positive definite");
        assert!((diagonal[0] - 3.0 / 8.0).abs() < 1e-15 && (diagonal[1] - 0.5).abs() < 1e-15, "{diagonal:?}");
        for flat in [[1.0, 1.0, 1.0], [1.0, 2.0, 1.0], [-1.0, 0.0, 1.0], [f64::NAN, 0.0, 1.0]] {
            assert_eq!(inverse_diagonal(&[vec![flat[0], flat[1]], vec![flat[1], flat[2]]]), None);
        }
    }
}
