//! The Föllmer samplers on the Ornstein-Uhlenbeck process, moments propagated exactly.
//!
//! `dX = -X dt + dW`, tau = 0.5, x0 = 1.5: `X_tau ~ N(m, v)`. The exact drift is affine in x, so every
//! sampler here is an affine map of its noise: its mean is the run without noise, its variance the sum
//! of the squared responses to each step's noise. The reference numbers are KL(sampler || truth) of an
//! independent propagation of the moments.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use burn::tensor::{DType, Device, Tensor, TensorData};
use foehn_dynamics::{
    Diffusion, Drift, Dynamics, ExponentialFlow, FollmerProcess, LastNoise, SampleError, Sampler,
    Solver, TimeGrid, WienerNoise,
};
use foehn_interpolant::{Follmer, FollmerBeta};
use foehn_simulation::laws::OrnsteinUhlenbeck;

const X0: f64 = 1.5;
const TAU: f64 = 0.5;
const STEPS: [usize; 6] = [5, 10, 20, 50, 100, 500];

fn law() -> (f64, f64) {
    (X0 * (-TAU).exp(), (1.0 - (-2.0 * TAU).exp()) / 2.0)
}

struct ExactDrift(Follmer);

impl Drift<2> for ExactDrift {
    fn drift(&self, t: f64, x: Tensor<2>) -> Tensor<2> {
        let (m, v) = law();
        let (sigma, d_sigma) = (self.0.sigma(t), self.0.d_sigma());
        let (beta, d_beta) = self.0.beta_at(t);
        let alpha = 1.0 - t;
        let variance = beta * beta * v + sigma * sigma * t;
        let k = if t == 0.0 {
            0.0
        } else {
            (beta * d_beta * v + sigma * d_sigma * t) / variance
        };
        (x - (alpha * X0 + beta * m)) * k + (d_beta * m - X0)
    }
}

