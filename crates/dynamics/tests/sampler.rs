//! What a sampler refuses, counts and survives.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use burn::tensor::{DType, Device, Tensor, TensorData};
use foehn_dynamics::{
    Adaptive, Backward, BrownianPath, ClassifierFree, Epsilon, Langevin, NotFinite,
    ProbabilityFlow, ReverseDiffusion, SampleError, Sampler, Solver, TimeGrid, WienerNoise,
};
use foehn_interpolant::{Gamma, Linear};
use foehn_noise::{Key, Purpose};

fn column(values: &[f64]) -> Tensor<2> {
    Tensor::from_data(
        TensorData::new(values.to_vec(), [values.len(), 1]),
        (&Device::flex(), DType::F64),
    )
}

fn values(x: Tensor<2>) -> Vec<f64> {
    x.into_data().try_to_vec().unwrap()
}

fn sampler(solver: Solver, n: usize) -> Sampler {
    Sampler {
        solver,
        grid: TimeGrid::uniform(n).unwrap(),
    }
}

fn noise(members: u32) -> WienerNoise {
    let key = Key::new(3, Purpose::Sample);
    WienerNoise::new((0..members).map(|m| key.member(m)).collect())
}

fn pull(_: f64, x: Tensor<2>) -> Tensor<2> {
    x.neg()
}

fn langevin(
    e: impl Fn(f64) -> f64,
) -> Langevin<impl foehn_dynamics::Velocity<2>, impl foehn_dynamics::Score<2>, impl Fn(f64) -> f64>
{
    Langevin {
        velocity: pull,
        score: pull,
        e,
    }
}

#[test]
fn a_negative_diffusion_is_refused_where_it_is_negative() {
    let run = sampler(Solver::EulerMaruyama, 10).sample(
        &langevin(|t| 0.55 - t),
        column(&[1.0]),
        &mut noise(1),
    );
    let Err(SampleError::Diffusion { t, .. }) = run else {
        panic!("{run:?}");
    };
    assert!((t - 0.6).abs() < 1e-12);
    // infinite at the start: refused there, accepted once the grid is cut
    let path = Linear { gamma: Gamma::Zero };
    let infinite = || langevin(Epsilon::Sbdm(1.0).on(path).unwrap());
    let whole = sampler(Solver::EulerMaruyama, 10);
    let run = whole.sample(&infinite(), column(&[1.0]), &mut noise(1));
    assert!(matches!(run, Err(SampleError::Diffusion { t: 0.0, .. })));
    let cut = Sampler {
        grid: whole.grid.within(0.01, 1.0).unwrap(),
        ..whole
    };
    assert!(
        cut.sample(&infinite(), column(&[1.0]), &mut noise(1))
            .is_ok()
    );
}

#[test]
fn methods_for_flows_refuse_noise() {
    for solver in Solver::ALL {
        let run = sampler(solver, 4).sample(&langevin(|_| 0.1), column(&[1.0]), &mut noise(1));
        let ignored = matches!(run, Err(SampleError::NoiseIgnored { .. }));
        assert_eq!(ignored, solver.orders().strong.is_none(), "{solver:?}");
        let solved = sampler(solver, 4).solve(&langevin(|_| 0.1), column(&[1.0]));
        assert!(matches!(solved, Err(SampleError::NoiseIgnored { .. })));
    }
    assert!(
        Adaptive::new(1e-3)
            .solve(&langevin(|_| 0.1), column(&[1.0]))
            .is_err()
    );
}

#[test]
fn calls_to_every_learnt_function_are_counted() {
    let flow = || ProbabilityFlow { velocity: pull };
    for solver in Solver::ALL {
        let calls = sampler(solver, 7)
            .solve(&flow(), column(&[1.0]))
            .unwrap()
            .calls;
        assert_eq!(calls, 7 * solver.calls_per_step(), "{solver:?}");
    }
    let both = ClassifierFree {
        unconditional: pull,
        conditional: pull,
        weight: 2.0,
    };
    let run = sampler(Solver::Heun, 3).solve(&ProbabilityFlow { velocity: both }, column(&[1.0]));
    assert_eq!(run.unwrap().calls, 12);
    // velocity and score; the velocity alone where e = 0
    let e = |t: f64| if t < 0.5 { 1.0 } else { 0.0 };
    let run =
        sampler(Solver::EulerMaruyama, 10).sample(&langevin(e), column(&[1.0]), &mut noise(1));
    assert_eq!(run.unwrap().calls, 15);
}

#[test]
fn a_member_that_leaves_the_numbers_is_named_and_the_others_survive() {
    // finite while |x| < 4: growth by 1.5 a step from 2 passes it in the second step of four
    let fragile = |_: f64, x: Tensor<2>| (x.clone().square().neg() + 16.0).sqrt() * 0.0 + x * 2.0;
    let run = |starts: &[f64]| {
        let flow = ProbabilityFlow { velocity: fragile };
        sampler(Solver::Euler, 4)
            .solve(&flow, column(starts))
            .unwrap()
    };
    let all = run(&[0.1, 2.0, f64::NAN, -0.2]);
    let failure = |step, t, member| NotFinite { step, t, member };
    assert_eq!(all.failures, [failure(2, 0.75, 1), failure(0, 0.25, 2)]);
    let x = values(all.x.clone());
    assert_eq!([x[0]], values(run(&[0.1]).x)[..]);
    assert_eq!([x[3]], values(run(&[-0.2]).finite().unwrap())[..]);
    let error = all.finite().unwrap_err().to_string();
    assert!(error.contains("member 1") && error.contains("step 2") && error.contains("0.75"));
}

