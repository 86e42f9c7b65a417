//! The order of every solver, measured: flows, paths (strong) and laws (weak).
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use burn::tensor::{DType, Device, Tensor, TensorData};
use foehn_dynamics::{
    Adaptive, BrownianPath, Dynamics, ProbabilityFlow, SECOND_DRAW, SampleError, Sampler, Solver,
    TimeGrid,
};
use foehn_noise::{Key, Purpose};

const TOLERANCE: f64 = 0.2;

fn column(values: Vec<f64>) -> Tensor<2> {
    let n = values.len();
    Tensor::from_data(
        TensorData::new(values, [n, 1]),
        (&Device::flex(), DType::F64),
    )
}

fn values(x: Tensor<2>) -> Vec<f64> {
    x.into_data().try_to_vec().unwrap()
}

/// The slope of log error against log n, by least squares.
fn order(steps: &[usize], error: impl Fn(usize) -> f64) -> f64 {
    let points: Vec<(f64, f64)> = steps
        .iter()
        .map(|&n| ((n as f64).ln(), -error(n).ln()))
        .collect();
    let n = points.len() as f64;
    let (mx, my) = points
        .iter()
        .fold((0.0, 0.0), |a, p| (a.0 + p.0 / n, a.1 + p.1 / n));
    let covariance: f64 = points.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum();
    covariance / points.iter().map(|p| (p.0 - mx).powi(2)).sum::<f64>()
}

fn assert_order(what: &str, solver: Solver, measured: f64, stated: f64) {
    println!("{what:<28} {solver:?}: {measured:.3}, stated {stated}");
    assert!(
        (measured - stated).abs() < TOLERANCE,
        "{what} {solver:?}: {measured:.3}, not {stated}"
    );
}

// ---- flows: x' = r x (1 - x), r = 3 + 2 cos 5t, x = 1 / (1 + (1/x0 - 1) exp(-int r))

fn bent(t: f64, x: Tensor<2>) -> Tensor<2> {
    x.clone() * (x.neg() + 1.0) * (3.0 + 2.0 * (5.0 * t).cos())
}

fn bent_end(x0: f64) -> f64 {
    let integral = 3.0 + 0.4 * 5f64.sin();
    1.0 / (1.0 + (1.0 / x0 - 1.0) * (-integral).exp())
}

fn flow_error(solver: Solver, grid: TimeGrid) -> f64 {
    let sampler = Sampler { solver, grid };
    let flow = ProbabilityFlow { velocity: bent };
    let starts = [0.05, 0.3];
    let x = values(sampler.solve(&flow, column(starts.to_vec())).unwrap().x);
    let exact = starts.map(bent_end);
    x.iter().zip(exact).map(|(x, e)| (x - e).abs()).sum()
}

type Grid = fn(usize) -> TimeGrid;

#[test]
fn flows_converge_at_the_stated_orders() {
    for solver in Solver::ALL {
        let steps = match solver.orders().flow as u32 {
            1 => [200, 400, 800],
            2 => [100, 200, 400],
            _ => [40, 80, 160],
        };
        let grids: [(&str, Grid); 3] = [
            ("flow, uniform", |n| TimeGrid::uniform(n).unwrap()),
            ("flow, power 1.5", |n| TimeGrid::power(n, 1.5).unwrap()),
            ("flow, cosine", |n| TimeGrid::cosine(n).unwrap()),
        ];
        for (name, grid) in grids {
            let measured = order(&steps, |n| flow_error(solver, grid(n)));
            assert_order(name, solver, measured, solver.orders().flow);
        }
    }
}

