//! Models that see where they start, and what does not go with a start.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use burn::tensor::Device;
use foehn_compute::Workers;
use foehn_generation::{
    CouplingConfig, GenerationConfig, Law, Learner, Method, Model, Rows, SamplingConfig, Sizes,
    Starting, Starts, on_device, on_host,
};
use foehn_interpolant::{FollmerBeta, Gamma, Path, Target};
use foehn_network::MlpConfig;
use foehn_noise::{Key, Purpose};
use foehn_training::TrainConfig;
use ndarray::Array2;

/// x1 = x0 + or - this, with equal odds.
const JUMP: f64 = 3.0;
const COUNT: usize = 2000;
const LINEAR: Path = Path::Linear { gamma: Gamma::Zero };

fn source(starts: Starts) -> impl Fn(u64, usize, usize) -> Rows + Sync {
    move |seed, step, count| {
        let key = Key::new(seed, Purpose::Simulate).init(step as i64);
        let (mut z, mut u) = (vec![0f64; count], vec![0f64; count]);
        key.normals_f64(&mut z);
        key.member(1).uniforms(&mut u);
        let jump = |i: usize| if u[i] < 0.5 { -JUMP } else { JUMP };
        let x0 = Array2::from_shape_fn((count, 1), |(i, _)| z[i] as f32);
        Rows {
            x1: Array2::from_shape_fn((count, 1), |(i, _)| (z[i] + jump(i)) as f32),
            x0: (starts == Starts::Rows).then_some(x0),
            condition: None,
        }
    }
}

fn law(config: &GenerationConfig, starts: Starts) -> Result<Law, String> {
    let (state, condition) = (1, 0);
    let sizes = Sizes {
        state,
        condition,
        starts,
    };
    Law::new(config, sizes).map_err(|error| error.to_string())
}

fn model(config: &GenerationConfig, starts: Starts, steps: usize) -> Model {
    let train = TrainConfig {
        steps,
        batch_size: 256,
        micro_batch: 256,
        learning_rate: 5e-3,
        warmup: 20,
        weight_decay: 0.0,
        ema_decay: 0.98,
        ..TrainConfig::default()
    };
    let (law, device) = (law(config, starts).unwrap(), Device::flex());
    let mut learner = Learner::new(law, &train, source(starts), 1, &device).unwrap();
    let workers = Workers::new(1).unwrap();
    for _ in 0..steps {
        learner.step(&workers).unwrap();
    }
    learner.model().unwrap()
}

fn config(interpolant: Path, coupling: CouplingConfig) -> GenerationConfig {
    GenerationConfig {
        interpolant,
        coupling,
        network: MlpConfig {
            width: 48,
            depth: 2,
            time_features: 8,
            input_features: 0,
        },
        ..GenerationConfig::default()
    }
}

fn sample(model: &Model, how: &SamplingConfig, x0: &Array2<f32>) -> Result<Array2<f32>, String> {
    let device = Device::flex();
    let name = |i: usize| Key::new(5, Purpose::Sample).member(i as u32);
    let from = Starting {
        x0: (model.law.known() == foehn_interpolant::Known::Start).then(|| on_device(x0, &device)),
        condition: None,
        keys: (0..x0.nrows()).map(name).collect(),
    };
    let run = model.sample(how, from, &device);
    let run = run.map_err(|error| error.to_string())?;
    Ok(on_host(run.finite().unwrap()))
}

fn with(method: Method) -> SamplingConfig {
    SamplingConfig {
        method: Some(method),
        ..SamplingConfig::default()
    }
}

/// Of x1 = x0 +- 3 a flow that sees x0 would make one sample of every start.
#[test]
fn a_start_that_is_seen_spreads_on_a_path_made_for_it() {
    for gamma in [Gamma::Quadratic, Gamma::BrownianBridge { a: 1.0 }] {
        let config = GenerationConfig {
            sees_start: true,
            ..config(Path::Linear { gamma }, CouplingConfig::Given)
        };
        let refusal = law(&config, Starts::Rows).err().unwrap_or_default();
        assert!(refusal.contains("interpolant = follmer"), "{refusal}");
    }
    let (beta, epsilon) = (FollmerBeta::Quadratic, 2.0);
    let path = Path::Follmer { beta, epsilon };
    let model = model(&config(path, CouplingConfig::Given), Starts::Rows, 1500);
    let x0 = source(Starts::Rows)(9, 0, COUNT).x0.unwrap();
    let refusal = sample(&model, &with(Method::Flow), &x0).unwrap_err();
    assert!(refusal.contains("from a point"), "{refusal}");
    let x1 = sample(&model, &SamplingConfig::default(), &x0).unwrap();
    let shift = (&x1 - &x0).mapv(f64::from);
    let (mean, deviation) = (shift.mean().unwrap(), shift.std(0.0));
    println!("shift {mean:.3}, deviation {deviation:.3}");
    // 4 standard errors of 2000 signs (.27), and .3 for the network, a share of .05
    assert!(
        mean.abs() < 4.0 * JUMP / (COUNT as f64).sqrt() + 0.3,
        "{mean}"
    );
    assert!((deviation - JUMP).abs() < 0.3, "{deviation}");
}

#[test]
fn noisy_exponential_steps_are_refused_where_noise_and_data_are_paired() {
    let x0 = Array2::zeros((4, 1));
    for (coupling, refused) in [
        (CouplingConfig::Transport, true),
        (CouplingConfig::Independent, false),
    ] {
        let model = model(&config(LINEAR, coupling), Starts::Base, 1);
        let at = |share| {
            let how = SamplingConfig {
                share,
                ..with(Method::Exponential)
            };
            sample(&model, &how, &x0)
        };
        assert!(at(0.0).is_ok(), "{coupling:?}");
        let noisy = at(0.5);
        assert_eq!(noisy.is_err(), refused, "{coupling:?}");
        if let Err(refusal) = noisy {
            assert!(refusal.contains("share = 0"), "{refusal}");
        }
    }
}

#[test]
fn a_mirror_path_needs_data_to_start_from_and_does_not_show_it() {
    let path = Path::Mirror {
        gamma: Gamma::BrownianBridge { a: 1.0 },
    };
    let hidden = config(path, CouplingConfig::Mirror);
    let shown = GenerationConfig {
        sees_start: true,
        ..hidden.clone()
    };
    let refusal = |config, starts| law(config, starts).err().unwrap_or_default();
    assert_eq!(refusal(&hidden, Starts::Rows), "");
    assert!(refusal(&hidden, Starts::Base).contains("starts from data"));
    assert!(refusal(&shown, Starts::Rows).contains("x1 itself"));
}

/// A network that has not been trained predicts zero: the velocity it was to learn, of cost 0, and not the
/// `(0 - x) / (1 - t)` of its zero for x1.
#[test]
fn the_cost_of_a_path_is_that_of_the_velocity_that_was_learnt() {
    let device = Device::flex();
    let cost = |targets: Vec<Target>| {
        let config = GenerationConfig {
            targets: Some(targets),
            ..config(LINEAR, CouplingConfig::Independent)
        };
        let model = model(&config, Starts::Base, 0);
        model
            .path_cost(&source(Starts::Base), 1, 64, 1, &device)
            .unwrap()
    };
    assert_eq!(cost(vec![Target::Data, Target::Velocity]), 0.0);
    assert!(cost(vec![Target::Data]) > 1.0);
}
