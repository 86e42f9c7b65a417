//! Why an image file was refused.

use image::ImageError;
use std::path::PathBuf;

/// Why an image file was refused.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The file cannot be read.
    #[error("cannot read the image {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no image, damaged, or too large.
    #[error("{path} cannot be decoded: {source}; formats: PNG, JPEG, GIF, WebP, TIFF, BMP, PNM")]
    Decode {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: ImageError,
    },
    /// The data end before the image does.
    #[error(
        "{path} is truncated: its data end before the image does; a decoder would fill the rest with grey. Fetch it again, \
         or restore it: crop what is there and give a mask"
    )]
    Truncated {
        /// The file.
        path: PathBuf,
    },
    /// Four inks: their colours depend on a profile.
    #[error(
        "{path} is in CMYK, whose colours depend on a profile that is not applied here: convert it to RGB first"
    )]
    Cmyk {
        /// The file.
        path: PathBuf,
    },
    /// More than one frame.
    #[error("{path} is animated: give one frame as a PNG file")]
    Animated {
        /// The file.
        path: PathBuf,
    },
    /// More than one page.
    #[error("{path} has several pages: give one as a file of its own")]
    Pages {
        /// The file.
        path: PathBuf,
    },
    /// Pixels that are partly transparent.
    #[error(
        "{path} has {count} transparent pixels: flatten it, or give the alpha channel as a mask of its own (white where \
         to restore)"
    )]
    Transparent {
        /// The file.
        path: PathBuf,
        /// Pixels that are not opaque.
        count: usize,
    },
    /// Floating-point samples.
    #[error(
        "{path} has floating-point samples, whose range is not known: convert it to 8 or 16 bits"
    )]
    Float {
        /// The file.
        path: PathBuf,
    },
    /// Values without a picture.
    #[error(
        "a picture of {channels} channels, {height} x {width} pixels: 1 or 3 channels and at least one pixel are needed"
    )]
    Shape {
        /// Channels.
        channels: usize,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// It cannot be written as PNG.
    #[error("the picture cannot be written as PNG: {0}")]
    Encode(ImageError),
}
