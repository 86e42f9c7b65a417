//! Points of the path and their targets against the formulas, in double precision.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use burn::tensor::{DType, Device, Tensor, TensorData};
use foehn_interpolant::{
    Base, Coupling, Follmer, FollmerBeta, Gamma, Given, Independent, Interpolant, Linear, Pair,
    Target, normals, squared_error,
};
use foehn_noise::{Key, Purpose};

fn tensor(values: &[f64]) -> Tensor<2> {
    let data = TensorData::new(values.to_vec(), [values.len(), 1]);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

fn numbers(x: Tensor<2>) -> Vec<f64> {
    x.into_data().try_to_vec::<f64>().unwrap()
}

fn pair() -> Pair<2> {
    Pair {
        x0: tensor(&[1.0, -2.0]),
        x1: tensor(&[3.0, 0.5]),
    }
}

#[test]
fn linear_path_with_a_bridge() {
    let path = Interpolant {
        schedule: Linear {
            gamma: Gamma::BrownianBridge { a: 1.0 },
        },
    };
    let z = tensor(&[0.3, -1.0]);
    let point = path
        .point(&[0.5, 0.2], &pair(), &z, Target::Velocity)
        .unwrap();
    let xt = numbers(point.xt);
    assert!((xt[0] - (0.5 + 1.5 + 0.5 * 0.3)).abs() < 1e-14);
    assert!((xt[1] - (-1.6 + 0.1 - 0.4)).abs() < 1e-14);
    let b = numbers(point.target);
    assert!((b[0] - 2.0).abs() < 1e-14); // gamma'(1/2) = 0
    assert!((b[1] - (2.5 - 0.6 / 0.8)).abs() < 1e-14);
    let data = path.point(&[0.5, 0.2], &pair(), &z, Target::Data).unwrap();
    assert_eq!(numbers(data.target), [3.0, 0.5]);
    let noise = path.point(&[0.5, 0.2], &pair(), &z, Target::Noise).unwrap();
    assert_eq!(numbers(noise.target), [0.3, -1.0]);
}

#[test]
fn follmer_drift_target() {
    let path = Interpolant {
        schedule: Follmer::new(FollmerBeta::Quadratic, 2.0).unwrap(),
    };
    let z = tensor(&[1.0, -1.0]);
    let point = path.drift_point(&[0.25, 1.0], &pair(), &z);
    // t = 1/4: .75 x0 + x1/16 + 2 * .75 * .5 z and R = -x0 + x1/2 - 2 * .5 z
    let (xt, target) = (numbers(point.xt), numbers(point.target));
    assert!((xt[0] - (0.75 + 3.0 / 16.0 + 0.75)).abs() < 1e-14);
    assert!((target[0] - (-1.0 + 1.5 - 1.0)).abs() < 1e-14);
    assert!((xt[1] - 0.5).abs() < 1e-14);
    assert!((target[1] - (2.0 + 1.0 + 2.0)).abs() < 1e-14);
}

#[test]
fn couplings_keep_or_break_the_pairs() {
    const N: usize = 4096;
    let keys: Vec<Key> = (0..N)
        .map(|i| Key::new(1, Purpose::Train).init(i as i64))
        .collect();
    let values: Vec<f64> = (0..N).map(|i| i as f64).collect();
    let batch = Pair {
        x0: tensor(&values),
        x1: tensor(&values),
    };
    let given = Given.couple(batch.clone(), &keys);
    assert_eq!(numbers(given.x0), values);
    let permuted = Independent {
        base: Base::Permuted,
    }
    .couple(batch.clone(), &keys);
    let mut order = numbers(permuted.x0);
    assert_ne!(order, values);
    order.sort_by(f64::total_cmp);
    assert_eq!(order, values);
    let gaussian = numbers(
        Independent {
            base: Base::Gaussian,
        }
        .couple(batch, &keys)
        .x0,
    );
    let mean = gaussian.iter().sum::<f64>() / N as f64;
    let square = gaussian.iter().map(|x| x * x).sum::<f64>() / N as f64;
    assert!(mean.abs() < 4.0 / (N as f64).sqrt());
    assert!((square - 1.0).abs() < 4.0 * (2.0 / N as f64).sqrt());
}

#[test]
fn noise_of_a_sample_does_not_depend_on_its_batch() {
    let key = |i: i64| Key::new(9, Purpose::Train).init(i);
    let like = |n: usize| Tensor::<3>::zeros([n, 2, 3], &Device::flex());
    let both = normals(&[key(1), key(2)], &like(2));
    let second = normals(&[key(2)], &like(1));
    assert_eq!(both.slice(1..2).into_data(), second.into_data());
}

#[test]
fn weights_leave_out_what_is_missing() {
    let loss = squared_error(
        tensor(&[1.0, 9.0]),
        tensor(&[3.0, 0.0]),
        Some(tensor(&[0.5, 0.0])),
    );
    assert_eq!(loss.into_scalar::<f64>(), 2.0);
    assert_eq!(
        squared_error(tensor(&[1.0, 9.0]), tensor(&[3.0, 9.0]), None).into_scalar::<f64>(),
        1.0
    );
}
