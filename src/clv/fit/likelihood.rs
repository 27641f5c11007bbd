//! What a fit climbs: a log-likelihood of positive parameters, with its slope.
//!
//! Knows no data and no model. Implemented by one file per family of models; called by `climb` and `curvature`.

/// Relative step of a parameter for slopes by differences: the error of the difference and that of rounding are both about 1e-10 of the
/// likelihood there.
const STEP: f64 = 1e-5;

/// A log-likelihood as a function of its parameters.
pub(super) trait Likelihood {
    /// Names and lower limits of the parameters: q of Gamma-Gamma is above 1, the others are above 0.
    fn parameters(&self) -> &'static [(&'static str, f64)];

    /// Customers: what the log-likelihood is divided by, so that a slope means the same for every data set.
    fn weight(&self) -> f64;

    fn log_likelihood(&self, parameters: &[f64]) -> f64;

    /// Log-likelihood and its derivatives by the parameters. By central differences where a model has no better way.
    fn with_slope(&self, parameters: &[f64]) -> (f64, Vec<f64>) {
        let mut moved = parameters.to_vec();
        let mut slope = Vec::with_capacity(parameters.len());
        for (i, (&parameter, (_, least))) in parameters.iter().zip(self.parameters()).enumerate() {
            let step = (parameter - least) * STEP;
            moved[i] = parameter + step;
            let above = self.log_likelihood(&moved);
            moved[i] = parameter - step;
            let below = self.log_likelihood(&moved);
            moved[i] = parameter;
            slope.push((above - below) / (2.0 * step));
        }
        (self.log_likelihood(parameters), slope)
    }
}
