//! Restoration of images and fields, but for networks: what is lost, plain ways to fill it, and scores.
//!
//! A [`Picture`] is an image file's integers; [`MaskLaw`] draws what is hidden of it and [`Degradation`]
//! what is blurred, named by a key, so that a picture is degraded alike in every run. [`harmonic`] and
//! [`enlarged`] are what a network must beat; [`psnr`], [`ssim`], [`frechet_distance`] and
//! [`kernel_distance`] say by how much. [`Tiling`] cuts what is too large for the memory, [`Sheet`] lays
//! pictures side by side.
//!
//! ```
//! use foehn_noise::{Key, Purpose};
//! use foehn_restoration::{Edges, MaskLaw, harmonic, psnr};
//! use ndarray::Array2;
//!
//! // the middle of a ramp is hidden and filled again: linear functions are harmonic
//! let ramp = Array2::from_shape_fn((16, 16), |(i, j)| (2 * i + 3 * j) as f32);
//! let mut known = Array2::from_elem((16, 16), true);
//! known.slice_mut(ndarray::s![4..9, 5..12]).fill(false);
//! let filled = harmonic(ramp.view(), known.view(), Edges::CLOSED)?;
//! assert!(psnr(ramp.view(), filled.view(), 75.0) > 90.0);
//!
//! // 64 tiles, each hidden with probability 0.3
//! let tiles = MaskLaw::Tiles { across: 8, hidden: 0.3 };
//! let known = tiles.draw(&Key::new(1, Purpose::Degrade), [64, 64])?;
//! assert_eq!(known.iter().filter(|known| !**known).count() % 64, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Reference
//! Albergo, Goldstein, Boffi, Ranganath, Vanden-Eijnden 2023, arXiv:2310.03725.

#![expect(
    clippy::needless_pass_by_value,
    reason = "a view is as cheap as a reference to it"
)]

mod collection;
mod degradation;
mod distance;
mod edges;
mod harmonic;
mod idx;
mod jpeg;
mod mask;
mod mask_error;
mod mask_shapes;
mod moments;
mod picture;
mod picture_check;
mod picture_error;
mod projection;
mod quality;
mod resize;
mod sheet;
mod tiling;

pub use collection::{Collection, CollectionError};
pub use degradation::{Degradation, DegradationError};
pub use distance::{DistanceError, frechet_distance, kernel_distance, paired_kernel_distance};
pub use edges::{Edge, Edges};
pub use harmonic::{HarmonicError, harmonic};
pub use idx::{IdxError, Labels, read_images, read_labels};
pub use mask::{MaskLaw, mask_of};
pub use mask_error::MaskError;
pub use moments::Moments;
pub use picture::{Depth, Picture};
pub use picture_error::PictureError;
pub use projection::projected;
pub use quality::{QualityError, psnr, ssim};
pub use resize::{Resampling, area_mean, enlarged};
pub use sheet::{Sheet, SheetError};
pub use tiling::{Tile, Tiling, TilingError};
