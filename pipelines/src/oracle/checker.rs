//! O4: the density that a trained flow gives a checkerboard.

use super::answer::{Answer, Entry, Picture, Row, Table};
use super::learn::{School, course};
use anyhow::Result;
use burn::tensor::{DType, Device, Tensor, TensorData};
use foehn_dynamics::{Adaptive, Divergence, Likelihood, standard_normal_log_density};
use foehn_generation::{
    GenerationConfig, Law, Model, Rows, SamplingConfig, Sizes, Starting, Starts, on_device,
};
use foehn_interpolant::TimeLaw;
use foehn_network::MlpConfig;
use foehn_noise::{Key, Purpose};
use foehn_report::{Axis, Cloud, Scatter};
use foehn_simulation::laws::Checkerboard;
use ndarray::{Array2, s};
use std::f64::consts::TAU;

/// Standard deviation of a coordinate.
const DEVIATION: f64 = 2.309_401_076_758_503;
/// Points whose density is measured.
const POINTS: usize = 5000;
/// Points of those whose density is measured by random probes, too.
const PROBED: usize = 2000;
/// Mean negative log-likelihood at most, nats.
const BAR: f64 = 3.56;
const PART: usize = 500;

/// `count` draws in units of their deviation.
fn draws(key: Key, count: usize) -> Array2<f32> {
    let mut rng = key.rng();
    let points: Vec<[f64; 2]> = (0..count).map(|_| Checkerboard.sample(&mut rng)).collect();
    Array2::from_shape_fn((count, 2), |(i, j)| (points[i][j] / DEVIATION) as f32)
}

fn fresh(seed: u64, step: usize, count: usize) -> Rows {
    Rows {
        x1: draws(Key::new(seed, Purpose::Simulate).init(step as i64), count),
        x0: None,
        condition: None,
    }
}

/// Sharp edges: features of the inputs, and more effort where the path comes near the data.
fn law() -> Result<Law> {
    let config = GenerationConfig {
        time: TimeLaw::LogitNormal { mean: 0.7, sd: 1.4 },
        network: MlpConfig {
            width: 256,
            depth: 4,
            time_features: 32,
            input_features: 24,
        },
        ..GenerationConfig::default()
    };
    let sizes = Sizes {
        state: 2,
        condition: 0,
        starts: Starts::Base,
    };
    Ok(Law::new(&config, sizes)?)
}

/// Negative log-likelihood of held-out points, exact and by random probes.
pub fn run(school: School) -> Result<Answer> {
    let model = school.learn("checkerboard", law()?, &course(20_000, 1024, 4e-3), fresh)?;
    let points = draws(Key::new(7, Purpose::Validate), POINTS);
    let exact = losses(school, &model, &points, Divergence::Exact)?;
    let probed = points.slice(s![..PROBED, ..]).to_owned();
    let probed = losses(school, &model, &probed, Divergence::Rademacher(1))?;
    let differences: Vec<f64> = exact.iter().zip(&probed).map(|(a, b)| a - b).collect();
    let (mean, error) = mean(&exact);
    let (difference, spread) = self::mean(&differences);
    let entropy = Checkerboard.entropy();
    let samples = school.sample(&model, &SamplingConfig::default(), POINTS, None, None)?;
    let inside = samples
        .rows()
        .into_iter()
        .filter(|x| Checkerboard.contains([0, 1].map(|i| f64::from(x[i]) * DEVIATION)));
    let outside = 1.0 - inside.count() as f64 / POINTS as f64;
    Ok(Answer {
        name: "checker".into(),
        title: "checkerboard, linear path from noise, a trained perceptron, exact divergence"
            .into(),
        tables: vec![
            Table {
                quantity: "mean -log rho1 of held-out points, nats (reference: the entropy)".into(),
                columns: vec!["measured".into(), "standard error".into()],
                rows: vec![row(
                    "exact divergence",
                    vec![
                        Entry {
                            reference: Some(entropy),
                            ..Entry::at_most(mean, BAR)
                        },
                        Entry::shown(error),
                    ],
                )],
            },
            Table {
                quantity: "what must not be more (bars)".into(),
                columns: vec!["measured".into()],
                rows: vec![
                    row(
                        "standard errors below the entropy",
                        vec![Entry::at_most((entropy - mean) / error, 3.0)],
                    ),
                    row(
                        "exact - one probe of random signs, in standard errors",
                        vec![Entry::at_most((difference / spread).abs(), 3.0)],
                    ),
                    row(
                        "error of log N(x; 0, 0.3^2) along an exact flow",
                        vec![Entry::at_most(gaussian_error()?, 1e-4)],
                    ),
                ],
            },
            Table {
                quantity: "samples of the flow, 50 steps of heun".into(),
                columns: vec!["measured".into()],
                rows: vec![row("share outside the cells", vec![Entry::shown(outside)])],
            },
        ],
        figure: Picture::Points(figure(&points, &samples)),
    })
}

