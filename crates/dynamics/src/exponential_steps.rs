//! Exponential steps on a one-sided path.

use crate::failure::Watch;
use crate::grid::TimeGrid;
use crate::noise::{Noise, Step};
use crate::sample_error::SampleError;
use crate::sampler::Samples;
use burn::tensor::Tensor;
use foehn_interpolant::Schedule;
use serde::{Deserialize, Serialize};

/// The conditional mean of the target, `D(t, x) = E[x1 | x_t = x]`.
pub trait Denoiser<const D: usize> {
    /// `D` at interpolation time `t` for the batch `x`: [B, ...] -> [B, ...].
    fn denoised(&self, t: f64, x: Tensor<D>) -> Tensor<D>;
}

impl<const D: usize, F: Fn(f64, Tensor<D>) -> Tensor<D>> Denoiser<D> for F {
    fn denoised(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        self(t, x)
    }
}

/// What is assumed of `D = E[x1 | X]` over a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// Constant: order 1.
    Value,
    /// Linear in `log(beta / alpha)` through this call's and the last one's: order 2 for the flow on a
    /// grid with short steps at the ends ([`TimeGrid::cosine`](crate::TimeGrid::cosine)), at
    /// no more calls. The first step and the one that ends at `alpha = 0` hold the value.
    Slope,
}

/// Exponential steps on a one-sided path `x_t = alpha z + beta x1`, flow or SDE, a call each.
///
/// With `e = share * alpha (alpha beta'/beta - alpha')`, `r = beta / alpha` and `w = X / alpha`,
/// `dw = ((1 + share) r D - share w) dlog r + sqrt(2 share) dW_(log r)`: linear in w, and solved exactly
/// for held D, `X_u = k (alpha_u / alpha_t) X_t + (beta_u - k alpha_u r_t) D + alpha_u sqrt(1 - k^2) xi`,
/// `k = (r_t / r_u)^share`. `share = 0` is the flow (DDIM), 1 the reverse of the noising process
/// (ancestral sampling).
///
/// # Reference
/// Song, Meng, Ermon 2021, arXiv:2010.02502, equation 12 (held value); Lu et al. 2022,
/// arXiv:2211.01095 (slope from the call before).
#[derive(Clone, Debug)]
pub struct ExponentialSteps<S> {
    /// The path.
    pub schedule: S,
    /// The times; where `share > 0` and beta vanishes at the first of them, that step forgets its start.
    pub grid: TimeGrid,
    /// Noise as a share of the noising process's own, at least 0.
    pub share: f64,
    /// What is assumed of D over a step.
    pub hold: Hold,
}

/// The weights of one step: of the state, of D, of its slope in log r, and of the noise.
struct Weights {
    state: f64,
    target: f64,
    slope: f64,
    noise: f64,
}

impl<S: Schedule> ExponentialSteps<S> {
    /// The states at the last time from noise `z` at the first.
    ///
    /// # Shapes
    /// `z`: [B, ...].
    ///
    /// # Errors
    /// If the share of noise is negative or not finite.
    pub fn sample<const D: usize>(
        &self,
        denoiser: &impl Denoiser<D>,
        z: Tensor<D>,
        noise: &mut impl Noise<D>,
    ) -> Result<Samples<D>, SampleError> {
        if !(self.share >= 0.0 && self.share.is_finite()) {
            let (t, g) = (self.grid.times()[0], self.share);
            return Err(SampleError::Diffusion { t, g });
        }
        let mut x = z;
        let mut watch = Watch::new(&x);
        let mut last: Option<(f64, Tensor<D>)> = None;
        for (index, ends) in self.grid.times().windows(2).enumerate() {
            let (t, u) = (ends[0], ends[1]);
            let weights = self.weights(t, u);
            let d = denoiser.denoised(t, x.clone());
            let mut next = d.clone() * weights.target + x * weights.state;
            if let Some((before, d_before)) = last.filter(|_| self.hold == Hold::Slope) {
                let scale = weights.slope / (self.log_ratio(t) - self.log_ratio(before));
                if scale.is_finite() && scale != 0.0 {
                    next = next + (d.clone() - d_before) * scale;
                }
            }
            if weights.noise > 0.0 {
                let xi = noise.increment(Step { index, t, u }, &next);
                next = next + xi * weights.noise;
            }
            last = Some((t, d));
            x = next;
            watch.look(&x);
        }
        Ok(Samples {
            x,
            calls: self.grid.steps(),
            failures: watch.failures(self.grid.times()),
        })
    }

    /// `log(beta / alpha)`, infinite at the ends.
    fn log_ratio(&self, t: f64) -> f64 {
        let c = self.schedule.at(t);
        (c.beta / c.alpha).ln()
    }

    fn weights(&self, t: f64, u: f64) -> Weights {
        let (now, then) = (self.schedule.at(t), self.schedule.at(u));
        let keep = (then.alpha * now.beta / (then.beta * now.alpha)).powf(self.share);
        let state = keep * then.alpha / now.alpha;
        let length = self.log_ratio(u) - self.log_ratio(t);
        let rate = 1.0 + self.share;
        let slope = then.beta * (length - 1.0 / rate) + state * now.beta / rate;
        Weights {
            state,
            target: then.beta - state * now.beta,
            // no slope over a step of infinite length
            slope: if slope.is_finite() { slope } else { 0.0 },
            noise: then.alpha * (1.0 - keep * keep).sqrt(),
        }
    }
}
