//! Why a solve is refused.

use crate::solver::Solver;

/// Why a solve was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SampleError {
    /// The Euler or Heun flow out of a point.
    #[error(
        "the {solver:?} flow from a point does not converge: its spread is wrong by a factor 2/sqrt(pi) \
         however small the step; sample with a diffusion (sigma or follmer) or with exponential steps"
    )]
    FlowFromPoint {
        /// The method asked for.
        solver: Solver,
    },
    /// A method for flows and an equation with noise.
    #[error(
        "{solver:?} solves flows and the equation has noise of amplitude {g} at t = {t}: \
         use euler_maruyama, stochastic_heun or sra1, or set the diffusion to zero"
    )]
    NoiseIgnored {
        /// The method asked for.
        solver: Solver,
        /// Where there is noise.
        t: f64,
        /// Its amplitude.
        g: f64,
    },
    /// A diffusion that is none.
    #[error(
        "the diffusion at t = {t} is not a finite number >= 0 (g = {g}): e(t), or the scale of a diffusion, \
         must not be negative, and where it is infinite at an end the grid must be cut there (TimeGrid::within)"
    )]
    Diffusion {
        /// Where.
        t: f64,
        /// The amplitude; not a number where e(t) < 0.
        g: f64,
    },
    /// Steps so short that time no longer advances, or calls used up.
    #[error(
        "the tolerance was not reached: at t = {t} after {calls} calls the step is {h:e}; \
         loosen the tolerance, allow more calls, cut the grid where the drift is singular, \
         or compute in double precision"
    )]
    Tolerance {
        /// How far the solve came.
        t: f64,
        /// The step it would have to take.
        h: f64,
        /// Calls spent.
        calls: usize,
    },
    /// A ratio of signal to noise that is none.
    #[error("the ratio of signal to noise must be a positive, finite number, not {ratio}")]
    SignalToNoise {
        /// The ratio.
        ratio: f64,
    },
    /// Random probes for some samples only.
    #[error("random probes need a key for each of {needed} samples, not {found}")]
    Keys {
        /// Samples.
        needed: usize,
        /// Keys.
        found: usize,
    },
    /// Random probes, none of them.
    #[error(
        "a divergence by random probes needs at least one of them: give 1 or more, or choose exact"
    )]
    NoProbes,
    /// A velocity whose derivatives cannot be had.
    #[error(
        "the velocity is not made of tensor operations on the state, so that its derivatives cannot be \
         followed back: write it with tensors"
    )]
    NoDerivative,
    /// A part of [0, 1] that is none.
    #[error("cannot solve from t = {start} to {end}: 0 <= start < end <= 1 is needed")]
    Interval {
        /// The first time.
        start: f64,
        /// The last time.
        end: f64,
    },
    /// A tolerance that is none.
    #[error(
        "the tolerances (relative {relative}, absolute {absolute}) must be positive and finite"
    )]
    BadTolerance {
        /// Relative tolerance.
        relative: f64,
        /// Absolute tolerance.
        absolute: f64,
    },
}