#[test]
fn adaptive_steps_give_up_a_lost_member_and_keep_the_rest() {
    // sqrt(1 - x) ends at x = 1, which a start at 0.9 reaches before t = 1
    let fragile = |_: f64, x: Tensor<2>| (x.neg() + 1.0).sqrt() * 0.0 + 0.5;
    let flow = ProbabilityFlow { velocity: fragile };
    let run = Adaptive::new(1e-6)
        .solve(&flow, column(&[0.1, 0.9]))
        .unwrap();
    assert_eq!(run.failures.len(), 1);
    assert_eq!(run.failures[0].member, 1);
    assert!((run.failures[0].t - 0.2).abs() < 1e-3);
    assert!((values(run.x)[0] - 0.6).abs() < 1e-9);
}

#[test]
fn backward_flow_undoes_the_flow() {
    let forward = ProbabilityFlow {
        velocity: |t: f64, x: Tensor<2>| x.sin() * (1.0 + t),
    };
    let start = [0.4, -1.2];
    let sampler = sampler(Solver::DormandPrince, 40);
    let x1 = sampler.solve(&forward, column(&start)).unwrap().x;
    let back = values(sampler.solve(&Backward(forward), x1).unwrap().x);
    for (x, y) in start.iter().zip(back) {
        assert!((x - y).abs() < 1e-8);
    }
}

/// Mean and variance of the last state of an affine map, whose start has mean `m` and deviation `s`.
fn moments(dynamics: &impl foehn_dynamics::Dynamics<2>, n: usize, m: f64, s: f64) -> (f64, f64) {
    let mut x0 = vec![m; n + 2];
    x0[n + 1] += s;
    let mut probes = |step: usize, like: &Tensor<2>| {
        let mut z = vec![0.0; like.dims()[0]];
        z[step + 1] = 1.0;
        column(&z)
    };
    let run = sampler(Solver::StochasticHeun, n).sample(dynamics, column(&x0), &mut probes);
    let x = values(run.unwrap().x);
    (x[0], x[1..].iter().map(|y| (y - x[0]).powi(2)).sum())
}

#[test]
fn the_backward_sde_carries_the_target_to_the_start() {
    // linear path from N(0, 1) to N(2, 0.25)
    let variance = |t: f64| (1.0 - t).powi(2) + 0.25 * t * t;
    let process = |e0: f64| Langevin {
        velocity: move |t: f64, x: Tensor<2>| {
            (x - 2.0 * t) * ((0.25 * t - (1.0 - t)) / variance(t)) + 2.0
        },
        score: move |t: f64, x: Tensor<2>| (x - 2.0 * t) / -variance(t),
        e: move |_: f64| e0,
    };
    for e0 in [0.0, 0.2, 1.0] {
        let (mean, variance) = moments(&Backward(process(e0)), 400, 2.0, 0.5);
        assert!(
            mean.abs() < 1e-4 && (variance - 1.0).abs() < 1e-3,
            "{e0}: {mean} {variance}"
        );
    }
}

#[test]
fn reverse_diffusion_and_probability_flow_reach_the_data() {
    // dX = -X dtau + sqrt2 dW from N(0.7, 0.09), horizon 6: started from N(0, 1), biased by e^-6
    let law = |tau: f64| {
        let decay = (-tau).exp();
        (0.7 * decay, 0.09 * decay * decay + 1.0 - decay * decay)
    };
    for noise in [0.0, 1.0] {
        let process = ReverseDiffusion {
            score: move |tau: f64, x: Tensor<2>| {
                let (m, v) = law(tau);
                (x - m) / -v
            },
            a: |_: f64| -1.0,
            g: |_: f64| 2f64.sqrt(),
            horizon: 6.0,
            noise,
        };
        let (mean, variance) = moments(&process, 1600, 0.0, 1.0);
        assert!(
            (mean - 0.7).abs() < 3e-3 && (variance - 0.09).abs() < 1e-3,
            "{noise}: {mean} {variance}"
        );
    }
}

#[test]
fn a_member_follows_the_same_path_in_any_batch_and_at_any_step() {
    let key = Key::new(3, Purpose::Sample).init(-5).lead(4);
    let path =
        |members: &[u32]| BrownianPath::new(members.iter().map(|&m| key.member(m)).collect(), 12);
    // without drift the end is the path's own, whatever the steps; the grid of 12 is off the ticks
    let drifting = langevin(|_| 0.5);
    let still = |members: &[u32], solver, n| {
        let motionless = Langevin {
            velocity: |_: f64, x: Tensor<2>| x.zeros_like(),
            score: |_: f64, x: Tensor<2>| x.zeros_like(),
            e: |_: f64| 0.5,
        };
        let start = column(&vec![0.0; members.len()]);
        let run = sampler(solver, n).sample(&motionless, start, &mut path(members));
        values(run.unwrap().x)
    };
    let whole = still(&[0, 1, 2], Solver::EulerMaruyama, 1);
    for (solver, n) in [
        (Solver::EulerMaruyama, 2),
        (Solver::StochasticHeun, 64),
        (Solver::Sra1, 256),
    ] {
        for (a, b) in whole.iter().zip(still(&[0, 1, 2], solver, n)) {
            assert!((a - b).abs() < 1e-12, "{solver:?} {n}");
        }
    }
    assert_eq!(
        still(&[2, 0], Solver::EulerMaruyama, 1),
        [whole[2], whole[0]]
    );
    let off = still(&[0, 1, 2], Solver::EulerMaruyama, 12);
    assert!(whole.iter().zip(off).all(|(a, b)| (a - b).abs() < 0.05));
    let run = |members: &[u32]| {
        let start = column(&vec![1.0; members.len()]);
        let run = sampler(Solver::Sra1, 8).sample(&drifting, start, &mut path(members));
        values(run.unwrap().x)
    };
    assert_eq!(run(&[1, 2])[1], run(&[2])[0]);
}
