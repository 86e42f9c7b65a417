//! A flow with steps chosen by the error.

use crate::dynamics::{Counted, Dynamics};
use crate::failure::{NotFinite, finite_rows};
use crate::sample_error::SampleError;
use crate::sampler::Samples;
use crate::solver::{Interval, Solver};
use crate::tableau::{DORMAND_PRINCE, DORMAND_PRINCE_ERROR, advance};
use burn::tensor::Tensor;

/// The flow by Dormand and Prince's 5(4) pair, with steps such that every sample's error per step is
/// within the tolerance.
///
/// The estimated error of a sample is `|| e_i / (absolute + relative max(|x_i|, |x_i'|)) ||`, root mean
/// square over its values; the step is accepted if the largest over the batch is at most 1. One step
/// serves the whole batch, so a member's steps (not its accuracy) depend on its company. Samples that
/// are not finite are reported and no longer count.
///
/// # Reference
/// Dormand, Prince 1980, J. Comput. Appl. Math. 6, 19, doi:10.1016/0771-050X(80)90013-3.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use foehn_dynamics::{Adaptive, ProbabilityFlow};
/// let flow = ProbabilityFlow { velocity: |_: f64, x: Tensor<2>| x };
/// let run = Adaptive::new(1e-6).solve(&flow, Tensor::ones([1, 1], &Device::flex()))?;
/// let x: f32 = run.x.into_scalar();
/// assert!((x - 1f32.exp()).abs() < 1e-5);
/// # Ok::<(), foehn_dynamics::SampleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adaptive {
    /// Error allowed per unit of the state.
    pub relative: f64,
    /// Error allowed where the state is small.
    pub absolute: f64,
    /// First time.
    pub start: f64,
    /// Last time.
    pub end: f64,
    /// Calls after which to give up, one an evaluation where the dynamics do not say more.
    pub most_calls: usize,
}

/// Steps shorter than this part of the interval are not taken.
const SHORTEST: f64 = 1e-10;
/// A sample that makes steps shorter than this not finite is given up.
const HOPELESS: f64 = 1e-5;

impl Adaptive {
    /// From 0 to 1 with `tolerance` both relative and absolute, and at most 10 000 calls.
    pub fn new(tolerance: f64) -> Self {
        Self {
            relative: tolerance,
            absolute: tolerance,
            start: 0.0,
            end: 1.0,
            most_calls: 10_000,
        }
    }

    /// The states at the last time from `x0` at the first; steps in the failures count accepted ones.
    ///
    /// # Shapes
    /// `x0`: [B, ...].
    ///
    /// # Errors
    /// If the dynamics have noise or start from a point, the tolerances are not positive, or were not
    /// reached ([`SampleError::Tolerance`]).
    pub fn solve<const D: usize>(
        &self,
        dynamics: &impl Dynamics<D>,
        x0: Tensor<D>,
    ) -> Result<Samples<D>, SampleError> {
        self.check(dynamics)?;
        let counted = Counted::new(dynamics);
        let mut walk = Walk::new(self, &counted, x0);
        while walk.t < self.end {
            walk.advance(&counted)?;
        }
        Ok(Samples {
            x: walk.x,
            calls: counted.calls(),
            failures: walk.failures,
        })
    }

    /// Refuses what cannot be solved.
    fn check<const D: usize>(&self, dynamics: &impl Dynamics<D>) -> Result<(), SampleError> {
        let solver = Solver::DormandPrince;
        if dynamics.starts_from_point() {
            return Err(SampleError::FlowFromPoint { solver });
        }
        for t in [self.start, (self.start + self.end) / 2.0] {
            let g = dynamics.diffusion(t);
            if g != 0.0 {
                return Err(SampleError::NoiseIgnored { solver, t, g });
            }
        }
        let Self {
            relative,
            absolute,
            start,
            end,
            ..
        } = *self;
        if !(0.0 <= start && start < end && end <= 1.0) {
            return Err(SampleError::Interval { start, end });
        }
        let positive = |x: f64| x > 0.0 && x.is_finite();
        if !(positive(relative) && positive(absolute)) {
            return Err(SampleError::BadTolerance { relative, absolute });
        }
        Ok(())
    }
}

/// The solve under way.
struct Walk<'a, const D: usize> {
    settings: &'a Adaptive,
    t: f64,
    h: f64,
    x: Tensor<D>,
    /// Drift at the current state, which is the last stage of the step before.
    first: Tensor<D>,
    steps: usize,
    failures: Vec<NotFinite>,
}

impl<'a, const D: usize> Walk<'a, D> {
    fn new(settings: &'a Adaptive, dynamics: &impl Dynamics<D>, x: Tensor<D>) -> Self {
        let first = dynamics.drift(settings.start, x.clone());
        Self {
            settings,
            t: settings.start,
            h: 0.05 * (settings.end - settings.start),
            x,
            first,
            steps: 0,
            failures: Vec::new(),
        }
    }

    /// Tries one step.
    fn advance<P: Dynamics<D>>(&mut self, dynamics: &Counted<P>) -> Result<(), SampleError> {
        let length = self.settings.end - self.settings.start;
        let (t, h) = (self.t, self.h);
        let calls = dynamics.calls();
        if h < SHORTEST * length || calls >= self.settings.most_calls {
            return Err(SampleError::Tolerance { t, h, calls });
        }
        let last = t + h >= self.settings.end - SHORTEST * length;
        let u = if last { self.settings.end } else { t + h };
        let at = Interval { t, u };
        let known = Some(self.first.clone());
        let mut stages = DORMAND_PRINCE.stages(dynamics, at, &self.x, known);
        let next = advance(self.x.clone(), &stages, DORMAND_PRINCE.b, u - t);
        stages.push(dynamics.drift(u, next.clone()));
        let error = advance(next.zeros_like(), &stages, &DORMAND_PRINCE_ERROR, u - t);
        let worst = self.worst(error, &next, u);
        if worst <= 1.0 {
            self.t = u;
            self.x = next;
            self.first = stages.swap_remove(6);
            self.steps += 1;
        }
        let factor = if worst.is_finite() {
            (0.9 * worst.max(1e-10).powf(-0.2)).clamp(0.2, 5.0)
        } else {
            0.2
        };
        self.h = (u - t) * factor;
        Ok(())
    }

    /// The largest scaled error of the samples still alive; infinite if one of them is not finite.
    fn worst(&mut self, error: Tensor<D>, next: &Tensor<D>, u: f64) -> f64 {
        let settings = self.settings;
        let scale = self.x.clone().abs().max_pair(next.clone().abs());
        let scaled = error / (scale * settings.relative + settings.absolute);
        let finite: Vec<bool> = finite_rows(&scaled).into_data().iter::<bool>().collect();
        let rows = scaled.reshape([finite.len() as i64, -1]).inner();
        let squares: Tensor<2> = rows.square().mean_dim(1);
        let squares: Vec<f64> = squares.into_data().iter::<f64>().collect();
        let mut worst = 0f64;
        for (member, (square, finite)) in squares.into_iter().zip(finite).enumerate() {
            if self.failures.iter().any(|f| f.member == member) {
                continue;
            }
            if finite {
                worst = worst.max(square.sqrt());
            } else if self.h < HOPELESS * (settings.end - settings.start) {
                self.failures.push(NotFinite {
                    step: self.steps,
                    t: u,
                    member,
                });
            } else {
                worst = f64::INFINITY;
            }
        }
        worst
    }
}
