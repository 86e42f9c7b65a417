//! Every path, coupling and sampler on laws whose samples and densities are known.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use burn::tensor::Device;
use foehn_compute::Workers;
use foehn_dynamics::{Diffusion, Divergence};
use foehn_generation::{
    CouplingConfig, GenerationConfig, GridConfig, Law, Learner, Method, Model, Rows,
    SamplingConfig, Sizes, Starting, Starts, on_device, on_host,
};
use foehn_interpolant::{FollmerBeta, Gamma, Horizon, Path, Scaling, Sinkhorn};
use foehn_network::MlpConfig;
use foehn_noise::{Key, Purpose};
use foehn_training::TrainConfig;
use ndarray::{Array2, Axis};
use std::f64::consts::{E, TAU};

/// x1 ~ N(M, S^2) in both coordinates; starts ~ N(START, 1).
const M: f64 = 0.5;
const S: f64 = 0.6;
const START: f64 = -0.5;
const COUNT: usize = 2000;
/// Errors of sampled means and deviations: 4 standard errors of 2000 samples (.09 S), and .08 for the
/// network, which has had two seconds of training.
const TOLERANCE: f64 = 0.054 + 0.08;

fn normal(key: Key, count: usize, mean: f64, deviation: f64) -> Array2<f32> {
    let mut z = vec![0f64; 2 * count];
    key.normals_f64(&mut z);
    Array2::from_shape_fn((count, 2), |(i, j)| {
        (mean + deviation * z[2 * i + j]) as f32
    })
}

/// Independent rows of data and, where the path starts from data, of starts.
fn source(starts: Starts) -> impl Fn(u64, usize, usize) -> Rows + Sync {
    move |seed, step, count| {
        let key = Key::new(seed, Purpose::Simulate).init(step as i64);
        let x0 = normal(key.member(1), count, START, 1.0);
        Rows {
            x1: normal(key, count, M, S),
            x0: (starts == Starts::Rows).then_some(x0),
            condition: None,
        }
    }
}

fn learn(config: &GenerationConfig, starts: Starts) -> Model {
    let (state, condition) = (2, 0);
    let law = Law::new(
        config,
        Sizes {
            state,
            condition,
            starts,
        },
    )
    .unwrap();
    let train = TrainConfig {
        steps: 600,
        batch_size: 128,
        micro_batch: 128,
        learning_rate: 5e-3,
        warmup: 20,
        weight_decay: 0.0,
        ema_decay: 0.98,
        ..TrainConfig::default()
    };
    let mut learner = Learner::new(law, &train, source(starts), 1, &Device::flex()).unwrap();
    let workers = Workers::new(1).unwrap();
    for _ in 0..train.steps {
        learner.step(&workers).unwrap();
    }
    learner.model().unwrap()
}

fn config(interpolant: Path, coupling: CouplingConfig) -> GenerationConfig {
    GenerationConfig {
        interpolant,
        coupling,
        network: MlpConfig {
            width: 32,
            depth: 2,
            time_features: 8,
            input_features: 0,
        },
        ..GenerationConfig::default()
    }
}

fn sample(
    model: &Model,
    how: &SamplingConfig,
    x0: Option<&Array2<f32>>,
    count: usize,
) -> Array2<f32> {
    let device = Device::flex();
    let name = |i: usize| Key::new(5, Purpose::Sample).member(i as u32);
    let from = Starting {
        x0: x0.map(|x0| on_device(x0, &device)),
        condition: None,
        keys: (0..count).map(name).collect(),
    };
    on_host(model.sample(how, from, &device).unwrap().finite().unwrap())
}

fn check(model: &Model, how: &SamplingConfig, starts: Starts, name: &str) {
    let x0 = normal(Key::new(6, Purpose::Validate), COUNT, START, 1.0);
    let x = sample(model, how, (starts == Starts::Rows).then_some(&x0), COUNT);
    let x = x.mapv(f64::from);
    for (j, column) in x.axis_iter(Axis(1)).enumerate() {
        let mean = column.mean().unwrap();
        let deviation = column.std(0.0);
        assert!(
            (mean - M).abs() < TOLERANCE,
            "{name}, {how:?}: mean {j} is {mean}"
        );
        assert!(
            (deviation - S).abs() < TOLERANCE,
            "{name}, {how:?}: deviation {j} is {deviation}"
        );
    }
}

fn method(method: Method) -> SamplingConfig {
    SamplingConfig {
        method: Some(method),
        ..SamplingConfig::default()
    }
}

const INDEPENDENT: CouplingConfig = CouplingConfig::Independent;
const LINEAR: Path = Path::Linear { gamma: Gamma::Zero };

