//! A correlated Gaussian seen through a mask, an average and a point: samples given what was seen,
//! moments propagated exactly.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use burn::tensor::Tensor;
use common::{euler, moments, probes, tensor, values};
use foehn_dynamics::{
    Diffusion, Epsilon, FollmerProcess, Guidance, GuidedFollmer, GuidedLangevin, Langevin,
    LinearObservation, Sampler, Solver, Spread, TimeGrid,
};
use foehn_interpolant::{Follmer, FollmerBeta, Gamma, Linear};

const N: usize = 4;

/// `Q diag(f(lambda)) Q^T` with Q a reflection.
fn spectral(f: impl Fn(f64) -> f64) -> Vec<f64> {
    let v = [0.5, -0.1, 0.7, 0.5];
    let q = |i: usize, j: usize| f64::from(i == j) - 2.0 * v[i] * v[j];
    let lambda = [1.6, 0.7, 0.3, 0.1];
    let entry = |i, j| (0..N).map(|k| q(i, k) * f(lambda[k]) * q(j, k)).sum();
    (0..N * N).map(|k| entry(k / N, k % N)).collect()
}

const MEAN: [f64; N] = [0.5, -1.0, 0.2, 0.9];
const START: [f64; N] = [1.0, 0.0, -0.5, 0.3];

fn rows(row: [f64; N], batch: usize) -> Tensor<2> {
    tensor(row.repeat(batch), [batch, N])
}

fn times(x: &Tensor<2>, matrix: Vec<f64>) -> Tensor<2> {
    x.clone().matmul(tensor(matrix, [N, N]))
}

fn observation() -> LinearObservation {
    let point = LinearObservation::points(&[[0.25, 0.5]], [2, 2], 1.0).unwrap();
    let weights = values(point.apply(tensor(
        (0..N * N).map(|k| f64::from(k / N == k % N)).collect(),
        [N, N],
    )));
    let mut matrix = vec![0.0, 0.0, 0.0, 1.0, 0.5, 0.5, 0.0, 0.0];
    matrix.extend(weights);
    LinearObservation::new(matrix, N, vec![0.05, 0.1, 0.2]).unwrap()
}

const SEEN: [f64; 3] = [1.4, -0.6, 0.3];

/// The posterior by sequential conditioning on one observation after another.
fn posterior() -> (Vec<f64>, Vec<f64>) {
    let identity = tensor(
        (0..N * N).map(|k| f64::from(k / N == k % N)).collect(),
        [N, N],
    );
    let a = values(observation().apply(identity).transpose());
    let (mut mean, mut c) = (MEAN.to_vec(), spectral(|l| l));
    for (m, (y, r)) in SEEN.iter().zip([0.05, 0.1, 0.2]).enumerate() {
        let a = &a[m * N..(m + 1) * N];
        let ca: Vec<f64> = (0..N)
            .map(|i| (0..N).map(|j| c[i * N + j] * a[j]).sum())
            .collect();
        let s = r + (0..N).map(|i| a[i] * ca[i]).sum::<f64>();
        let miss = y - (0..N).map(|i| a[i] * mean[i]).sum::<f64>();
        for i in 0..N {
            mean[i] += ca[i] * miss / s;
            for j in 0..N {
                c[i * N + j] -= ca[i] * ca[j] / s;
            }
        }
    }
    (mean, c)
}

fn worst(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0f64, |w, (a, b)| w.max((a - b).abs()))
}

#[test]
fn masks_averages_and_points_of_a_correlated_state_give_its_posterior() {
    let (mean, covariance) = posterior();
    let path = Follmer::new(FollmerBeta::Linear, 1.0).unwrap();
    let error = |diffusion, n: usize| {
        let batch = N * n + 1;
        let drift = move |t: f64, x: Tensor<2>| {
            let sigma = path.sigma(t);
            let gain = spectral(|l| {
                if t == 0.0 {
                    0.0
                } else {
                    (t * l + sigma * path.d_sigma() * t) / (t * t * l + sigma * sigma * t)
                }
            });
            let (x0, m) = (rows(START, batch), rows(MEAN, batch));
            let off = x - x0.clone() * (1.0 - t) - m.clone() * t;
            times(&off, gain) + m - x0
        };
        let process = GuidedFollmer {
            process: FollmerProcess::new(path, diffusion, drift, rows(START, batch)),
            guidance: Guidance::new(
                observation(),
                tensor(SEEN.repeat(batch), [batch, 3]),
                Spread::Jacobian,
            )
            .unwrap(),
        };
        let run = euler(n)
            .sample(&process, rows(START, batch), &mut probes)
            .unwrap();
        assert_eq!(run.calls, n * 4);
        let (m, c) = moments(run.x);
        worst(&m, &mean) + worst(&c, &covariance)
    };
    for diffusion in [Diffusion::Sigma, Diffusion::Follmer] {
        let (coarse, fine) = (error(diffusion, 100), error(diffusion, 200));
        println!("{diffusion:?}: {coarse:.4} {fine:.4}");
        assert!(
            fine < 0.02 && fine < 0.6 * coarse,
            "{diffusion:?} {coarse} {fine}"
        );
    }
}

#[test]
fn one_sided_guidance_gives_the_posterior_for_every_e() {
    let (mean, covariance) = posterior();
    let path = Linear { gamma: Gamma::Zero };
    let start = 1e-3;
    let error = |e: Epsilon, n: usize| {
        let batch = N * n + 1 + N;
        let law = move |t: f64, f: &dyn Fn(f64) -> f64, x: Tensor<2>| {
            times(
                &(x - rows(MEAN, batch) * t),
                spectral(|l| f((1.0 - t).powi(2) + t * t * l)),
            )
        };
        let denoiser = move |t: f64, x: Tensor<2>| {
            let gain = spectral(|l| t * l / ((1.0 - t).powi(2) + t * t * l));
            times(&(x - rows(MEAN, batch) * t), gain) + rows(MEAN, batch)
        };
        let process = GuidedLangevin {
            process: Langevin {
                velocity: move |t: f64, x: Tensor<2>| {
                    let gain = spectral(|l| (t * l - (1.0 - t)) / ((1.0 - t).powi(2) + t * t * l));
                    times(&(x - rows(MEAN, batch) * t), gain) + rows(MEAN, batch)
                },
                score: move |t: f64, x: Tensor<2>| law(t, &|v| -1.0 / v, x),
                e: e.on(path).unwrap(),
            },
            denoiser,
            schedule: path,
            guidance: Guidance::new(
                observation(),
                tensor(SEEN.repeat(batch), [batch, 3]),
                Spread::Jacobian,
            )
            .unwrap(),
        };
        let sampler = Sampler {
            solver: Solver::EulerMaruyama,
            grid: TimeGrid::power(n, 2.0).unwrap().within(start, 1.0).unwrap(),
        };
        let mut z = vec![0.0; batch * N];
        for i in 0..N {
            z[(N * n + 1 + i) * N + i] = 1.0;
        }
        let run = sampler
            .sample(&process, tensor(z, [batch, N]), &mut probes)
            .unwrap();
        let (m, c) = moments(run.x);
        worst(&m, &mean) + worst(&c, &covariance)
    };
    for e in [
        Epsilon::Constant(0.0),
        Epsilon::Decreasing {
            e0: 1.0,
            power: 1.0,
        },
        Epsilon::Sbdm(1.0),
    ] {
        let (coarse, fine) = (error(e, 100), error(e, 200));
        println!("{e:?}: {coarse:.4} {fine:.4}");
        assert!(fine < 0.05 && fine < 0.7 * coarse, "{e:?} {coarse} {fine}");
    }
}
