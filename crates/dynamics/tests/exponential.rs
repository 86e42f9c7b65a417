//! Exponential steps and Langevin corrections on Gaussian laws, moments propagated exactly.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use burn::tensor::{DType, Device, Tensor, TensorData};
use foehn_dynamics::{
    Adaptive, Diffusion, Drift, ExponentialSde, ExponentialSteps, FollmerProcess, Hold,
    PredictorCorrector, ProbabilityFlow, SampleError, Sampler, Samples, Solver, TimeGrid,
};
use foehn_interpolant::{Follmer, FollmerBeta, Gamma, Linear};

const M: f64 = 0.9;
const V: f64 = 0.3;

fn column(values: Vec<f64>) -> Tensor<2> {
    let n = values.len();
    Tensor::from_data(
        TensorData::new(values, [n, 1]),
        (&Device::flex(), DType::F64),
    )
}

/// KL of the Gaussian that the affine map makes of unit draws, against N(M, V).
fn kl(run: Samples<2>) -> f64 {
    let x: Vec<f64> = run.x.into_data().try_to_vec().unwrap();
    let variance: f64 = x[1..].iter().map(|y| (y - x[0]).powi(2)).sum();
    let ratio = variance / V;
    (ratio - 1.0 - ratio.ln() + (x[0] - M).powi(2) / V) / 2.0
}

/// Draw `step` moves sample `step + 1` only; draws of corrections come after those of `n` steps.
fn probes(n: usize) -> impl FnMut(usize, &Tensor<2>) -> Tensor<2> {
    move |step, like| {
        let row = (step >> 24) * n + (step & 0xff_ffff) + 1;
        let mut z = vec![0.0; like.dims()[0]];
        z[row] = 1.0;
        column(z)
    }
}

fn process(
    beta: FollmerBeta,
    diffusion: Diffusion,
    batch: usize,
) -> FollmerProcess<impl Drift<2>, 2> {
    let path = Follmer::new(beta, 1.0).unwrap();
    let x0 = 1.5;
    let drift = move |t: f64, x: Tensor<2>| {
        let ((b, db), sigma) = (path.beta_at(t), path.sigma(t));
        let k = if t == 0.0 {
            0.0
        } else {
            (b * db * V + sigma * path.d_sigma() * t) / (b * b * V + sigma * sigma * t)
        };
        (x - ((1.0 - t) * x0 + b * M)) * k + (db * M - x0)
    };
    FollmerProcess::new(path, diffusion, drift, column(vec![x0; batch]))
}

fn follmer(beta: FollmerBeta, diffusion: Diffusion, n: usize) -> f64 {
    let grid = TimeGrid::uniform(n).unwrap();
    let process = process(beta, diffusion, n + 1);
    kl(ExponentialSde { grid }
        .sample(&process, &mut probes(n))
        .unwrap())
}

#[test]
fn a_diffusion_of_scale_nought_is_the_flow_and_an_impossible_one_is_refused() {
    let beta = FollmerBeta::Quadratic;
    let flow = follmer(beta, Diffusion::Zero, 20);
    for none in [Diffusion::Constant(0.0), Diffusion::FollmerTimes(0.0)] {
        assert_eq!(follmer(beta, none, 20), flow, "{none:?}");
        let sampler = Sampler {
            solver: Solver::Euler,
            grid: TimeGrid::uniform(20).unwrap(),
        };
        let x0 = column(vec![1.5; 21]);
        let run = sampler.sample(&process(beta, none, 21), x0.clone(), &mut probes(20));
        assert!(
            matches!(run, Err(SampleError::FlowFromPoint { .. })),
            "{none:?}"
        );
        let run = Adaptive::new(1e-4).solve(&process(beta, none, 21), x0);
        assert!(
            matches!(run, Err(SampleError::FlowFromPoint { .. })),
            "{none:?}"
        );
    }
    for scale in [-0.5, f64::NAN, f64::INFINITY] {
        for diffusion in [Diffusion::Constant(scale), Diffusion::FollmerTimes(scale)] {
            // one step sees the diffusion at t = 0 only
            let grid = TimeGrid::uniform(1).unwrap();
            let process = process(beta, diffusion, 2);
            let (solver, x0) = (Solver::EulerMaruyama, column(vec![1.5; 2]));
            let steps = ExponentialSde { grid: grid.clone() }.sample(&process, &mut probes(1));
            let walk = Sampler { solver, grid }.sample(&process, x0, &mut probes(1));
            for run in [steps, walk] {
                let refusal = run.unwrap_err().to_string();
                assert!(refusal.contains("the scale of a diffusion"), "{refusal}");
            }
        }
    }
}

