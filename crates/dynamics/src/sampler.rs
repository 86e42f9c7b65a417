//! A solver walked along a time grid.

use crate::dynamics::{Counted, Dynamics};
use crate::failure::{NotFinite, Watch};
use crate::grid::TimeGrid;
use crate::noise::{Noise, Step};
use crate::sample_error::SampleError;
use crate::solver::{Draws, Interval, Solver};
use burn::tensor::Tensor;

/// Solves an equation from the first to the last time of a grid.
#[derive(Clone, Debug)]
pub struct Sampler {
    /// The one-step method.
    pub solver: Solver,
    /// The times.
    pub grid: TimeGrid,
}

/// What a solve returns.
///
/// # Shapes
/// `x`: [B, ...].
#[derive(Clone, Debug)]
pub struct Samples<const D: usize> {
    /// The states at the last time.
    pub x: Tensor<D>,
    /// Calls to learnt functions, each on the whole batch.
    pub calls: usize,
    /// The samples that left the numbers, with step and time; the others are as if alone.
    pub failures: Vec<NotFinite>,
}

impl<const D: usize> Samples<D> {
    /// The states, if all of them are finite.
    ///
    /// # Errors
    /// The first failure, where there is one.
    pub fn finite(self) -> Result<Tensor<D>, NotFinite> {
        match self.failures.into_iter().next() {
            None => Ok(self.x),
            Some(failure) => Err(failure),
        }
    }
}

/// What the last step does with its noise.
///
/// Dropping it is harmless for `g = sigma`, where it has variance `epsilon^2 h^3`, and costs orders of
/// magnitude for `g_F`, where it has about `2 epsilon^2 h^2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastNoise {
    /// The step is like any other.
    Kept,
    /// The step returns its mean.
    Mean,
}

impl Sampler {
    /// The states at the last time from `x0` at the first, drawing one set of noise a step (two for
    /// [`Solver::Sra1`]).
    ///
    /// # Shapes
    /// `x0`: [B, ...].
    ///
    /// # Errors
    /// If the dynamics are a flow that starts from a point ([`SampleError::FlowFromPoint`]), have noise
    /// that the solver would ignore, or a diffusion that is negative or not finite.
    pub fn sample<const D: usize>(
        &self,
        dynamics: &impl Dynamics<D>,
        x0: Tensor<D>,
        noise: &mut impl Noise<D>,
    ) -> Result<Samples<D>, SampleError> {
        self.sample_with(dynamics, x0, noise, LastNoise::Kept)
    }

    /// As [`Sampler::sample`], with a choice for the noise of the last step.
    ///
    /// # Errors
    /// As [`Sampler::sample`].
    pub fn sample_with<const D: usize>(
        &self,
        dynamics: &impl Dynamics<D>,
        x0: Tensor<D>,
        noise: &mut impl Noise<D>,
        last: LastNoise,
    ) -> Result<Samples<D>, SampleError> {
        self.check(dynamics)?;
        Ok(self.walk(dynamics, x0, noise, last))
    }

    /// A flow: no noise is drawn.
    ///
    /// # Shapes
    /// `x0`: [B, ...].
    ///
    /// # Errors
    /// As [`Sampler::sample`]; and with any solver if the dynamics have noise.
    pub fn solve<const D: usize>(
        &self,
        dynamics: &impl Dynamics<D>,
        x0: Tensor<D>,
    ) -> Result<Samples<D>, SampleError> {
        self.check(dynamics)?;
        let solver = self.solver;
        for &t in self.grid.times() {
            let g = dynamics.diffusion(t);
            if g != 0.0 {
                return Err(SampleError::NoiseIgnored { solver, t, g });
            }
        }
        let mut silent = |_: usize, like: &Tensor<D>| like.zeros_like();
        Ok(self.walk(dynamics, x0, &mut silent, LastNoise::Kept))
    }

    /// The Euler or Heun flow from a point, which does **not** converge to the law: offered so that its
    /// bias can be shown.
    ///
    /// # Shapes
    /// `x0`: [B, ...].
    pub fn sample_biased_point_flow<const D: usize>(
        &self,
        dynamics: &impl Dynamics<D>,
        x0: Tensor<D>,
        noise: &mut impl Noise<D>,
    ) -> Samples<D> {
        self.walk(dynamics, x0, noise, LastNoise::Kept)
    }

    /// Refuses what this solver cannot do.
    pub(crate) fn check<const D: usize>(
        &self,
        dynamics: &impl Dynamics<D>,
    ) -> Result<(), SampleError> {
        let solver = self.solver;
        if dynamics.starts_from_point() {
            return Err(SampleError::FlowFromPoint { solver });
        }
        let times = self.grid.times();
        let looked_at = times.len() - usize::from(!solver.looks_at_end());
        for &t in &times[..looked_at] {
            let g = dynamics.diffusion(t);
            if !(g >= 0.0 && g.is_finite()) {
                return Err(SampleError::Diffusion { t, g });
            }
            if g > 0.0 && !solver.is_stochastic() {
                return Err(SampleError::NoiseIgnored { solver, t, g });
            }
        }
        Ok(())
    }

    fn walk<const D: usize>(
        &self,
        dynamics: &impl Dynamics<D>,
        x0: Tensor<D>,
        noise: &mut impl Noise<D>,
        last: LastNoise,
    ) -> Samples<D> {
        let mut x = x0;
        let counted = Counted::new(dynamics);
        let mut watch = Watch::new(&x);
        let final_step = self.grid.steps() - 1;
        for (index, ends) in self.grid.times().windows(2).enumerate() {
            let over = Step {
                index,
                t: ends[0],
                u: ends[1],
            };
            let quiet = index == final_step && last == LastNoise::Mean;
            x = if quiet {
                let at = Interval {
                    t: over.t,
                    u: over.u,
                };
                self.solver.step(&counted, at, x, None)
            } else {
                self.step(&counted, over, x, noise)
            };
            watch.look(&x);
        }
        let failures = watch.failures(self.grid.times());
        Samples {
            x,
            calls: counted.calls(),
            failures,
        }
    }

    /// One step with the noise it needs, if any.
    pub(crate) fn step<const D: usize>(
        &self,
        dynamics: &impl Dynamics<D>,
        over: Step,
        x: Tensor<D>,
        noise: &mut impl Noise<D>,
    ) -> Tensor<D> {
        let Step { t, u, .. } = over;
        let at = Interval { t, u };
        let silent = !self.solver.is_stochastic()
            || (dynamics.diffusion(t) == 0.0 && dynamics.diffusion(u) == 0.0);
        if silent {
            return self.solver.step(dynamics, at, x, None);
        }
        let xi = noise.increment(over, &x);
        let zeta = (self.solver == Solver::Sra1).then(|| noise.area(over, &x));
        let draws = Draws {
            xi: &xi,
            zeta: zeta.as_ref(),
        };
        self.solver.step(dynamics, at, x, Some(&draws))
    }
}
