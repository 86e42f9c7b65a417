//! What is lost of a picture that is there everywhere.

use crate::edges::{Edge, Edges};
use crate::resize::{Resampling, Taps, area_mean, combined, enlarged};
use foehn_noise::Key;
use ndarray::{Array3, ArrayView3};
use serde::{Deserialize, Serialize};

/// The step of a key that names noise.
const NOISE: u32 = 1;
/// Standard deviations at which the Gaussian of a blur is cut.
const CUT: f64 = 4.0;

/// The map `U(D(x))`: a degraded picture of the size of the first.
///
/// In TOML, for example `degradation = { reduce = { factor = 4, up = "bicubic" } }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Degradation {
    /// Means over blocks, made large again.
    Reduce {
        /// Side of a block, pixels.
        factor: usize,
        /// How it is made large again.
        #[serde(default)]
        up: Resampling,
    },
    /// Convolution with a Gaussian.
    Blur {
        /// Its standard deviation, pixels.
        deviation: f64,
    },
    /// Added Gaussian noise.
    Noise {
        /// Its standard deviation, in units of the picture's range [-1, 1].
        deviation: f64,
    },
}

/// Why a degradation was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DegradationError {
    /// A parameter out of its range.
    #[error("degradation: {name} = {value} is not within {low} and {high}")]
    Range {
        /// The parameter.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The least allowed.
        low: f64,
        /// The largest allowed.
        high: f64,
    },
    /// A picture that blocks do not tile.
    #[error(
        "{height} x {width} pixels are not a multiple of {factor} along both sides: crop the picture"
    )]
    Blocks {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// Side of a block.
        factor: usize,
    },
}

impl Degradation {
    /// `U(D(x))`; noise is named by `key`.
    ///
    /// # Shapes
    /// (C, H, W) to the same.
    ///
    /// # Errors
    /// If a parameter is out of its range, or blocks do not tile the picture.
    pub fn apply(
        &self,
        x: ArrayView3<f32>,
        key: &Key,
        edges: Edges,
    ) -> Result<Array3<f32>, DegradationError> {
        self.check()?;
        match *self {
            Self::Reduce { factor, up } => {
                let (_, height, width) = x.dim();
                let small = area_mean(x, factor).ok_or(DegradationError::Blocks {
                    height,
                    width,
                    factor,
                })?;
                Ok(enlarged(small.view(), factor, up, edges))
            }
            Self::Blur { deviation } => Ok(blurred(x, deviation, edges)),
            Self::Noise { deviation } => {
                let mut z = vec![0f32; x.len()];
                key.step(NOISE).normals(&mut z);
                let mut result = x.to_owned();
                result
                    .iter_mut()
                    .zip(z)
                    .for_each(|(x, z)| *x += deviation as f32 * z);
                Ok(result)
            }
        }
    }

    /// Whether the parameters are within their ranges.
    ///
    /// # Errors
    /// Naming the first that is not.
    pub fn check(&self) -> Result<(), DegradationError> {
        let (name, value, low, high) = match *self {
            Self::Reduce { factor, .. } => ("factor", factor as f64, 2.0, 64.0),
            Self::Blur { deviation } => ("deviation", deviation, 1e-3, 100.0),
            Self::Noise { deviation } => ("deviation", deviation, 0.0, 10.0),
        };
        if (low..=high).contains(&value) {
            return Ok(());
        }
        Err(DegradationError::Range {
            name,
            value,
            low,
            high,
        })
    }
}

/// `x` with a Gaussian of `deviation` pixels, cut and scaled to sum 1; pixels beyond a closed edge equal the outermost one.
fn blurred(x: ArrayView3<f32>, deviation: f64, edges: Edges) -> Array3<f32> {
    let (_, h, w) = x.dim();
    let rows = gaussian(h, deviation, edges.y);
    combined(x, &rows, &gaussian(w, deviation, edges.x))
}

fn gaussian(n: usize, deviation: f64, edge: Edge) -> Vec<Taps> {
    let reach = (CUT * deviation).ceil() as isize;
    let weight = |k: isize| (-0.5 * (k as f64 / deviation).powi(2)).exp();
    let sum: f64 = (-reach..=reach).map(weight).sum();
    let tap = |i: isize, k: isize| (edge.cell(i + k, n), (weight(k) / sum) as f32);
    (0..n as isize)
        .map(|i| (-reach..=reach).map(|k| tap(i, k)).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use foehn_noise::Purpose;

    fn key() -> Key {
        Key::new(1, Purpose::Degrade)
    }

    #[test]
    fn a_blur_keeps_the_mean_and_adds_its_variance() {
        let mut x = Array3::zeros((1, 41, 41));
        x[[0, 20, 20]] = 1.0;
        let y = Degradation::Blur { deviation: 2.0 }
            .apply(x.view(), &key(), Edges::CLOSED)
            .unwrap();
        assert!((y.sum() - 1.0).abs() < 1e-5);
        let spread = y
            .indexed_iter()
            .map(|((_, i, _), v)| f64::from(*v) * (i as f64 - 20.0).powi(2));
        let variance: f64 = spread.sum();
        // cut at four standard deviations, of 4
        assert!((variance - 4.0).abs() < 0.01, "{variance}");
    }

    #[test]
    fn noise_has_its_deviation_and_is_named() {
        const N: usize = 128;
        let x = Array3::zeros((1, N, N));
        let noise = Degradation::Noise { deviation: 0.5 };
        let y = noise.apply(x.view(), &key(), Edges::CLOSED).unwrap();
        assert_eq!(y, noise.apply(x.view(), &key(), Edges::CLOSED).unwrap());
        let variance = y.iter().map(|v| f64::from(v * v)).sum::<f64>() / (N * N) as f64;
        // standard error sqrt(2 / n) of itself; bound: 4 of them
        assert!((variance / 0.25 - 1.0).abs() < 4.0 * (2.0 / (N * N) as f64).sqrt());
    }

    #[test]
    fn what_blocks_do_not_tile_is_refused() {
        let reduce = Degradation::Reduce {
            factor: 4,
            up: Resampling::Bicubic,
        };
        let error = reduce
            .apply(Array3::zeros((3, 8, 9)).view(), &key(), Edges::CLOSED)
            .unwrap_err();
        assert!(error.to_string().contains("8 x 9"), "{error}");
        assert!(
            Degradation::Reduce {
                factor: 1,
                up: Resampling::Nearest
            }
            .check()
            .is_err()
        );
        assert!(
            Degradation::Blur {
                deviation: f64::NAN
            }
            .check()
            .is_err()
        );
    }
}
