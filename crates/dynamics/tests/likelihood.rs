//! Log-densities along flows against exact ones.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use burn::tensor::{DType, Device, Tensor, TensorData};
use foehn_dynamics::{
    Adaptive, Divergence, Likelihood, SampleError, Sampler, Solver, TimeGrid,
    standard_normal_log_density,
};
use foehn_noise::{Key, Purpose};
use foehn_simulation::laws::{MixturePath, PathPoint};

fn rows(values: Vec<f64>) -> Tensor<2> {
    let n = values.len() / 2;
    Tensor::from_data(
        TensorData::new(values, [n, 2]),
        (&Device::flex(), DType::F64),
    )
}

fn host<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    x.into_data().try_to_vec().unwrap()
}

fn keys(n: u32) -> Vec<Key> {
    let key = Key::new(8, Purpose::Sample);
    (0..n).map(|m| key.member(m)).collect()
}

const MEAN: [f64; 2] = [0.7, -1.2];
/// Target covariance `Q diag(1.8, 0.2) Q^T` with Q the rotation by 0.6.
const LAMBDA: [f64; 2] = [1.8, 0.2];

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

/// `b` from N(0, Id) to the target along (1 - t) x0 + t x1.
fn velocity(t: f64, x: Tensor<2>) -> Tensor<2> {
    let gain = rows(turned(|l| {
        (t * l - (1.0 - t)) / ((1.0 - t).powi(2) + t * t * l)
    }));
    let mean = rows(MEAN.to_vec());
    (x - mean.clone() * t).matmul(gain) + mean
}

fn log_target(x: &[f64]) -> f64 {
    let inverse = turned(|l| 1.0 / l);
    let d = [x[0] - MEAN[0], x[1] - MEAN[1]];
    let square = d[0] * (inverse[0] * d[0] + inverse[1] * d[1])
        + d[1] * (inverse[2] * d[0] + inverse[3] * d[1]);
    -0.5 * (square + (LAMBDA[0] * LAMBDA[1]).ln()) - std::f64::consts::TAU.ln()
}

const POINTS: [f64; 6] = [0.7, -1.2, 2.0, 0.3, -1.5, -0.4];

#[test]
fn log_density_of_a_gaussian_is_right_to_four_digits_both_ways() {
    let likelihood = Likelihood {
        velocity,
        divergence: Divergence::Exact,
    };
    let rk4 = Sampler {
        solver: Solver::Rk4,
        grid: TimeGrid::uniform(40).unwrap(),
    };
    let base = standard_normal_log_density;
    let check = |x: Vec<f64>, log: Vec<f64>| {
        for (x, log) in x.chunks(2).zip(log) {
            assert!(
                (log - log_target(x)).abs() < 1e-4,
                "{log} {}",
                log_target(x)
            );
        }
    };
    let back = likelihood
        .log_density(&rk4, rows(POINTS.to_vec()), &[], base)
        .unwrap();
    // two unit vectors, four stages
    assert_eq!(back.calls, 40 * 4 * 2);
    check(POINTS.to_vec(), host(back.log_density));
    let forward = likelihood.sample(&rk4, back.x.clone(), &[], base).unwrap();
    for (x, y) in host(forward.x.clone()).iter().zip(POINTS) {
        assert!((x - y).abs() < 1e-4);
    }
    check(host(forward.x), host(forward.log_density));
    let adaptive = Adaptive::new(1e-7);
    let back = likelihood
        .log_density(&adaptive, rows(POINTS.to_vec()), &[], base)
        .unwrap();
    check(POINTS.to_vec(), host(back.log_density));
}

#[test]
fn hutchinson_agrees_with_the_exact_divergence_within_its_error() {
    const COPIES: usize = 2000;
    let rk4 = Sampler {
        solver: Solver::Rk4,
        grid: TimeGrid::uniform(20).unwrap(),
    };
    let x = [2.0, 0.3];
    let run = |divergence| {
        let likelihood = Likelihood {
            velocity,
            divergence,
        };
        let x1 = rows(x.repeat(COPIES));
        let run = likelihood
            .log_density(&rk4, x1, &keys(COPIES as u32), standard_normal_log_density)
            .unwrap();
        let logs = host(run.log_density);
        let mean = logs.iter().sum::<f64>() / COPIES as f64;
        let variance = logs.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / COPIES as f64;
        (mean, variance, run.calls)
    };
    let (exact, none, _) = run(Divergence::Exact);
    assert!(none < 1e-20);
    let mut spreads = Vec::new();
    for (divergence, calls) in [
        (Divergence::Rademacher(1), 80),
        (Divergence::Gaussian(1), 80),
        (Divergence::Rademacher(4), 320),
    ] {
        let (mean, variance, spent) = run(divergence);
        let error = (variance / COPIES as f64).sqrt();
        println!("{divergence:?}: {mean:.4} +- {error:.4}, exact {exact:.4}");
        assert!((mean - exact).abs() < 3.0 * error && spent == calls);
        spreads.push(variance);
    }
    // one probe is held: the same key twice gives the same number, four probes a quarter of the variance
    assert!((spreads[2] / spreads[0] - 0.25).abs() < 0.04, "{spreads:?}");
    assert!(spreads[0] < spreads[1]);
    assert_eq!(
        run(Divergence::Rademacher(1)),
        run(Divergence::Rademacher(1))
    );
    let likelihood = Likelihood {
        velocity,
        divergence: Divergence::Gaussian(1),
    };
    let base = standard_normal_log_density;
    let keyless = likelihood.log_density(&rk4, rows(vec![0.0; 4]), &keys(1), base);
    let (needed, found) = (2, 1);
    assert_eq!(keyless.unwrap_err(), SampleError::Keys { needed, found });
}

#[test]
fn a_mixture_s_density_comes_out_of_its_exact_velocity() {
    // O3 in two dimensions, computed on the host: the divergence by differences
    let path = MixturePath::instance(2).unwrap();
    let on_rows = |x: Tensor<2>, f: &dyn Fn(&[f64]) -> Vec<f64>| {
        let x = host(x);
        x.chunks(2).flat_map(f).collect::<Vec<f64>>()
    };
    let velocity = |t: f64, x: Tensor<2>| {
        let at = path.at(PathPoint::linear(t, 0.5)).unwrap();
        rows(on_rows(x, &|x| at.velocity(x).to_vec()))
    };
    let base = |x: Tensor<2>| {
        let log = on_rows(x, &|x| vec![path.start.log_density(x)]);
        let n = log.len();
        Tensor::<1>::from_data(TensorData::new(log, [n]), (&Device::flex(), DType::F64))
    };
    let likelihood = Likelihood {
        velocity,
        divergence: Divergence::Exact,
    };
    let start: Vec<f64> = {
        let mut rng = Key::new(2, Purpose::Resample).rng();
        (0..20)
            .flat_map(|_| path.start.sample(&mut rng).to_vec())
            .collect()
    };
    let run = likelihood
        .sample(&Adaptive::new(1e-8), rows(start), &[], base)
        .unwrap();
    let logs = host(run.log_density);
    for (x, log) in host(run.x).chunks(2).zip(logs) {
        let exact = path.end.log_density(x);
        assert!((log - exact).abs() < 1e-6, "{log} {exact}");
    }
}
