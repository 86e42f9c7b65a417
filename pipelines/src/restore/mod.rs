//! `foehn restore`: pictures with holes, or without detail, and samples of what they may have been.

mod config;
mod folder;
mod law;
mod network;
mod pictures;
mod training;

pub use config::{Flips, LabelConfig, PictureConfig, RestoreConfig, RestoreSampling, Start, Task};
pub use network::NetworkConfig;
pub use training::{RestoreTraining, restore_train};
