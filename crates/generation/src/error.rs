//! Why a model cannot be declared, trained or sampled.

use foehn_dynamics::{GridError, NegativeEpsilon, SampleError};
use foehn_interpolant::{ConversionError, ScheduleError, TableError, TargetError, TransportError};
use foehn_network::NetworkError;
use foehn_training::{LayoutError, TrainError};

/// Why a model cannot be declared, trained or sampled.
#[derive(Debug, thiserror::Error)]
pub enum GenerationError {
    /// The path.
    #[error("interpolant: {0}")]
    Schedule(#[from] ScheduleError),
    /// What is learnt.
    #[error("targets: {0}")]
    Target(#[from] TargetError),
    /// What must follow from it.
    #[error("targets: {0}")]
    Conversion(#[from] ConversionError),
    /// What must follow from it has no finite value at a time of the grid.
    #[error(
        "sampler: {0}; cut that end, for example sampling.within = [0.01, 0.99], or choose a gamma with a finite \
         slope there (quadratic, sine_squared, sigmoid)"
    )]
    End(ConversionError),
    /// The network.
    #[error("network: {0}")]
    Network(#[from] NetworkError),
    /// The losses by time.
    #[error("losses: {0}")]
    Losses(#[from] TableError),
    /// The pairs.
    #[error("coupling: {0}")]
    Transport(#[from] TransportError),
    /// The times of a sampler.
    #[error("sampler: {0}")]
    Grid(#[from] GridError),
    /// The noise of a sampler.
    #[error("sampler: {0}")]
    Epsilon(#[from] NegativeEpsilon),
    /// A solve.
    #[error("sampler: {0}")]
    Sample(#[from] SampleError),
    /// The optimiser.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The weights.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// Path and coupling, or path and sampler, do not go together.
    #[error("{0}")]
    Mismatch(String),
    /// A table without rows or columns, or of the wrong size.
    #[error("{what} has {found} {of}, but {needed} are needed")]
    Size {
        /// Which table.
        what: &'static str,
        /// Rows or columns.
        of: &'static str,
        /// As many as there are.
        found: usize,
        /// As many as there should be.
        needed: usize,
    },
    /// A value that is not a number.
    #[error(
        "{what}: row {row}, column {column} is {value}: leave such rows out or fill them before"
    )]
    NotFinite {
        /// Which table.
        what: String,
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
        /// The value.
        value: f32,
    },
    /// A column that varies by less than single precision resolves.
    #[error(
        "{what}: column {column} varies by {deviation:e} around {value:e}, which single precision does not resolve: \
         subtract an offset before"
    )]
    Unresolved {
        /// Which table.
        what: &'static str,
        /// The column, from 0.
        column: usize,
        /// Its mean.
        value: f32,
        /// Its standard deviation.
        deviation: f64,
    },
    /// A column without variation.
    #[error(
        "{what}: column {column} is {value} in every row: nothing can be learnt of it; leave it out"
    )]
    Constant {
        /// Which table.
        what: &'static str,
        /// The column, from 0.
        column: usize,
        /// Its value.
        value: f32,
    },
}
