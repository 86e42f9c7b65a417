//! Devices, and the threads that feed them.
//!
//! A [`DeviceChoice`] is what a user writes (`auto`, `cpu`, `cuda:0`); [`Workers`] run independent
//! pieces of work side by side, one thread each on the CPU, so that no result depends on how many
//! threads a machine has.

mod device;
mod workers;

pub use device::{DeviceChoice, DeviceError};
pub use workers::Workers;
