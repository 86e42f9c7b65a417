//! Networks that learn drifts: a [`UNet`] or a [`Transformer`] for fields and an [`Mlp`] for a few numbers.
//!
//! All map a state, whatever conditions it (as further channels) and a time t in [0, 1] to a tensor of
//! the state's shape, and all are exactly zero before training. What runs fast differs between
//! processors: on the CPU the first two consist of the operations of `foehn_kernel`, elsewhere of the backend's
//! own. The weights are the same, and so are the results up to rounding.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foehn_network::UNetConfig;
//!
//! let device = Device::flex();
//! device.seed(7);
//! let config = UNetConfig { channels: vec![16, 32], attention: vec![1], ..UNetConfig::default() };
//! let network = config.init(3, 1, &device)?;
//! let (x, t) = (Tensor::<4>::ones([2, 3, 9, 14], &device), Tensor::<1>::zeros([2], &device));
//! let drift = network.forward(x, t);
//! assert_eq!(drift.dims(), [2, 1, 9, 14]);
//! assert_eq!(drift.abs().max().into_scalar::<f32>(), 0.0);
//! # Ok::<(), foehn_network::NetworkError>(())
//! ```

mod activation;
mod architecture;
mod attention;
mod block;
mod class;
mod classifier;
mod convolution;
mod dropout;
mod error;
mod field_network;
mod footprint;
mod formulation;
mod inception;
mod kernel;
mod mlp;
mod norm;
mod operations;
mod padding;
mod patch;
mod pointwise;
mod position;
mod precision;
mod resample;
mod tangent;
mod time;
mod transformer;
mod transformer_config;
mod unet;
mod unet_config;
mod weights;

pub use architecture::Architecture;
pub use class::Classes;
pub use classifier::{Classifier, ClassifierConfig};
pub use error::NetworkError;
pub use field_network::FieldNet;
pub use inception::{Inception, InceptionError};
pub use mlp::{Mlp, MlpConfig};
pub use padding::{Padding, Paddings};
pub use precision::Precision;
pub use transformer::Transformer;
pub use transformer_config::TransformerConfig;
pub use unet::UNet;
pub use unet_config::UNetConfig;
pub use weights::seeded;
