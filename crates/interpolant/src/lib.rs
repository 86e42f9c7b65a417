//! Stochastic interpolants: schedules, conversions, couplings, targets and losses.
//!
//! An interpolant joins a sample `x0` of what we have to a sample `x1` of what we want,
//! `x_t = alpha(t) x0 + beta(t) x1 + gamma(t) z` with `z ~ N(0, Id)` and interpolation time `t` in
//! [0, 1]. A [`Schedule`] declares the three functions ([`Path`] in a configuration file, [`check`] for
//! one of your own), a [`Coupling`] or [`MinibatchTransport`] draws the pairs, a [`TimeLaw`] the times,
//! and an [`Interpolant`] turns them into points of the path and the [`Target`] that a network regresses
//! there. A [`Conversion`] turns the prediction of one target into that of another. The conditional
//! expectation of the target is what the crate `foehn-dynamics` integrates.
//!
//! | schedule | from | `alpha` | `beta` | `gamma` |
//! |---|---|---|---|---|
//! | [`Linear`] | `x0` | `1 - t` | `t` | any [`Gamma`] |
//! | [`Trigonometric`] | `x0` | `cos(pi t/2)` | `sin(pi t/2)` | any |
//! | [`EncodingDecoding`] | `x0` | `cos^2(pi t)`, `t < 1/2` | `cos^2(pi t)`, `t > 1/2` | `sin^2(pi t)` |
//! | [`Fourier`] | `x0` | `1 - t + sum a_k sin(k pi t)` | `t + sum b_k sin(k pi t)` | any, times an exponential |
//! | [`OneSided`] | noise | of any of these | of any of these | 0 |
//! | [`VariancePreserving`] | noise | `sqrt(1 - beta^2)` | `t`, or of a finite [`Horizon`] | 0 |
//! | [`SubVariancePreserving`] | noise | `1 - beta^2` | the same | 0 |
//! | [`VarianceExploding`] | noise | `sigma_max (1 - t)^p` | 1 | 0 |
//! | [`Mirror`] | `x1` | 0 | 1 | any |
//! | [`Follmer`] | the point `x0` | `1 - t` | `t` or `t^2` | `epsilon (1 - t) sqrt(t)` |
//!
//! From a declaration to a loss and back to a score:
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foehn_interpolant::*;
//! use foehn_noise::{Key, Purpose};
//!
//! let path = Path::Linear { gamma: Gamma::brownian_bridge(1.0)? }.schedule()?;
//! let interpolant = Interpolant { schedule: path.clone() };
//! let keys: Vec<Key> = (0..8).map(|i| Key::new(1, Purpose::Train).init(i)).collect();
//! let x1 = Tensor::<2>::ones([8, 3], &Device::flex());
//! let batch = Pair { x0: x1.clone(), x1 };
//! let pair = Independent { base: Base::Gaussian }.couple(batch, &keys);
//! let noise_keys: Vec<Key> = keys.iter().map(|key| key.step(1)).collect();
//! let z = normals(&noise_keys, &pair.x1);
//! let draws = TimeLaw::Uniform.draw(&Key::new(2, Purpose::Train), 8);
//! let t: Vec<f64> = draws.iter().map(|draw| draw.t).collect();
//!
//! let point = interpolant.point(&t, &pair, &z, Target::Noise)?;
//! let prediction = point.xt.clone() * 0.5; // a network would be here
//! let loss = squared_error(prediction.clone(), point.target, None);
//! assert!(loss.into_scalar::<f32>() > 0.0);
//!
//! // x0 is Gaussian and independent of x1: the noise gives velocity and score
//! let of = |to| Conversion::new(path.clone(), Known::GaussianStart, Target::Noise, to);
//! let score = of(Target::Score)?.apply(0.5, prediction.clone(), point.xt.clone(), None)?;
//! let velocity = of(Target::Velocity)?.apply(0.5, prediction, point.xt, None)?;
//! assert_eq!((score.dims(), velocity.dims()), ([8, 3], [8, 3]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
mod loss_table;
mod mirror;
mod one_sided;
mod path;
mod power;
mod schedule;
mod special;
mod sub_variance_preserving;
mod target;
mod time_law;
mod trigonometric;
mod variance_exploding;
mod variance_preserving;

pub use batch::{normals, per_sample};
pub use check::{CheckError, check};
pub use colour::Colour;
pub use conversion::{Affine, Conversion, ConversionError, Known};
pub use coupling::{
    Base, Coupling, Degraded, Given, Independent, Inpainting, MinibatchTransport, Pair, Plan, Same,
    Sinkhorn, TransportError, assign, transport_cost,
};
pub use encoding_decoding::EncodingDecoding;
pub use follmer::{Follmer, FollmerBeta};
pub use fourier::Fourier;
pub use gamma::Gamma;
pub use horizon::Horizon;
pub use interpolant::{Interpolant, Point};
pub use linear::Linear;
pub use loss::{importance_mean, quadratic_loss, quadratic_losses, squared_error, squared_errors};
pub use loss_table::{LossTable, TableError};
pub use mirror::Mirror;
pub use one_sided::OneSided;
pub use path::Path;
pub use power::Power;
pub use schedule::{Coefficients, Ends, Factors, Schedule, ScheduleError, start_bias};
pub use sub_variance_preserving::SubVariancePreserving;
pub use target::{Target, TargetError};
pub use time_law::{Draw, TimeLaw};
pub use trigonometric::{Scaling, Trigonometric};
pub use variance_exploding::VarianceExploding;
pub use variance_preserving::VariancePreserving;
