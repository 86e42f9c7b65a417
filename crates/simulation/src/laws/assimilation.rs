//! A linear model, a linear observation, and the posterior between them.

use super::mixture_path::PathPoint;
use super::normal_divergence;

/// Oracle O5, each component of the state alone: `x1 = x0 + N(0, q)`, `y = x1 + N(0, r)`.
///
/// The posterior is `N(x0 + q/(q+r) (y - x0), q r/(q+r))`; with the default q = r = 1,
/// `N(x0 + (y - x0)/2, 1/2)`.
///
/// ```
/// use foehn_simulation::laws::LinearAssimilation;
/// let law = LinearAssimilation::default();
/// assert_eq!(law.posterior(1.0, 3.0), (2.0, 0.5));
/// assert_eq!(law.divergence(1.0, 3.0, 2.0, 0.5), 0.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearAssimilation {
    /// q, variance of the model's step.
    pub model_variance: f64,
    /// r, variance of the observation's error.
    pub observation_variance: f64,
}

impl Default for LinearAssimilation {
    fn default() -> Self {
        Self {
            model_variance: 1.0,
            observation_variance: 1.0,
        }
    }
}

impl LinearAssimilation {
    /// Mean and variance of x1 given x0 and y.
    pub fn posterior(&self, x0: f64, y: f64) -> (f64, f64) {
        let (q, r) = (self.model_variance, self.observation_variance);
        (x0 + q / (q + r) * (y - x0), q * r / (q + r))
    }

    /// KL(N(mean, variance) || posterior), nats.
    pub fn divergence(&self, x0: f64, y: f64, mean: f64, variance: f64) -> f64 {
        normal_divergence((mean, variance), self.posterior(x0, y))
    }

    /// `E[x1 | x_t = x, x0]` on a path from x0 to the unobserved x1.
    pub fn target(&self, point: PathPoint, x: f64, x0: f64) -> f64 {
        let gain = point.beta * self.model_variance / self.variance(point);
        x0 + gain * (x - (point.alpha + point.beta) * x0)
    }

    /// `grad_x log p(y | x_t = x, x0)`.
    pub fn observation_score(&self, point: PathPoint, x: f64, x0: f64, y: f64) -> f64 {
        let q = self.model_variance;
        let slope = point.beta * q / self.variance(point);
        let spread = q - slope * point.beta * q + self.observation_variance;
        slope * (y - self.target(point, x, x0)) / spread
    }

    /// Variance of `x_t` given x0.
    fn variance(&self, point: PathPoint) -> f64 {
        point.beta.powi(2) * self.model_variance + point.gamma_square
    }
}
