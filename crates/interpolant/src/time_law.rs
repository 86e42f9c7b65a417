//! The laws from which training times are drawn.

use crate::schedule::{ScheduleError, positive, within};
use foehn_noise::Key;
use serde::{Deserialize, Serialize};

/// The law of the interpolation time in a loss.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TimeLaw {
    /// Uniform on [0, 1].
    #[default]
    Uniform,
    /// `logit(t) ~ N(mean, sd^2)`: more effort in the middle of the path. Its density vanishes at the
    /// ends, so that the weights that would undo it are unbounded there; it is meant to be used without.
    LogitNormal {
        /// Mean of the logit; 0 is the middle of the path.
        mean: f64,
        /// Standard deviation of the logit; 1 is customary.
        sd: f64,
    },
    /// Constant on each of the equal bins of [0, 1]; from
    /// [`LossTable::importance`](crate::LossTable::importance).
    Importance {
        /// The density in each bin, up to a common factor.
        density: Vec<f64>,
    },
}

/// One training time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// The time.
    pub t: f64,
    /// The density of the law there.
    pub density: f64,
}

impl Draw {
    /// `1 / density`: the weight with which a loss at this time estimates, without bias, the mean over
    /// uniform times.
    pub fn weight(&self) -> f64 {
        1.0 / self.density
    }
}

impl TimeLaw {
    /// This law, if its parameters are allowed.
    ///
    /// # Errors
    /// If `sd` or a density is not positive and finite, or `mean` beyond 20.
    pub fn checked(self) -> Result<Self, ScheduleError> {
        match &self {
            Self::Uniform => {}
            Self::LogitNormal { mean, sd } => {
                within("mean", *mean, [-20.0, 20.0])?;
                positive("sd", *sd)?;
            }
            Self::Importance { density } => {
                positive("bins", density.len() as f64)?;
                for &density in density {
                    positive("density", density)?;
                }
            }
        }
        Ok(self)
    }

    /// `n` times, stratified: one from each n-th of the law, in random order, so that the mean of a
    /// smooth loss over a batch has an error of `n^(-3/2)` from its times, not `n^(-1/2)`.
    ///
    /// # Reference
    /// Kingma, Salimans, Poole, Ho 2021, arXiv:2107.00630 (low-discrepancy times);
    /// Esser et al. 2024, arXiv:2403.03206, section 3.1 (logit-normal times).
    ///
    /// ```
    /// use foehn_interpolant::TimeLaw;
    /// use foehn_noise::{Key, Purpose};
    /// let mut draws = TimeLaw::Uniform.draw(&Key::new(1, Purpose::Train), 4);
    /// draws.sort_by(|a, b| a.t.total_cmp(&b.t));
    /// for (i, draw) in draws.iter().enumerate() {
    ///     assert_eq!((draw.t * 4.0) as usize, i);
    ///     assert_eq!(draw.weight(), 1.0);
    /// }
    /// ```
    pub fn draw(&self, key: &Key, n: usize) -> Vec<Draw> {
        let mut uniforms = vec![0.0; 2 * n];
        key.uniforms(&mut uniforms);
        let (within, order) = uniforms.split_at(n);
        let mut strata: Vec<usize> = (0..n).collect();
        strata.sort_by(|&i, &j| order[i].total_cmp(&order[j]));
        strata
            .iter()
            .zip(within)
            .map(|(&i, u)| self.quantile((i as f64 + u) / n as f64))
            .collect()
    }

    /// The time below which a fraction `u` of the law lies.
    pub fn quantile(&self, u: f64) -> Draw {
        match self {
            Self::Uniform => Draw { t: u, density: 1.0 },
            Self::LogitNormal { mean, sd } => {
                let z = normal_quantile(u);
                let y = mean + sd * z;
                let t = 1.0 / (1.0 + (-y).exp());
                // t (1 - t) without cancellation
                let jacobian = t / (1.0 + y.exp());
                let normal = (-z * z / 2.0).exp() / (std::f64::consts::TAU.sqrt() * sd);
                Draw {
                    t,
                    density: normal / jacobian,
                }
            }
            Self::Importance { density } => piecewise(density, u),
        }
    }
}

/// The quantile of a density that is constant on equal bins.
fn piecewise(density: &[f64], u: f64) -> Draw {
    let bins = density.len() as f64;
    let mean = density.iter().sum::<f64>() / bins;
    let mut below = 0.0;
    for (k, &d) in density.iter().enumerate() {
        let mass = d / (mean * bins);
        if u < below + mass || k + 1 == density.len() {
            let inside = ((u - below) / mass).clamp(0.0, 1.0);
            return Draw {
                t: (k as f64 + inside) / bins,
                density: d / mean,
            };
        }
        below += mass;
    }
    Draw { t: u, density: 1.0 } // no bins: uniform
}

/// `z` with `Phi(z) = u`, by halving.
fn normal_quantile(u: f64) -> f64 {
    let phi = |z: f64| libm::erfc(-z / std::f64::consts::SQRT_2) / 2.0;
    let [mut low, mut high] = [-38.0, 8.3];
    for _ in 0..64 {
        let z = (low + high) / 2.0;
        if phi(z) < u {
            low = z;
        } else {
            high = z;
        }
    }
    (low + high) / 2.0
}
