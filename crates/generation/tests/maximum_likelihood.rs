//! Maximum likelihood through the flow: its density, its gradient, and a law whose entropy is known.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use foehn_compute::Workers;
use foehn_dynamics::{
    Divergence, Likelihood, SampleError, Sampler, Solver, TimeGrid, standard_normal_log_density,
};
use foehn_generation::{
    FlowLearner, GenerationError, MaximumLikelihood, MaximumLikelihoodConfig, Method,
    NormalizingFlow, Rows, SamplingConfig, Source, Starting, on_device,
};
use foehn_network::{Mlp, MlpConfig};
use foehn_noise::{Key, Purpose};
use foehn_training::{Layout, Recording, TrainConfig};
use ndarray::Array2;
use std::f64::consts::{E, TAU};

const BATCH: usize = 5;

fn config(divergence: Divergence) -> MaximumLikelihoodConfig {
    MaximumLikelihoodConfig {
        network: MlpConfig {
            width: 10,
            depth: 2,
            time_features: 2,
            input_features: 2,
        },
        steps: 4,
        solver: Solver::Rk4,
        divergence,
    }
}

fn draws(rows: usize, columns: usize, name: i64) -> Tensor<2> {
    let mut z = vec![0f64; rows * columns];
    let key = Key::new(5, Purpose::Train).init(name);
    key.normals_f64(&mut z);
    let data = TensorData::new(z, [rows, columns]);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

fn keys(count: usize) -> Vec<Key> {
    let key = Key::new(4, Purpose::Sample);
    (0..count as u32).map(|b| key.member(b)).collect()
}

/// Weights 0.4 N(0, 1) in double precision.
fn weights(likelihood: &MaximumLikelihood) -> (Mlp, Layout, Tensor<1>) {
    let network = likelihood.architecture().mlp(&Device::flex()).unwrap();
    let layout = Layout::of(&network);
    let flat = draws(1, layout.len(), 3).reshape([layout.len()]) * 0.4;
    (network, layout, flat)
}

#[test]
fn the_density_is_that_of_the_likelihood_along_the_flow() {
    for divergence in [
        Divergence::Exact,
        Divergence::Rademacher(1),
        Divergence::Gaussian(3),
    ] {
        let likelihood = MaximumLikelihood::new(&config(divergence), 3, 2).unwrap();
        let (network, layout, flat) = weights(&likelihood);
        let network = layout.install(network, &flat, Recording::Nothing).unwrap();
        let (x1, condition) = (draws(BATCH, 3, 1), draws(BATCH, 2, 2));
        let (given, keys) = (Some(condition), keys(BATCH));
        let log = likelihood
            .log_densities(&network, x1.clone(), given.clone(), &keys)
            .unwrap();
        let flow = NormalizingFlow {
            likelihood,
            network,
        };
        let rk4 = Sampler {
            solver: Solver::Rk4,
            grid: TimeGrid::uniform(4).unwrap().mirrored(),
        };
        let other = Likelihood {
            velocity: flow.velocity(given),
            divergence,
        };
        let other = other
            .log_density(&rk4, x1, &keys, standard_normal_log_density)
            .unwrap();
        let worst: f64 = (log - other.log_density).abs().max().into_scalar();
        assert!(worst < 1e-12, "{divergence:?}: {worst:e}");
    }
}

#[test]
fn the_gradient_of_the_loss_is_its_derivative() {
    for divergence in [Divergence::Exact, Divergence::Rademacher(1)] {
        let likelihood = MaximumLikelihood::new(&config(divergence), 2, 1).unwrap();
        let (network, layout, flat) = weights(&likelihood);
        let (x1, condition) = (draws(BATCH, 2, 1), draws(BATCH, 1, 2));
        let loss = |network: &Mlp| {
            let given = Some(condition.clone());
            likelihood
                .loss(network, x1.clone(), given, &keys(BATCH))
                .unwrap()
        };
        let install = |flat: &Tensor<1>, how| layout.install(network.clone(), flat, how).unwrap();
        let training = install(&flat, Recording::Gradients);
        let gradient = layout.gradient(&training, &loss(&training).backward());
        let gradient: Vec<f64> = gradient.try_into_vec_as().unwrap();
        let size = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
        for i in (0..layout.len()).step_by(7) {
            let at = |h: f64| {
                let mut values: Vec<f64> = flat.clone().try_into_vec_as().unwrap();
                values[i] += h;
                let data = TensorData::new(values, [layout.len()]);
                let moved = Tensor::<1>::from_data(data, (&Device::flex(), DType::F64));
                loss(&install(&moved, Recording::Nothing)).into_scalar::<f64>()
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            let error = (difference - gradient[i]).abs();
            assert!(
                error < 1e-7 * (1.0 + size),
                "{i}: {} or {difference}",
                gradient[i]
            );
        }
    }
}

const MEAN: [f64; 2] = [0.7, -1.2];
/// Variances along the axes turned by 0.6.
const LAMBDA: [f64; 2] = [1.8, 0.2];

/// Draws of the law, and their log-density.
fn gaussian(count: usize, name: i64) -> (Array2<f32>, Vec<f64>) {
    let z: Vec<f64> = draws(count, 2, name).try_into_vec_as().unwrap();
    let (s, c) = 0.6f64.sin_cos();
    let mut x = Array2::zeros((count, 2));
    let mut log = Vec::with_capacity(count);
    for (i, z) in z.chunks(2).enumerate() {
        let (a, b) = (LAMBDA[0].sqrt() * z[0], LAMBDA[1].sqrt() * z[1]);
        x[[i, 0]] = (MEAN[0] + a * c - b * s) as f32;
        x[[i, 1]] = (MEAN[1] + a * s + b * c) as f32;
        let square = z[0] * z[0] + z[1] * z[1];
        log.push(-0.5 * (square + (LAMBDA[0] * LAMBDA[1]).ln()) - TAU.ln());
    }
    (x, log)
}

fn trained(steps: usize, divergence: Divergence) -> FlowLearner<impl Source> {
    let train = TrainConfig {
        steps,
        batch_size: 256,
        micro_batch: 256,
        learning_rate: 1e-2,
        warmup: 20,
        weight_decay: 0.0,
        clip_norm: 10.0,
        ema_decay: 0.98,
        ..TrainConfig::default()
    };
    let config = MaximumLikelihoodConfig {
        network: MlpConfig {
            width: 32,
            depth: 2,
            time_features: 2,
            input_features: 0,
        },
        steps: 4,
        divergence,
        ..MaximumLikelihoodConfig::default()
    };
    let likelihood = MaximumLikelihood::new(&config, 2, 0).unwrap();
    let source = |_: u64, step: usize, count: usize| Rows {
        x1: gaussian(count, 100 + step as i64).0,
        x0: None,
        condition: None,
    };
    let (device, workers) = (Device::flex(), Workers::new(1).unwrap());
    let mut learner = FlowLearner::new(likelihood, &train, source, 2, &device).unwrap();
    for _ in 0..steps {
        learner.step(&workers).unwrap();
    }
    learner
}

#[test]
fn training_reaches_the_entropy_of_a_correlated_gaussian() {
    for (divergence, steps) in [(Divergence::Exact, 250), (Divergence::Rademacher(1), 250)] {
        let started = std::time::Instant::now();
        let flow = trained(steps, divergence).flow().unwrap();
        println!("{divergence:?}: {:.1} s", started.elapsed().as_secs_f64());
        held_out_density_is_near_the_entropy(&flow);
        samples_have_the_moments(&flow);
    }
}

fn held_out_density_is_near_the_entropy(flow: &NormalizingFlow) {
    const COUNT: usize = 4000;
    /// Nats above the entropy that training may leave.
    const LEFT: f64 = 0.01;
    let (x1, exact) = gaussian(COUNT, 1);
    let how = SamplingConfig {
        tolerance: 1e-5,
        ..SamplingConfig::default()
    };
    let from = Starting {
        x0: None,
        condition: None,
        keys: Vec::new(),
    };
    // adaptive steps: not the solve that was trained through
    let x1 = on_device(&x1, &Device::flex());
    let run = flow.log_density(&how, Divergence::Exact, x1, from).unwrap();
    assert!(run.failures.is_empty());
    let log = run.log_density.cast(FloatDType::F64);
    let log: Vec<f64> = log.try_into_vec_as().unwrap();
    let moments = |values: &[f64]| {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        (mean, (square / n).sqrt())
    };
    let (mean, error) = moments(&log);
    let nll = -mean;
    let entropy = (TAU * E).ln() + (LAMBDA[0] * LAMBDA[1]).ln() / 2.0;
    let apart: Vec<f64> = exact.iter().zip(&log).map(|(p, q)| p - q).collect();
    let (kl, kl_error) = moments(&apart);
    println!("held out {nll:.4} +- {error:.4}, entropy {entropy:.4}, KL {kl:.5} +- {kl_error:.5}");
    assert!(nll > entropy - 3.0 * error && nll < entropy + 3.0 * error + LEFT);
    assert!(kl > -3.0 * kl_error && kl < LEFT);
}

fn samples_have_the_moments(flow: &NormalizingFlow) {
    const COUNT: usize = 4000;
    let from = Starting {
        x0: None,
        condition: None,
        keys: keys(COUNT),
    };
    let how = SamplingConfig {
        method: Some(Method::Flow),
        steps: 20,
        ..SamplingConfig::default()
    };
    let run = flow.sample(&how, from, &Device::flex()).unwrap();
    let x = run.x.cast(FloatDType::F64);
    let x: Vec<f64> = x.try_into_vec_as().unwrap();
    let n = COUNT as f64;
    let mean = |f: &dyn Fn(&[f64]) -> f64| x.chunks(2).map(f).sum::<f64>() / n;
    let (s, c) = 0.6f64.sin_cos();
    for (axis, lambda) in [([c, s], LAMBDA[0]), ([-s, c], LAMBDA[1])] {
        let along = |x: &[f64]| axis[0] * (x[0] - MEAN[0]) + axis[1] * (x[1] - MEAN[1]);
        let (first, second) = (mean(&along), mean(&|x| along(x).powi(2)));
        println!("mean {first:.4}, variance {second:.4} of {lambda}");
        // 4 sigma of n draws, and what training may leave
        assert!(first.abs() < lambda.sqrt() * (4.0 / n.sqrt() + 0.1));
        assert!((second / lambda - 1.0).abs() < 4.0 * (2.0 / n).sqrt() + 0.15);
    }
}

#[test]
fn what_the_flow_cannot_do_is_refused() {
    let standing = MaximumLikelihoodConfig {
        steps: 0,
        ..config(Divergence::Exact)
    };
    assert!(MaximumLikelihood::new(&standing, 2, 0).is_err());
    let likelihood = MaximumLikelihood::new(&config(Divergence::Rademacher(1)), 2, 0).unwrap();
    let network = likelihood.architecture().mlp(&Device::flex()).unwrap();
    let x1 = |columns| draws(BATCH, columns, 1).cast(FloatDType::F32);
    let refused = |x1, condition, keys: &[Key]| {
        let loss = likelihood.loss(&network, x1, condition, keys);
        loss.unwrap_err()
    };
    let keyless = refused(x1(2), None, &[]);
    let (needed, found) = (BATCH, 0);
    assert!(
        matches!(keyless, GenerationError::Sample(e) if e == SampleError::Keys { needed, found })
    );
    let wide = refused(x1(3), None, &keys(BATCH)).to_string();
    assert_eq!(wide, "the table of states has 3 columns, but 2 are needed");
    let extra = refused(x1(2), Some(x1(2)), &keys(BATCH)).to_string();
    assert_eq!(
        extra,
        "the table of conditions has 2 columns, but 0 are needed"
    );
    let flow = NormalizingFlow {
        likelihood: likelihood.clone(),
        network: network.clone(),
    };
    let sample = |method, x0| {
        let how = SamplingConfig {
            method: Some(method),
            ..SamplingConfig::default()
        };
        let from = Starting {
            x0,
            condition: None,
            keys: keys(BATCH),
        };
        flow.sample(&how, from, &Device::flex())
    };
    let sde = sample(Method::Sde, None).unwrap_err().to_string();
    assert!(sde.contains("has no score"), "{sde}");
    let start = sample(Method::Flow, Some(x1(2))).unwrap_err().to_string();
    assert!(start.contains("leave out the starts"), "{start}");
    // before training the flow stands still: a sample is its noise, by both methods
    let still = sample(Method::Flow, None).unwrap().x;
    let adaptive = sample(Method::Adaptive, None).unwrap().x;
    assert_eq!((still - adaptive).abs().max().into_scalar::<f32>(), 0.0);
}
