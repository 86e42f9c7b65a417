//! Predictors, ensembles and rollouts.
//!
//! A forecast system is a stack of [`Predictor`]s, each wrapping another: [`Generative`] samples the
//! next standardised state with a network; [`Standardised`] turns physical units into standardised ones
//! and back; [`rollout`] feeds the result back lead by lead. [`EnsemblePlan`] cuts initial times and members into blocks that workers
//! run side by side.

mod ensemble;
mod error;
mod generative;
mod host;
mod increments;
mod interpolant_config;
mod predictor;
mod rollout;
mod sampling;
mod standardised;

pub use ensemble::{Block, EnsemblePlan};
pub use error::{ForecastError, IncrementsError};
pub use generative::{Condition, Draws, FieldNetwork, Generative};
pub use host::{from_host, to_host};
pub use increments::Increments;
pub use interpolant_config::{InterpolantConfig, NoiseColour, Transition};
pub use predictor::{Persistence, Predictor, State};
pub use rollout::rollout;
pub use sampling::{Method, Sampling, Spacing};
pub use standardised::Standardised;
