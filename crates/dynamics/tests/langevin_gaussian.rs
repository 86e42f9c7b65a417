//! Flow and SDE between two Gaussians: the same law for every diffusion, at the solver's order.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use burn::tensor::{DType, Device, Tensor, TensorData};
use foehn_dynamics::{Epsilon, Langevin, ProbabilityFlow, Sampler, Solver, TimeGrid};
use foehn_interpolant::{Gamma, Linear};

const M: f64 = 2.0;
const S: f64 = 0.5;

/// Variance of `(1-t) x0 + t x1`, x0 ~ N(0, 1), x1 ~ N(M, S^2).
fn variance(t: f64) -> f64 {
    (1.0 - t).powi(2) + (t * S).powi(2)
}

fn velocity(t: f64, x: Tensor<2>) -> Tensor<2> {
    let slope = (t * S * S - (1.0 - t)) / variance(t);
    (x - t * M) * slope + M
}

fn score(t: f64, x: Tensor<2>) -> Tensor<2> {
    (x - t * M) / -variance(t)
}

/// Mean and variance of `X_1` for `X_0 ~ N(0, 1)`: the maps are affine in (x0, noise).
fn moments(
    run: impl Fn(Tensor<2>, &mut dyn FnMut(usize, &Tensor<2>) -> Tensor<2>) -> Tensor<2>,
    n: usize,
) -> (f64, f64) {
    let mut x0 = vec![0.0; n + 2];
    x0[n + 1] = 1.0;
    let x0 = Tensor::from_data(
        TensorData::new(x0, [n + 2, 1]),
        (&Device::flex(), DType::F64),
    );
    let mut probes = |step: usize, like: &Tensor<2>| {
        let mut z = vec![0.0; n + 2];
        z[step + 1] = 1.0;
        Tensor::<2>::from_data(TensorData::new(z, [n + 2, 1]), (&like.device(), DType::F64))
    };
    let x = run(x0, &mut probes)
        .into_data()
        .try_to_vec::<f64>()
        .unwrap();
    (x[0], x[1..].iter().map(|y| (y - x[0]).powi(2)).sum())
}

fn flow_error(solver: Solver, n: usize) -> f64 {
    let sampler = Sampler {
        solver,
        grid: TimeGrid::uniform(n).unwrap(),
    };
    let flow = ProbabilityFlow { velocity };
    let (mean, variance) = moments(
        |x0, mut noise| sampler.sample(&flow, x0, &mut noise).unwrap().x,
        n,
    );
    (mean - M).abs() + (variance - S * S).abs()
}

fn sde_error(solver: Solver, n: usize, e: f64) -> f64 {
    let sampler = Sampler {
        solver,
        grid: TimeGrid::uniform(n).unwrap(),
    };
    let sde = Langevin {
        velocity,
        score,
        e: move |_: f64| e,
    };
    let (mean, variance) = moments(
        |x0, mut noise| sampler.sample(&sde, x0, &mut noise).unwrap().x,
        n,
    );
    (mean - M).abs() + (variance - S * S).abs()
}

#[test]
fn the_law_at_one_is_the_target_for_every_diffusion() {
    assert!(flow_error(Solver::StochasticHeun, 200) < 1e-4);
    for e in [0.1, 0.5, 2.0] {
        let error = sde_error(Solver::StochasticHeun, 400, e);
        assert!(error < 2e-3, "e = {e}: {error}");
    }
}

#[test]
fn euler_is_of_first_and_heun_of_second_order() {
    let order = |error: &dyn Fn(usize) -> f64| (error(100) / error(200)).log2();
    let near = |got: f64, expected: f64| assert!((got - expected).abs() < 0.2, "{got} {expected}");
    near(order(&|n| flow_error(Solver::EulerMaruyama, n)), 1.0);
    near(order(&|n| flow_error(Solver::StochasticHeun, n)), 2.0);
    near(order(&|n| sde_error(Solver::EulerMaruyama, n, 0.5)), 1.0);
    near(order(&|n| sde_error(Solver::StochasticHeun, n, 0.5)), 2.0);
}

#[test]
fn every_usual_choice_of_e_gives_the_target() {
    // one-sided linear path; s is regular at both ends, so only the reverse of the noising process is cut
    let path = Linear { gamma: Gamma::Zero };
    let error = |e: Epsilon, grid: TimeGrid| {
        let sde = Langevin {
            velocity,
            score,
            e: e.on(path).unwrap(),
        };
        let solver = Solver::StochasticHeun;
        let n = grid.steps();
        let sampler = Sampler { solver, grid };
        let run = |x0, mut noise: &mut dyn FnMut(usize, &Tensor<2>) -> Tensor<2>| {
            sampler.sample(&sde, x0, &mut noise).unwrap().x
        };
        let (mean, variance) = moments(run, n);
        (mean - M).abs() + (variance - S * S).abs()
    };
    let grid = || TimeGrid::power(400, 1.5).unwrap();
    for e in [
        Epsilon::Constant(0.3),
        Epsilon::HalfSquare(1.0),
        Epsilon::Decreasing {
            e0: 1.0,
            power: 2.0,
        },
        Epsilon::Hump(1.0),
    ] {
        let error = error(e, grid());
        println!("{e:?}: {error:.1e}");
        assert!(error < 1e-3, "{e:?}: {error}");
    }
    // cut at 0.001, where N(0, 1) is wrong by about as much
    let cut = error(Epsilon::Sbdm(1.0), grid().within(1e-3, 1.0).unwrap());
    assert!(cut < 3e-3, "{cut}");
}
