//! O3: mixtures to mixtures, and what errors of b and s cost under each e.

use super::answer::{Answer, Entry, Picture, Row, Table};
use super::gmm_sampled;
use super::least::least;
use crate::sweep::Sweep;
use anyhow::Result;
use foehn_dynamics::{best_epsilon, kl_bound};
use foehn_noise::{Key, Purpose};
use foehn_report::{Axis, Lines, Series, Stroke};
use foehn_simulation::laws::{
    DensityChain, DriftErrors, MixturePath, PathPoint, closed_form_errors,
};

const DIMENSIONS: [usize; 3] = [1, 2, 128];
/// a of `gamma = sqrt(a t (1 - t))`.
const A: f64 = 0.7;
/// Relative error of b and s.
const EXACT: f64 = 1e-10;

/// e in parts of e*.
const PARTS: [f64; 9] = [0.15, 0.3, 0.5, 0.7, 1.0, 1.4, 2.0, 3.3, 6.6];
/// How far the e with the least bound, and the least divergence, may be from e*.
const BEST: [f64; 2] = [0.01, 0.03];

/// Steps of the chain that is held against the bound.
const FINE: usize = 240;
/// e with exact b and s, and what their KL may be.
const ANY: ([f64; 3], f64) = ([0.2, 1.0, 3.0], 1e-3);
/// e and steps of the sweep.
const SWEPT: ([f64; 5], [usize; 5]) = ([0.0, 0.1, 0.3, 1.0, 3.0], [5, 10, 20, 50, 100]);

/// Bounds below this are rounding.
const ZERO: f64 = 1e-9;

const UNRELATED: DriftErrors = DriftErrors {
    velocity: |t, x| 0.35 * (2.0 * x + 3.0 * t).sin(),
    score: |t, x| 0.5 * (1.5 * x - t).cos(),
};

/// Errors that cancel in `b + e s` at e = 0.8, as where one drift was learnt and b, s derived from it.
const CANCELLING: DriftErrors = DriftErrors {
    velocity: |t, x| -0.8 * 0.5 * (1.5 * x - t).cos(),
    score: UNRELATED.score,
};

/// Errors of b and s, KL against e with its bound and e*, and against e and the number of steps.
pub fn run() -> Result<Answer> {
    let chain = DensityChain::new(FINE)?;
    let unrelated = Scan::new(&chain, UNRELATED);
    let cancelling = Scan::new(&chain, CANCELLING);
    let scanned = Table {
        quantity: "KL(rho1 || SDE) in nats and its bound, 1-d, 240 steps, by e/e*".into(),
        columns: PARTS.map(|part| part.to_string()).to_vec(),
        rows: [unrelated.rows("unrelated"), cancelling.rows("cancelling")].concat(),
    };
    let exact = sweep("exact b and s", DriftErrors::NONE)?;
    let wrong = sweep("errors unrelated", UNRELATED)?;
    let series = [
        unrelated.series("unrelated"),
        cancelling.series("cancelling"),
        against_e(&wrong),
    ]
    .concat();
    let mut tables = vec![
        derivatives()?,
        any_epsilon(&chain),
        epsilon(&chain),
        scanned,
        exact.table(),
        wrong.table(),
    ];
    tables.extend(gmm_sampled::tables()?);
    Ok(Answer {
        name: "gmm".into(),
        title: "Gaussian mixture to Gaussian mixture, exact b and s, and with errors".into(),
        tables,
        figure: Picture::Curves(Lines {
            title: "Errors of b and s: divergence and its bound against e".into(),
            x: Axis::new("e", "").logarithmic(),
            y: Axis::new("KL", "nats").logarithmic(),
            series,
            size: (640.0, 420.0),
            ..Lines::default()
        }),
    })
}

/// KL over e and numbers of steps; e = 0 is the Euler flow.
fn sweep(what: &str, errors: DriftErrors) -> Result<Sweep> {
    let (e, steps) = SWEPT;
    let chains = steps
        .iter()
        .map(|n| DensityChain::new(*n).map(|chain| (*n, chain)))
        .collect::<Result<Vec<_>, _>>()?;
    let named = e.map(|e| (format!("e = {e}"), e));
    let name = format!("KL(rho1 || sampler) in nats, 1-d, {what}");
    Sweep::run(name, &named, &steps, |e, n| {
        let chain = chains.iter().find(|(steps, _)| *steps == n);
        Ok(chain.map_or(f64::NAN, |(_, chain)| chain.divergence(*e, errors)))
    })
}

/// A curve a number of steps, against e.
fn against_e(sweep: &Sweep) -> Vec<Series> {
    let curve = |(j, n): (usize, &usize)| {
        let y = sweep.values.iter().map(|row| row[j]).collect();
        let label = format!("KL, errors unrelated, {n} steps");
        let curve = Series::new(label, SWEPT.0.to_vec(), y);
        Series {
            stroke: Stroke::Dotted,
            ..curve
        }
    };
    sweep.steps.iter().enumerate().map(curve).collect()
}

