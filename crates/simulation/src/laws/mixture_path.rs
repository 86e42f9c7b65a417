//! The path between two Gaussian mixtures, with everything a network could learn on it.

use super::gaussian_mixture::{GaussianMixture, MixtureError, Mode};
use ndarray::{Array1, Array2};

/// One time of `x_t = alpha x0 + beta x1 + gamma z`, with what the conditional means need of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathPoint {
    /// alpha.
    pub alpha: f64,
    /// beta.
    pub beta: f64,
    /// gamma^2.
    pub gamma_square: f64,
    /// alpha'.
    pub d_alpha: f64,
    /// beta'.
    pub d_beta: f64,
    /// gamma gamma', finite also where gamma' is not. In the drift of Föllmer's path, whose noise is
    /// `sigma W_t`, `sigma sigma' t` has its place.
    pub gamma_d_gamma: f64,
}

impl PathPoint {
    /// `(1 - t) x0 + t x1 + sqrt(a t (1 - t)) z`.
    pub fn linear(t: f64, a: f64) -> Self {
        Self {
            alpha: 1.0 - t,
            beta: t,
            gamma_square: a * t * (1.0 - t),
            d_alpha: -1.0,
            d_beta: 1.0,
            gamma_d_gamma: a * (1.0 - 2.0 * t) / 2.0,
        }
    }

    /// `(beta beta' v + gamma gamma') / (beta^2 v + gamma^2)`: how `E[alpha' x0 + beta' x1 + gamma' z | x_t = x]`
    /// grows with x where x0 is known and x1 has variance v; 0 where nothing varies.
    ///
    /// ```
    /// use foehn_simulation::laws::PathPoint;
    /// // t = 1/2, a = 1: (0.5 * 3 + 0) / (0.25 * 3 + 0.25)
    /// assert_eq!(PathPoint::linear(0.5, 1.0).gain(3.0), 1.5);
    /// ```
    pub fn gain(&self, variance: f64) -> f64 {
        let total = self.beta * self.beta * variance + self.gamma_square;
        if total == 0.0 {
            return 0.0;
        }
        (self.beta * self.d_beta * variance + self.gamma_d_gamma) / total
    }
}

/// Oracle O3: x0 and x1 independent, each from a mixture.
///
/// `rho_t = sum_ij p_i q_j N(alpha m_i + beta n_j, alpha^2 C_i + beta^2 D_j + gamma^2)`.
///
/// ```
/// use foehn_simulation::laws::{GaussianMixture, MixturePath, PathPoint};
/// let path = MixturePath {
///     start: GaussianMixture::seeded(2, 2, 1)?,
///     end: GaussianMixture::seeded(2, 3, 2)?,
/// };
/// let at = path.at(PathPoint::linear(0.5, 1.0))?;
/// assert_eq!(at.law().modes().len(), 6);
/// # Ok::<(), foehn_simulation::laws::MixtureError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MixturePath {
    /// rho0.
    pub start: GaussianMixture,
    /// rho1.
    pub end: GaussianMixture,
}

/// The path at one time.
#[derive(Clone, Debug)]
pub struct MixtureMarginal<'a> {
    pub(super) path: &'a MixturePath,
    pub(super) point: PathPoint,
    pub(super) law: GaussianMixture,
}

impl MixturePath {
    /// The instance of a dimension that tests share: two modes to three, seeds 1 and 2.
    ///
    /// # Errors
    /// None for a dimension of at least 1.
    pub fn instance(dimension: usize) -> Result<Self, MixtureError> {
        Ok(Self {
            start: GaussianMixture::seeded(dimension, 2, 1)?,
            end: GaussianMixture::seeded(dimension, 3, 2)?,
        })
    }

    /// `rho_t` and the conditional means at one time; the matrices are factored here, once.
    ///
    /// # Errors
    /// If the covariance vanishes, as at an end whose mixture does not count.
    pub fn at(&self, point: PathPoint) -> Result<MixtureMarginal<'_>, MixtureError> {
        let mut modes = Vec::new();
        let identity = Array2::<f64>::eye(self.start.dimension());
        for first in self.start.modes() {
            for second in self.end.modes() {
                let c = &first.covariance * point.alpha.powi(2)
                    + &second.covariance * point.beta.powi(2)
                    + &identity * point.gamma_square;
                modes.push(Mode {
                    weight: first.weight * second.weight,
                    mean: &first.mean * point.alpha + &second.mean * point.beta,
                    covariance: c,
                });
            }
        }
        let law = GaussianMixture::new(modes)?;
        let path = self;
        Ok(MixtureMarginal { path, point, law })
    }
}

impl MixtureMarginal<'_> {
    /// `rho_t`.
    pub fn law(&self) -> &GaussianMixture {
        &self.law
    }

    /// `s(t, x) = grad log rho_t(x)`.
    pub fn score(&self, x: &[f64]) -> Array1<f64> {
        self.law.score(x)
    }

    /// `b(t, x) = E[alpha' x0 + beta' x1 + gamma' z | x_t = x]`.
    pub fn velocity(&self, x: &[f64]) -> Array1<f64> {
        let p = self.point;
        let slope = [p.alpha * p.d_alpha, p.beta * p.d_beta, p.gamma_d_gamma];
        self.regression(x, [p.d_alpha, p.d_beta], slope)
    }

    /// `E[x1 | x_t = x]`.
    pub fn target(&self, x: &[f64]) -> Array1<f64> {
        self.regression(x, [0.0, 1.0], [0.0, self.point.beta, 0.0])
    }

    /// `E[x0 | x_t = x]`.
    pub fn origin(&self, x: &[f64]) -> Array1<f64> {
        self.regression(x, [1.0, 0.0], [self.point.alpha, 0.0, 0.0])
    }

    /// `sum_ij P(ij | x) [u m_i + v n_j + (a C_i + b D_j + c) S_ij^-1 (x - mean_ij)]`.
    fn regression(&self, x: &[f64], [u, v]: [f64; 2], abc: [f64; 3]) -> Array1<f64> {
        let [a, b, c] = abc;
        let ends = self.path.end.modes().len();
        self.law.average(x, |k, whitened| {
            let first = &self.path.start.modes()[k / ends];
            let second = &self.path.end.modes()[k % ends];
            let mut mean = &first.mean * u + &second.mean * v;
            if a != 0.0 {
                mean.scaled_add(a, &first.covariance.dot(&whitened));
            }
            if b != 0.0 {
                mean.scaled_add(b, &second.covariance.dot(&whitened));
            }
            mean.scaled_add(c, &whitened);
            mean
        })
    }
}
