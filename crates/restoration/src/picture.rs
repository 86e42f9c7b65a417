//! An image file's integers.

use crate::picture_check::{is_animated, refuse_what_decoders_pass};
use crate::picture_error::PictureError;
use flate2::Crc;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageReader, Limits};
use ndarray::{Array3, Axis, concatenate};
use serde::{Deserialize, Serialize};
use std::io::Cursor;
use std::path::Path;

/// Bits of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// 0 to 255.
    Eight,
    /// 0 to 65535.
    Sixteen,
}

impl Depth {
    /// The largest sample.
    pub fn largest(self) -> u16 {
        match self {
            Self::Eight => u16::from(u8::MAX),
            Self::Sixteen => u16::MAX,
        }
    }
}

/// The samples of an image as they stand in its file.
///
/// Networks see [`Picture::unit`]; a sample that is known is written back as the integer it was.
///
/// # Shapes
/// (C, H, W), C = 1 (grey) or 3 (red, green, blue).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    values: Array3<u16>,
    depth: Depth,
}

impl Picture {
    /// A picture of given samples; those beyond the depth are cut.
    ///
    /// # Errors
    /// Unless there are 1 or 3 channels and at least one pixel.
    pub fn new(values: Array3<u16>, depth: Depth) -> Result<Self, PictureError> {
        let (channels, height, width) = values.dim();
        if !matches!(channels, 1 | 3) || height * width == 0 {
            return Err(PictureError::Shape {
                channels,
                height,
                width,
            });
        }
        let values = values.mapv_into(|v| v.min(depth.largest()));
        Ok(Self { values, depth })
    }

    /// The nearest picture to values in [-1, 1]; those beyond are cut.
    ///
    /// ```
    /// use foehn_restoration::{Depth, Picture};
    /// let values = ndarray::arr3(&[[[-1.0, 0.0, 1.0, 7.0]]]);
    /// let picture = Picture::from_unit(&values, Depth::Eight)?;
    /// assert_eq!(picture.values().as_slice(), Some(&[0, 128, 255, 255][..]));
    /// # Ok::<(), foehn_restoration::PictureError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Picture::new`].
    pub fn from_unit(values: &Array3<f32>, depth: Depth) -> Result<Self, PictureError> {
        let largest = f32::from(depth.largest());
        let integer = |v: f32| ((v + 1.0) * 0.5 * largest).round().clamp(0.0, largest) as u16;
        Self::new(values.mapv(integer), depth)
    }

    /// The samples scaled to [-1, 1]: `2 v / largest - 1`. [`Picture::from_unit`] gives back every integer.
    pub fn unit(&self) -> Array3<f32> {
        let scale = 2.0 / f32::from(self.depth.largest());
        self.values.mapv(|v| f32::from(v).mul_add(scale, -1.0))
    }

    /// The samples.
    pub fn values(&self) -> &Array3<u16> {
        &self.values
    }

    /// Their bits.
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// Channels: 1 or 3.
    pub fn channels(&self) -> usize {
        self.values.dim().0
    }

    /// Rows and columns.
    pub fn size(&self) -> [usize; 2] {
        let (_, height, width) = self.values.dim();
        [height, width]
    }

    /// The CRC-32 of size, depth and samples: whether a picture is still the same.
    ///
    /// ```
    /// use foehn_restoration::{Depth, Picture};
    /// let grey = |value| Picture::new(ndarray::arr3(&[[[value]]]), Depth::Eight);
    /// assert_eq!(grey(7)?.checksum(), grey(7)?.checksum());
    /// assert_ne!(grey(7)?.checksum(), grey(8)?.checksum());
    /// # Ok::<(), foehn_restoration::PictureError>(())
    /// ```
    pub fn checksum(&self) -> u32 {
        let (channels, height, width) = self.values.dim();
        let mut crc = Crc::new();
        for n in [channels, height, width, usize::from(self.depth.largest())] {
            crc.update(&(n as u64).to_le_bytes());
        }
        let samples = self.values.iter().flat_map(|v| v.to_le_bytes());
        crc.update(&samples.collect::<Vec<u8>>());
        crc.sum()
    }

    /// The picture in `channels`: grey becomes three equal channels.
    ///
    /// `None` from colour to grey, which has no one right answer.
    pub fn in_channels(self, channels: usize) -> Option<Self> {
        match (self.channels(), channels) {
            (a, b) if a == b => Some(self),
            (1, 3) => {
                let one = self.values.view();
                let values = concatenate(Axis(0), &[one, one, one]).ok()?;
                Some(Self { values, ..self })
            }
            _ => None,
        }
    }

