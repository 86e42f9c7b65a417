//! Training: optimiser, averaging, checkpoints.
//!
//! A [`Trainer`] holds a module's weights as one flat vector, with the moments of AdamW and the
//! exponential moving average beside it. It asks for the loss of each micro-batch, adds their gradients
//! in order, clips, steps and averages. It draws no random numbers of its own: its whole state is
//! written by [`Trainer::save`] and a resumed run continues bit for bit on the CPU.

mod adamw;
mod checkpoint;
mod config;
mod error;
mod layout;
mod trainer;

pub use checkpoint::{Checkpoint, Metadata, latest, read_metadata};
pub use config::TrainConfig;
pub use error::{CheckpointError, TrainError};
pub use layout::{Layout, LayoutError, Recording};
pub use trainer::{StepReport, Trainer};
