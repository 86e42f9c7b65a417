//! Which part of a picture is hidden.

use crate::mask_error::MaskError;
use crate::mask_shapes::{boxes, half, pixels, strokes, tiles};
use crate::picture::Picture;
use foehn_noise::Key;
use ndarray::{Array2, s};
use serde::{Deserialize, Serialize};

/// The step of a key that names a mask.
const MASK: u32 = 0;

/// A law of random masks.
///
/// In TOML, for example `mask = { tiles = { across = 8, hidden = 0.3 } }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MaskLaw {
    /// `across^2` tiles, as equal as whole pixels allow, each hidden with probability `hidden`. 8 and 0.3 are those of
    /// Albergo et al. 2023.
    Tiles {
        /// Tiles along either axis.
        across: usize,
        /// Probability that a tile is hidden.
        hidden: f64,
    },
    /// Rectangles anywhere within the picture.
    Boxes {
        /// How many; they may overlap.
        count: usize,
        /// Shortest side, as a share of the picture's.
        least: f64,
        /// Longest side, as a share of the picture's.
        most: f64,
    },
    /// Bent lines across the picture, as of scratches or a pen.
    Strokes {
        /// How many.
        count: usize,
        /// Their width, as a share of the picture's shorter side.
        width: f64,
    },
    /// One half.
    Half {
        /// Which.
        side: Side,
    },
    /// Each pixel by itself with probability `hidden`.
    Pixels {
        /// Probability that a pixel is hidden.
        hidden: f64,
    },
}

/// A half of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The first rows.
    Top,
    /// The last rows.
    Bottom,
    /// The first columns.
    Left,
    /// The last columns.
    Right,
}

impl MaskLaw {
    /// A mask: whether each pixel is known. The same for the same key and size.
    ///
    /// # Shapes
    /// `size`: rows and columns of the result.
    ///
    /// # Errors
    /// If a parameter is out of its range.
    pub fn draw(&self, key: &Key, size: [usize; 2]) -> Result<Array2<bool>, MaskError> {
        self.check()?;
        let key = key.step(MASK);
        Ok(match *self {
            Self::Tiles { across, hidden } => tiles(&key, size, across, hidden),
            Self::Boxes { count, least, most } => boxes(&key, size, count, [least, most]),
            Self::Strokes { count, width } => strokes(&key, size, count, width),
            Self::Half { side } => half(size, side),
            Self::Pixels { hidden } => pixels(&key, size, hidden),
        })
    }

    /// Whether the parameters are within their ranges.
    ///
    /// # Errors
    /// Naming the first that is not.
    pub fn check(&self) -> Result<(), MaskError> {
        let within = |name, value: f64, low, high| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(MaskError::Range {
                    name,
                    value,
                    low,
                    high,
                })
            }
        };
        match *self {
            Self::Tiles { across, hidden } => {
                within("across", across as f64, 1.0, 4096.0)?;
                within("hidden", hidden, 0.0, 1.0)
            }
            Self::Boxes { count, least, most } => {
                within("count", count as f64, 1.0, 1e4)?;
                within("most", most, 0.0, 1.0)?;
                within("least", least, 0.0, most)
            }
            Self::Strokes { count, width } => {
                within("count", count as f64, 1.0, 1e3)?;
                within("width", width, 0.0, 1.0)
            }
            Self::Half { .. } => Ok(()),
            Self::Pixels { hidden } => within("hidden", hidden, 0.0, 1.0),
        }
    }
}

