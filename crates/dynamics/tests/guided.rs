//! O5, guided sampling of a scalar linear-Gaussian law, moments propagated exactly.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use burn::tensor::Tensor;
use common::{euler, moments, probes, tensor};
use foehn_dynamics::{
    Diffusion, ExponentialSde, FollmerProcess, Guidance, GuidedFollmer, LinearObservation, Spread,
    TimeGrid,
};
use foehn_interpolant::{Follmer, FollmerBeta};
use foehn_simulation::laws::LinearAssimilation;

// ---- O5: x1 = x0 + N(0, 1), y = x1 + N(0, 1)

const X0: f64 = 0.4;
/// y - x0 has variance 2 and the sampled mean's error is proportional to it, so the mean of KL over all
/// cases is KL at one standard deviation.
const Y: f64 = X0 + std::f64::consts::SQRT_2;

fn process(
    beta: FollmerBeta,
    diffusion: Diffusion,
    batch: usize,
) -> FollmerProcess<impl Fn(f64, Tensor<2>) -> Tensor<2>, 2> {
    let path = Follmer::new(beta, 1.0).unwrap();
    let drift = move |t: f64, x: Tensor<2>| {
        let ((b, db), sigma) = (path.beta_at(t), path.sigma(t));
        let k = if t == 0.0 {
            0.0
        } else {
            (b * db + sigma * path.d_sigma() * t) / (b * b + sigma * sigma * t)
        };
        (x - (1.0 - t + b) * X0) * k + (db - 1.0) * X0
    };
    FollmerProcess::new(path, diffusion, drift, tensor(vec![X0; batch], [batch, 1]))
}

fn kl(x: Tensor<2>) -> f64 {
    let (mean, variance) = moments(x);
    LinearAssimilation::default().divergence(X0, Y, mean[0], variance[0])
}

fn guided(beta: FollmerBeta, diffusion: Diffusion, spread: Spread, n: usize) -> (f64, usize) {
    let batch = n + 1;
    let process = GuidedFollmer {
        process: process(beta, diffusion, batch),
        guidance: Guidance::new(
            LinearObservation::mask(&[0], 1, 1.0).unwrap(),
            tensor(vec![Y; batch], [batch, 1]),
            spread,
        )
        .unwrap(),
    };
    let start = tensor(vec![X0; batch], [batch, 1]);
    let run = euler(n).sample(&process, start, &mut probes).unwrap();
    (kl(run.x), run.calls)
}

#[test]
fn guided_samples_follow_the_posterior_for_every_diffusion() {
    for beta in [FollmerBeta::Linear, FollmerBeta::Quadratic] {
        for diffusion in [Diffusion::Sigma, Diffusion::Follmer] {
            for spread in [Spread::Prior(1.0), Spread::Jacobian] {
                let (fifty, calls) = guided(beta, diffusion, spread, 50);
                let (hundred, _) = guided(beta, diffusion, spread, 100);
                println!("{beta:?} {diffusion:?} {spread:?}: {fifty:.2e} {hundred:.2e}");
                assert!(fifty <= 1e-2 && hundred <= 1e-3, "{fifty} {hundred}");
                assert_eq!(calls, 100);
            }
        }
    }
}

#[test]
fn guided_exponential_steps_follow_the_posterior_without_noise_too() {
    let error = |beta, diffusion, n: usize| {
        let batch = n + 1;
        let process = GuidedFollmer {
            process: process(beta, diffusion, batch),
            guidance: Guidance::new(
                LinearObservation::mask(&[0], 1, 1.0).unwrap(),
                tensor(vec![Y; batch], [batch, 1]),
                Spread::Prior(1.0),
            )
            .unwrap(),
        };
        let grid = TimeGrid::uniform(n).unwrap();
        let run = ExponentialSde { grid }
            .sample(&process, &mut probes)
            .unwrap();
        assert_eq!(run.calls, 2 * n);
        kl(run.x)
    };
    for beta in [FollmerBeta::Linear, FollmerBeta::Quadratic] {
        for diffusion in [Diffusion::Zero, Diffusion::Sigma] {
            let (fifty, hundred) = (error(beta, diffusion, 50), error(beta, diffusion, 100));
            println!("exponential {beta:?} {diffusion:?}: {fifty:.2e} {hundred:.2e}");
            assert!(fifty <= 1e-2 && hundred <= 1e-3, "{fifty} {hundred}");
        }
    }
}
