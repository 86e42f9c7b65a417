//! Image files as they come: depths, channels, and what is refused.
#![allow(clippy::unwrap_used)]

use foehn_restoration::{Collection, Depth, Picture, PictureError, Sheet};
use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, Frame, ImageFormat, RgbImage, RgbaImage};
use ndarray::Array3;
use std::io::Cursor;
use std::path::Path;

/// Every sample another.
fn picture(channels: usize, h: usize, w: usize, depth: Depth) -> Picture {
    let value = |(c, i, j): (usize, usize, usize)| ((c * 7919 + i * 257 + j * 31) % 65536) as u16;
    let values = Array3::from_shape_fn((channels, h, w), value);
    let values = values.mapv(|v| if depth == Depth::Eight { v % 256 } else { v });
    Picture::new(values, depth).unwrap()
}

fn decode(bytes: &[u8]) -> Result<Picture, PictureError> {
    Picture::decode(bytes, Path::new("a picture"))
}

fn bytes_of(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn jpeg(w: u32, h: u32) -> Vec<u8> {
    let image = RgbImage::from_fn(w, h, |x, y| image::Rgb([(x * 3) as u8, (y * 5) as u8, 90]));
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 90)
        .encode_image(&image)
        .unwrap();
    bytes
}

#[test]
fn every_depth_and_number_of_channels_is_written_and_read_bit_for_bit() {
    for depth in [Depth::Eight, Depth::Sixteen] {
        for channels in [1, 3] {
            // one pixel, a very long row, a very long column, and an ordinary picture
            for (h, w) in [(1, 1), (1, 5000), (5000, 1), (13, 9)] {
                let before = picture(channels, h, w, depth);
                assert_eq!(decode(&before.png().unwrap()).unwrap(), before);
            }
        }
    }
}

#[test]
fn scaled_values_give_back_every_integer() {
    for depth in [Depth::Eight, Depth::Sixteen] {
        let values: Vec<u16> = (0..=depth.largest()).collect();
        let values = Array3::from_shape_vec((1, 1, values.len()), values).unwrap();
        let before = Picture::new(values, depth).unwrap();
        assert_eq!(Picture::from_unit(&before.unit(), depth).unwrap(), before);
    }
}

#[test]
fn other_formats_hold_the_same_samples() {
    let image = RgbImage::from_fn(12, 7, |x, y| {
        image::Rgb([(x * 20) as u8, (y * 30) as u8, 5])
    });
    let image = DynamicImage::ImageRgb8(image);
    let png = decode(&bytes_of(&image, ImageFormat::Png)).unwrap();
    for format in [
        ImageFormat::Bmp,
        ImageFormat::Tiff,
        ImageFormat::WebP,
        ImageFormat::Pnm,
    ] {
        assert_eq!(
            decode(&bytes_of(&image, format)).unwrap(),
            png,
            "{format:?}"
        );
    }
    let jpeg = decode(&jpeg(40, 30)).unwrap();
    assert_eq!(
        (jpeg.channels(), jpeg.size(), jpeg.depth()),
        (3, [30, 40], Depth::Eight)
    );
}

#[test]
fn an_alpha_channel_is_dropped_where_it_says_nothing() {
    let mut image = RgbaImage::from_pixel(4, 3, image::Rgba([10, 20, 30, 255]));
    let opaque = decode(&bytes_of(
        &DynamicImage::ImageRgba8(image.clone()),
        ImageFormat::Png,
    ))
    .unwrap();
    assert_eq!(opaque.values()[[2, 2, 3]], 30);
    assert_eq!(opaque.channels(), 3);
    image.put_pixel(1, 1, image::Rgba([0, 0, 0, 200]));
    let error = decode(&bytes_of(
        &DynamicImage::ImageRgba8(image),
        ImageFormat::Png,
    ))
    .unwrap_err();
    assert!(
        matches!(error, PictureError::Transparent { count: 1, .. }),
        "{error}"
    );
}

#[test]
fn a_truncated_jpeg_is_refused_and_not_filled_with_grey() {
    let whole = jpeg(64, 64);
    for length in [whole.len() / 2, whole.len() - 2, whole.len() - 1] {
        let error = decode(&whole[..length]).unwrap_err();
        assert!(
            matches!(error, PictureError::Truncated { .. }),
            "{length}: {error}"
        );
    }
    let png = picture(3, 20, 20, Depth::Eight).png().unwrap();
    assert!(matches!(
        decode(&png[..png.len() / 2]),
        Err(PictureError::Decode { .. })
    ));
}

