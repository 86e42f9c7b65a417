//! Lower bounds on log-densities: tight with exact b and s, off by the divergence of paths otherwise.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use burn::tensor::{DType, Device, Tensor, TensorData};
use common::gaussian::{POINTS, log_target, rows, score, velocity};
use common::{keys, mean_and_error, tensor, values};
use foehn_dynamics::{
    Divergence, LikelihoodBound, PathWeights, SampleError, TimeGrid, standard_normal_log_density,
};
use foehn_noise::{Key, Purpose};
use foehn_simulation::laws::{MixturePath, PathPoint};

fn uniform(n: usize) -> TimeGrid {
    TimeGrid::uniform(n).unwrap()
}

#[test]
fn with_exact_b_and_s_every_path_gives_the_log_density_of_a_gaussian() {
    let error = |e: f64, n: usize| {
        let bound = LikelihoodBound {
            velocity,
            score,
            e: move |_: f64| e,
            divergence: Divergence::Exact,
        };
        let x1 = rows(POINTS.to_vec());
        let run = bound
            .evaluate(&uniform(n), &x1, &keys(3), 8, standard_normal_log_density)
            .unwrap();
        // two unit vectors and the score at n + 1 points
        assert_eq!(run.calls, 8 * (n + 1) * 3);
        let exact: Vec<f64> = POINTS.chunks(2).map(log_target).collect();
        let logs = values(run.log_weights);
        let errors = logs.chunks(8).zip(exact);
        errors
            .flat_map(|(row, exact)| row.iter().map(move |log| (log - exact).abs()))
            .fold(0f64, f64::max)
    };
    for e in [0.0, 0.5, 2.0] {
        let (coarse, fine) = (error(e, 100), error(e, 400));
        println!("e = {e}: worst of 24 paths {coarse:.4} with 100 steps, {fine:.4} with 400");
        assert!(fine < 0.02 && fine < 0.6 * coarse, "{e}: {coarse} {fine}");
    }
}

#[test]
fn with_exact_b_and_s_the_bound_of_a_mixture_is_its_log_density() {
    for (dimension, divergence) in [(1, Divergence::Exact), (2, Divergence::Rademacher(2))] {
        let path = MixturePath::instance(dimension).unwrap();
        let on_rows = |x: &Tensor<2>, f: &dyn Fn(&[f64]) -> Vec<f64>| {
            values(x.clone())
                .chunks(dimension)
                .flat_map(f)
                .collect::<Vec<f64>>()
        };
        let of_path = |what: fn(&foehn_simulation::laws::MixtureMarginal, &[f64]) -> Vec<f64>| {
            let path = &path;
            move |t: f64, x: Tensor<2>| {
                let at = path.at(PathPoint::linear(t, 0.5)).unwrap();
                tensor(on_rows(&x, &|x| what(&at, x)), x.dims())
            }
        };
        let bound = LikelihoodBound {
            velocity: of_path(|at, x| at.velocity(x).to_vec()),
            score: of_path(|at, x| at.score(x).to_vec()),
            e: |_: f64| 0.5,
            divergence,
        };
        let base = |x: Tensor<2>| {
            let logs = on_rows(&x, &|x| vec![path.start.log_density(x)]);
            let n = logs.len();
            Tensor::<1>::from_data(TensorData::new(logs, [n]), (&Device::flex(), DType::F64))
        };
        let batch = 100;
        let mut rng = Key::new(4, Purpose::Resample).rng();
        let points: Vec<f64> = (0..batch)
            .flat_map(|_| path.end.sample(&mut rng).to_vec())
            .collect();
        let x1 = tensor(points.clone(), [batch, dimension]);
        let run = bound
            .evaluate(&uniform(200), &x1, &keys(batch), 2, base)
            .unwrap();
        let gaps: Vec<f64> = points
            .chunks(dimension)
            .zip(values(run.bound()))
            .map(|(x, bound)| path.end.log_density(x) - bound)
            .collect();
        let (gap, error) = mean_and_error(&gaps);
        println!("O3 in {dimension}-d: gap {gap:.5} +- {error:.5}");
        // 200 steps leave some 1e-3; random probes leave their noise
        assert!(gap.abs() < 3.0 * error + 2e-3, "{gap} {error}");
        assert!(divergence != Divergence::Exact || error < 5e-3);
    }
}

