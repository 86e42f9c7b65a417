//! The diffusions g(t) a Föllmer process may be sampled with.

use foehn_interpolant::{Follmer, FollmerBeta};
use serde::{Deserialize, Serialize};

/// The amplitude `g(t)` chosen when sampling; the law of `X_1` is the same for each.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Diffusion {
    /// `sigma(t)`, the amplitude of the path itself: the learnt drift is used as it is.
    Sigma,
    /// Föllmer's choice `g_F`, least sensitive to errors of the drift (path-space KL).
    /// `g_F = epsilon sqrt(1 - t^2)` for `beta = t`, `epsilon sqrt((1-t)(3-t))` for `beta = t^2`.
    Follmer,
    /// `g = 0`: the probability flow. Needs exponential steps after a first step of the SDE.
    Zero,
    /// `epsilon` times a constant, at least 0; [`Diffusion::Zero`] at 0.
    Constant(f64),
    /// `g_F` times a constant, at least 0; [`Diffusion::Zero`] at 0.
    FollmerTimes(f64),
}

impl Diffusion {
    /// `g(t)`.
    pub fn amplitude(&self, path: &Follmer, t: f64) -> f64 {
        match (*self, path.beta()) {
            (Self::Sigma, _) => path.sigma(t),
            (Self::Follmer, FollmerBeta::Linear) => path.epsilon() * (1.0 - t * t).sqrt(),
            (Self::Follmer, FollmerBeta::Quadratic) => {
                path.epsilon() * ((1.0 - t) * (3.0 - t)).sqrt()
            }
            (Self::Zero, _) => 0.0,
            (Self::Constant(scale), _) => scale * path.epsilon(),
            (Self::FollmerTimes(scale), _) => scale * Self::Follmer.amplitude(path, t),
        }
    }

    /// The same `g` by its simplest name: a scale of nought is no noise at all, and the flow's rules hold.
    pub(crate) fn reduced(self) -> Self {
        match self {
            Self::Constant(scale) | Self::FollmerTimes(scale) if scale == 0.0 => Self::Zero,
            other => other,
        }
    }

    /// Whether its scale is a finite number >= 0.
    pub(crate) fn is_possible(self) -> bool {
        match self {
            Self::Constant(scale) | Self::FollmerTimes(scale) => scale >= 0.0 && scale.is_finite(),
            Self::Sigma | Self::Follmer | Self::Zero => true,
        }
    }

    /// Whether the drift for this `g` has no 0/0 at `t = 0`, where all samples are at `x0`.
    pub(crate) fn is_regular_at_start(self, beta: FollmerBeta) -> bool {
        match self {
            Self::Sigma => true,
            Self::Follmer => beta == FollmerBeta::Linear,
            Self::Zero | Self::Constant(_) | Self::FollmerTimes(_) => false,
        }
    }

    /// Whether the drift for this `g` is finite at `t = 1`, where sigma vanishes.
    pub(crate) fn is_regular_at_end(self) -> bool {
        !matches!(self, Self::Constant(_))
    }

    /// The weight `k(t)` in `f_g = f + k (beta f - c)`.
    ///
    /// `k = (g^2 - sigma^2) / (2 t sigma (beta' sigma - beta sigma'))`, with `0/0` cancelled by hand
    /// where `g` is one of the closed forms.
    pub(crate) fn score_weight(self, path: &Follmer, t: f64) -> f64 {
        let u = 1.0 - t;
        match (self, path.beta()) {
            (Self::Sigma, _) => 0.0,
            (Self::Follmer, FollmerBeta::Linear) => 1.0,
            (Self::Follmer, FollmerBeta::Quadratic) => 1.0 / (t * t * (2.0 - t)),
            (Self::Zero, FollmerBeta::Linear) => -u / (2.0 * t),
            (Self::Zero, FollmerBeta::Quadratic) => -u / (2.0 * t * t * (2.0 - t)),
            (Self::Constant(scale), beta) => {
                let excess = (scale * scale - u * u) / (2.0 * t * u);
                match beta {
                    FollmerBeta::Linear => excess,
                    FollmerBeta::Quadratic => excess / (t * (2.0 - t)),
                }
            }
            // c^2 g_F^2 - sigma^2 = c^2 (g_F^2 - sigma^2) + (1 - c^2)(0 - sigma^2)
            (Self::FollmerTimes(scale), _) => {
                let share = scale * scale;
                let [own, none] = [Self::Follmer, Self::Zero].map(|g| g.score_weight(path, t));
                share * own + (1.0 - share) * none
            }
        }
    }
}
