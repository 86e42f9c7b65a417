//! Generative models of vectors: a network learns an interpolant, and samples and densities follow.
//!
//! A [`GenerationConfig`] declares path, coupling and targets; a [`Law`] is what it means for data of
//! given sizes, or refuses it; a [`Learner`] trains its network on a [`Source`] of rows; a [`Model`]
//! samples by flow, SDE or exponential steps ([`SamplingConfig`]), and has log-densities where x0 has.
//! Tables are in scaled units here; [`Scaling`] goes from columns to units and back.
//!
//! ```
//! use burn::tensor::Device;
//! use foehn_compute::Workers;
//! use foehn_generation::*;
//! use foehn_noise::{Key, Purpose};
//! use foehn_training::TrainConfig;
//! use ndarray::Array2;
//!
//! let data = Array2::from_shape_fn((1000, 1), |(i, _)| if i % 2 == 0 { -1.0 } else { 1.0 });
//! let sizes = Sizes { state: 1, condition: 0, starts: Starts::Base };
//! let law = Law::new(&GenerationConfig::default(), sizes)?;
//! let train = TrainConfig {
//!     steps: 300, batch_size: 64, micro_batch: 64, warmup: 10, learning_rate: 5e-3, ema_decay: 0.95,
//!     ..TrainConfig::default()
//! };
//! let (device, workers) = (Device::flex(), Workers::new(1)?);
//! let tables = Tables::new(data, None, None, Pairing::None)?;
//! let mut learner = Learner::new(law, &train, tables, 1, &device)?;
//! for _ in 0..train.steps {
//!     learner.step(&workers)?;
//! }
//! let keys = (0..200).map(|i| Key::new(1, Purpose::Sample).member(i)).collect();
//! let from = Starting { x0: None, condition: None, keys };
//! let run = learner.model()?.sample(&SamplingConfig::default(), from, &device)?;
//! // two points: most samples are near one of them
//! let near = run.x.abs().sub_scalar(1.0).abs().lower_elem(0.5).int().sum().into_scalar::<i32>();
//! assert!(near > 150, "{near} of 200");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Reference
//! Albergo, Boffi, Vanden-Eijnden 2023, arXiv:2303.08797.

mod config;
mod error;
mod flow;
mod flow_learner;
mod host;
mod law;
mod learner;
mod loss;
mod maximum_likelihood;
mod model;
mod sampling;
mod scaling;
mod schedule_learner;
mod source;
mod terms;

pub use config::{CouplingConfig, GenerationConfig};
pub use error::GenerationError;
pub use flow::NormalizingFlow;
pub use flow_learner::FlowLearner;
pub use host::{on_device, on_host};
pub use law::{Law, SharedSchedule, Sizes, Starts};
pub use learner::Learner;
pub use loss::Batch;
pub use maximum_likelihood::{MaximumLikelihood, MaximumLikelihoodConfig};
pub use model::{Model, Starting};
pub use sampling::{GridConfig, Method, SamplingConfig};
pub use scaling::{Scaling, finite};
pub use schedule_learner::{PathReport, ScheduleLearner};
pub use source::{Pairing, Rows, Source, Tables, repeated};