fn row(label: &str, entries: Vec<Entry>) -> Row {
    let label = label.to_owned();
    Row { label, entries }
}

fn figure(points: &Array2<f32>, samples: &Array2<f32>) -> Scatter {
    let cloud = |title: &str, rows: &Array2<f32>| Cloud {
        title: title.to_owned(),
        points: rows
            .rows()
            .into_iter()
            .map(|x| (f64::from(x[0]) * DEVIATION, f64::from(x[1]) * DEVIATION))
            .collect(),
        links: Vec::new(),
    };
    Scatter {
        title: "Checkerboard".into(),
        x: Axis::new("x", "").between(-4.6, 4.6),
        y: Axis::new("y", "").between(-4.6, 4.6),
        clouds: vec![cloud("law", points), cloud("trained flow", samples)],
    }
}

/// Mean and its standard error.
fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
    (mean, (square / (n * (n - 1.0))).sqrt())
}

/// `-log rho1` of every point in original units.
fn losses(
    school: School,
    model: &Model,
    points: &Array2<f32>,
    divergence: Divergence,
) -> Result<Vec<f64>> {
    let count = points.nrows();
    let parts = school.workers.map(count.div_ceil(PART), |i| {
        let part = i * PART..((i + 1) * PART).min(count);
        let x1 = on_device(
            &points.slice(s![part.clone(), ..]).to_owned(),
            &Device::flex(),
        );
        let name = |i: usize| Key::new(3, Purpose::Sample).member(i as u32);
        let from = Starting {
            x0: None,
            condition: None,
            keys: part.map(name).collect(),
        };
        let how = SamplingConfig {
            tolerance: 1e-3,
            ..SamplingConfig::default()
        };
        let run = model.log_density(&how, divergence, x1, from)?;
        let log: Vec<f64> = run.log_density.into_data().iter::<f64>().collect();
        Ok::<_, anyhow::Error>(log)
    })?;
    let volume = 2.0 * DEVIATION.ln();
    Ok(parts.concat().into_iter().map(|log| volume - log).collect())
}

/// The largest error of the log-density of N(0, 0.3^2), reached from N(0, 1) along the exact flow of the
/// linear path.
fn gaussian_error() -> Result<f64> {
    const S: f64 = 0.3;
    let velocity = |t: f64, x: Tensor<2>| {
        let variance = (1.0 - t).powi(2) + (t * S).powi(2);
        x * ((t * S * S - (1.0 - t)) / variance)
    };
    let places: Vec<f64> = (0..13).map(|i| (f64::from(i) / 2.0 - 3.0) * S).collect();
    let device = (&Device::flex(), DType::F64);
    let x1 = Tensor::<2>::from_data(TensorData::new(places.clone(), [13, 1]), device);
    let divergence = Divergence::Exact;
    let likelihood = Likelihood {
        velocity,
        divergence,
    };
    let solver = Adaptive::new(1e-7);
    let run = likelihood.log_density(&solver, x1, &[], standard_normal_log_density)?;
    let exact = |x: f64| -(x / S).powi(2) / 2.0 - S.ln() - TAU.ln() / 2.0;
    let found = run.log_density.into_data();
    let pairs = found.iter::<f64>().zip(places);
    Ok(pairs
        .map(|(log, x)| (log - exact(x)).abs())
        .fold(0.0, f64::max))
}
