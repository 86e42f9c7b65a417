//! What a coupling decides: whether pairs are kept, how short paths are, and how few steps they need.

use super::answer::{Answer, Entry, Picture, Row, Table};
use super::learn::{School, course};
use crate::generate::energy_distance;
use anyhow::Result;
use burn::tensor::Device;
use foehn_generation::{
    CouplingConfig, GenerationConfig, Law, Model, Rows, SamplingConfig, Sizes, Starts,
};
use foehn_interpolant::{Gamma, Path};
use foehn_network::MlpConfig;
use foehn_noise::{Key, Purpose};
use foehn_report::{Axis, Cloud, Scatter};
use foehn_simulation::laws::Checkerboard;
use ndarray::Array2;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use std::f64::consts::PI;

const BATCH: usize = 256;
/// Samples that are drawn; distances look at the first 2000.
const COUNT: usize = 4000;
/// Pairs that are drawn.
const LINKS: usize = 150;
/// Deviation of a point from its moon.
const WIDTH: f64 = 0.05;
/// Deviation of the start around its block, and of a coordinate of the checkerboard.
const AROUND: f64 = 0.5;
const DEVIATION: f64 = 2.309_401_076_758_503;
const STEPS: [usize; 3] = [4, 10, 50];
/// Energy distance at most between samples and the law of the moons, whose pairs jump.
const LAW: f64 = 0.02;

/// Two moons, and three couplings of one law.
pub fn run(school: School) -> Result<Answer> {
    let (moons, figure) = moons(school)?;
    let (cost, error) = transport(school)?;
    Ok(Answer {
        name: "couplings".into(),
        title: "trained perceptrons: pairs kept or not, and what a coupling costs".into(),
        tables: vec![moons, cost, error],
        figure: Picture::Points(figure),
    })
}

fn row(label: &str, entries: Vec<Entry>) -> Row {
    let label = label.to_owned();
    Row { label, entries }
}

/// A table of `count` points.
fn points(count: usize, mut draw: impl FnMut() -> [f64; 2]) -> Array2<f32> {
    let points: Vec<[f64; 2]> = (0..count).map(|_| draw()).collect();
    Array2::from_shape_fn((count, 2), |(i, j)| points[i][j] as f32)
}

/// The partner on the lower moon, its halves exchanged so that the paths of pairs cross.
fn partner(x: [f64; 2]) -> [f64; 2] {
    let (radius, angle) = (x[0].hypot(x[1]), x[1].atan2(x[0]));
    let angle = (angle + PI / 2.0).rem_euclid(PI);
    [1.0 + radius * angle.cos(), 0.5 - radius * angle.sin()]
}

fn upper(rng: &mut impl Rng) -> [f64; 2] {
    let z: f64 = StandardNormal.sample(rng);
    let (angle, radius) = (PI * rng.random::<f64>(), 1.0 + WIDTH * z);
    [radius * angle.cos(), radius * angle.sin()]
}

fn partners(x0: &Array2<f32>) -> Array2<f32> {
    let each = |i: usize| partner([f64::from(x0[[i, 0]]), f64::from(x0[[i, 1]])]);
    Array2::from_shape_fn(x0.dim(), |(i, j)| each(i)[j] as f32)
}

/// Pairs of moons: how far a sample is from the partner of its start.
fn moons(school: School) -> Result<(Table, Scatter)> {
    let pairs = |seed: u64, step: usize, count: usize| {
        let mut rng = Key::new(seed, Purpose::Simulate).init(step as i64).rng();
        let x0 = points(count, || upper(&mut rng));
        Rows {
            x1: partners(&x0),
            x0: Some(x0),
            condition: None,
        }
    };
    let learn = |label: &str, sees_start: bool| {
        let config = GenerationConfig {
            interpolant: Path::Linear { gamma: Gamma::Zero },
            coupling: CouplingConfig::Given,
            sees_start,
            network: MlpConfig::default(),
            ..GenerationConfig::default()
        };
        let sizes = Sizes {
            state: 2,
            condition: 0,
            starts: Starts::Rows,
        };
        school.learn(
            label,
            Law::new(&config, sizes)?,
            &course(3000, BATCH, 2e-3),
            pairs,
        )
    };
    let test = pairs(9, 0, COUNT);
    let x0 = test.x0.unwrap_or_default();
    let sampled =
        |model: &Model| school.sample(model, &SamplingConfig::default(), COUNT, Some(&x0), None);
    let marginal = sampled(&learn("two moons, marginal", false)?)?;
    let conditioned = sampled(&learn("two moons, conditioned", true)?)?;
    // draws of their own: distances between laws need independent samples
    let law = pairs(10, 0, COUNT).x1;
    let measured = |x: &Array2<f32>| (rms(x, &test.x1), energy_distance(x, &law));
    let (lost, law_lost) = measured(&marginal);
    let (kept, law_kept) = measured(&conditioned);
    let table = Table {
        quantity:
            "two moons, 50 steps of heun: rms distance to the partner, energy distance to the law"
                .into(),
        columns: vec!["partner".into(), "law".into()],
        rows: vec![
            row(
                "b(t, x): marginal model",
                vec![Entry::shown(lost), Entry::at_most(law_lost, LAW)],
            ),
            row(
                "b(t, x, x0): conditioned model",
                vec![
                    Entry::at_most(kept, 0.2 * lost),
                    Entry::at_most(law_kept, LAW),
                ],
            ),
        ],
    };
    let panel = |title: &str, x1: &Array2<f32>| {
        let at =
            |table: &Array2<f32>, i: usize| (f64::from(table[[i, 0]]), f64::from(table[[i, 1]]));
        Cloud {
            title: title.to_owned(),
            points: (0..COUNT / 2)
                .flat_map(|i| [at(&x0, i), at(x1, i)])
                .collect(),
            links: (0..LINKS).map(|i| [at(&x0, i), at(x1, i)]).collect(),
        }
    };
    let figure = Scatter {
        title: "Two moons: starts above, samples below, lines join them".into(),
        x: Axis::new("x", ""),
        y: Axis::new("y", ""),
        clouds: vec![
            panel("pairs of the data", &test.x1),
            panel("marginal model b(t, x)", &marginal),
            panel("conditioned model b(t, x, x0)", &conditioned),
        ],
    };
    Ok((table, figure))
}

