//! Methods that train networks: a flow from a law, and a law whose parameters move.

mod base;
mod carrier;
mod course;
mod curve;
mod distributional;
mod dynamics;
mod embedding;
mod fitted_distributional;
mod fitted_interpolant;
mod interpolant;
mod judge;
mod lessons;
mod networks;
mod pool;
mod recalibration;
mod residuals;
mod transport;

pub use base::{Base, Bases};
pub use distributional::DistributionalConfig;
pub use dynamics::{FlowDynamics, FlowStarts};
pub use fitted_distributional::FittedDistributional;
pub use fitted_interpolant::FittedInterpolant;
pub use interpolant::InterpolantConfig;
pub use lessons::BaseWeights;
