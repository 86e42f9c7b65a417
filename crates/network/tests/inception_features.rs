//! Features of Inception v3 are those of `PyTorch`'s operations, by weights and pictures that a formula makes
//! (`tests/goldens/inception.py`).

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use burn::tensor::{Device, Tensor, TensorData};
use foehn_network::Inception;
use safetensors::tensor::{Dtype, TensorView, serialize};
use serde_json::Value;
use std::path::Path;

/// Of the largest feature: single precision through 94 convolutions. A branch, pool or kernel that is another moves the
/// features of the golden by at least 3e-2, which its script measured.
const TOLERANCE: f64 = 1e-4;

/// `count` numbers in [0, 1), of the name and the place alone.
fn uniform(name: &str, count: usize) -> impl Iterator<Item = f64> {
    let seed = name.bytes().fold(0u32, |seed, byte| {
        seed.wrapping_mul(31).wrapping_add(u32::from(byte))
    });
    (0..count as u32).map(move |i| {
        let mut h = i.wrapping_mul(0x9E37_79B1).wrapping_add(seed);
        h ^= h >> 15;
        h = h.wrapping_mul(0x2C1B_3C6D);
        h ^= h >> 12;
        h = h.wrapping_mul(0x297A_2D39);
        h ^= h >> 15;
        f64::from(h >> 8) / f64::from(1u32 << 24)
    })
}

fn made(name: &str, shape: &[usize]) -> Vec<u8> {
    let inputs: usize = shape[1..].iter().product();
    let value = |u: f64| {
        if name.ends_with("conv.weight") {
            (u - 0.5) * (24.0 / inputs as f64).sqrt()
        } else if name.ends_with("bn.weight") || name.ends_with("running_var") {
            0.5 + u
        } else {
            0.4 * (u - 0.5)
        }
    };
    let values = uniform(name, shape.iter().product()).map(value);
    values.flat_map(|v| (v as f32).to_le_bytes()).collect()
}

fn sizes(shape: &Value) -> Vec<usize> {
    let sizes = shape.as_array().unwrap().iter();
    sizes.map(|n| n.as_u64().unwrap() as usize).collect()
}

#[test]
fn features_are_those_of_pytorch() {
    let golden: Value =
        serde_json::from_str(include_str!("../../../tests/goldens/inception.json")).unwrap();
    let entries: Vec<(String, Vec<usize>, Vec<u8>)> = golden["shapes"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, shape)| {
            let shape = sizes(shape);
            let bytes = made(name, &shape);
            (name.clone(), shape, bytes)
        })
        .collect();
    let views = entries.iter().map(|(name, shape, bytes)| {
        (
            name,
            TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap(),
        )
    });
    let file = serialize(views, None).unwrap();
    let device = Device::flex();
    let network = Inception::from_bytes(&file, Path::new("weights"), &device).unwrap();
    let shown = sizes(&golden["shown"]);
    for (name, shape) in [("grey", [1, 1, 28, 28]), ("colour", [1, 3, 75, 301])] {
        let values = uniform(name, shape.iter().product()).map(|u| (2.0 * u - 1.0) as f32);
        let x = TensorData::new(values.collect::<Vec<f32>>(), shape);
        let y = network.features(Tensor::from_data(x, &device)).into_data();
        let y: Vec<f32> = y.iter::<f32>().collect();
        assert_eq!(y.len(), Inception::FEATURES);
        let expected = golden["features"][name].as_array().unwrap();
        let expected: Vec<f64> = expected.iter().map(|v| v.as_f64().unwrap()).collect();
        let largest = expected.iter().fold(0f64, |a, b| a.max(b.abs()));
        for (i, expected) in shown.iter().zip(&expected) {
            let found = f64::from(y[*i]);
            assert!(
                (found - expected).abs() < TOLERANCE * largest,
                "{name}, feature {i}: {found}, PyTorch {expected}"
            );
        }
    }
}