#[test]
fn adaptive_steps_keep_their_tolerance_and_say_when_they_cannot() {
    let flow = ProbabilityFlow { velocity: bent };
    let exact = bent_end(0.05);
    let mut calls = Vec::new();
    for tolerance in [1e-4, 1e-6, 1e-8, 1e-10] {
        let run = Adaptive::new(tolerance)
            .solve(&flow, column(vec![0.05]))
            .unwrap();
        let error = (values(run.x)[0] - exact).abs();
        assert!(error < 20.0 * tolerance, "{tolerance}: {error}");
        calls.push(run.calls);
    }
    assert!(calls.is_sorted() && calls[3] < 400, "{calls:?}");
    // x' = x^2 from 2 leaves every bound at t = 1/2
    let explosion = ProbabilityFlow {
        velocity: |_: f64, x: Tensor<2>| x.square(),
    };
    let refused = Adaptive {
        most_calls: 500,
        ..Adaptive::new(1e-8)
    }
    .solve(&explosion, column(vec![2.0]));
    let Err(SampleError::Tolerance { t, calls, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert!((t - 0.5).abs() < 1e-2 && calls >= 400, "{t} {calls}");
    assert!(Adaptive::new(0.0).solve(&flow, column(vec![0.05])).is_err());
}

// ---- linear SDE: dX = (a X + c) dt + g dW, a = cos 2t - 1, c = sin 3t, g = 1 + sin(4t)/2

struct Linear;

/// `exp(int_s^1 a)`.
fn propagator(s: f64) -> f64 {
    let primitive = |t: f64| (2.0 * t).sin() / 2.0 - t;
    (primitive(1.0) - primitive(s)).exp()
}

fn g(t: f64) -> f64 {
    1.0 + (4.0 * t).sin() / 2.0
}

impl Dynamics<2> for Linear {
    fn drift(&self, t: f64, x: Tensor<2>) -> Tensor<2> {
        x * ((2.0 * t).cos() - 1.0) + (3.0 * t).sin()
    }

    fn diffusion(&self, t: f64) -> f64 {
        g(t)
    }
}

/// Five-point Gauss-Legendre rule.
fn integral(t: f64, u: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (x, w) = (
        [0.0, 0.538_469_310_105_683, 0.906_179_845_938_664],
        [
            0.568_888_888_888_889,
            0.478_628_670_499_366,
            0.236_926_885_056_189,
        ],
    );
    let (middle, half) = ((t + u) / 2.0, (u - t) / 2.0);
    let pairs = (1..3).map(|i| w[i] * (f(middle - half * x[i]) + f(middle + half * x[i])));
    half * (w[0] * f(middle) + pairs.sum::<f64>())
}

fn fine(f: impl Fn(f64) -> f64) -> f64 {
    let n = 64.0;
    (0..64)
        .map(|i| integral(f64::from(i) / n, f64::from(i + 1) / n, &f))
        .sum()
}

/// The mean of `X_1` from 0.7 and its responses to every `xi` and `zeta`: all there is of an affine map.
fn responses(solver: Solver, n: usize) -> (f64, Vec<f64>, Vec<f64>) {
    let sampler = Sampler {
        solver,
        grid: TimeGrid::uniform(n).unwrap(),
    };
    let mut probes = |step: usize, like: &Tensor<2>| {
        let mut z = vec![0.0; like.dims()[0]];
        let row = if step >= SECOND_DRAW {
            1 + n + (step - SECOND_DRAW)
        } else {
            1 + step
        };
        z[row] = 1.0;
        column(z)
    };
    let run = sampler.sample(&Linear, column(vec![0.7; 2 * n + 1]), &mut probes);
    let x = values(run.unwrap().x);
    let response = |range: std::ops::Range<usize>| x[range].iter().map(|y| y - x[0]).collect();
    (x[0], response(1..n + 1), response(n + 1..2 * n + 1))
}

fn exact_mean() -> f64 {
    propagator(0.0) * 0.7 + fine(|s| propagator(s) * (3.0 * s).sin())
}

/// Error of mean and variance.
fn weak_error(solver: Solver, n: usize) -> f64 {
    let (mean, first, second) = responses(solver, n);
    let variance: f64 = first.iter().chain(&second).map(|r| r * r).sum();
    let exact = fine(|s| (propagator(s) * g(s)).powi(2));
    (mean - exact_mean()).abs() + (variance - exact).abs()
}

/// Root mean square distance to the exact solution on the same path: per step the exact response
/// `Phi(1, s) g(s)` to `dW_s`, less the scheme's, which is constant (`xi`) plus linear (`zeta`) in s.
fn strong_error(solver: Solver, n: usize) -> f64 {
    let (mean, first, second) = responses(solver, n);
    let h = 1.0 / n as f64;
    let spread: f64 = (0..n)
        .map(|k| {
            let (t, u) = (k as f64 * h, (k + 1) as f64 * h);
            integral(t, u, |s| {
                let slope = 3f64.sqrt() * (2.0 * (u - s) / h - 1.0);
                let scheme = (first[k] + second[k] * slope) / h.sqrt();
                (propagator(s) * g(s) - scheme).powi(2)
            })
        })
        .sum();
    ((mean - exact_mean()).powi(2) + spread).sqrt()
}

const STOCHASTIC: [Solver; 3] = [Solver::EulerMaruyama, Solver::StochasticHeun, Solver::Sra1];

#[test]
fn laws_and_paths_of_a_linear_sde_converge_at_the_stated_orders() {
    let steps = [40, 80, 160, 320];
    for solver in STOCHASTIC {
        let weak = order(&steps, |n| weak_error(solver, n));
        assert_order(
            "linear SDE, weak",
            solver,
            weak,
            solver.orders().weak.unwrap(),
        );
        let strong = order(&steps, |n| strong_error(solver, n));
        // where the drift is linear the term that limits Sra1 to 1.5, with drift'' in it, vanishes
        let expected = match solver {
            Solver::Sra1 => 2.0,
            _ => solver.orders().strong.unwrap(),
        };
        assert_order("linear SDE, strong", solver, strong, expected);
    }
}

// ---- nonlinear SDE on one Brownian path for every step: dX = (cos 2X - X + t) dt + (1.5 - t) dW

struct Nonlinear;

impl Dynamics<2> for Nonlinear {
    fn drift(&self, t: f64, x: Tensor<2>) -> Tensor<2> {
        (x.clone() * 2.0).cos() - x + t
    }

    fn diffusion(&self, t: f64) -> f64 {
        1.5 - t
    }
}

#[test]
fn paths_of_a_nonlinear_sde_converge_at_the_stated_orders() {
    const MEMBERS: u32 = 300;
    let key = Key::new(11, Purpose::Sample).init(86_400).lead(2);
    let path = BrownianPath::new((0..MEMBERS).map(|m| key.member(m)).collect(), 10);
    let solve = |solver, n| {
        let sampler = Sampler {
            solver,
            grid: TimeGrid::uniform(n).unwrap(),
        };
        let start = column(vec![0.3; MEMBERS as usize]);
        let run = sampler.sample(&Nonlinear, start, &mut path.clone());
        values(run.unwrap().x)
    };
    let reference = solve(Solver::Sra1, 1024);
    for solver in STOCHASTIC {
        let measured = order(&[8, 16, 32, 64], |n| {
            let x = solve(solver, n);
            let square = x.iter().zip(&reference).map(|(a, b)| (a - b).powi(2));
            (square.sum::<f64>() / f64::from(MEMBERS)).sqrt()
        });
        let stated = solver.orders().strong.unwrap();
        assert_order("nonlinear SDE, one path", solver, measured, stated);
    }
}
