//! The linear process in one dimension.

use super::normal_divergence;
use std::f64::consts::TAU;

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// dX = -r X dt + s dW: X(tau) given x0 is N(x0 exp(-r tau), s^2 (1 - exp(-2 r tau))/(2 r)).
///
/// The default is r = s = 1, oracle O1.
///
/// ```
/// use foehn_simulation::laws::OrnsteinUhlenbeck;
/// let law = OrnsteinUhlenbeck::default();
/// assert!((law.mean(1.5, 0.5) - 0.909796).abs() < 5e-7);
/// assert!((law.variance(0.5) - 0.316060).abs() < 5e-7);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OrnsteinUhlenbeck {
    /// r > 0, the rate of return to zero.
    pub rate: f64,
    /// s, the amplitude of the noise.
    pub noise: f64,
}

impl Default for OrnsteinUhlenbeck {
    fn default() -> Self {
        Self {
            rate: 1.0,
            noise: 1.0,
        }
    }
}

impl OrnsteinUhlenbeck {
    /// E[X(tau) | x0] = x0 exp(-r tau).
    pub fn mean(&self, x0: f64, tau: f64) -> f64 {
        x0 * (-self.rate * tau).exp()
    }

    /// var[X(tau) | x0] = s^2 (1 - exp(-2 r tau))/(2 r), the same for every x0.
    pub fn variance(&self, tau: f64) -> f64 {
        -self.stationary_variance() * (-2.0 * self.rate * tau).exp_m1()
    }

    /// s^2/(2 r), the variance in the long run.
    pub fn stationary_variance(&self) -> f64 {
        self.noise * self.noise / (2.0 * self.rate)
    }

    /// KL(N(mean, variance) || X(tau) given x0), nats.
    ///
    /// ```
    /// use foehn_simulation::laws::OrnsteinUhlenbeck;
    /// let law = OrnsteinUhlenbeck::default();
    /// let (m, v) = (law.mean(1.5, 0.5), law.variance(0.5));
    /// assert_eq!(law.divergence(1.5, 0.5, m, v), 0.0);
    /// // twice the variance: (2 - 1 - ln 2)/2
    /// assert!((law.divergence(1.5, 0.5, m, 2.0 * v) - 0.153426).abs() < 1e-6);
    /// ```
    pub fn divergence(&self, x0: f64, tau: f64, mean: f64, variance: f64) -> f64 {
        normal_divergence((mean, variance), (self.mean(x0, tau), self.variance(tau)))
    }

    /// log p(x, tau | x0).
    pub fn log_density(&self, x: f64, x0: f64, tau: f64) -> f64 {
        let (deviation, variance) = (x - self.mean(x0, tau), self.variance(tau));
        -0.5 * (deviation * deviation / variance + (TAU * variance).ln())
    }

    /// One draw of X(tau) given x0.
    pub fn sample(&self, x0: f64, tau: f64, rng: &mut impl Rng) -> f64 {
        let normal: f64 = StandardNormal.sample(rng);
        self.mean(x0, tau) + self.variance(tau).sqrt() * normal
    }

    /// One pair (x0, X(tau)) with x0 from the stationary law.
    pub fn sample_pair(&self, tau: f64, rng: &mut impl Rng) -> (f64, f64) {
        let normal: f64 = StandardNormal.sample(rng);
        let x0 = self.stationary_variance().sqrt() * normal;
        (x0, self.sample(x0, tau, rng))
    }
}