#[test]
fn four_inks_several_frames_and_fractions_are_refused() {
    let mut cmyk = jpeg(8, 8);
    let frame = cmyk
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .unwrap();
    cmyk[frame + 9] = 4;
    assert!(matches!(decode(&cmyk), Err(PictureError::Cmyk { .. })));

    let gif = |frames: usize| {
        let mut bytes = Vec::new();
        let mut encoder = GifEncoder::new(&mut bytes);
        for i in 0..frames {
            let pixel = image::Rgba([40 * i as u8, 0, 0, 255]);
            encoder
                .encode_frame(Frame::new(RgbaImage::from_pixel(5, 4, pixel)))
                .unwrap();
        }
        drop(encoder);
        bytes
    };
    assert_eq!(decode(&gif(1)).unwrap().size(), [4, 5]);
    assert!(matches!(
        decode(&gif(2)),
        Err(PictureError::Animated { .. })
    ));

    let float = DynamicImage::ImageRgb32F(image::Rgb32FImage::new(3, 3));
    let error = decode(&bytes_of(&float, ImageFormat::Tiff)).unwrap_err();
    assert!(matches!(error, PictureError::Float { .. }), "{error}");
}

#[test]
fn pages_are_refused_and_a_cut_gif_is_not_called_animated() {
    let image = DynamicImage::from(RgbImage::from_pixel(3, 2, image::Rgb([1, 2, 3])));
    let mut tiff = bytes_of(&image, ImageFormat::Tiff);
    decode(&tiff).unwrap();
    assert_eq!(&tiff[..2], b"II");
    // where the first directory says that there is a second
    let directory = u32::from_le_bytes(tiff[4..8].try_into().unwrap()) as usize;
    let entries = u16::from_le_bytes(tiff[directory..directory + 2].try_into().unwrap());
    tiff[directory + 2 + 12 * usize::from(entries)] = 8;
    assert!(matches!(decode(&tiff), Err(PictureError::Pages { .. })));
    let mut gif = Vec::new();
    let frame = Frame::new(RgbaImage::from_fn(40, 40, |x, y| {
        image::Rgba([(x * y) as u8, 0, 0, 255])
    }));
    GifEncoder::new(&mut gif).encode_frame(frame).unwrap();
    decode(&gif).unwrap();
    let error = decode(&gif[..gif.len() / 2]).unwrap_err();
    assert!(matches!(error, PictureError::Decode { .. }), "{error}");
}

#[test]
fn what_is_no_picture_is_named() {
    let text = decode(b"a letter, not a picture").unwrap_err().to_string();
    assert!(text.contains("a picture") && text.contains("PNG"), "{text}");
    assert!(matches!(decode(b""), Err(PictureError::Decode { .. })));
    let missing = Picture::read(Path::new("nowhere.png"))
        .unwrap_err()
        .to_string();
    assert!(missing.contains("nowhere.png"), "{missing}");
    assert!(Picture::new(Array3::zeros((2, 3, 3)), Depth::Eight).is_err());
    assert!(Picture::new(Array3::zeros((1, 0, 3)), Depth::Eight).is_err());
}

#[test]
fn grey_becomes_colour_and_colour_never_grey() {
    let grey = picture(1, 3, 4, Depth::Eight);
    let colour = grey.clone().in_channels(3).unwrap();
    assert_eq!(
        colour.values().index_axis(ndarray::Axis(0), 2),
        grey.values().index_axis(ndarray::Axis(0), 0)
    );
    assert_eq!(colour.in_channels(1), None);
}

#[test]
fn a_folder_is_read_in_the_order_of_names() {
    let folder = tempfile::tempdir().unwrap();
    let empty = Collection::open(folder.path()).unwrap_err().to_string();
    assert!(empty.contains("holds no images"), "{empty}");
    for (name, side) in [("b.png", 2), ("a.PNG", 3), ("notes.txt", 4)] {
        let file = picture(1, side, side, Depth::Eight).png().unwrap();
        std::fs::write(folder.path().join(name), file).unwrap();
    }
    let collection = Collection::open(folder.path()).unwrap();
    let names: Vec<String> = (0..collection.count())
        .map(|i| collection.name(i))
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(collection.picture(0).unwrap().size(), [3, 3]);
}

#[test]
fn a_sheet_shows_every_picture_where_it_belongs() {
    let [grey, colour] = [1, 3].map(|channels| picture(channels, 48, 48, Depth::Eight));
    let mut sheet = Sheet::default();
    assert!(sheet.picture().is_err());
    sheet.push(vec![grey.clone(), colour.clone()]);
    sheet.push(vec![colour.clone()]);
    let whole = sheet.picture().unwrap();
    // 48 pixels are shown twice as large, 4 pixels apart
    assert_eq!((whole.channels(), whole.size()), (3, [204, 204]));
    let at = |c: usize, i: usize, j: usize| whole.values()[[c, i, j]];
    assert_eq!(at(2, 4 + 2 * 7, 4 + 2 * 9), grey.values()[[0, 7, 9]]);
    assert_eq!(
        at(1, 104 + 2 * 7 + 1, 4 + 2 * 9 + 1),
        colour.values()[[1, 7, 9]]
    );
    assert_eq!(at(0, 110, 110), 255);
    let rows = vec![vec![grey.clone(), colour.clone()], vec![colour.clone()]];
    assert_eq!(Sheet::of_one_size(rows).unwrap().picture().unwrap(), whole);
    assert!(Sheet::of_one_size(vec![vec![grey, picture(1, 9, 9, Depth::Eight)]]).is_none());
    sheet.push(vec![picture(1, 9, 9, Depth::Eight)]);
    assert!(sheet.picture().is_err());
}
