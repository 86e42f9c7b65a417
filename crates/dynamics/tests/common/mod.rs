//! Tensors of exact numbers, and samplers as affine maps of their noise.
#![allow(dead_code, clippy::unwrap_used)] // every test file uses a part of it; a failure here is a failed test

pub mod gaussian;

use burn::tensor::{DType, Device, Tensor, TensorData};
use foehn_dynamics::{Sampler, Solver, TimeGrid};
use foehn_noise::{Key, Purpose};

pub fn tensor(values: Vec<f64>, shape: [usize; 2]) -> Tensor<2> {
    Tensor::from_data(
        TensorData::new(values, shape),
        (&Device::flex(), DType::F64),
    )
}

pub fn values<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    x.into_data().try_to_vec().unwrap()
}

/// One key a sample.
pub fn keys(n: usize) -> Vec<Key> {
    let key = Key::new(8, Purpose::Sample);
    (0..n as u32).map(|m| key.member(m)).collect()
}

/// Mean and its standard error.
pub fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
    (mean, (square / (n - 1.0) / n).sqrt())
}

pub fn euler(n: usize) -> Sampler {
    Sampler {
        solver: Solver::EulerMaruyama,
        grid: TimeGrid::uniform(n).unwrap(),
    }
}

/// Sample `step N + i + 1` gets a unit draw in value i at this step; sample 0 gets none.
pub fn probes(step: usize, like: &Tensor<2>) -> Tensor<2> {
    let [batch, values] = like.dims();
    let mut z = vec![0.0; batch * values];
    for i in 0..values {
        z[(step * values + i + 1) * values + i] = 1.0;
    }
    tensor(z, [batch, values])
}

/// Mean and covariance (row by row) of the affine image of the probes.
pub fn moments(x: Tensor<2>) -> (Vec<f64>, Vec<f64>) {
    let [batch, n] = x.dims();
    let x = values(x);
    let mut covariance = vec![0.0; n * n];
    for b in 1..batch {
        for i in 0..n {
            for j in 0..n {
                covariance[i * n + j] += (x[b * n + i] - x[i]) * (x[b * n + j] - x[j]);
            }
        }
    }
    (x[..n].to_vec(), covariance)
}