    /// Reads an image file, turned as its EXIF orientation says.
    ///
    /// # Errors
    /// If it cannot be read, is truncated, animated, partly transparent, in CMYK or in floating point.
    pub fn read(path: &Path) -> Result<Self, PictureError> {
        let bytes = std::fs::read(path).map_err(|source| PictureError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::decode(&bytes, path)
    }

    /// As [`Picture::read`], from the file's bytes; `path` is for messages.
    ///
    /// # Errors
    /// As there.
    pub fn decode(bytes: &[u8], path: &Path) -> Result<Self, PictureError> {
        let decode = |source| PictureError::Decode {
            path: path.to_owned(),
            source,
        };
        refuse_what_decoders_pass(bytes, path)?;
        let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
        let reader = reader.map_err(|source| PictureError::Read {
            path: path.to_owned(),
            source,
        })?;
        if is_animated(bytes, reader.format()).map_err(decode)? {
            return Err(PictureError::Animated {
                path: path.to_owned(),
            });
        }
        let mut decoder = reader.into_decoder().map_err(decode)?;
        decoder.set_limits(Limits::default()).map_err(decode)?;
        let inks = [ExtendedColorType::Cmyk8, ExtendedColorType::Cmyk16];
        if inks.contains(&decoder.original_color_type()) {
            return Err(PictureError::Cmyk {
                path: path.to_owned(),
            });
        }
        let orientation = decoder.orientation().map_err(decode)?;
        let mut image = DynamicImage::from_decoder(decoder).map_err(decode)?;
        image.apply_orientation(orientation);
        from_image(&image, path)
    }

    /// The picture as the bytes of a PNG file of its own depth.
    ///
    /// # Errors
    /// If it is larger than the format allows.
    pub fn png(&self) -> Result<Vec<u8>, PictureError> {
        let (channels, height, width) = self.values.dim();
        let interleaved = self.values.view().permuted_axes([1, 2, 0]);
        let (bytes, kind): (Vec<u8>, _) = match (self.depth, channels) {
            (Depth::Eight, 1) => (narrow(interleaved.iter()), ExtendedColorType::L8),
            (Depth::Eight, _) => (narrow(interleaved.iter()), ExtendedColorType::Rgb8),
            (Depth::Sixteen, 1) => (wide(interleaved.iter()), ExtendedColorType::L16),
            (Depth::Sixteen, _) => (wide(interleaved.iter()), ExtendedColorType::Rgb16),
        };
        let mut png = Vec::new();
        image::codecs::png::PngEncoder::new(&mut png)
            .write_image(&bytes, width as u32, height as u32, kind)
            .map_err(PictureError::Encode)?;
        Ok(png)
    }
}

fn narrow<'a>(values: impl Iterator<Item = &'a u16>) -> Vec<u8> {
    values.map(|v| *v as u8).collect()
}

fn wide<'a>(values: impl Iterator<Item = &'a u16>) -> Vec<u8> {
    // the encoder takes the machine's own order of bytes
    values.flat_map(|v| v.to_ne_bytes()).collect()
}

fn from_image(image: &DynamicImage, path: &Path) -> Result<Picture, PictureError> {
    let color = image.color();
    let sixteen = match image {
        DynamicImage::ImageLuma8(_)
        | DynamicImage::ImageLumaA8(_)
        | DynamicImage::ImageRgb8(_)
        | DynamicImage::ImageRgba8(_) => false,
        DynamicImage::ImageLuma16(_)
        | DynamicImage::ImageLumaA16(_)
        | DynamicImage::ImageRgb16(_)
        | DynamicImage::ImageRgba16(_) => true,
        _ => {
            return Err(PictureError::Float {
                path: path.to_owned(),
            });
        }
    };
    let depth = if sixteen {
        Depth::Sixteen
    } else {
        Depth::Eight
    };
    let size = (image.height() as usize, image.width() as usize);
    let channels = usize::from(color.channel_count());
    let samples: Vec<u16> = if sixteen {
        let bytes = image.as_bytes().chunks_exact(2);
        bytes
            .map(|pair| u16::from_ne_bytes([pair[0], pair[1]]))
            .collect()
    } else {
        image.as_bytes().iter().map(|v| u16::from(*v)).collect()
    };
    let opaque = depth.largest();
    let coloured = channels - usize::from(color.has_alpha());
    let at = |c: usize, i: usize, j: usize| samples[(i * size.1 + j) * channels + c];
    if color.has_alpha() {
        let alpha = samples.iter().skip(coloured).step_by(channels);
        let count = alpha.filter(|alpha| **alpha != opaque).count();
        if count > 0 {
            return Err(PictureError::Transparent {
                path: path.to_owned(),
                count,
            });
        }
    }
    let values = Array3::from_shape_fn((coloured, size.0, size.1), |(c, i, j)| at(c, i, j));
    Picture::new(values, depth)
}
