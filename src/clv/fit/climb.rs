//! Finds the parameters under which a likelihood is largest: L-BFGS (Nocedal, Wright, Numerical Optimization, 2006, 7.2; the crate argmin)
//! on ln(parameter − its lower limit) from several starts, and Nelder-Mead from the best point seen where L-BFGS does not settle.
//!
//! Likelihoods of this kind have ridges along which ever larger parameters describe the same customers. Beyond `EDGE` a parameter pays
//! a little for every step, and none goes beyond `END`, so that a climb ends and no formula overflows; `warnings` tells. Called by `mod`.

use super::likelihood::Likelihood;
use argmin::core::{CostFunction, Error, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::neldermead::NelderMead;
use argmin::solver::quasinewton::LBFGS;
use libm::{exp, log};
use std::cell::RefCell;

/// ln 10^4: no shop's customers are as uniform as larger shapes say, nor as unlike each other as smaller ones.
const EDGE: f64 = 9.21;
/// ln 10^5.5: within what `Parameters::check` takes.
const END: f64 = 12.6;
/// Per customer and square of the way beyond `EDGE`; a ridge rises by much less.
const PRICE: f64 = 0.01;
/// Steps remembered; there are at most four parameters.
const MEMORY: usize = 6;
/// A climb takes 20 to 40 steps.
const STEPS_MAX: u64 = 200;
/// Nelder-Mead needs about 200.
const SIMPLEX_STEPS_MAX: u64 = 2000;
/// Slope per customer and unit of ln parameter at which L-BFGS stops; the log-likelihood is then exact to about 1e-9 of itself.
const FLAT: f64 = 1e-7;
/// Slope at which the summit counts as reached.
const FLAT_ENOUGH: f64 = 1e-5;
/// Edge of the first simplex, in ln parameter.
const SIMPLEX_EDGE: f64 = 0.1;
/// Spread of the simplex' log-likelihoods per customer at which Nelder-Mead stops.
const SIMPLEX_SPREAD: f64 = 1e-13;

/// The best point found.
#[derive(Clone, Debug)]
pub(super) struct Summit {
    pub parameters: Vec<f64>,
    pub log_likelihood: f64,
    /// Whether the likelihood is flat there.
    pub reached: bool,
}

/// A point with its height below zero, to be minimised.
#[derive(Clone, Debug)]
struct Point {
    logs: Vec<f64>,
    cost: f64,
    slope: Vec<f64>,
}

/// The likelihood as argmin sees it. Keeps the last point, for cost and slope are asked one after the other, and the best one,
/// for a line search that fails takes its results with it.
struct Landscape<'a> {
    likelihood: &'a dyn Likelihood,
    last: &'a RefCell<Option<Point>>,
    best: &'a RefCell<Option<Point>>,
}

/// Climbs from every start and gives the best summit.
pub(super) fn climb(likelihood: &dyn Likelihood, starts: &[Vec<f64>]) -> Summit {
    let (last, best) = (RefCell::new(None), RefCell::new(None));
    let landscape = || Landscape { likelihood, last: &last, best: &best };
    for start in starts {
        by_slope(landscape(), to_logs(likelihood, start));
    }
    let mut summit = best.borrow().clone().expect("invariant: there is at least one start");
    if !summit.is_flat() {
        by_simplex(landscape(), &summit.logs);
        summit = best.borrow().clone().expect("invariant: there was a best point before");
    }
    let parameters = from_logs(likelihood, &summit.logs);
    Summit { log_likelihood: likelihood.log_likelihood(&parameters), reached: summit.is_flat(), parameters }
}

impl Point {
    fn is_flat(&self) -> bool {
        self.slope.iter().all(|slope| slope.abs() <= FLAT_ENOUGH)
    }
}

impl Landscape<'_> {
    /// The point at these logarithms, computed once.
    fn point(&self, logs: &[f64]) -> Point {
        if let Some(point) = self.last.borrow().as_ref().filter(|point| point.logs == logs) {
            return point.clone();
        }
        let parameters = from_logs(self.likelihood, logs);
        let (log_likelihood, slope) = self.likelihood.with_slope(&parameters);
        let weight = self.likelihood.weight();
        let mut point = Point { logs: logs.to_vec(), cost: -log_likelihood / weight, slope };
        let limits = self.likelihood.parameters();
        for (i, &log) in logs.iter().enumerate() {
            let within = log.abs() < END;
            let by_log = if within { parameters[i] - limits[i].1 } else { 0.0 };
            let beyond = (log.abs() - EDGE).max(0.0);
            point.cost += PRICE * beyond * beyond;
            point.slope[i] = -point.slope[i] * by_log / weight + 2.0 * PRICE * beyond * log.signum();
        }
        if !point.cost.is_finite() {
            point.cost = f64::MAX;
        }
        if self.best.borrow().as_ref().is_none_or(|best| point.cost < best.cost) {
            *self.best.borrow_mut() = Some(point.clone());
        }
        *self.last.borrow_mut() = Some(point.clone());
        point
    }
}

impl CostFunction for Landscape<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, logs: &Vec<f64>) -> Result<f64, Error> {
        Ok(self.point(logs).cost)
    }
}

impl Gradient for Landscape<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, logs: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(self.point(logs).slope)
    }
}

/// The landscape keeps the best point: what argmin returns, or that a line search gave up, adds nothing to it.
fn by_slope(landscape: Landscape<'_>, start: Vec<f64>) {
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), MEMORY).with_tolerance_grad(FLAT).expect("invariant: a tolerance above 0");
    let _outcome = Executor::new(landscape, solver).configure(|state| state.param(start).max_iters(STEPS_MAX)).timer(false).run();
}

/// As `by_slope`.
fn by_simplex(landscape: Landscape<'_>, start: &[f64]) {
    let mut simplex = vec![start.to_vec()];
    for i in 0..start.len() {
        let mut corner = start.to_vec();
        corner[i] += SIMPLEX_EDGE;
        simplex.push(corner);
    }
    let solver = NelderMead::new(simplex).with_sd_tolerance(SIMPLEX_SPREAD).expect("invariant: a tolerance above 0");
    let _outcome = Executor::new(landscape, solver).configure(|state| state.max_iters(SIMPLEX_STEPS_MAX)).timer(false).run();
}

fn to_logs(likelihood: &dyn Likelihood, parameters: &[f64]) -> Vec<f64> {
    parameters.iter().zip(likelihood.parameters()).map(|(parameter, (_, least))| log(parameter - least)).collect()
}

fn from_logs(likelihood: &dyn Likelihood, logs: &[f64]) -> Vec<f64> {
    logs.iter().zip(likelihood.parameters()).map(|(log, (_, least))| least + exp(log.clamp(-END, END))).collect()
}
