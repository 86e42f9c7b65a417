//! Entropically regularised transport between two samples of equal weight.

use super::transport::{TransportError, range};
use foehn_noise::Key;
use serde::{Deserialize, Serialize};

/// The plan of least `<P, C> + e sum P (ln P - 1)` with uniform marginals.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sinkhorn {
    /// `e` in units of the batch's mean cost above its least cost, positive: towards 0 the plan is the
    /// exact assignment, towards infinity the independent coupling.
    pub regularisation: f64,
    /// Iterations at most.
    pub iterations: usize,
    /// Largest error of a marginal, relative, at which to stop.
    pub tolerance: f64,
}

impl Default for Sinkhorn {
    fn default() -> Self {
        Self {
            regularisation: 0.05,
            iterations: 2000,
            // a pair is drawn given its column, which is exact; rows need not be known better than a
            // batch knows its law
            tolerance: 1e-2,
        }
    }
}

/// Joint probabilities of rows and columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// `n` rows of `n`, of sum 1.
    pub probability: Vec<Vec<f64>>,
    /// Iterations spent.
    pub iterations: usize,
}

impl Plan {
    /// For each column one row, drawn from the plan's probabilities given the column; `keys[j]` names the
    /// randomness of column `j`. Rows may occur several times or never.
    ///
    /// # Shapes
    /// `keys`: (n).
    pub fn sample(&self, keys: &[Key]) -> Vec<usize> {
        let draw = |(j, key): (usize, &Key)| {
            let mut u = [0.0];
            key.uniforms(&mut u);
            let total: f64 = self.probability.iter().map(|row| row[j]).sum();
            let mut left = u[0] * total;
            for (i, row) in self.probability.iter().enumerate() {
                left -= row[j];
                if left < 0.0 {
                    return i;
                }
            }
            self.probability.len().saturating_sub(1)
        };
        keys.iter().enumerate().map(draw).collect()
    }
}

impl Sinkhorn {
    /// The plan for these costs, by alternating projections of the potentials in the log domain:
    /// `f_i = -e ln sum_j exp((g_j - C_ij) / e) / n`, and so for `g`.
    ///
    /// # Shapes
    /// `cost`: n rows of n.
    ///
    /// # Errors
    /// If a cost is not finite, the table not square, the regularisation not positive, or the marginals
    /// not met after all iterations.
    ///
    /// # Reference
    /// Cuturi 2013, arXiv:1306.0895.
    pub fn plan(&self, cost: &[Vec<f64>]) -> Result<Plan, TransportError> {
        let [low, _] = range(cost)?;
        let n = cost.len();
        let value = self.regularisation;
        if !(value > 0.0 && value.is_finite()) {
            return Err(TransportError::NotPositive { value });
        }
        // the plan does not change when a constant is added to all costs, and neither does this scale
        let mean = cost.iter().flatten().sum::<f64>() / (n * n).max(1) as f64;
        let e = value * (mean - low).max(f64::MIN_POSITIVE);
        // costs in units of e
        let k: Vec<Vec<f64>> = cost
            .iter()
            .map(|row| row.iter().map(|c| (low - c) / e).collect())
            .collect();
        self.project(&k)
    }

    /// The plan `exp(f_i + g_j + k_ij) / n^2`.
    fn project(&self, k: &[Vec<f64>]) -> Result<Plan, TransportError> {
        let n = k.len();
        let count = n as f64;
        let (mut f, mut g) = (vec![0.0; n], vec![0.0; n]);
        let mut error = f64::INFINITY;
        for iterations in 1..=self.iterations {
            for (f, row) in f.iter_mut().zip(k) {
                *f = count.ln() - log_sum_exp(row.iter().zip(&g).map(|(k, g)| k + g));
            }
            // rows are exact now; columns tell how far off the plan is
            error = 0.0;
            for (j, g) in g.iter_mut().enumerate() {
                let sum = log_sum_exp(k.iter().zip(&f).map(|(row, f)| row[j] + f));
                let correction = count.ln() - sum - *g;
                error = f64::max(error, correction.exp_m1().abs());
                *g += correction;
            }
            if error <= self.tolerance {
                let cell = |f: f64, k: f64, g: f64| (f + g + k).exp() / (count * count);
                let row = |(row, f): (&Vec<f64>, &f64)| {
                    row.iter().zip(&g).map(|(k, g)| cell(*f, *k, *g)).collect()
                };
                let probability = k.iter().zip(&f).map(row).collect();
                return Ok(Plan {
                    probability,
                    iterations,
                });
            }
        }
        let iterations = self.iterations;
        Err(TransportError::NotConverged { iterations, error })
    }
}

/// `ln sum exp(x)`.
fn log_sum_exp(x: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = x.clone().fold(f64::NEG_INFINITY, f64::max);
    largest + x.map(|x| (x - largest).exp()).sum::<f64>().ln()
}
