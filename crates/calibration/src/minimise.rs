//! Smooth minimisation: L-BFGS with the line search of Moré and Thuente, from the crate argmin.

use std::cell::RefCell;

use argmin::core::{CostFunction, Error, Executor, Gradient, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use serde::{Deserialize, Serialize};

/// Corrections kept.
const MEMORY: usize = 10;
/// Iterations of one run.
const ITERATIONS: u64 = 400;
/// Runs: a line search that fails is started afresh from the best point, along the steepest descent.
const RUNS: usize = 4;
/// The slope at which the search has ended, in the objective's units per unit of scaled parameter.
const SLOPE: f64 = 1e-7;

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// The least value found.
    pub objective: f64,
    /// Length of its gradient.
    pub slope: f64,
    /// Whether the gradient fell under 1e-5 of the objective (plus 1e-7): a flat place.
    pub converged: bool,
    /// Number of evaluations.
    pub evaluations: usize,
}

struct Seen {
    at: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

impl Seen {
    fn slope(&self) -> f64 {
        self.gradient.iter().map(|g| g * g).sum::<f64>().sqrt()
    }
}

struct Problem<'a, F> {
    objective: &'a F,
    last: RefCell<Seen>,
    best: &'a RefCell<Seen>,
    evaluations: &'a RefCell<usize>,
}

impl<F: Fn(&[f64], &mut [f64]) -> f64> Problem<'_, F> {
    /// Value and gradient of one point are wanted one after the other: computed once.
    fn evaluate<T>(&self, at: &[f64], take: impl Fn(&Seen) -> T) -> T {
        if self.last.borrow().at != at {
            *self.evaluations.borrow_mut() += 1;
            let mut gradient = vec![0.0; at.len()];
            let mut value = (self.objective)(at, &mut gradient);
            if !value.is_finite() {
                // A wall that the line search turns back from.
                value = f64::MAX / 1e10;
            }
            let mut best = self.best.borrow_mut();
            if value < best.value {
                *best = Seen {
                    at: at.to_vec(),
                    value,
                    gradient: gradient.clone(),
                };
            }
            *self.last.borrow_mut() = Seen {
                at: at.to_vec(),
                value,
                gradient,
            };
        }
        take(&self.last.borrow())
    }
}

impl<F: Fn(&[f64], &mut [f64]) -> f64> CostFunction for Problem<'_, F> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, at: &Self::Param) -> Result<f64, Error> {
        Ok(self.evaluate(at, |seen| seen.value))
    }
}

impl<F: Fn(&[f64], &mut [f64]) -> f64> Gradient for Problem<'_, F> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, at: &Self::Param) -> Result<Vec<f64>, Error> {
        Ok(self.evaluate(at, |seen| seen.gradient.clone()))
    }
}

/// The least value of an objective that fills in its gradient, searched from `start`.
///
/// What comes back is the best point seen, with how flat it is there; a value that is not finite at the start is an
/// error of that value.
pub(crate) fn minimise(
    start: &[f64],
    objective: impl Fn(&[f64], &mut [f64]) -> f64,
) -> Result<(Vec<f64>, Ending), f64> {
    let mut gradient = vec![0.0; start.len()];
    let value = objective(start, &mut gradient);
    if !value.is_finite() {
        return Err(value);
    }
    let best = RefCell::new(Seen {
        at: start.to_vec(),
        value,
        gradient,
    });
    let evaluations = RefCell::new(1);
    for _ in 0..RUNS {
        let (before, from) = (best.borrow().value, best.borrow().at.clone());
        let problem = Problem {
            objective: &objective,
            last: RefCell::new(Seen {
                at: Vec::new(),
                value: f64::NAN,
                gradient: Vec::new(),
            }),
            best: &best,
            evaluations: &evaluations,
        };
        let solver = LBFGS::new(MoreThuenteLineSearch::new(), MEMORY)
            .with_tolerance_grad(SLOPE)
            .and_then(|solver| solver.with_tolerance_cost(0.0));
        let Ok(solver) = solver else { break };
        // An error of the line search loses nothing: the best point is kept here.
        let run = Executor::new(problem, solver)
            .configure(|state| state.param(from).max_iters(ITERATIONS))
            .run();
        let iterations = run.map_or(0, |run| run.state().get_iter());
        let found = best.borrow();
        if found.slope() <= SLOPE || (iterations < ITERATIONS && found.value >= before) {
            break;
        }
    }
    let evaluations = evaluations.into_inner();
    let best = best.into_inner();
    let slope = best.slope();
    let ending = Ending {
        objective: best.value,
        slope,
        converged: slope <= SLOPE + 1e-5 * best.value.abs(),
        evaluations,
    };
    Ok((best.at, ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_valley_of_rosenbrock() {
        let (at, ending) = minimise(&[-1.2, 1.0], |x, g| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            g[0] = -2.0 * a - 400.0 * x[0] * b;
            g[1] = 200.0 * b;
            a * a + 100.0 * b * b
        })
        .unwrap();
        assert!(
            (at[0] - 1.0).abs() < 1e-6 && (at[1] - 1.0).abs() < 1e-6,
            "{at:?} {ending:?}"
        );
        assert!(ending.converged);
    }

    #[test]
    fn a_start_without_a_value_is_refused() {
        assert!(minimise(&[1.0], |_, _| f64::NAN).is_err());
    }
}
