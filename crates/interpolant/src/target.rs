//! What a network may learn along a path.

use crate::schedule::{Coefficients, Schedule};
use serde::{Deserialize, Serialize};

/// What a network learns; its least-squares optimum is the conditional expectation named, given
/// `x_t = x` (and whatever else the network sees).
///
/// A [`Conversion`](crate::Conversion) turns a prediction of one into a prediction of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// `b = E[alpha' x0 + beta' x1 + gamma' z]`, the velocity of the flow.
    Velocity,
    /// `v = E[alpha' x0 + beta' x1]`: the velocity without that of the latent noise.
    Transport,
    /// `s = grad log rho_t`, regressed as `-z / gamma` (one-sided: `-x0 / alpha`).
    Score,
    /// `eta = E[z]`, so `s = -eta / gamma`. On a one-sided path `x0` is the noise and this is
    /// `E[x0]`, the noise prediction of the diffusion literature: `s = -eta / alpha`.
    Noise,
    /// `E[x0]`.
    Start,
    /// `E[x1]`: the denoiser.
    Data,
    /// `beta eta - nu E[x1]` with `nu` the weight of the noise (`gamma`; one-sided: `alpha`): the
    /// velocity prediction of the diffusion literature (Salimans and Ho 2022, arXiv:2202.00512), on a
    /// variance-preserving path the velocity with respect to the angle `arccos beta`.
    AngularVelocity,
    /// `f = E[alpha' x0 + beta' x1 + sigma' W_t]`, the drift of a Föllmer path.
    Drift,
}

impl Target {
    /// Every target.
    pub const ALL: [Self; 8] = [
        Self::Velocity,
        Self::Transport,
        Self::Score,
        Self::Noise,
        Self::Start,
        Self::Data,
        Self::AngularVelocity,
        Self::Drift,
    ];

    /// The weights `[of x0, of x1, of z]` of the regression target at `t`.
    ///
    /// # Errors
    /// If the path has no such target, or a weight is not finite at this `t`.
    pub fn weights(self, schedule: &impl Schedule, t: f64) -> Result<[f64; 3], TargetError> {
        let c = schedule.at(t);
        let noise = Noise {
            is_start: schedule.ends().starts_from_noise(),
        };
        let weights = match self {
            Self::Velocity => [c.d_alpha, c.d_beta, c.d_gamma],
            Self::Transport => [c.d_alpha, c.d_beta, 0.0],
            Self::Score => noise.times(-1.0 / noise.amplitude(&c)),
            Self::Noise => noise.times(1.0),
            Self::Start => [1.0, 0.0, 0.0],
            Self::Data => [0.0, 1.0, 0.0],
            Self::AngularVelocity => {
                let [x0, _, z] = noise.times(c.beta);
                [x0, -noise.amplitude(&c), z]
            }
            Self::Drift => {
                let Some(sigma) = schedule.factors(t).sigma else {
                    return Err(TargetError::NoWiener);
                };
                [c.d_alpha, c.d_beta, sigma.derivative(t).at(t) * t.sqrt()]
            }
        };
        if weights.iter().all(|w| w.is_finite()) {
            Ok(weights)
        } else {
            let target = self;
            Err(TargetError::Diverges { target, t })
        }
    }
}

/// Which of the draws is the noise of the path.
struct Noise {
    is_start: bool,
}

impl Noise {
    fn amplitude(&self, c: &Coefficients) -> f64 {
        if self.is_start { c.alpha } else { c.gamma }
    }

    fn times(&self, weight: f64) -> [f64; 3] {
        if self.is_start {
            [weight, 0.0, 0.0]
        } else {
            [0.0, 0.0, weight]
        }
    }
}

/// Why there is no such target.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TargetError {
    /// The drift of a path that has no Wiener process.
    #[error(
        "only a Föllmer path has a drift target; learn the velocity, or declare a Föllmer path"
    )]
    NoWiener,
    /// The target is unbounded at this time.
    #[error(
        "the target {target:?} of this path has an infinite weight at t = {t}: keep training times away from there, \
         or learn a target that is bounded (noise, data or start)"
    )]
    Diverges {
        /// The target.
        target: Target,
        /// The time.
        t: f64,
    },
}