// ---- one dimension, all Gaussian: N(0, 1) to N(M, V), a score that is wrong in slope and place

const M: f64 = 0.8;
const V: f64 = 0.4;
const E: f64 = 0.6;
const SLOPE: f64 = 0.5;
const SHIFT: f64 = 0.9;

fn variance(t: f64) -> f64 {
    (1.0 - t).powi(2) + t * t * V
}

/// `b = gain (x - t M) + M`.
fn gain(t: f64) -> f64 {
    (t * V - (1.0 - t)) / variance(t)
}

/// The wrong score is `slope (x - t M) + SHIFT`.
fn slope(t: f64) -> f64 {
    -(1.0 + SLOPE) / variance(t)
}

/// `(mean, variance, sum)` after the classical method of order 4 with 4000 steps.
fn solve(start: [f64; 3], rate: impl Fn(f64, [f64; 3]) -> [f64; 3]) -> [f64; 3] {
    let n = 4000;
    let h = 1.0 / f64::from(n);
    let moved = |y: [f64; 3], k: [f64; 3], h: f64| [0, 1, 2].map(|i| y[i] + h * k[i]);
    (0..n).fold(start, |y, i| {
        let t = f64::from(i) * h;
        let a = rate(t, y);
        let b = rate(t + h / 2.0, moved(y, a, h / 2.0));
        let c = rate(t + h / 2.0, moved(y, b, h / 2.0));
        let d = rate(t + h, moved(y, c, h));
        [0, 1, 2].map(|k| y[k] + h / 6.0 * (a[k] + 2.0 * b[k] + 2.0 * c[k] + d[k]))
    })
}

/// Mean and variance of the model at t = 1.
fn model() -> (f64, f64) {
    let [mean, variance, _] = solve([0.0, 1.0, 0.0], |t, [m, p, _]| {
        let off = m - t * M;
        [
            gain(t) * off + M + E * (slope(t) * off + SHIFT),
            2.0 * (gain(t) + E * slope(t)) * p + 2.0 * E,
            0.0,
        ]
    });
    (mean, variance)
}

/// `KL(q_0 || rho0) + int E E|grad log q_t - s|^2 dt`, q the law of the backward process from N(mean, variance).
fn path_divergence(mean: f64, variance: f64) -> f64 {
    let [m, p, sum] = solve([mean, variance, 0.0], |tau, [m, p, _]| {
        let t = 1.0 - tau;
        let off = m - t * M;
        // grad log q - s = -(1/p + slope)(x - m) - slope off - SHIFT
        let square = (1.0 / p + slope(t)).powi(2) * p + (slope(t) * off + SHIFT).powi(2);
        [
            -(gain(t) * off + M) + E * (slope(t) * off + SHIFT),
            2.0 * (E * slope(t) - gain(t)) * p + 2.0 * E,
            E * square,
        ]
    });
    sum + 0.5 * (p + m * m - 1.0 - p.ln())
}

fn log_normal(x: f64, mean: f64, variance: f64) -> f64 {
    -0.5 * ((x - mean).powi(2) / variance + (std::f64::consts::TAU * variance).ln())
}

fn wrong(x1: Vec<f64>, paths: usize, steps: usize) -> PathWeights {
    let batch = x1.len();
    let bound = LikelihoodBound {
        velocity: |t: f64, x: Tensor<2>| (x - t * M) * gain(t) + M,
        score: |t: f64, x: Tensor<2>| (x - t * M) * slope(t) + SHIFT,
        e: |_: f64| E,
        divergence: Divergence::Exact,
    };
    let x1 = tensor(x1, [batch, 1]);
    bound
        .evaluate(
            &uniform(steps),
            &x1,
            &keys(batch),
            paths,
            standard_normal_log_density,
        )
        .unwrap()
}