/// What a mask image says is known: black is known, white is to be restored.
///
/// # Shapes
/// As the picture it belongs to, of `size` rows and columns.
///
/// # Errors
/// If it has another size or other values, or hides nothing or everything.
pub fn mask_of(image: &Picture, size: [usize; 2]) -> Result<Array2<bool>, MaskError> {
    if image.size() != size {
        return Err(MaskError::Size {
            mask: image.size(),
            picture: size,
        });
    }
    let white = image.depth().largest();
    let known = Array2::from_shape_fn(size, |(i, j)| image.values()[[0, i, j]] == 0);
    let is_plain = |(i, j): (usize, usize)| {
        let pixel = image.values().slice(s![.., i, j]);
        pixel.iter().all(|v| *v == pixel[0]) && (pixel[0] == 0 || pixel[0] == white)
    };
    let grey = known.indexed_iter().filter(|(at, _)| !is_plain(*at));
    match grey.count() {
        0 => {}
        count => return Err(MaskError::Grey { count }),
    }
    if known.iter().all(|known| *known) {
        return Err(MaskError::Nothing);
    }
    if !known.iter().any(|known| *known) {
        return Err(MaskError::Everything);
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Depth;
    use foehn_noise::Purpose;
    use ndarray::Array3;

    fn hidden(law: MaskLaw, size: [usize; 2], pictures: i64) -> f64 {
        let mut sum = 0;
        for i in 0..pictures {
            let key = Key::new(3, Purpose::Degrade).init(i);
            let known = law.draw(&key, size).unwrap();
            assert_eq!(known, law.draw(&key, size).unwrap());
            sum += known.iter().filter(|known| !**known).count();
        }
        sum as f64 / (pictures as usize * size[0] * size[1]) as f64
    }

    #[test]
    fn shares_are_those_declared() {
        // independent tiles or pixels: standard error sqrt(p (1 - p) / n), bound 4 of them
        let near = |share: f64, p: f64, n: f64| {
            assert!(
                (share - p).abs() < 4.0 * (p * (1.0 - p) / n).sqrt(),
                "{share}"
            );
        };
        let tiles = MaskLaw::Tiles {
            across: 8,
            hidden: 0.3,
        };
        near(hidden(tiles, [64, 64], 100), 0.3, 6400.0);
        near(
            hidden(MaskLaw::Pixels { hidden: 0.8 }, [30, 20], 20),
            0.8,
            12000.0,
        );
        // one box whose sides are uniform on [.2, .4]: mean area .3^2, standard deviation below .03
        let boxes = MaskLaw::Boxes {
            count: 1,
            least: 0.2,
            most: 0.4,
        };
        let share = hidden(boxes, [200, 300], 400);
        assert!((share - 0.09).abs() < 4.0 * 0.03 / 20.0, "{share}");
        for side in [Side::Top, Side::Bottom, Side::Left, Side::Right] {
            assert_eq!(hidden(MaskLaw::Half { side }, [10, 8], 1), 0.5);
        }
        let strokes = hidden(
            MaskLaw::Strokes {
                count: 3,
                width: 0.05,
            },
            [64, 64],
            10,
        );
        assert!((0.01..0.2).contains(&strokes), "{strokes}");
    }

    #[test]
    fn twenty_eight_pixels_have_tiles_of_three_and_four() {
        let law = MaskLaw::Tiles {
            across: 8,
            hidden: 0.5,
        };
        let known = law.draw(&Key::new(1, Purpose::Degrade), [28, 28]).unwrap();
        let changes = |i: usize| known.row(i) != known.row(i - 1);
        for i in (1..28).filter(|i| changes(*i)) {
            assert!(i * 8 / 28 != (i - 1) * 8 / 28, "row {i}");
        }
    }

    #[test]
    fn parameters_out_of_range_are_named() {
        let refused = |law: MaskLaw, name: &str| {
            let error = law.check().unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        };
        refused(
            MaskLaw::Tiles {
                across: 0,
                hidden: 0.3,
            },
            "across",
        );
        refused(MaskLaw::Pixels { hidden: f64::NAN }, "hidden");
        refused(
            MaskLaw::Boxes {
                count: 1,
                least: 0.5,
                most: 0.4,
            },
            "least",
        );
        refused(
            MaskLaw::Strokes {
                count: 0,
                width: 0.1,
            },
            "count",
        );
    }

    #[test]
    fn mask_images_are_black_and_white_and_hide_something() {
        let image = |values: [u16; 4]| {
            let values = Array3::from_shape_vec((1, 2, 2), values.to_vec()).unwrap();
            Picture::new(values, Depth::Eight).unwrap()
        };
        let known = mask_of(&image([0, 255, 0, 0]), [2, 2]).unwrap();
        assert_eq!(known, ndarray::arr2(&[[true, false], [true, true]]));
        let error = |values, size| mask_of(&image(values), size).unwrap_err();
        assert_eq!(error([0, 9, 254, 0], [2, 2]), MaskError::Grey { count: 2 });
        assert_eq!(error([0; 4], [2, 2]), MaskError::Nothing);
        assert_eq!(error([255; 4], [2, 2]), MaskError::Everything);
        assert!(matches!(error([0; 4], [2, 3]), MaskError::Size { .. }));
    }
}