fn start(batch: usize) -> Tensor<2> {
    let data = TensorData::new(vec![X0; batch], [batch, 1]);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

fn process(beta: FollmerBeta, diffusion: Diffusion, batch: usize) -> FollmerProcess<ExactDrift, 2> {
    let path = Follmer::new(beta, 1.0).unwrap();
    FollmerProcess::new(path, diffusion, ExactDrift(path), start(batch))
}

/// Sample 0 gets no noise, sample k + 1 a unit draw at step k only.
fn probes(step: usize, like: &Tensor<2>) -> Tensor<2> {
    let [batch, _] = like.dims();
    let mut z = vec![0.0; batch];
    z[step + 1] = 1.0;
    Tensor::from_data(TensorData::new(z, [batch, 1]), (&like.device(), DType::F64))
}

fn kl(x: Tensor<2>) -> f64 {
    let x = x.into_data().try_to_vec::<f64>().unwrap();
    let mean = x[0];
    let variance: f64 = x[1..].iter().map(|x| (x - mean).powi(2)).sum();
    OrnsteinUhlenbeck::default().divergence(X0, TAU, mean, variance)
}

fn sde(beta: FollmerBeta, diffusion: Diffusion, solver: Solver, n: usize, last: LastNoise) -> f64 {
    let sampler = Sampler {
        solver,
        grid: TimeGrid::uniform(n).unwrap(),
    };
    let process = process(beta, diffusion, n + 1);
    let run = sampler
        .sample_with(&process, start(n + 1), &mut probes, last)
        .unwrap();
    kl(run.x)
}

fn exponential(beta: FollmerBeta, n: usize) -> f64 {
    let flow = ExponentialFlow {
        grid: TimeGrid::uniform(n).unwrap(),
    };
    kl(flow
        .sample(&process(beta, Diffusion::Zero, n + 1), &mut probes)
        .x)
}

fn assert_row(name: &str, measured: impl Fn(usize) -> f64, reference: [f64; 6]) {
    for (n, expected) in STEPS.into_iter().zip(reference) {
        let got = measured(n);
        // the references have four digits
        assert!(
            (got / expected - 1.0).abs() < 0.01,
            "{name}, n = {n}: {got:.4e}, not {expected:.4e}"
        );
    }
}

#[test]
fn euler_maruyama_reaches_the_published_divergences() {
    use Diffusion::{Follmer, Sigma};
    use FollmerBeta::{Linear, Quadratic};
    use LastNoise::{Kept, Mean};
    let row = |name, beta, g, last, reference| {
        assert_row(
            name,
            |n| sde(beta, g, Solver::EulerMaruyama, n, last),
            reference,
        );
    };
    row(
        "t^2 sigma",
        Quadratic,
        Sigma,
        Kept,
        [5.000e-2, 1.567e-2, 4.462e-3, 7.769e-4, 2.000e-4, 8.194e-6],
    );
    row(
        "t^2 g_F",
        Quadratic,
        Follmer,
        Kept,
        [1.307e-2, 5.552e-3, 1.734e-3, 3.160e-4, 8.249e-5, 3.416e-6],
    );
    row(
        "t sigma",
        Linear,
        Sigma,
        Kept,
        [2.568e-3, 5.281e-4, 1.182e-4, 1.759e-5, 4.289e-6, 1.681e-7],
    );
    row(
        "t g_F",
        Linear,
        Follmer,
        Kept,
        [2.049e-6, 1.918e-5, 9.452e-6, 2.074e-6, 5.703e-7, 2.453e-8],
    );
    row(
        "t^2 g_F, mean",
        Quadratic,
        Follmer,
        Mean,
        [5.997e-2, 1.018e-2, 2.256e-3, 3.478e-4, 8.640e-5, 3.447e-6],
    );
    row(
        "t g_F, mean",
        Linear,
        Follmer,
        Mean,
        [1.578e-2, 1.242e-3, 1.179e-4, 7.272e-6, 1.146e-6, 2.865e-8],
    );
}

#[test]
fn exponential_flow_reaches_the_published_divergences() {
    let row = |name, beta, reference| assert_row(name, |n| exponential(beta, n), reference);
    row(
        "t^2",
        FollmerBeta::Quadratic,
        [1.447e-2, 3.816e-3, 9.906e-4, 1.627e-4, 4.106e-5, 1.655e-6],
    );
    row(
        "t",
        FollmerBeta::Linear,
        [1.239e-3, 5.776e-4, 2.069e-4, 4.531e-5, 1.357e-5, 7.589e-7],
    );
}

#[test]
fn euler_flow_from_a_point_is_refused_and_biased() {
    let biased = |n: usize| {
        let sampler = Sampler {
            solver: Solver::EulerMaruyama,
            grid: TimeGrid::uniform(n).unwrap(),
        };
        let process = process(FollmerBeta::Quadratic, Diffusion::Zero, n + 1);
        let refused = sampler.sample(&process, start(n + 1), &mut probes);
        assert!(matches!(refused, Err(SampleError::FlowFromPoint { .. })));
        kl(sampler
            .sample_biased_point_flow(&process, start(n + 1), &mut probes)
            .x)
    };
    assert_row(
        "euler flow",
        biased,
        [9.876e-2, 4.940e-2, 3.132e-2, 2.266e-2, 1.980e-2, 1.699e-2],
    );
}

#[test]
fn heun_is_of_second_weak_order_where_euler_is_of_first() {
    // KL is quadratic in the error of the moments: order p gives slope 2 p
    let slope = |solver| {
        let at = |n| {
            sde(
                FollmerBeta::Linear,
                Diffusion::Sigma,
                solver,
                n,
                LastNoise::Kept,
            )
        };
        (at(40) / at(80)).log2() / 2.0
    };
    let (euler, heun) = (slope(Solver::EulerMaruyama), slope(Solver::StochasticHeun));
    assert!((euler - 1.0).abs() < 0.15, "Euler-Maruyama: {euler}");
    assert!(heun > 1.8, "stochastic Heun: {heun}");
}

#[test]
fn closed_forms_agree_with_the_general_switch() {
    // g = c epsilon goes through the uncancelled formula; at the t where g_F equals it, both must agree
    for beta in [FollmerBeta::Linear, FollmerBeta::Quadratic] {
        for t in [0.2f64, 0.5, 0.9] {
            let path = Follmer::new(beta, 1.0).unwrap();
            let g = Diffusion::Follmer.amplitude(&path, t);
            let x = start(1) * 0.7;
            let at = |g| Dynamics::drift(&process(beta, g, 1), t, x.clone()).into_scalar::<f64>();
            let (closed, general) = (at(Diffusion::Follmer), at(Diffusion::Constant(g)));
            assert!(
                (closed - general).abs() < 1e-12 * closed.abs().max(1.0),
                "{beta:?} {t}"
            );
        }
    }
}

#[test]
fn denoised_is_the_conditional_mean_of_the_target() {
    let (m, v) = law();
    for beta in [FollmerBeta::Linear, FollmerBeta::Quadratic] {
        let process = process(beta, Diffusion::Sigma, 1);
        for t in [0.1f64, 0.5, 0.9] {
            let x = 0.4;
            let b = process.path().beta_at(t).0;
            let noise = process.path().sigma(t).powi(2) * t;
            // Gaussian regression of x1 on x_t
            let exact = m + b * v / (b * b * v + noise) * (x - (1.0 - t) * X0 - b * m);
            let got = process
                .denoised(t, start(1) * (x / X0))
                .into_scalar::<f64>();
            assert!((got - exact).abs() < 1e-12, "{beta:?} {t}: {got} {exact}");
        }
    }
}

#[test]
fn a_member_is_the_same_in_any_batch() {
    use foehn_noise::{Key, Purpose};
    let key = |member| Key::new(5, Purpose::Sample).init(86_400).member(member);
    let sample = |members: &[u32]| {
        let keys = members.iter().map(|&m| key(m)).collect();
        let sampler = Sampler {
            solver: Solver::StochasticHeun,
            grid: TimeGrid::uniform(7).unwrap(),
        };
        let process = process(FollmerBeta::Linear, Diffusion::Follmer, members.len());
        let run = sampler.sample(&process, start(members.len()), &mut WienerNoise::new(keys));
        run.unwrap().x.into_data().try_to_vec::<f64>().unwrap()
    };
    let all = sample(&[0, 1, 2, 3]);
    assert_eq!(sample(&[2]), [all[2]]);
    assert_eq!(sample(&[3, 1]), [all[3], all[1]]);
    assert_ne!(all[0], all[1]);
}
