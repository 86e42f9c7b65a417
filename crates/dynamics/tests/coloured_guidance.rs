//! Guided samplers on paths of coloured noise: a correlated Gaussian, its noise of another covariance, what
//! was seen of it, and the posterior; moments propagated exactly.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use burn::tensor::Tensor;
use common::{euler, moments, probes, tensor, values};
use foehn_dynamics::{
    Diffusion, Epsilon, ExponentialSde, FollmerProcess, Guidance, GuidedFollmer, GuidedLangevin,
    Langevin, LinearObservation, Sampler, Solver, Spread, TimeGrid,
};
use foehn_interpolant::{Colour, Follmer, FollmerBeta, Gamma, Linear, Schedule};
use ndarray::{Array1, Array2, arr1, arr2};

const N: usize = 3;

/// A square root of the noise's covariance.
fn root() -> Array2<f64> {
    arr2(&[[1.1, 0.0, 0.0], [-0.6, 0.8, 0.0], [0.3, 0.5, 0.6]])
}

/// The covariance of x1 given x0: not a multiple of S, nor with its axes.
fn prior() -> Array2<f64> {
    let a = arr2(&[[0.9, 0.2, 0.0], [0.4, -0.7, 0.3], [0.1, 0.3, 0.8]]);
    a.dot(&a.t())
}

fn mean() -> Array1<f64> {
    arr1(&[0.5, -1.0, 0.2])
}

fn start() -> Array1<f64> {
    arr1(&[1.0, 0.0, -0.5])
}

/// A mask and an average, with their error variances.
fn seen() -> (Array2<f64>, [f64; 2], [f64; 2]) {
    let matrix = arr2(&[[0.0, 0.0, 1.0], [0.5, 0.5, 0.0]]);
    (matrix, [0.05, 0.2], [1.4, 0.3])
}

/// By Gauss-Jordan; the matrices here are small and well conditioned.
fn inverse(a: &Array2<f64>) -> Array2<f64> {
    let n = a.nrows();
    let (mut a, mut inverse) = (a.clone(), Array2::<f64>::eye(n));
    for k in 0..n {
        let pivot = a[[k, k]];
        a.row_mut(k).mapv_inplace(|v| v / pivot);
        inverse.row_mut(k).mapv_inplace(|v| v / pivot);
        for i in (0..n).filter(|i| *i != k) {
            let factor = a[[i, k]];
            let (row, image) = (a.row(k).to_owned(), inverse.row(k).to_owned());
            a.row_mut(i).scaled_add(-factor, &row);
            inverse.row_mut(i).scaled_add(-factor, &image);
        }
    }
    inverse
}

/// Mean and covariance of x1 given what was seen, for this covariance of x1.
fn posterior(c: &Array2<f64>) -> (Vec<f64>, Vec<f64>) {
    let (a, variance, y) = seen();
    let total = a.dot(c).dot(&a.t()) + Array2::from_diag(&arr1(&variance));
    let gain = c.dot(&a.t()).dot(&inverse(&total));
    let m = mean() + gain.dot(&(arr1(&y) - a.dot(&mean())));
    (
        m.to_vec(),
        (c - &gain.dot(&a).dot(c)).iter().copied().collect(),
    )
}

fn guidance(spread: Spread, batch: usize) -> Guidance {
    let (a, variance, y) = seen();
    let matrix = a.iter().copied().collect();
    let observation = LinearObservation::new(matrix, N, variance.to_vec()).unwrap();
    Guidance::new(observation, tensor(y.repeat(batch), [batch, 2]), spread)
        .unwrap()
        .coloured(&colour())
}

fn matrix(a: &Array2<f64>) -> Tensor<2> {
    tensor(a.iter().copied().collect(), [N, N])
}

fn colour() -> Colour {
    Colour::from_root(matrix(&root()))
}

fn rows(row: &Array1<f64>, batch: usize) -> Tensor<2> {
    tensor(row.to_vec().repeat(batch), [batch, N])
}

/// Unit draws of the colour.
fn coloured(step: usize, like: &Tensor<2>) -> Tensor<2> {
    colour().apply(probes(step, like))
}

fn worst(x: Tensor<2>, (mean, covariance): &(Vec<f64>, Vec<f64>)) -> f64 {
    let (m, c) = moments(x);
    let pairs = m.iter().zip(mean).chain(c.iter().zip(covariance));
    pairs.fold(0f64, |w, (a, b)| w.max((a - b).abs()))
}

/// Föllmer's process to N(mean, c) with coloured noise; its drift is
/// `alpha' x0 + beta' m + (beta beta' C + sigma sigma' t S)(beta^2 C + sigma^2 t S)^-1 (x - alpha x0 - beta m)`.
fn process(
    path: Follmer,
    c: Array2<f64>,
    diffusion: Diffusion,
    batch: usize,
) -> FollmerProcess<impl Fn(f64, Tensor<2>) -> Tensor<2>, 2> {
    let s = root().dot(&root().t());
    let drift = move |t: f64, x: Tensor<2>| {
        let (at, sigma) = (path.at(t), path.sigma(t));
        let gain = if t == 0.0 {
            Array2::zeros((N, N))
        } else {
            let rate = &c * (at.beta * at.d_beta) + &s * (sigma * path.d_sigma() * t);
            rate.dot(&inverse(&(&c * at.beta.powi(2) + &s * (sigma * sigma * t))))
        };
        let (x0, m) = (rows(&start(), batch), rows(&mean(), batch));
        let off = x - x0.clone() * at.alpha - m.clone() * at.beta;
        off.matmul(matrix(&gain.t().to_owned())) + x0 * at.d_alpha + m * at.d_beta
    };
    FollmerProcess::new(path, diffusion, drift, rows(&start(), batch))
}