#[test]
fn with_a_wrong_score_the_gap_is_the_divergence_of_paths() {
    const N: usize = 20_000;
    let mut z = vec![0.0; N];
    Key::new(3, Purpose::Resample).normals_f64(&mut z);
    let x1: Vec<f64> = z.iter().map(|z| M + V.sqrt() * z).collect();
    let run = wrong(x1.clone(), 1, 400);
    let gaps: Vec<f64> = x1
        .iter()
        .zip(values(run.log_weights))
        .map(|(x, log)| log_normal(*x, M, V) - log)
        .collect();
    let (gap, error) = mean_and_error(&gaps);
    let exact = path_divergence(M, V);
    println!("mean gap {gap:.4} +- {error:.4}, divergence of paths {exact:.4}");
    // 400 steps leave 1e-3 or so
    assert!((gap - exact).abs() < 3.0 * error + 2e-3 && exact > 0.1);
}

#[test]
fn the_bound_lies_below_the_log_density_and_paths_tighten_it() {
    const COPIES: usize = 1000;
    const PATHS: usize = 8;
    let (mean, variance) = model();
    let points = [-0.5, 0.8, 1.6];
    let run = wrong(points.repeat(COPIES), PATHS, 200);
    let logs = values(run.log_weights.clone());
    let (bounds, tightened) = (values(run.bound()), values(run.tightened()));
    for (i, x) in points.into_iter().enumerate() {
        let exact = log_normal(x, mean, variance);
        let of = |all: &[f64]| all.iter().skip(i).step_by(3).copied().collect::<Vec<f64>>();
        let rows: Vec<&[f64]> = logs.chunks(PATHS).skip(i).step_by(3).collect();
        let ratios: Vec<f64> = rows
            .concat()
            .iter()
            .map(|log| (log - exact).exp())
            .collect();
        let (ratio, spread) = mean_and_error(&ratios);
        let (bound, error) = mean_and_error(&of(&bounds));
        let (tight, tight_error) = mean_and_error(&of(&tightened));
        println!(
            "x = {x}: log p {exact:.4}, gap {:.4} +- {error:.4}, with {PATHS} paths {:.4} +- {tight_error:.4}, \
             E[w]/p {ratio:.4} +- {spread:.4}",
            exact - bound,
            exact - tight
        );
        // 200 steps leave 5e-3 or so
        assert!((ratio - 1.0).abs() < 3.0 * spread + 5e-3);
        assert!(exact - bound > 3.0 * error && bound < tight);
        assert!(exact - tight > -3.0 * tight_error && exact - tight < 0.4 * (exact - bound));
        let first: f64 = rows[0].iter().sum::<f64>() / PATHS as f64;
        assert!((first - of(&bounds)[0]).abs() < 1e-9);
    }
}

#[test]
fn a_sample_is_the_same_in_any_batch_and_bad_input_is_refused() {
    let all = values(wrong(vec![0.1, 0.9, -0.4], 4, 10).log_weights);
    let first = values(wrong(vec![0.1], 4, 10).log_weights);
    assert_eq!(all[..4], first[..]);
    assert!(all[..3].windows(2).all(|pair| pair[0] != pair[1]));
    let bound = LikelihoodBound {
        velocity,
        score,
        e: |_: f64| -0.1,
        divergence: Divergence::Exact,
    };
    let run = |n| {
        let x1 = rows(vec![0.0, 1.0]);
        bound.evaluate(&uniform(3), &x1, &keys(n), 1, standard_normal_log_density)
    };
    let (needed, found) = (1, 0);
    assert_eq!(run(0).unwrap_err(), SampleError::Keys { needed, found });
    assert!(matches!(
        run(1).unwrap_err(),
        SampleError::Diffusion { t: 1.0, .. }
    ));
    // a score that breaks half-way: said with sample and time, the others untouched
    let broken = LikelihoodBound {
        velocity: |_: f64, x: Tensor<2>| x.neg(),
        score: |t: f64, x: Tensor<2>| if t < 0.5 { x.log() } else { x * 0.0 },
        e: |_: f64| 1e-9,
        divergence: Divergence::Exact,
    };
    let x1 = tensor(vec![1.0, -1.0], [2, 1]);
    let run = broken
        .evaluate(&uniform(4), &x1, &keys(2), 1, standard_normal_log_density)
        .unwrap();
    assert_eq!(run.failures.len(), 1);
    assert_eq!(
        (
            run.failures[0].member,
            run.failures[0].step,
            run.failures[0].t
        ),
        (1, 3, 0.0)
    );
}
