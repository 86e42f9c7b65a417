//! O2: a mixture in the plane whose modes turn into one another.

use super::answer::{Answer, Entry, Picture, Row, Table};
use super::learn::School;
use super::mixture2d_learnt;
use super::normal::{point, tensor, values};
use crate::sweep::Sweep;
use anyhow::Result;
use burn::tensor::Tensor;
use foehn_dynamics::{
    Diffusion, ExponentialFlow, FollmerProcess, Sampler, Solver, TimeGrid, WienerNoise,
};
use foehn_interpolant::{Follmer, FollmerBeta};
use foehn_noise::{Key, Purpose};
use foehn_report::{Axis, Lines, Reference};
use foehn_simulation::laws::{RotatingMixture, mixture_drift};
use std::f64::consts::TAU;

/// Of so many members the weights alone are off by 0.005 on average.
pub const MEMBERS: usize = 20_000;
pub const START: [f64; 2] = [5.0, 0.0];
pub const LEAD: f64 = 0.5;
const STEPS: [usize; 5] = [5, 10, 20, 50, 100];
const MODES: usize = 5;
/// Modes with enough members to measure their spread.
const MEASURED: usize = 3;
/// Total variation of the weights from 50 steps on, deviations at 100 (part of the exact ones).
const BARS: (f64, f64) = (0.01, 0.05);
/// What the weights may be off at 100 steps for beta = t.
const LINEAR: f64 = 0.02;

/// What one sampler gave at one number of steps.
pub struct Quality {
    /// Total variation between the weights of the modes and the exact ones.
    pub weights: f64,
    /// Deviations within the mode where they are furthest from the exact ones, along and across.
    pub deviations: [f64; 2],
}

/// Weights of the modes and deviations within them: for beta = t^2 over diffusions and steps, for beta = t with
/// sigma and `g_F`; with a `school` also with a drift that it learns.
pub fn run(school: Option<School>) -> Result<Answer> {
    use Diffusion::{Follmer, FollmerTimes, Sigma, Zero};
    let law = RotatingMixture::default();
    let exact = law.conditional(START, LEAD)[0].variances.map(f64::sqrt);
    let several = [
        ("flow", Zero),
        ("sigma", Sigma),
        ("g_F / 2", FollmerTimes(0.5)),
        ("g_F", Follmer),
        ("2 g_F", FollmerTimes(2.0)),
    ];
    let mut spreads = Vec::new();
    let quadratic = swept(FollmerBeta::Quadratic, &several, exact, &mut spreads)?;
    let two = [("sigma", Sigma), ("g_F", Follmer)];
    let linear = swept(FollmerBeta::Linear, &two, exact, &mut spreads)?;
    let spreads = Table {
        quantity: "standard deviation within a mode (the worst of three), by number of steps"
            .into(),
        columns: STEPS.map(|n| n.to_string()).to_vec(),
        rows: spreads,
    };
    let learnt = school.map(mixture2d_learnt::table).transpose()?;
    let mut answer = Answer {
        name: "mixture2d".into(),
        title: format!("rotating mixture in the plane, exact drift, {MEMBERS} members"),
        tables: vec![
            quadratic.table_with(|diffusion, n, value| {
                let held = matches!(diffusion, "beta = t^2, sigma" | "beta = t^2, g_F");
                if held && n >= 50 {
                    Entry::at_most(value, BARS.0)
                } else {
                    Entry::shown(value)
                }
            }),
            // on a law of several modes beta = t needs more steps
            linear.table_with(|_, n, value| match n {
                100 => Entry::at_most(value, LINEAR),
                _ => Entry::shown(value),
            }),
            spreads,
        ],
        figure: Picture::Curves(Lines {
            series: [quadratic.series(), linear.series()].concat(),
            y: Axis::new("total variation", "").from_zero(),
            references: vec![Reference::Line {
                value: BARS.0,
                label: "bar".into(),
            }],
            ..quadratic.figure("Five modes: total variation of their weights", "")
        }),
    };
    answer.tables.extend(learnt);
    Ok(answer)
}