fn foellmer(c: &Array2<f64>, diffusion: Diffusion, spread: Spread, n: usize) -> Tensor<2> {
    let path = Follmer::new(FollmerBeta::Linear, 0.8).unwrap();
    let batch = N * n + 1;
    let process = GuidedFollmer {
        process: process(path, c.clone(), diffusion, batch),
        guidance: guidance(spread, batch),
    };
    if diffusion == Diffusion::Zero {
        let grid = TimeGrid::uniform(n).unwrap();
        return ExponentialSde { grid }
            .sample(&process, &mut coloured)
            .unwrap()
            .x;
    }
    let x0 = rows(&start(), batch);
    euler(n).sample(&process, x0, &mut coloured).unwrap().x
}

#[test]
fn foellmer_s_process_reaches_the_posterior_for_every_diffusion() {
    let exact = posterior(&prior());
    for diffusion in [Diffusion::Sigma, Diffusion::Follmer, Diffusion::Zero] {
        let [coarse, fine] =
            [100, 200].map(|n| worst(foellmer(&prior(), diffusion, Spread::Jacobian, n), &exact));
        println!("coloured, {diffusion:?}: {coarse:.4} {fine:.4}");
        assert!(
            fine < 0.02 && fine < 0.6 * coarse,
            "{diffusion:?} {coarse} {fine}"
        );
    }
}

#[test]
fn a_prior_of_the_noise_s_colour_needs_no_derivative() {
    let c = root().dot(&root().t()) * 1.7;
    let exact = posterior(&c);
    for diffusion in [Diffusion::Sigma, Diffusion::Follmer] {
        let [prior, jacobian] = [Spread::Prior(1.7), Spread::Jacobian]
            .map(|spread| foellmer(&c, diffusion, spread, 100));
        let same = values(prior.clone() - jacobian);
        assert!(same.iter().all(|d| d.abs() < 1e-6));
        let error = worst(prior, &exact);
        println!("prior of the colour, {diffusion:?}: {error:.4}");
        assert!(error < 0.03, "{diffusion:?} {error}");
    }
}

#[test]
fn a_one_sided_path_from_coloured_noise_reaches_the_posterior() {
    let exact = posterior(&prior());
    let s = root().dot(&root().t());
    let path = Linear { gamma: Gamma::Zero };
    let error = |e: Epsilon, n: usize| {
        let batch = N * n + 1 + N;
        let linear = |gain: Array2<f64>, t: f64, x: Tensor<2>| {
            (x - rows(&mean(), batch) * t).matmul(matrix(&gain.t().to_owned()))
        };
        let total = |t: f64| inverse(&(&s * (1.0 - t).powi(2) + prior() * (t * t)));
        let process = GuidedLangevin {
            process: Langevin {
                velocity: |t: f64, x: Tensor<2>| {
                    let rate = prior() * t - &s * (1.0 - t);
                    linear(rate.dot(&total(t)), t, x) + rows(&mean(), batch)
                },
                // S s
                score: |t: f64, x: Tensor<2>| linear(-s.dot(&total(t)), t, x),
                e: e.on(path).unwrap(),
            },
            denoiser: |t: f64, x: Tensor<2>| {
                linear((prior() * t).dot(&total(t)), t, x) + rows(&mean(), batch)
            },
            schedule: path,
            guidance: guidance(Spread::Jacobian, batch),
        };
        let sampler = Sampler {
            solver: Solver::EulerMaruyama,
            grid: TimeGrid::power(n, 2.0).unwrap().within(1e-3, 1.0).unwrap(),
        };
        let z = probes(n, &Tensor::zeros([batch, N], &burn::tensor::Device::flex()));
        let run = sampler
            .sample(&process, colour().apply(z), &mut coloured)
            .unwrap();
        worst(run.x, &exact)
    };
    for e in [Epsilon::Constant(0.0), Epsilon::Sbdm(1.0)] {
        let (coarse, fine) = (error(e, 100), error(e, 200));
        println!("coloured, one-sided, {e:?}: {coarse:.4} {fine:.4}");
        assert!(fine < 0.05 && fine < 0.7 * coarse, "{e:?} {coarse} {fine}");
    }
}

#[test]
fn without_the_colour_the_law_is_another() {
    let exact = posterior(&prior());
    let path = Follmer::new(FollmerBeta::Linear, 0.8).unwrap();
    let n = 200;
    let batch = N * n + 1;
    let process = GuidedFollmer {
        process: process(path, prior(), Diffusion::Sigma, batch),
        guidance: guidance(Spread::Jacobian, batch).coloured(&Colour::white()),
    };
    let x0 = rows(&start(), batch);
    let run = euler(n).sample(&process, x0, &mut coloured).unwrap();
    let error = worst(run.x, &exact);
    println!("guided as if the noise were white: {error:.4}");
    assert!(error > 0.1, "{error}");
}
