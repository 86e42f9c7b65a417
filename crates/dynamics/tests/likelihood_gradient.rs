//! Gradients of log-densities along flows against exact scores.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use burn::tensor::{Device, Tensor, activation::softmax};
use common::gaussian::{POINTS, rows, score, velocity};
use common::{keys, mean_and_error, tensor, values};
use foehn_dynamics::{Adaptive, Divergence, Likelihood, SampleError, Sampler, Solver, TimeGrid};
use foehn_noise::{Key, Purpose};
use foehn_simulation::laws::{MixturePairs, MixturePath, PathPoint};

fn rk4(n: usize) -> Sampler {
    Sampler {
        solver: Solver::Rk4,
        grid: TimeGrid::uniform(n).unwrap(),
    }
}

fn worst(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0f64, |w, (a, b)| w.max((a - b).abs()))
}

#[test]
fn the_gradient_of_a_gaussian_is_its_score() {
    let x = rows(POINTS.to_vec());
    let exact = values(score(1.0, x.clone()));
    for divergence in [Divergence::Exact, Divergence::Rademacher(1)] {
        let likelihood = Likelihood {
            velocity,
            divergence,
        };
        let run = likelihood
            .gradient(&rk4(40), x.clone(), &keys(3), Tensor::neg)
            .unwrap();
        assert!(run.failures.is_empty());
        // div b is the same everywhere: no probe matters
        let error = worst(&values(run.gradient), &exact);
        let way = worst(&values(run.x1), &POINTS);
        println!("Gaussian, {divergence:?}: gradient {error:.1e}, way {way:.1e}");
        assert!(error < 1e-5 && way < 1e-5, "{error} {way}");
        // back one call a stage; forth one product, two a probe; and the look before
        let probes = if divergence == Divergence::Exact {
            2
        } else {
            1
        };
        assert_eq!(run.calls, 160 + 161 * (1 + 2 * probes));
    }
}

#[test]
fn single_precision_gives_three_digits() {
    let velocity = |t: f64, x: Tensor<2>| {
        let v = (1.0 - t).powi(2) + t * t * 0.5;
        (x - 2.0 * t) * ((0.5 * t - (1.0 - t)) / v) + 2.0
    };
    let likelihood = Likelihood {
        velocity,
        divergence: Divergence::Exact,
    };
    let x = Tensor::<2>::from_floats([[1.0], [2.5]], &Device::flex());
    let run = likelihood.gradient(&rk4(30), x, &[], Tensor::neg).unwrap();
    let gradient = run.gradient.into_data().try_to_vec::<f32>().unwrap();
    // -(x - 2) / 0.5
    assert!((gradient[0] - 2.0).abs() < 2e-3 && (gradient[1] + 1.0).abs() < 2e-3);
}

/// b of O3 in tensors.
fn mixture(path: &MixturePath, t: f64, x: &Tensor<2>) -> Tensor<2> {
    let at = path.at(PathPoint::linear(t, 0.5)).unwrap();
    let pairs = MixturePairs::new(&at);
    let row = |values: &[f64]| rows(values.to_vec());
    let (mut logs, mut velocities) = (Vec::new(), Vec::new());
    for pair in pairs.pairs() {
        let off = x.clone() - row(pair.mean.as_slice().unwrap());
        let pulled = off
            .clone()
            .matmul(row(&pair.precision.iter().copied().collect::<Vec<_>>()));
        let gain = row(&pair.gain.t().iter().copied().collect::<Vec<_>>());
        logs.push((off.clone() * pulled).sum_dim(1) * -0.5 + pair.log_height);
        velocities.push(off.matmul(gain) + row(pair.offset.as_slice().unwrap()));
    }
    let probabilities = softmax(Tensor::cat(logs, 1), 1);
    let batch = x.dims()[0];
    let terms = velocities.into_iter().enumerate();
    terms
        .map(|(k, v)| v * probabilities.clone().slice([0..batch, k..k + 1]))
        .reduce(|a, b| a + b)
        .unwrap()
}

#[test]
fn the_gradient_of_a_mixture_is_its_score() {
    let path = MixturePath::instance(2).unwrap();
    let velocity = |t: f64, x: Tensor<2>| mixture(&path, t, &x);
    let on_rows = |x: Tensor<2>| {
        let s = values(x);
        let s = s.chunks(2).flat_map(|x| path.start.score(x).to_vec());
        rows(s.collect())
    };
    let mut rng = Key::new(6, Purpose::Resample).rng();
    let points: Vec<f64> = (0..12)
        .flat_map(|_| path.end.sample(&mut rng).to_vec())
        .collect();
    let exact: Vec<f64> = points
        .chunks(2)
        .flat_map(|x| path.end.score(x).to_vec())
        .collect();
    let likelihood = Likelihood {
        velocity,
        divergence: Divergence::Exact,
    };
    let run = likelihood
        .gradient(&Adaptive::new(1e-9), rows(points.clone()), &[], on_rows)
        .unwrap();
    let error = worst(&values(run.gradient), &exact);
    let way = worst(&values(run.x1), &points);
    println!(
        "O3 in 2-d: gradient {error:.1e}, way {way:.1e}, {} calls",
        run.calls
    );
    // the differences of the products leave 1e-10 or so, the flow its tolerance
    assert!(error < 1e-5 && way < 1e-7, "{error} {way}");
    // random probes: right on average
    let copies = 600;
    let random = Likelihood {
        velocity: |t: f64, x: Tensor<2>| mixture(&path, t, &x),
        divergence: Divergence::Rademacher(1),
    };
    let x = rows(points[..2].repeat(copies));
    let run = random
        .gradient(&rk4(25), x, &keys(copies), on_rows)
        .unwrap();
    let gradient = values(run.gradient);
    for (i, exact) in exact[..2].iter().enumerate() {
        let one: Vec<f64> = gradient.iter().skip(i).step_by(2).copied().collect();
        let (mean, standard) = mean_and_error(&one);
        println!("random probes: {mean:.4} +- {standard:.4}, exact {exact:.4}");
        assert!((mean - exact).abs() < 3.0 * standard + 1e-4);
    }
}

#[test]
fn a_velocity_outside_the_graph_is_refused() {
    let likelihood = Likelihood {
        velocity: |_: f64, x: Tensor<2>| tensor(values(x.clone()), x.dims()),
        divergence: Divergence::Exact,
    };
    let run = likelihood.gradient(&rk4(2), rows(vec![1.0, 2.0]), &[], Tensor::neg);
    assert_eq!(run.unwrap_err(), SampleError::NoDerivative);
}
