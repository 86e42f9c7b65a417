//! Scores against digits that other software gives for the same numbers.
#![allow(clippy::unwrap_used)]

use foehn_restoration::{Moments, QualityError, frechet_distance, psnr, ssim};
use ndarray::Array2;

/// Two pictures of 20 x 24 pixels, 8 bits.
fn pictures() -> [Array2<f32>; 2] {
    let value = |i: usize, j: usize| i * 37 + j * j * 11 + i * j * 5;
    let a = Array2::from_shape_fn((20, 24), |(i, j)| (value(i, j) % 256) as f32);
    let b = Array2::from_shape_fn((20, 24), |(i, j)| {
        ((value(i, j) + (i + 2 * j) % 7 * 9) % 256) as f32
    });
    [a, b]
}

#[test]
fn similarity_and_noise_ratio_are_those_of_scikit_image() {
    // skimage 0.26.0: structural_similarity(a, b, data_range=255, gaussian_weights=True, sigma=1.5,
    // use_sample_covariance=False) and peak_signal_noise_ratio(a, b, data_range=255)
    let [a, b] = pictures();
    assert!((ssim(a.view(), b.view(), 255.0).unwrap() - 0.491_583_441_504_756_5).abs() < 1e-10);
    assert!((psnr(a.view(), b.view(), 255.0) - 10.213_930_737_257_357).abs() < 1e-10);
    assert_eq!(ssim(a.view(), a.view(), 255.0).unwrap(), 1.0);
    assert_eq!(psnr(a.view(), a.view(), 255.0), f64::INFINITY);
}

#[test]
fn pictures_that_cannot_be_compared_are_refused() {
    let [a, _] = pictures();
    let small = Array2::<f32>::zeros((10, 40));
    assert_eq!(
        ssim(small.view(), small.view(), 1.0),
        Err(QualityError::Small([10, 40]))
    );
    assert_eq!(
        ssim(a.view(), small.view(), 1.0),
        Err(QualityError::Sizes([20, 24], [10, 40]))
    );
}

#[test]
fn the_frechet_distance_is_that_of_numpy_and_scipy() {
    // scipy 1.17: |m1 - m2|^2 + trace(C + D - 2 sqrtm(C D)), C and D from numpy.cov
    let first = |r: usize, k: usize| {
        [
            (r * 7 % 23) as f32 / 5.0,
            ((r * 11 + 3) % 29) as f32 / 7.0,
            (r * r % 31) as f32 / 9.0,
        ][k]
    };
    let second = |r: usize, k: usize| {
        [
            ((r * 5 + 1) % 19) as f32 / 4.0,
            (r * 3 % 37) as f32 / 6.0,
            ((r * r + r) % 41) as f32 / 8.0,
        ][k]
    };
    let x = Array2::from_shape_fn((120, 3), |(r, k)| first(r, k));
    let y = Array2::from_shape_fn((120, 3), |(r, k)| second(r, k));
    let distance = frechet_distance(&Moments::of(x.view()), &Moments::of(y.view())).unwrap();
    // the table is in single precision
    assert!(
        (distance - 1.880_941_676_846_557).abs() < 1e-5,
        "{distance}"
    );
}
