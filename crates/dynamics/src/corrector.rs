//! Langevin correction between the steps of a sampler.

use crate::dynamics::{Counted, Dynamics, Score};
use crate::failure::Watch;
use crate::noise::{Noise, Step};
use crate::sample_error::SampleError;
use crate::sampler::{Sampler, Samples};
use burn::tensor::Tensor;

/// Added, with the number of the correction times [`CORRECTION`], to a step's number to name the draws
/// of its corrections.
const CORRECTION: usize = 1 << 24;

/// Predictor and corrector: after each step, at its end u, `corrections` moves
/// `X <- X + d s(u, X) + sqrt(2 d) xi` with `d = 2 (r level(u))^2`.
///
/// The moves leave the law at u as it is (to first order in d) and draw a sample that the predictor has
/// put beside it back to it. `r = |d s| / |sqrt(2 d) xi|` is the ratio of signal to noise: for a path
/// whose noise has amplitude `level(u)` (gamma, or alpha of a one-sided path) the score is of size
/// `sqrt(N) / level` and the ratio is `sqrt(d/2) / level`. Taking it from the schedule and not from the
/// batch's norms keeps the step free of the state, so that a member does not depend on its batch. Where
/// the level is zero, as at t = 1, nothing is moved.
///
/// # Reference
/// Song et al. 2021, arXiv:2011.13456, algorithms 2 and 4, `d = 2 (r |xi| / |s|)^2`.
pub struct PredictorCorrector<S, L> {
    /// The predictor.
    pub sampler: Sampler,
    /// The score.
    pub score: S,
    /// Amplitude of the path's noise at t.
    pub level: L,
    /// Ratio of signal to noise, r.
    pub signal_to_noise: f64,
    /// Moves after each step; at most 60 have draws of their own.
    pub corrections: usize,
}

impl<S, L: Fn(f64) -> f64> PredictorCorrector<S, L> {
    /// The states at the last time from `x0` at the first; calls to the score are counted too.
    ///
    /// # Shapes
    /// `x0`: [B, ...].
    ///
    /// # Errors
    /// As [`Sampler::sample`]; and if the ratio is not a positive number.
    pub fn sample<const D: usize>(
        &self,
        dynamics: &impl Dynamics<D>,
        x0: Tensor<D>,
        noise: &mut impl Noise<D>,
    ) -> Result<Samples<D>, SampleError>
    where
        S: Score<D>,
    {
        self.sampler.check(dynamics)?;
        let grid = &self.sampler.grid;
        let r = self.signal_to_noise;
        if !(r > 0.0 && r.is_finite()) {
            return Err(SampleError::SignalToNoise { ratio: r });
        }
        let counted = Counted::new(dynamics);
        let (mut x, mut moves) = (x0, 0);
        let mut watch = Watch::new(&x);
        for (index, ends) in grid.times().windows(2).enumerate() {
            let (t, u) = (ends[0], ends[1]);
            x = self.sampler.step(&counted, Step { index, t, u }, x, noise);
            let d = 2.0 * (r * (self.level)(u)).powi(2);
            for k in (1..=self.corrections).filter(|_| d > 0.0) {
                let xi = noise.draw(k * CORRECTION + index, &x);
                let s = self.score.score(u, x.clone());
                x = x + s * d + xi * (2.0 * d).sqrt();
                moves += self.score.calls();
            }
            watch.look(&x);
        }
        Ok(Samples {
            x,
            calls: counted.calls() + moves,
            failures: watch.failures(grid.times()),
        })
    }
}
