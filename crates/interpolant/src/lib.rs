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
mod check;
mod colour;
mod conversion;
mod coupling;
mod encoding_decoding;
mod follmer;
mod fourier;
mod gamma;
mod horizon;
mod interpolant;
mod linear;
mod loss;
mod mirror;
mod one_sided;
mod path;
mod power;
mod schedule;
mod special;
mod sub_variance_preserving;
mod target;
mod trigonometric;
mod variance_exploding;
mod variance_preserving;

pub use batch::{normals, per_sample};
pub use check::{CheckError, check};
pub use colour::Colour;
pub use conversion::{Affine, Conversion, ConversionError, Known};
pub use coupling::{Base, Coupling, Given, Independent, Pair};
pub use encoding_decoding::EncodingDecoding;
pub use follmer::{Follmer, FollmerBeta};
pub use fourier::Fourier;
pub use gamma::Gamma;
pub use horizon::Horizon;
pub use interpolant::{Interpolant, Point};
pub use linear::Linear;
pub use loss::squared_error;
pub use mirror::Mirror;
pub use one_sided::OneSided;
pub use path::Path;
pub use power::Power;
pub use schedule::{Coefficients, Ends, Factors, Schedule, ScheduleError, start_bias};
pub use sub_variance_preserving::SubVariancePreserving;
pub use target::{Target, TargetError};
pub use trigonometric::{Scaling, Trigonometric};
pub use variance_exploding::VarianceExploding;
pub use variance_preserving::VariancePreserving;