fn rms(x: &Array2<f32>, y: &Array2<f32>) -> f64 {
    let squares = (x - y).mapv(|d| f64::from(d).powi(2));
    (squares.sum() / x.nrows() as f64).sqrt()
}

/// The centre of the block of 2 x 2 cells that a point lies in.
fn block(x: f64) -> f64 {
    2.0 * (x / 2.0).floor() + 1.0
}

/// The three couplings of noise (or blurred data) and the checkerboard, in units of its deviation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Independent,
    Transport,
    Dependent,
}

impl Kind {
    const ALL: [(Self, &'static str); 3] = [
        (Self::Independent, "independent"),
        (Self::Transport, "optimal transport in the batch"),
        (Self::Dependent, "data-dependent: block + noise"),
    ];

    fn rows(self, key: Key, count: usize) -> Rows {
        let mut rng = key.rng();
        let x1 = points(count, || Checkerboard.sample(&mut rng));
        let scaled = |x: f64| (x / DEVIATION) as f32;
        let blocks = x1.mapv(|x| scaled(block(f64::from(x))));
        let mut noise = || -> f64 { StandardNormal.sample(&mut rng) };
        let x0 = match self {
            Self::Dependent => blocks.mapv(|b| b + scaled(AROUND * noise())),
            Self::Independent | Self::Transport => {
                Array2::from_shape_simple_fn((count, 2), || noise() as f32)
            }
        };
        Rows {
            x1: x1.mapv(|x| scaled(f64::from(x))),
            x0: Some(x0),
            condition: (self == Self::Dependent).then_some(blocks),
        }
    }

    fn law(self) -> Result<Law> {
        let config = GenerationConfig {
            coupling: match self {
                Self::Independent => CouplingConfig::Independent,
                Self::Transport => CouplingConfig::Transport,
                Self::Dependent => CouplingConfig::Given,
            },
            network: MlpConfig {
                input_features: 12,
                ..MlpConfig::default()
            },
            ..GenerationConfig::default()
        };
        let sizes = Sizes {
            state: 2,
            condition: if self == Self::Dependent { 2 } else { 0 },
            starts: Starts::Rows,
        };
        Ok(Law::new(&config, sizes)?)
    }
}

/// `E|b|^2` over the path, and the energy distance at few steps.
fn transport(school: School) -> Result<(Table, Table)> {
    let (mut costs, mut errors) = (Vec::new(), Vec::new());
    for (kind, label) in Kind::ALL {
        let source = |seed: u64, step: usize, count: usize| {
            kind.rows(Key::new(seed, Purpose::Simulate).init(step as i64), count)
        };
        let law = kind.law()?;
        let model = school.learn(label, law, &course(5000, BATCH, 2e-3), source)?;
        let test = kind.rows(Key::new(8, Purpose::Validate), COUNT);
        let fresh = kind.rows(Key::new(9, Purpose::Validate), COUNT).x1;
        let x0 = test.x0.as_ref();
        let cost = model.path_cost(&source, 3, BATCH, COUNT / BATCH, &Device::flex())?;
        costs.push((label, cost));
        let mut found = Vec::new();
        for steps in STEPS {
            let how = SamplingConfig {
                steps,
                solver: Some(foehn_dynamics::Solver::Euler),
                ..SamplingConfig::default()
            };
            let x = school.sample(&model, &how, COUNT, x0, test.condition.as_ref())?;
            found.push(energy_distance(&x, &fresh));
        }
        errors.push((label, found));
    }
    let (independent, four) = (costs[0].1, errors[0].1[0]);
    let lower = |i: usize, value: f64, than: f64| match i {
        0 => Entry::shown(value),
        _ => Entry::at_most(value, than),
    };
    let cost_rows = costs
        .iter()
        .enumerate()
        .map(|(i, (label, cost))| row(label, vec![lower(i, *cost, independent)]));
    let error_rows = errors.iter().enumerate().map(|(i, (label, found))| {
        let entry = |(k, value): (usize, &f64)| match k {
            0 => lower(i, *value, four),
            _ => Entry::shown(*value),
        };
        row(label, found.iter().enumerate().map(entry).collect())
    });
    Ok((
        Table {
            quantity:
                "checkerboard: path cost E|b(t, x_t)|^2, mean over t (bars: below independent)"
                    .into(),
            columns: vec!["E|b|^2".into()],
            rows: cost_rows.collect(),
        },
        Table {
            quantity: "checkerboard: energy distance of the samples, by number of Euler steps"
                .into(),
            columns: STEPS.map(|n| n.to_string()).to_vec(),
            rows: error_rows.collect(),
        },
    ))
}
