//! How near a picture is to the truth.

use ndarray::{Array2, ArrayView2, Zip};

/// Pixels to either side in the window of the structural similarity.
const REACH: usize = 5;
/// Standard deviation of that window, pixels.
const DEVIATION: f64 = 1.5;
/// What keeps its quotients finite, as shares of the range.
const K: [f64; 2] = [0.01, 0.03];

/// Why there is no score.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QualityError {
    /// Two sizes.
    #[error("the pictures have {0:?} and {1:?} rows and columns")]
    Sizes([usize; 2], [usize; 2]),
    /// Smaller than the window.
    #[error("a picture of {0:?} rows and columns is smaller than the window of 11 x 11 pixels")]
    Small([usize; 2]),
}

/// `10 log10(range^2 / mean squared error)`, decibel; infinite for equal pictures.
///
/// ```
/// let (a, b) = (ndarray::arr2(&[[0f32, 2.0]]), ndarray::arr2(&[[0f32, 4.0]]));
/// let psnr = foehn_restoration::psnr(a.view(), b.view(), 10.0); // 100 / 2
/// assert!((psnr - 16.9897).abs() < 1e-4);
/// ```
///
/// # Shapes
/// Equal. Sizes that differ give a value that is not a number.
pub fn psnr(truth: ArrayView2<f32>, picture: ArrayView2<f32>, range: f64) -> f64 {
    if truth.dim() != picture.dim() {
        return f64::NAN;
    }
    let square = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).powi(2);
    let sum: f64 = truth.iter().zip(&picture).map(square).sum();
    10.0 * (range * range * truth.len() as f64 / sum).log10()
}

/// The mean structural similarity with a Gaussian window of standard deviation 1.5 cut to 11 x 11 pixels, over windows
/// within the picture: `(2 ma mb + c1)(2 sab + c2) / ((ma^2 + mb^2 + c1)(sa^2 + sb^2 + c2))`, `c = (K range)^2`.
///
/// # Shapes
/// Equal, at least 11 x 11.
///
/// # Errors
/// If they are not.
///
/// # Reference
/// Wang, Bovik, Sheikh, Simoncelli 2004, IEEE Transactions on Image Processing 13, doi:10.1109/TIP.2003.819861.
pub fn ssim(
    truth: ArrayView2<f32>,
    picture: ArrayView2<f32>,
    range: f64,
) -> Result<f64, QualityError> {
    let sizes = [truth.dim(), picture.dim()].map(|(h, w)| [h, w]);
    if sizes[0] != sizes[1] {
        return Err(QualityError::Sizes(sizes[0], sizes[1]));
    }
    if sizes[0].iter().any(|n| *n <= 2 * REACH) {
        return Err(QualityError::Small(sizes[0]));
    }
    let (a, b) = (truth.mapv(f64::from), picture.mapv(f64::from));
    let (ma, mb) = (windowed(&a), windowed(&b));
    let (aa, bb, ab) = (
        windowed(&(&a * &a)),
        windowed(&(&b * &b)),
        windowed(&(&a * &b)),
    );
    let [c1, c2] = K.map(|k| (k * range).powi(2));
    let mut sum = 0.0;
    Zip::from(&ma)
        .and(&mb)
        .and(&aa)
        .and(&bb)
        .and(&ab)
        .for_each(|ma, mb, aa, bb, ab| {
            let (va, vb, cov) = (aa - ma * ma, bb - mb * mb, ab - ma * mb);
            let above = (2.0 * ma * mb + c1) * (2.0 * cov + c2);
            sum += above / ((ma * ma + mb * mb + c1) * (va + vb + c2));
        });
    Ok(sum / ma.len() as f64)
}

/// Weighted means over every window within `x`.
fn windowed(x: &Array2<f64>) -> Array2<f64> {
    let weight = |k: usize| (-0.5 * ((k as f64 - REACH as f64) / DEVIATION).powi(2)).exp();
    let sum: f64 = (0..=2 * REACH).map(weight).sum();
    let w: Vec<f64> = (0..=2 * REACH).map(|k| weight(k) / sum).collect();
    let (height, width) = x.dim();
    let rows = Array2::from_shape_fn((height - 2 * REACH, width), |(i, j)| {
        w.iter()
            .enumerate()
            .map(|(k, w)| w * x[[i + k, j]])
            .sum::<f64>()
    });
    Array2::from_shape_fn((height - 2 * REACH, width - 2 * REACH), |(i, j)| {
        w.iter()
            .enumerate()
            .map(|(k, w)| w * rows[[i, j + k]])
            .sum::<f64>()
    })
}
