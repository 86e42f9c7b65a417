//! Mixtures of Gaussians in d dimensions.

use super::cholesky::Cholesky;
use super::log_sum_exp;
use foehn_noise::{Key, Purpose};
use ndarray::{Array1, Array2, ArrayView1};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use std::f64::consts::TAU;

/// One component N(m, C) with its probability.
#[derive(Clone, Debug, PartialEq)]
pub struct Mode {
    /// Its probability.
    pub weight: f64,
    /// m, (d).
    pub mean: Array1<f64>,
    /// C, (d, d).
    pub covariance: Array2<f64>,
}

/// Why a mixture was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MixtureError {
    /// No components, or weights that are none.
    #[error("weights must be positive and add up to 1, not to {0}")]
    Weights(f64),
    /// Components of different dimension.
    #[error("component {index} does not have {dimension} dimensions throughout")]
    Dimension {
        /// The component.
        index: usize,
        /// Dimension of the first one.
        dimension: usize,
    },
    /// Not a covariance.
    #[error("the covariance of component {0} is not positive definite")]
    Covariance(usize),
}

/// `rho(x) = sum_k p_k N(x; m_k, C_k)` in d dimensions; all sums by log-sum-exp in double precision.
///
/// ```
/// use foehn_simulation::laws::{GaussianMixture, Mode};
/// use ndarray::{arr1, arr2};
/// let mode = |weight, mean| Mode { weight, mean: arr1(&[mean]), covariance: arr2(&[[0.25]]) };
/// let law = GaussianMixture::new(vec![mode(0.5, -1.0), mode(0.5, 1.0)])?;
/// // at 0 both modes have density N(2 sigma): exp(-2) / sqrt(2 pi 0.25)
/// assert!((law.log_density(&[0.0]) + 2.225791).abs() < 1e-6);
/// assert_eq!(law.score(&[0.0])[0], 0.0);
/// # Ok::<(), foehn_simulation::laws::MixtureError>(())
/// ```
#[derive(Clone, Debug)]
pub struct GaussianMixture {
    modes: Vec<Mode>,
    factors: Vec<Cholesky>,
}

impl GaussianMixture {
    /// The mixture of these components.
    ///
    /// # Errors
    /// If the weights are not probabilities or a component is not a normal law of the same dimension.
    pub fn new(modes: Vec<Mode>) -> Result<Self, MixtureError> {
        let total: f64 = modes.iter().map(|mode| mode.weight).sum();
        if modes.iter().any(|mode| mode.weight <= 0.0) || (total - 1.0).abs() > 1e-9 {
            return Err(MixtureError::Weights(total));
        }
        let dimension = modes[0].mean.len();
        for (index, mode) in modes.iter().enumerate() {
            let square = mode.covariance.dim() == (dimension, dimension);
            if mode.mean.len() != dimension || !square {
                return Err(MixtureError::Dimension { index, dimension });
            }
        }
        let factor = |(k, mode): (usize, &Mode)| {
            Cholesky::new(&mode.covariance).ok_or(MixtureError::Covariance(k))
        };
        let factors = modes
            .iter()
            .enumerate()
            .map(factor)
            .collect::<Result<_, _>>()?;
        Ok(Self { modes, factors })
    }

    /// A fixed instance for tests: `count` modes about 2.5 from the origin whatever the dimension, with
    /// covariances `A A^T / d * 0.5 + 0.1` (A of standard normal entries) and uneven weights.
    ///
    /// # Errors
    /// If `count` is zero.
    pub fn seeded(dimension: usize, count: usize, seed: u64) -> Result<Self, MixtureError> {
        let mut rng = Key::new(seed, Purpose::Simulate)
            .init(dimension as i64)
            .rng();
        let weights: Vec<f64> = (0..count).map(|_| rng.random::<f64>() + 0.5).collect();
        let total: f64 = weights.iter().sum();
        let size = dimension as f64;
        let mut modes: Vec<Mode> = Vec::with_capacity(count);
        for weight in weights {
            let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
            let mean = Array1::from_shape_simple_fn(dimension, || 2.5 * normal() / size.sqrt());
            let a = Array2::from_shape_simple_fn((dimension, dimension), &mut normal);
            modes.push(Mode {
                weight: weight / total,
                mean,
                covariance: a.dot(&a.t()) * (0.5 / size) + Array2::<f64>::eye(dimension) * 0.1,
            });
        }
        Self::new(modes)
    }

    /// The components.
    pub fn modes(&self) -> &[Mode] {
        &self.modes
    }

    /// d.
    pub fn dimension(&self) -> usize {
        self.modes[0].mean.len()
    }

    /// `log rho(x)`.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        log_sum_exp(&self.logs(&self.whitened(x), x))
    }

    /// `grad log rho(x)`.
    pub fn score(&self, x: &[f64]) -> Array1<f64> {
        self.average(x, |_, whitened| -whitened)
    }

    /// One draw.
    pub fn sample(&self, rng: &mut impl Rng) -> Array1<f64> {
        let mut left: f64 = rng.random();
        let found = self.modes.iter().position(|mode| {
            left -= mode.weight;
            left < 0.0
        });
        let k = found.unwrap_or(self.modes.len() - 1);
        let normals = Array1::from_shape_simple_fn(self.dimension(), || StandardNormal.sample(rng));
        &self.modes[k].mean + &self.factors[k].multiply(&normals)
    }

    /// `P(k | x)`.
    pub fn probabilities(&self, x: &[f64]) -> Vec<f64> {
        let logs = self.logs(&self.whitened(x), x);
        let total = log_sum_exp(&logs);
        logs.iter().map(|log| (log - total).exp()).collect()
    }

    /// `sum_k P(k | x) f(k, C_k^-1 (x - m_k))`.
    pub(super) fn average(
        &self,
        x: &[f64],
        f: impl Fn(usize, Array1<f64>) -> Array1<f64>,
    ) -> Array1<f64> {
        let whitened = self.whitened(x);
        let logs = self.logs(&whitened, x);
        let total = log_sum_exp(&logs);
        let mut sum = Array1::zeros(self.dimension());
        for (k, whitened) in whitened.into_iter().enumerate() {
            let probability = (logs[k] - total).exp();
            if probability > 0.0 {
                sum.scaled_add(probability, &f(k, whitened));
            }
        }
        sum
    }

    /// The factor of `C_k`.
    pub(super) fn factor(&self, k: usize) -> &Cholesky {
        &self.factors[k]
    }

    /// `C_k^-1 (x - m_k)`.
    fn whitened(&self, x: &[f64]) -> Vec<Array1<f64>> {
        let pairs = self.modes.iter().zip(&self.factors);
        pairs
            .map(|(mode, factor)| factor.solve(&ArrayView1::from(x) - &mode.mean))
            .collect()
    }

    /// `log p_k N(x; m_k, C_k)`.
    fn logs(&self, whitened: &[Array1<f64>], x: &[f64]) -> Vec<f64> {
        let constant = self.dimension() as f64 * TAU.ln();
        let triples = self.modes.iter().zip(&self.factors).zip(whitened);
        triples
            .map(|((mode, factor), whitened)| {
                let square = (&ArrayView1::from(x) - &mode.mean).dot(whitened);
                mode.weight.ln() - 0.5 * (square + constant + factor.log_determinant())
            })
            .collect()
    }
}