/// The weights over diffusions and steps; rows of the deviations go to `spreads`.
fn swept(
    beta: FollmerBeta,
    diffusions: &[(&str, Diffusion)],
    exact: [f64; 2],
    spreads: &mut Vec<Row>,
) -> Result<Sweep> {
    let name = match beta {
        FollmerBeta::Quadratic => "beta = t^2",
        FollmerBeta::Linear => "beta = t",
    };
    let named: Vec<(String, Diffusion)> = diffusions
        .iter()
        .map(|(g, diffusion)| (format!("{name}, {g}"), *diffusion))
        .collect();
    let mut deviations = Vec::new();
    let what = "total variation of the modes' weights";
    let sweep = Sweep::run(what, &named, &STEPS, |diffusion, n| {
        let found = measured(&samples(beta, *diffusion, n)?);
        deviations.push(found.deviations);
        Ok(found.weights)
    })?;
    for ((label, _), deviations) in named.iter().zip(deviations.chunks(STEPS.len())) {
        for (i, axis) in ["along", "across"].into_iter().enumerate() {
            let measured = deviations.iter().map(|d| d[i]);
            spreads.push(spread_row(&format!("{label}, {axis}"), measured, exact[i]));
        }
    }
    Ok(sweep)
}

fn spread_row(label: &str, measured: impl Iterator<Item = f64>, exact: f64) -> Row {
    let entry = |(n, value): (usize, f64)| {
        if n == 100 {
            Entry::within(value, exact, BARS.1)
        } else {
            Entry::beside(value, exact)
        }
    };
    Row {
        label: label.to_owned(),
        entries: STEPS.into_iter().zip(measured).map(entry).collect(),
    }
}

fn turn([x, y]: [f64; 2], angle: f64) -> [f64; 2] {
    let (sin, cos) = angle.sin_cos();
    [cos * x - sin * y, sin * x + cos * y]
}

fn samples(beta: FollmerBeta, diffusion: Diffusion, steps: usize) -> Result<Vec<f64>> {
    let mut components = RotatingMixture::default().conditional(START, LEAD);
    components.retain(|c| c.weight > 1e-12);
    let path = Follmer::new(beta, 1.0)?;
    let exact = |t: f64, x: Tensor<2>| {
        let point = point(&path, t);
        let f = values(x)
            .chunks(2)
            .flat_map(|x| mixture_drift(&components, point, START, [x[0], x[1]]))
            .collect();
        tensor(f, [MEMBERS, 2])
    };
    let start = tensor(START.repeat(MEMBERS), [MEMBERS, 2]);
    let process = FollmerProcess::new(path, diffusion, exact, start.clone());
    let grid = TimeGrid::uniform(steps)?;
    let key = Key::new(17, Purpose::Sample);
    let mut noise = WienerNoise::new((0..MEMBERS as u32).map(|m| key.member(m)).collect());
    let run = if diffusion == Diffusion::Zero {
        ExponentialFlow { grid }.sample(&process, &mut noise)
    } else {
        let solver = Solver::EulerMaruyama;
        Sampler { solver, grid }.sample(&process, start, &mut noise)?
    };
    Ok(values(run.finite()?))
}

/// What states, (x, y) by (x, y), say of the modes.
pub fn measured(x: &[f64]) -> Quality {
    let law = RotatingMixture::default();
    let exact = law.conditional(START, LEAD)[0].variances.map(f64::sqrt);
    let mut modes = vec![Vec::new(); MODES];
    for x in x.chunks(2) {
        let angle = x[1].atan2(x[0]).rem_euclid(TAU);
        let mode = (angle / TAU * MODES as f64).round() as usize % MODES;
        modes[mode].push(turn([x[0], x[1]], -TAU * mode as f64 / MODES as f64));
    }
    let members = (x.len() / 2) as f64;
    let differences = modes
        .iter()
        .zip(law.turns(LEAD))
        .map(|(m, p)| (m.len() as f64 / members - p).abs());
    let weights = differences.sum::<f64>() / 2.0;
    let worst = |i: usize| {
        let all = modes[..MEASURED].iter().map(|mode| deviation(mode, i));
        all.max_by(|a, b| (a - exact[i]).abs().total_cmp(&(b - exact[i]).abs()))
            .unwrap_or(f64::NAN)
    };
    Quality {
        weights,
        deviations: [worst(0), worst(1)],
    }
}

/// Standard deviation of coordinate i.
fn deviation(mode: &[[f64; 2]], i: usize) -> f64 {
    let n = mode.len() as f64;
    let mean = mode.iter().map(|x| x[i]).sum::<f64>() / n;
    (mode.iter().map(|x| (x[i] - mean).powi(2)).sum::<f64>() / n).sqrt()
}
