//! O6: few calls suffice for a steep spectrum, if noise or schedule know of its scales.
//!
//! The exact drifts act on each mode alone and are linear, so a sampler's spectrum is its response to
//! unit draws, mode by mode: no draw of a field is needed.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use burn::tensor::Tensor;
use common::{tensor, values};
use foehn_dynamics::{
    Diffusion, ExponentialSteps, FollmerProcess, Hold, Sampler, Solver, TimeGrid,
};
use foehn_interpolant::{Follmer, FollmerBeta, Gamma, Linear};
use foehn_simulation::laws::MaternField;
use ndarray::Array2;

const SIZE: usize = 128;

fn error(field: &MaternField, power: Vec<f64>) -> f64 {
    let power = Array2::from_shape_vec((SIZE, SIZE), power).unwrap();
    field.spectral_error(&field.shells(&power))
}

/// Variance of the end, in units of the field's own, of Föllmer's process from 0 with matched noise of
/// amplitude `epsilon`: all modes are the same one, from 0 to N(0, 1).
fn matched(epsilon: f64, steps: usize) -> (f64, usize) {
    let path = Follmer::new(FollmerBeta::Linear, epsilon).unwrap();
    let drift = move |t: f64, x: Tensor<2>| {
        let sigma = path.sigma(t);
        // (t + sigma sigma' t)/(t^2 + sigma^2 t), t cancelled
        x * ((1.0 + sigma * path.d_sigma()) / (t + sigma * sigma))
    };
    let zero = tensor(vec![0.0; steps], [steps, 1]);
    let process = FollmerProcess::new(path, Diffusion::Follmer, drift, zero.clone());
    let sampler = Sampler {
        solver: Solver::EulerMaruyama,
        grid: TimeGrid::uniform(steps).unwrap(),
    };
    let mut probes = |step: usize, _: &Tensor<2>| {
        let mut z = vec![0.0; steps];
        z[step] = 1.0;
        tensor(z, [steps, 1])
    };
    let run = sampler.sample(&process, zero, &mut probes).unwrap();
    (values(run.x).iter().map(|x| x * x).sum(), run.calls)
}

#[test]
fn noise_of_the_field_s_own_spectrum_needs_five_calls() {
    let field = MaternField::new(SIZE, 3.0, 1.0);
    let spectral =
        |variance: f64| error(&field, field.power().iter().map(|p| p * variance).collect());
    let (variance, calls) = matched(1.8, 5);
    let tuned = spectral(variance);
    let plain = spectral(matched(1.0, 5).0);
    println!("matched noise, {calls} calls: {tuned:.4}, with epsilon = 1 {plain:.4}");
    assert!(calls == 5 && tuned <= 0.01 && plain <= 0.05);
}

#[test]
fn white_noise_needs_twenty_calls_on_times_that_follow_the_scales() {
    let field = MaternField::new(SIZE, 3.0, 1.0);
    let cells = (SIZE * SIZE) as f64;
    let variance: Vec<f64> = field.power().iter().map(|p| p * cells).collect();
    let modes = variance.len();
    let smallest = variance.iter().copied().fold(f64::INFINITY, f64::min);
    let target = tensor(variance.clone(), [1, modes]);
    let denoised = |t: f64, x: Tensor<2>| {
        let gain = target.clone() * t / (target.clone() * (t * t) + (1.0 - t).powi(2));
        x * gain
    };
    let run = |grid: TimeGrid, hold: Hold| {
        let steps = ExponentialSteps {
            schedule: Linear { gamma: Gamma::Zero },
            grid,
            share: 0.0,
            hold,
        };
        let mut none = |_: usize, like: &Tensor<2>| like.zeros_like();
        let ones = tensor(vec![1.0; modes], [1, modes]);
        let run = steps.sample(&denoised, ones, &mut none).unwrap();
        let power = values(run.x).iter().map(|x| x * x / cells).collect();
        (error(&field, power), run.calls)
    };
    // alpha/beta falls by equal factors from the largest scale's deviation to the smallest's
    let largest = variance.iter().copied().fold(0.0, f64::max);
    let (first, last) = (largest.sqrt(), smallest.sqrt());
    let n = 20;
    let mut times = vec![0.0];
    for i in 0..n - 1 {
        let ratio = first * (last / first).powf(i as f64 / (n - 2) as f64);
        times.push(1.0 / (1.0 + ratio));
    }
    times.push(1.0);
    let adapted = TimeGrid::new(times).unwrap();
    let (error, calls) = run(adapted.clone(), Hold::Slope);
    let (held, _) = run(adapted, Hold::Value);
    let (uniform, _) = run(TimeGrid::uniform(n).unwrap(), Hold::Slope);
    println!("white noise, {calls} calls: {error:.4}, held {held:.4}, uniform {uniform:.4}");
    assert!(calls == 20 && error <= 0.05 && uniform > 1.0);
}
