//! O6: few calls suffice for a steep spectrum, if noise or times know of its scales.
//!
//! The exact drifts act on each mode alone and are linear, so a sampler's spectrum is its response to
//! unit draws, mode by mode: no draw of a field is needed.

use super::answer::{Answer, Entry, Picture, Row, Table};
use super::normal::{NormalDrift, moments, probed, probes, tensor, values};
use anyhow::Result;
use burn::tensor::Tensor;
use foehn_dynamics::{
    Diffusion, ExponentialSteps, FollmerProcess, Hold, Sampler, Solver, TimeGrid,
};
use foehn_interpolant::{Follmer, FollmerBeta, Gamma, Linear};
use foehn_report::{Axis, Lines, Reference, Series};
use foehn_simulation::laws::MaternField;
use ndarray::Array2;

const SIZES: [usize; 2] = [64, 128];
const MATCHED: usize = 5;
const ADAPTED: usize = 20;
/// What the error may be with matched noise, and at adapted times.
const BARS: [f64; 2] = [0.01, 0.05];

struct Case {
    label: &'static str,
    bar: Option<f64>,
    /// Errors, one a size.
    errors: Vec<f64>,
    /// `E(k) / E_true(k)` of the last size.
    ratio: Vec<f64>,
}

/// The spectral error of each sampler, at two sizes.
pub fn run() -> Result<Answer> {
    let new = |label, bar| Case {
        label,
        bar,
        errors: Vec::new(),
        ratio: Vec::new(),
    };
    let mut cases = [
        new(
            "noise of the field's spectrum, epsilon = 1.8, 5 calls",
            Some(BARS[0]),
        ),
        new("noise of the field's spectrum, epsilon = 1, 5 calls", None),
        new(
            "white noise, times that follow the scales, 20 calls",
            Some(BARS[1]),
        ),
        new("white noise, equal times, 20 calls", None),
    ];
    for size in SIZES {
        let field = MaternField::new(size, 3.0, 1.0);
        let powers = [
            matched(&field, 1.8)?,
            matched(&field, 1.0)?,
            white(&field, following(&field)?)?,
            white(&field, TimeGrid::uniform(ADAPTED)?)?,
        ];
        for (case, power) in cases.iter_mut().zip(powers) {
            case.measure(&field, &power);
        }
    }
    Ok(answer(&cases))
}

impl Case {
    fn measure(&mut self, field: &MaternField, power: &Array2<f64>) {
        let shells = field.shells(power);
        self.errors.push(field.spectral_error(&shells));
        let pairs = shells.iter().zip(field.spectrum());
        self.ratio = pairs.map(|(e, exact)| e / exact).collect();
    }

    fn row(&self) -> Row {
        let entry = |error: &f64| match self.bar {
            Some(bar) => Entry::at_most(*error, bar),
            None => Entry::shown(*error),
        };
        Row {
            label: self.label.to_owned(),
            entries: self.errors.iter().map(entry).collect(),
        }
    }

    fn series(&self) -> Series {
        let k = (1..=self.ratio.len()).map(|k| k as f64).collect();
        Series::new(self.label, k, self.ratio.clone())
    }
}

fn answer(cases: &[Case]) -> Answer {
    Answer {
        name: "field".into(),
        title: "Gaussian field on the torus, Matérn spectrum (smoothness 3, length 1), exact drift"
            .into(),
        tables: vec![Table {
            quantity: "mean over shells of |log10 E(k)/E_true(k)|, by grid".into(),
            columns: SIZES.map(|n| format!("{n} x {n}")).to_vec(),
            rows: cases.iter().map(Case::row).collect(),
        }],
        figure: Picture::Curves(Lines {
            title: "Spectra of sampled fields over the exact one, 128 x 128".into(),
            x: Axis::new("wave number", "").logarithmic(),
            y: Axis::new("E / E_true", "").logarithmic(),
            series: cases.iter().map(Case::series).collect(),
            references: vec![Reference::Line {
                value: 1.0,
                label: "exact".into(),
            }],
            size: (640.0, 420.0),
        }),
    }
}

/// Variances of the modes under Föllmer's process from 0 with noise of the field's own spectrum: all modes
/// are the same one, from 0 to N(0, 1).
fn matched(field: &MaternField, epsilon: f64) -> Result<Array2<f64>> {
    let path = Follmer::new(FollmerBeta::Linear, epsilon)?;
    let drift = NormalDrift {
        path,
        x0: 0.0,
        mean: 0.0,
        variance: 1.0,
    };
    let zero = probed(0.0, MATCHED);
    let process = FollmerProcess::new(path, Diffusion::Follmer, drift, zero.clone());
    let sampler = Sampler {
        solver: Solver::EulerMaruyama,
        grid: TimeGrid::uniform(MATCHED)?,
    };
    let run = sampler.sample(&process, zero, &mut probes)?;
    Ok(field.power() * moments(run.x).1)
}

/// Variances of the modes under exponential steps from white noise.
fn white(field: &MaternField, grid: TimeGrid) -> Result<Array2<f64>> {
    let power = field.power();
    let (modes, cells) = (power.len(), power.len() as f64);
    let variance = tensor(power.iter().map(|p| p * cells).collect(), [1, modes]);
    let denoised = |t: f64, x: Tensor<2>| {
        let gain = variance.clone() * t / (variance.clone() * (t * t) + (1.0 - t).powi(2));
        x * gain
    };
    let steps = ExponentialSteps {
        schedule: Linear { gamma: Gamma::Zero },
        grid,
        share: 0.0,
        hold: Hold::Slope,
    };
    let mut none = |_: usize, like: &Tensor<2>| like.zeros_like();
    let run = steps.sample(&denoised, tensor(vec![1.0; modes], [1, modes]), &mut none)?;
    let responses = values(run.x);
    let responses = Array2::from_shape_vec(power.raw_dim(), responses)?;
    Ok(responses.mapv(|x| x * x / cells))
}

/// Times at which alpha/beta falls by equal factors from the largest scale's deviation to the smallest's.
fn following(field: &MaternField) -> Result<TimeGrid> {
    let cells = field.power().len() as f64;
    let deviations = field.power().iter().map(|p| (p * cells).sqrt());
    let (mut first, mut last) = (0f64, f64::INFINITY);
    for deviation in deviations {
        (first, last) = (first.max(deviation), last.min(deviation));
    }
    let mut times = vec![0.0];
    for i in 0..ADAPTED - 1 {
        let ratio = first * (last / first).powf(i as f64 / (ADAPTED - 2) as f64);
        times.push(1.0 / (1.0 + ratio));
    }
    times.push(1.0);
    Ok(TimeGrid::new(times)?)
}
