//! Log-densities along flows against exact ones.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use burn::tensor::{DType, Device, Tensor, TensorData};
use common::gaussian::{POINTS, log_target, rows, velocity};
use common::{keys, values as host};
use foehn_dynamics::{
    Adaptive, Divergence, Likelihood, LikelihoodBound, SampleError, Sampler, Solver, TimeGrid,
    standard_normal_log_density,
};
use foehn_noise::{Key, Purpose};
use foehn_simulation::laws::{MixturePath, PathPoint};

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
            .log_density(&rk4, x1, &keys(COPIES), standard_normal_log_density)
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
fn a_divergence_by_no_probes_is_refused() {
    let sampler = Sampler {
        solver: Solver::Rk4,
        grid: TimeGrid::uniform(4).unwrap(),
    };
    for divergence in [Divergence::Rademacher(0), Divergence::Gaussian(0)] {
        let velocity = |_: f64, x: Tensor<2>| x;
        let likelihood = Likelihood {
            velocity,
            divergence,
        };
        let (x, keys) = (rows(vec![0.0; 2]), keys(1));
        let base = standard_normal_log_density;
        let density = likelihood.log_density(&sampler, x.clone(), &keys, base);
        assert_eq!(density.unwrap_err(), SampleError::NoProbes);
        let slope = likelihood.gradient(&sampler, x.clone(), &keys, Tensor::neg);
        assert_eq!(slope.unwrap_err(), SampleError::NoProbes);
        let bound = LikelihoodBound {
            velocity,
            score: |_: f64, x: Tensor<2>| x.neg(),
            e: |_: f64| 1.0,
            divergence,
        };
        let bounded = bound.evaluate(&sampler.grid, &x, &keys, 1, base);
        assert_eq!(bounded.unwrap_err(), SampleError::NoProbes);
    }
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
