//! What decoders pass without a word.

use crate::jpeg;
use crate::picture_error::PictureError;
use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, ImageFormat};
use std::io::Cursor;
use std::path::Path;

/// Decoders fill what is missing of a JPEG with grey, and turn four inks into colours as if there were no profile.
pub(crate) fn refuse_what_decoders_pass(bytes: &[u8], path: &Path) -> Result<(), PictureError> {
    let path = path.to_owned();
    match jpeg::outline(bytes) {
        Some(outline) if outline.components == Some(4) => Err(PictureError::Cmyk { path }),
        Some(outline) if !outline.whole => Err(PictureError::Truncated { path }),
        _ if has_pages(bytes) => Err(PictureError::Pages { path }),
        _ => Ok(()),
    }
}

/// Whether the bytes are a TIFF file whose first directory names a second, of which a decoder would say nothing.
fn has_pages(bytes: &[u8]) -> bool {
    let little = match bytes.get(..4) {
        Some(b"II*\0") => true,
        Some(b"MM\0*") => false,
        _ => return false,
    };
    let number = |from: usize, count: usize| {
        let part = bytes.get(from..from.checked_add(count)?)?;
        let digit = |sum: usize, byte: &u8| (sum << 8) | usize::from(*byte);
        Some(if little {
            part.iter().rev().fold(0, digit)
        } else {
            part.iter().fold(0, digit)
        })
    };
    let next = || {
        let directory = number(4, 4)?;
        let entries = number(directory, 2)?;
        number(directory.checked_add(2 + 12 * entries)?, 4)
    };
    next().is_some_and(|next| next != 0)
}

pub(crate) fn is_animated(
    bytes: &[u8],
    format: Option<ImageFormat>,
) -> Result<bool, image::ImageError> {
    let file = Cursor::new(bytes);
    match format {
        Some(ImageFormat::Gif) => {
            let mut frames = GifDecoder::new(file)?.into_frames();
            // what cannot be decoded is not a second frame, and is said where the first is decoded
            Ok(matches!(frames.next(), Some(Ok(_))) && matches!(frames.next(), Some(Ok(_))))
        }
        Some(ImageFormat::Png) => PngDecoder::new(file)?.is_apng(),
        Some(ImageFormat::WebP) => Ok(WebPDecoder::new(file)?.has_animation()),
        _ => Ok(false),
    }
}