#[test]
fn paths_from_noise_reach_the_law_by_every_sampler() {
    let horizon = Horizon::Infinite;
    for (name, path) in [
        ("linear", LINEAR),
        (
            "one-sided",
            Path::OneSided {
                sides: Box::new(LINEAR),
            },
        ),
        ("vp", Path::VariancePreserving { horizon }),
        ("sub-vp", Path::SubVariancePreserving { horizon }),
    ] {
        let model = learn(&config(path, INDEPENDENT), Starts::Base);
        for how in [
            Method::Flow,
            Method::Adaptive,
            Method::Sde,
            Method::Exponential,
        ] {
            let within = if name.ends_with("vp") {
                [0.0, 0.999]
            } else {
                [0.0, 1.0]
            };
            check(
                &model,
                &SamplingConfig {
                    within,
                    ..method(how)
                },
                Starts::Base,
                name,
            );
        }
    }
}

#[test]
fn variance_exploding_paths_start_wide() {
    let (sigma_max, power) = (10.0, 2.0);
    let model = learn(
        &config(Path::VarianceExploding { sigma_max, power }, INDEPENDENT),
        Starts::Base,
    );
    for how in [Method::Flow, Method::Exponential] {
        let cosine = SamplingConfig {
            grid: GridConfig::Cosine,
            ..method(how)
        };
        check(&model, &cosine, Starts::Base, "ve");
    }
}

#[test]
fn paths_from_rows_of_data_reach_the_law() {
    let scaling = Scaling::default();
    for (name, path) in [
        ("linear", LINEAR),
        (
            "linear with noise",
            Path::Linear {
                gamma: Gamma::Quadratic,
            },
        ),
        (
            "bridge",
            Path::Linear {
                gamma: Gamma::BrownianBridge { a: 0.5 },
            },
        ),
        (
            "trigonometric",
            Path::Trigonometric {
                gamma: Gamma::SineSquared,
                scaling,
            },
        ),
        ("encoding-decoding", Path::EncodingDecoding {}),
    ] {
        let noisy = path != LINEAR;
        let model = learn(&config(path, INDEPENDENT), Starts::Rows);
        check(&model, &method(Method::Flow), Starts::Rows, name);
        if noisy {
            check(&model, &method(Method::Sde), Starts::Rows, name);
        }
    }
}

/// From data to data: the SDE forgets where it began, and keeps the law.
#[test]
fn a_mirror_path_keeps_the_law_and_moves_its_samples() {
    let gamma = Gamma::BrownianBridge { a: 2.0 };
    let model = learn(
        &config(Path::Mirror { gamma }, CouplingConfig::Mirror),
        Starts::Rows,
    );
    let x0 = normal(Key::new(6, Purpose::Validate), COUNT, M, S);
    let whole = SamplingConfig {
        steps: 100,
        ..method(Method::Sde)
    };
    // gamma' is infinite at both ends: the cut loses the variance gamma^2(.01) = .02 of .36
    let how = SamplingConfig {
        within: [0.01, 0.99],
        ..whole.clone()
    };
    let x = sample(&model, &how, Some(&x0), COUNT).mapv(f64::from);
    let x0 = x0.mapv(f64::from);
    for j in 0..2 {
        let (start, end) = (x0.column(j), x.column(j));
        let (mean, deviation) = (end.mean().unwrap(), end.std(0.0));
        assert!(
            (mean - M).abs() < TOLERANCE && (deviation - S).abs() < TOLERANCE,
            "{mean} {deviation}"
        );
        let product = (&start - M) * (&end - M);
        let correlation = product.mean().unwrap() / (S * S);
        assert!(correlation < 0.7, "{correlation}");
    }
    let device = Device::flex();
    let from = Starting {
        x0: Some(on_device(&Array2::zeros((1, 2)), &device)),
        condition: None,
        keys: vec![Key::new(1, Purpose::Sample)],
    };
    let refused = model.sample(&whole, from, &device).unwrap_err().to_string();
    assert!(
        refused.contains("at t = 0") && refused.contains("sampling.within"),
        "{refused}"
    );
}

#[test]
fn couplings_by_transport_reach_the_law() {
    for coupling in [
        CouplingConfig::Transport,
        CouplingConfig::Sinkhorn(Sinkhorn::default()),
    ] {
        for starts in [Starts::Base, Starts::Rows] {
            let model = learn(&config(LINEAR, coupling), starts);
            check(&model, &method(Method::Flow), starts, "transport");
        }
    }
}