/// With exact b and s every e gives the target.
fn any_epsilon(chain: &DensityChain) -> Table {
    let entry = |e| Entry::at_most(chain.divergence(e, DriftErrors::NONE), ANY.1);
    Table {
        quantity: "KL(rho1 || SDE) in nats, 1-d, 240 steps, by e".into(),
        columns: ANY.0.map(|e| e.to_string()).to_vec(),
        rows: vec![row("exact b and s", ANY.0.map(entry).to_vec())],
    }
}

/// What the divergence of the chain is bounded by.
fn bound(chain: &DensityChain, e: f64, errors: DriftErrors) -> f64 {
    let square = chain.mean_square(|t, x| errors.of_drift(e, t, x));
    kl_bound(&chain.times(), &vec![e; square.len()], &square)
}

/// e*, from what the errors add to the losses.
fn best(chain: &DensityChain, errors: DriftErrors) -> f64 {
    // the excess of a loss over its minimum is half the mean square error: twice the bound at e = 1
    let excess = |f: fn(f64, f64) -> f64| {
        let square = chain.mean_square(f);
        2.0 * kl_bound(&chain.times(), &vec![1.0; square.len()], &square)
    };
    best_epsilon(excess(errors.velocity), excess(errors.score))
}

/// e* against the e at which bound and divergence are found to be least.
fn epsilon(chain: &DensityChain) -> Table {
    let of_bound = |errors| {
        let best = best(chain, errors);
        let found = least(best / 3.0, best * 3.0, 1e-3, |e| bound(chain, e, errors));
        Entry::within(found, best, BEST[0])
    };
    let best = best(chain, CANCELLING);
    let found = least(best * 0.7, best * 1.4, 5e-3, |e| {
        chain.divergence(e, CANCELLING)
    });
    Table {
        quantity: "e with the least bound, least divergence (reference: e* from the losses)".into(),
        columns: vec!["bound".into(), "KL".into()],
        rows: vec![
            row("errors of b and s unrelated", vec![of_bound(UNRELATED)]),
            row(
                "errors of b and s cancelling in b + e s at e = 0.8",
                vec![of_bound(CANCELLING), Entry::within(found, best, BEST[1])],
            ),
        ],
    }
}

fn row(label: &str, entries: Vec<Entry>) -> Row {
    Row {
        label: label.to_owned(),
        entries,
    }
}

/// KL and its bound at every e.
struct Scan {
    e: Vec<f64>,
    divergence: Vec<f64>,
    bound: Vec<f64>,
}

impl Scan {
    fn new(chain: &DensityChain, errors: DriftErrors) -> Self {
        let best = best(chain, errors);
        let e = PARTS.map(|part| part * best).to_vec();
        Self {
            divergence: e.iter().map(|e| chain.divergence(*e, errors)).collect(),
            bound: e.iter().map(|e| bound(chain, *e, errors)).collect(),
            e,
        }
    }

    fn rows(&self, name: &str) -> Vec<Row> {
        let pairs = self.divergence.iter().zip(&self.bound);
        let held = pairs.map(|(kl, bound)| {
            // where the bound is zero the chain's own discretisation is left
            if *bound < ZERO {
                Entry::shown(*kl)
            } else {
                Entry::at_most(*kl, *bound)
            }
        });
        let bound = self.bound.iter().copied().map(Entry::shown);
        vec![
            row(&format!("KL, errors {name}"), held.collect()),
            row(&format!("bound, errors {name}"), bound.collect()),
        ]
    }

    fn series(&self, name: &str) -> Vec<Series> {
        let line = |what: &str, y: Vec<f64>| {
            Series::new(format!("{what}, errors {name}"), self.e.clone(), y)
        };
        // a bound of zero breaks the line
        let bound = self
            .bound
            .iter()
            .map(|b| if *b < ZERO { f64::NAN } else { *b });
        let bound = Series {
            stroke: Stroke::Dashed,
            ..line("bound", bound.collect())
        };
        vec![line("KL", self.divergence.clone()), bound]
    }
}

/// s against differences of the log-density, b against the continuity equation.
fn derivatives() -> Result<Table> {
    let (mut score, mut velocity) = (Vec::new(), Vec::new());
    for dimension in DIMENSIONS {
        let path = MixturePath::instance(dimension)?;
        let point = |t: f64| PathPoint::linear(t, A);
        let (mut worst_s, mut worst_b) = (0f64, 0f64);
        for t in [0.2, 0.5, 0.85] {
            let mut rng = Key::new(5, Purpose::Resample).rng();
            let x = path.at(point(t))?.law().sample(&mut rng).to_vec();
            let (s, b) = closed_form_errors(&path, point, t, &x)?;
            (worst_s, worst_b) = (worst_s.max(s), worst_b.max(b));
        }
        score.push(Entry::at_most(worst_s, EXACT));
        velocity.push(Entry::at_most(worst_b, EXACT));
    }
    Ok(Table {
        quantity: "largest error of the closed forms, by dimension".into(),
        columns: DIMENSIONS.map(|d| d.to_string()).to_vec(),
        rows: vec![
            row("s against differences of the log-density", score),
            row("b against d/dt log rho + div b + b.s = 0", velocity),
        ],
    })
}
