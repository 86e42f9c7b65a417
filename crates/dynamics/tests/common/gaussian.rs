//! From N(0, Id) to a correlated Gaussian in the plane along `(1 - t) x0 + t x1`.

use super::tensor;
use burn::tensor::Tensor;

pub const MEAN: [f64; 2] = [0.7, -1.2];
/// Target covariance `Q diag(1.8, 0.2) Q^T` with Q the rotation by 0.6.
pub const LAMBDA: [f64; 2] = [1.8, 0.2];
pub const POINTS: [f64; 6] = [0.7, -1.2, 2.0, 0.3, -1.5, -0.4];

pub fn rows(values: Vec<f64>) -> Tensor<2> {
    let n = values.len() / 2;
    tensor(values, [n, 2])
}

fn turned(f: impl Fn(f64) -> f64) -> Vec<f64> {
    let (s, c) = 0.6f64.sin_cos();
    let [a, b] = LAMBDA.map(f);
    vec![
        a * c * c + b * s * s,
        (a - b) * s * c,
        (a - b) * s * c,
        a * s * s + b * c * c,
    ]
}

pub fn velocity(t: f64, x: Tensor<2>) -> Tensor<2> {
    let gain = rows(turned(|l| {
        (t * l - (1.0 - t)) / ((1.0 - t).powi(2) + t * t * l)
    }));
    let mean = rows(MEAN.to_vec());
    (x - mean.clone() * t).matmul(gain) + mean
}

pub fn score(t: f64, x: Tensor<2>) -> Tensor<2> {
    let precision = rows(turned(|l| 1.0 / ((1.0 - t).powi(2) + t * t * l)));
    (x - rows(MEAN.to_vec()) * t).matmul(precision).neg()
}

pub fn log_target(x: &[f64]) -> f64 {
    let inverse = turned(|l| 1.0 / l);
    let d = [x[0] - MEAN[0], x[1] - MEAN[1]];
    let square = d[0] * (inverse[0] * d[0] + inverse[1] * d[1])
        + d[1] * (inverse[2] * d[0] + inverse[3] * d[1]);
    -0.5 * (square + (LAMBDA[0] * LAMBDA[1]).ln()) - std::f64::consts::TAU.ln()
}
