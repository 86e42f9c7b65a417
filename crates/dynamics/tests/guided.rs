//! O5, guided sampling of a scalar linear-Gaussian law, moments propagated exactly.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use burn::tensor::Tensor;
use common::{euler, moments, probes, tensor, values};
use foehn_dynamics::{
    Diffusion, Dynamics, ExponentialSde, FollmerProcess, Guidance, GuidedFollmer,
    LinearObservation, Spread, TimeGrid,
};
use foehn_interpolant::{Follmer, FollmerBeta, Schedule};
use foehn_simulation::laws::{LinearAssimilation, PathPoint};

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
        let run = ExponentialSde { grid }.sample(&process, &mut probes);
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

/// A process with the exact gradient under any weight.
struct Weighted<P> {
    process: P,
    path: Follmer,
    weight: fn(g: f64, foellmer: f64) -> f64,
}

impl<P: Dynamics<2>> Dynamics<2> for Weighted<P> {
    fn drift(&self, t: f64, x: Tensor<2>) -> Tensor<2> {
        let g = self.process.diffusion(t);
        let weight = (self.weight)(g, Diffusion::Follmer.amplitude(&self.path, t));
        let c = self.path.at(t.max(1e-9));
        let point = PathPoint {
            alpha: c.alpha,
            beta: c.beta,
            gamma_square: c.gamma * c.gamma,
            d_alpha: c.d_alpha,
            d_beta: c.d_beta,
            gamma_d_gamma: c.gamma_d_gamma,
        };
        let law = LinearAssimilation::default();
        let gradient: Vec<f64> = values(x.clone())
            .iter()
            .map(|&x| law.observation_score(point, x, X0, Y))
            .collect();
        let gradient = tensor(gradient, x.dims());
        self.process.drift(t, x) + gradient * weight
    }

    fn diffusion(&self, t: f64) -> f64 {
        self.process.diffusion(t)
    }
}

#[test]
fn the_weight_of_doob_alone_samples_another_law_unless_g_is_foellmers() {
    let run = |beta, diffusion, weight, n: usize| {
        let dynamics = Weighted {
            process: process(beta, diffusion, n + 1),
            path: Follmer::new(beta, 1.0).unwrap(),
            weight,
        };
        let start = tensor(vec![X0; n + 1], [n + 1, 1]);
        moments(euler(n).sample(&dynamics, start, &mut probes).unwrap().x)
    };
    let (m, v) = LinearAssimilation::default().posterior(X0, Y);
    for beta in [FollmerBeta::Linear, FollmerBeta::Quadratic] {
        let right = run(beta, Diffusion::Sigma, |g, f| (g * g + f * f) / 2.0, 800);
        let wrong = run(beta, Diffusion::Sigma, |g, _| g * g, 800);
        let doob = run(beta, Diffusion::Follmer, |g, _| g * g, 800);
        println!(
            "{beta:?}: mean {m:.3}: right {:.3}, g^2 {:.3}",
            right.0[0], wrong.0[0]
        );
        for exact in [&right, &doob] {
            assert!((exact.0[0] - m).abs() < 0.01 && (exact.1[0] - v).abs() < 0.01);
        }
        // a bias that no step removes: a tenth of the posterior's deviation at least
        assert!((wrong.0[0] - m).abs() > 0.1 * v.sqrt(), "{wrong:?}");
    }
}
