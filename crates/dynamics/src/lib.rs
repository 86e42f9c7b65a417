//! From a learnt drift to a flow or an SDE, and its solvers.
//!
//! A [`Drift`], [`Velocity`] or [`Score`] is any function (t, x) -> tensor: a network, an exact law or
//! a converted model. [`Dynamics`] makes of them the equation `dX = drift dt + g(t) dW`; a [`Solver`]
//! takes one step of it and knows nothing of networks; a [`Sampler`] walks a [`TimeGrid`], is handed
//! its noise, and counts its calls.
//!
//! | the equation | |
//! |---|---|
//! | [`ProbabilityFlow`] | `dX = b dt` |
//! | [`Langevin`] | `dX = (b + e s) dt + sqrt(2e) dW`, any [`Epsilon`] `e(t) >= 0` |
//! | [`LearntPath`] | any of these from what a network predicts, one call for velocity and score |
//! | [`Backward`] | either of them from t = 1 to t = 0 |
//! | [`ReverseDiffusion`] | score models in their noising time: reverse SDE, probability flow, between |
//! | [`FollmerProcess`] | from one state, samples of the next, any [`Diffusion`] g |
//! | [`GuidedFollmer`], [`GuidedLangevin`] | given a [`LinearObservation`] of the state to come |
//! | [`ClassifierFree`] | `u + w (c - u)` of two models |
//!
//! | how it is solved | |
//! |---|---|
//! | [`Sampler`] with a [`Solver`] | steps of a grid; orders in [`Solver::orders`] |
//! | [`Adaptive`] | flows to a tolerance |
//! | [`ExponentialFlow`], [`ExponentialSde`], [`ExponentialSteps`] | exact for a held `E[x1 given X]`: few calls |
//! | [`PredictorCorrector`] | with Langevin moves between the steps |
//! | [`Likelihood`] | with the log-density, in one pass, or with its gradient |
//! | [`LikelihoodBound`] | the log-density of an SDE, from below |
//!
//! Randomness is an argument: [`WienerNoise`] names each draw by (seed, init, member, lead, step);
//! [`BrownianPath`] is one path for every step size. A member that leaves the numbers is named in
//! [`Samples::failures`]; the others are as if alone.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foehn_dynamics::{Diffusion, FollmerProcess, Sampler, Solver, TimeGrid, WienerNoise};
//! use foehn_interpolant::{Follmer, FollmerBeta};
//! use foehn_noise::{Key, Purpose};
//!
//! // the exact drift towards N(m, v): what a trained network approximates
//! let path = Follmer::new(FollmerBeta::Linear, 1.0)?;
//! let (m, v) = (0.9, 0.3);
//! let x0 = Tensor::<2>::full([2000, 1], 1.5, &Device::flex());
//! let start = x0.clone();
//! let drift = move |t: f64, x: Tensor<2>| {
//!     let (sigma, d_sigma) = (path.sigma(t), path.d_sigma());
//!     let k = (t * v + sigma * d_sigma * t) / (t * t * v + sigma * sigma * t).max(1e-30);
//!     (x - start.clone() * (1.0 - t) - t * m) * k - start.clone() + m
//! };
//! let process = FollmerProcess::new(path, Diffusion::Follmer, drift, x0.clone());
//! let sampler = Sampler { solver: Solver::EulerMaruyama, grid: TimeGrid::uniform(20)? };
//! let keys = (0..2000).map(|i| Key::new(1, Purpose::Sample).member(i)).collect();
//! let run = sampler.sample(&process, x0, &mut WienerNoise::new(keys))?;
//! let mean: f32 = run.x.mean().into_scalar();
//! assert!((mean - 0.9).abs() < 4.0 * (0.3f32 / 2000.0).sqrt());
//! assert_eq!(run.calls, 20);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Reference
//! Albergo, Boffi, Vanden-Eijnden 2023, arXiv:2303.08797; Chen et al. 2024, arXiv:2403.13724.

mod adaptive;
mod backward;
mod bound;
mod brownian;
mod classifier_free;
mod corrector;
mod diffusion;
mod divergence;
mod dynamics;
mod epsilon;
mod exponential;
mod exponential_steps;
mod failure;
mod follmer;
mod gradient;
mod grid;
mod guidance;
mod guided;
mod learnt_path;
mod likelihood;
mod likelihood_bound;
mod likelihood_gradient;
mod noise;
mod observation;
mod sample_error;
mod sampler;
mod solver;
mod tableau;

pub use adaptive::Adaptive;
pub use backward::{Backward, ReverseDiffusion};
pub use bound::{best_epsilon, kl_bound};
pub use brownian::BrownianPath;
pub use classifier_free::ClassifierFree;
pub use corrector::PredictorCorrector;
pub use diffusion::Diffusion;
pub use divergence::{Divergence, Probes};
pub use dynamics::{Drift, Dynamics, Langevin, ProbabilityFlow, Score, Velocity};
pub use epsilon::{Epsilon, NegativeEpsilon};
pub use exponential::{ExponentialFlow, ExponentialSde, FromPoint};
pub use exponential_steps::{Denoiser, ExponentialSteps, Hold};
pub use failure::NotFinite;
pub use follmer::FollmerProcess;
pub use grid::{GridError, TimeGrid};
pub use guidance::{Guidance, Spread};
pub use guided::{GuidedFollmer, GuidedLangevin};
pub use learnt_path::{Heads, LearntFlow, LearntLangevin, LearntPath, choose};
pub use likelihood::{
    FlowSolver, Likelihood, Weighed, bits_per_dimension, standard_normal_log_density,
};
pub use likelihood_bound::{LikelihoodBound, PathWeights};
pub use likelihood_gradient::Graded;
pub use noise::{Noise, SECOND_DRAW, Step, WienerNoise};
pub use observation::{LinearObservation, ObservationError};
pub use sample_error::SampleError;
pub use sampler::{LastNoise, Sampler, Samples};
pub use solver::{Orders, Solver};