#[test]
fn follmer_paths_reach_the_law_with_any_diffusion() {
    for beta in [FollmerBeta::Linear, FollmerBeta::Quadratic] {
        let path = Path::Follmer { beta, epsilon: 1.0 };
        for starts in [Starts::Base, Starts::Rows] {
            let model = learn(&config(path.clone(), INDEPENDENT), starts);
            for (how, diffusion) in [
                (Method::Sde, Diffusion::Sigma),
                (Method::Sde, Diffusion::Follmer),
                (Method::Exponential, Diffusion::Follmer),
                (Method::Exponential, Diffusion::Zero),
            ] {
                let how = SamplingConfig {
                    diffusion,
                    ..method(how)
                };
                check(&model, &how, starts, "föllmer");
            }
            let device = Device::flex();
            let from = Starting {
                x0: (starts == Starts::Rows).then(|| on_device(&Array2::zeros((1, 2)), &device)),
                condition: None,
                keys: vec![Key::new(1, Purpose::Sample)],
            };
            let refused = model
                .sample(&method(Method::Flow), from, &device)
                .unwrap_err();
            assert!(
                refused
                    .to_string()
                    .contains("from a point does not converge"),
                "{refused}"
            );
        }
    }
}

/// The mean log-density of the law's own draws is minus its entropy, less the divergence of the model
/// (at least 0): between the two within 4 standard errors (1/sqrt(2000)) and .05 for the network.
#[test]
fn log_densities_are_those_of_the_law() {
    let model = learn(&config(LINEAR, INDEPENDENT), Starts::Base);
    let device = Device::flex();
    let x1 = normal(Key::new(8, Purpose::Validate), COUNT, M, S);
    let entropy = 2.0 * ((TAU * E).ln() / 2.0 + S.ln());
    for divergence in [Divergence::Exact, Divergence::Rademacher(1)] {
        let name = |i: usize| Key::new(9, Purpose::Sample).member(i as u32);
        let from = Starting {
            x0: None,
            condition: None,
            keys: (0..COUNT).map(name).collect(),
        };
        let how = SamplingConfig::default();
        let run = model
            .log_density(&how, divergence, on_device(&x1, &device), from)
            .unwrap();
        let mean: f64 = run.log_density.into_data().iter::<f64>().sum::<f64>() / COUNT as f64;
        let error = 4.0 / (COUNT as f64).sqrt();
        assert!(
            -mean > entropy - error,
            "{divergence:?}: {mean}, entropy {entropy}"
        );
        assert!(
            -mean < entropy + error + 0.05,
            "{divergence:?}: {mean}, entropy {entropy}"
        );
    }
}

#[test]
fn a_sample_is_the_same_in_any_batch() {
    let model = learn(
        &config(
            Path::Linear {
                gamma: Gamma::Quadratic,
            },
            INDEPENDENT,
        ),
        Starts::Base,
    );
    for how in [Method::Flow, Method::Sde] {
        let how = SamplingConfig {
            steps: 10,
            ..method(how)
        };
        let (few, many) = (
            sample(&model, &how, None, 3),
            sample(&model, &how, None, 50),
        );
        let difference = (&few - &many.slice(ndarray::s![..3, ..])).mapv(f32::abs);
        assert!(difference.iter().all(|d| *d < 1e-6), "{difference}");
    }
}

#[test]
fn what_does_not_go_together_is_refused_with_a_remedy() {
    let law = |config: &GenerationConfig, starts| {
        let (state, condition) = (2, 0);
        Law::new(
            config,
            Sizes {
                state,
                condition,
                starts,
            },
        )
        .err()
        .map(|error| error.to_string())
    };
    let gamma = Gamma::BrownianBridge { a: 1.0 };
    for (config, starts, about) in [
        (
            config(LINEAR, CouplingConfig::Given),
            Starts::Base,
            "needs the starts x0",
        ),
        (
            config(LINEAR, CouplingConfig::Mirror),
            Starts::Rows,
            "interpolant = mirror",
        ),
        (
            config(Path::Mirror { gamma }, INDEPENDENT),
            Starts::Rows,
            "coupling = mirror",
        ),
        (
            config(
                Path::VariancePreserving {
                    horizon: Horizon::Infinite,
                },
                INDEPENDENT,
            ),
            Starts::Rows,
            "starts from Gaussian noise",
        ),
        (
            config(
                Path::OneSided {
                    sides: Box::new(LINEAR),
                },
                CouplingConfig::Transport,
            ),
            Starts::Base,
            "independent of the data",
        ),
        (
            GenerationConfig {
                sees_start: true,
                ..config(LINEAR, INDEPENDENT)
            },
            Starts::Base,
            "nothing left to learn",
        ),
        (
            GenerationConfig {
                targets: Some(vec![foehn_interpolant::Target::Drift]),
                ..config(LINEAR, INDEPENDENT)
            },
            Starts::Base,
            "only a Föllmer path has a drift",
        ),
    ] {
        let refused = law(&config, starts).unwrap_or_default();
        assert!(refused.contains(about), "{config:?}: {refused:?}");
    }
}
