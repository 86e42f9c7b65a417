//! Stochastic interpolants: schedules, couplings, targets and losses.
//!
//! An interpolant joins a sample `x0` of what we have to a sample `x1` of what we want,
//! `x_t = alpha(t) x0 + beta(t) x1 + gamma(t) z` with `z ~ N(0, Id)` and interpolation time `t` in
//! [0, 1]. A [`Schedule`] declares the three functions, a [`Coupling`] draws the pairs, and an
//! [`Interpolant`] turns a pair into a point of the path and the [`Target`] that a network regresses
//! there. The conditional expectation of the target is what the crate `foehn-dynamics` integrates.
//!
//! # Reference
//! Albergo, Boffi, Vanden-Eijnden 2023, arXiv:2303.08797 (interpolants); Albergo et al. 2023,
//! arXiv:2310.03725 (data-dependent couplings); Chen et al. 2024, arXiv:2403.13724 (Föllmer
//! forecasting).

mod batch;
mod colour;
mod coupling;
mod follmer;
mod gamma;
mod interpolant;
mod linear;
mod loss;
mod schedule;

pub use batch::{normals, per_sample};
pub use colour::Colour;
pub use coupling::{Base, Coupling, Given, Independent, Pair};
pub use follmer::{Follmer, FollmerBeta};
pub use gamma::Gamma;
pub use interpolant::{Interpolant, Point, Target};
pub use linear::Linear;
pub use loss::squared_error;
pub use schedule::{Coefficients, Schedule, ScheduleError};