#[test]
fn exponential_sde_steps_converge_in_law_for_every_diffusion() {
    for beta in [FollmerBeta::Linear, FollmerBeta::Quadratic] {
        for diffusion in [
            Diffusion::Zero,
            Diffusion::Sigma,
            Diffusion::Follmer,
            Diffusion::Constant(0.5),
            Diffusion::FollmerTimes(0.5),
            Diffusion::FollmerTimes(1.5),
        ] {
            let (coarse, fine) = (follmer(beta, diffusion, 200), follmer(beta, diffusion, 400));
            // KL is quadratic in the error of the moments
            let order = (coarse / fine).log2() / 2.0;
            println!("{beta:?} {diffusion:?}: KL(400) {fine:.2e}, order {order:.3}");
            // a constant g is singular beside sigma at t = 1, and there the order is lower
            let least = if matches!(diffusion, Diffusion::Constant(_)) {
                0.6
            } else {
                0.8
            };
            // more noise than the least-error choice costs more
            let most = if matches!(diffusion, Diffusion::FollmerTimes(_)) {
                4e-4
            } else {
                2e-4
            };
            assert!(
                order > least && order < 1.2 && fine < most,
                "{beta:?} {diffusion:?} {order} {fine}"
            );
        }
    }
}

fn denoised(t: f64, x: Tensor<2>) -> Tensor<2> {
    let variance = (1.0 - t).powi(2) + t * t * V;
    (x - t * M) * (t * V / variance) + M
}

fn one_sided(share: f64, hold: Hold, n: usize) -> f64 {
    let steps = ExponentialSteps {
        schedule: Linear { gamma: Gamma::Zero },
        // short steps at both ends, where log(beta / alpha) is steep
        grid: TimeGrid::cosine(n).unwrap(),
        share,
        hold,
    };
    let mut z = vec![0.0; n + 2];
    z[n + 1] = 1.0;
    kl(steps.sample(&denoised, column(z), &mut probes(n)).unwrap())
}

#[test]
fn one_sided_exponential_steps_converge_in_law_for_every_share_of_noise() {
    for share in [0.0, 0.3, 1.0] {
        let at = |n| one_sided(share, Hold::Value, n);
        let (order, fine) = ((at(100) / at(200)).log2() / 2.0, at(200));
        println!("share {share}: KL(200) {fine:.2e}, order {order:.3}");
        assert!(
            (order - 1.0).abs() < 0.2 && fine < 4e-4,
            "{share} {order} {fine}"
        );
    }
}

#[test]
fn a_slope_from_the_call_before_makes_the_flow_s_steps_second_order() {
    let at = |n| one_sided(0.0, Hold::Slope, n);
    let (order, fine) = ((at(50) / at(100)).log2() / 2.0, at(200));
    println!("slope: KL(200) {fine:.2e}, order {order:.3}");
    assert!((order - 2.0).abs() < 0.2 && fine < 0.01 * one_sided(0.0, Hold::Value, 200));
    // in law the slope helps with noise too
    for share in [0.3, 1.0] {
        let (value, slope) = (
            one_sided(share, Hold::Value, 200),
            one_sided(share, Hold::Slope, 200),
        );
        println!("share {share}: KL(200) value {value:.2e}, slope {slope:.2e}");
        assert!(slope < value);
    }
}

fn corrected(n: usize, corrections: usize, ratio: f64) -> Result<(f64, usize), SampleError> {
    // the Euler flow from N(0, 1) to N(M, V) along (1 - t) z + t x1
    let variance = |t: f64| (1.0 - t).powi(2) + t * t * V;
    let flow = ProbabilityFlow {
        velocity: move |t: f64, x: Tensor<2>| (x - t * M) * ((t * V - (1.0 - t)) / variance(t)) + M,
    };
    let process = PredictorCorrector {
        sampler: Sampler {
            solver: Solver::Euler,
            grid: TimeGrid::uniform(n).unwrap(),
        },
        score: move |t: f64, x: Tensor<2>| (x - t * M) / -variance(t),
        level: |t: f64| 1.0 - t,
        signal_to_noise: ratio,
        corrections,
    };
    let rows = (corrections + 1) * n + 2;
    let mut x0 = vec![0.0; rows];
    x0[rows - 1] = 1.0;
    let run = process.sample(&flow, column(x0), &mut probes(n))?;
    let calls = run.calls;
    Ok((kl(run), calls))
}

#[test]
fn langevin_corrections_bring_a_coarse_flow_to_its_law() {
    let (plain, _) = corrected(10, 0, 0.3).unwrap();
    let (two, calls) = corrected(10, 2, 0.3).unwrap();
    let (eight, _) = corrected(10, 8, 0.3).unwrap();
    println!("KL: none {plain:.2e}, two {two:.2e}, eight {eight:.2e}");
    assert!(
        two < 0.5 * plain && eight < two,
        "{plain:.2e} {two:.2e} {eight:.2e}"
    );
    // nothing is moved at t = 1, where the level is zero
    assert_eq!(calls, 10 + 2 * 9);
    assert!(corrected(10, 2, -0.3).is_err());
}
