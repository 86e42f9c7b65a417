//! O3: mixtures to mixtures, and what errors of b and s cost under each e.

use super::answer::{Answer, Entry, Picture, Row, Table};
use super::chain::{Chain, Errors, least};
use anyhow::Result;
use foehn_noise::{Key, Purpose};
use foehn_report::{Axis, Lines, Series, Stroke};
use foehn_simulation::laws::{MixtureMarginal, MixturePath, PathPoint};

const DIMENSIONS: [usize; 3] = [1, 2, 128];
/// a of `gamma = sqrt(a t (1 - t))`.
const A: f64 = 0.7;
/// Relative error of b and s.
const EXACT: f64 = 1e-10;

/// e in parts of e*.
const PARTS: [f64; 9] = [0.15, 0.3, 0.5, 0.7, 1.0, 1.4, 2.0, 3.3, 6.6];
/// How far the e with the least bound, and the least divergence, may be from e*.
const BEST: [f64; 2] = [0.01, 0.03];

/// Bounds below this are rounding.
const ZERO: f64 = 1e-9;

const UNRELATED: Errors = Errors {
    velocity: |t, x| 0.35 * (2.0 * x + 3.0 * t).sin(),
    score: |t, x| 0.5 * (1.5 * x - t).cos(),
};

/// Errors that cancel in `b + e s` at e = 0.8, as where one drift was learnt and b, s derived from it.
const CANCELLING: Errors = Errors {
    velocity: |t, x| -0.8 * 0.5 * (1.5 * x - t).cos(),
    score: UNRELATED.score,
};

/// Errors of b and s, and KL against e with its bound and e*.
pub fn run() -> Result<Answer> {
    let chain = Chain::new()?;
    let unrelated = Scan::new(&chain, UNRELATED);
    let cancelling = Scan::new(&chain, CANCELLING);
    let scanned = Table {
        quantity: "KL(rho1 || SDE) in nats and its bound, 1-d, 240 steps, by e/e*".into(),
        columns: PARTS.map(|part| part.to_string()).to_vec(),
        rows: [unrelated.rows("unrelated"), cancelling.rows("cancelling")].concat(),
    };
    let series = [
        unrelated.series("unrelated"),
        cancelling.series("cancelling"),
    ]
    .concat();
    Ok(Answer {
        name: "gmm".into(),
        title: "Gaussian mixture to Gaussian mixture, exact b and s, and with errors".into(),
        tables: vec![derivatives()?, epsilon(&chain), scanned],
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

/// e* against the e at which bound and divergence are found to be least.
fn epsilon(chain: &Chain) -> Table {
    let bound = |errors| {
        let best = chain.best_epsilon(errors);
        let found = least(best / 3.0, best * 3.0, 1e-3, |e| chain.bound(e, errors));
        Entry::within(found, best, BEST[0])
    };
    let best = chain.best_epsilon(CANCELLING);
    let found = least(best * 0.7, best * 1.4, 5e-3, |e| {
        chain.divergence(e, CANCELLING)
    });
    Table {
        quantity: "e with the least bound, least divergence (reference: e* from the losses)".into(),
        columns: vec!["bound".into(), "KL".into()],
        rows: vec![
            row("errors of b and s unrelated", vec![bound(UNRELATED)]),
            row(
                "errors of b and s cancelling in b + e s at e = 0.8",
                vec![bound(CANCELLING), Entry::within(found, best, BEST[1])],
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
    fn new(chain: &Chain, errors: Errors) -> Self {
        let best = chain.best_epsilon(errors);
        let e = PARTS.map(|part| part * best).to_vec();
        Self {
            divergence: e.iter().map(|e| chain.divergence(*e, errors)).collect(),
            bound: e.iter().map(|e| chain.bound(*e, errors)).collect(),
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
        let (mut worst_s, mut worst_b) = (0f64, 0f64);
        for t in [0.2, 0.5, 0.85] {
            let mut rng = Key::new(5, Purpose::Resample).rng();
            let at = path.at(PathPoint::linear(t, A))?;
            let x = at.law().sample(&mut rng).to_vec();
            let (s, b) = errors_at(&path, &at, t, &x)?;
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

/// `(error of s, error of b)` at one point.
fn errors_at(path: &MixturePath, at: &MixtureMarginal, t: f64, x: &[f64]) -> Result<(f64, f64)> {
    // spacing for a density that varies over 0.3
    let h = 0.01;
    let (b, s) = (at.velocity(x), at.score(x));
    let (mut worst, mut divergence) = (0f64, 0.0);
    for i in 0..x.len() {
        let moved = |h: f64| {
            let mut y = x.to_vec();
            y[i] += h;
            y
        };
        let slope = derivative(h, |h| Ok(at.law().log_density(&moved(h))))?;
        worst = worst.max((slope - s[i]).abs());
        divergence += derivative(h, |h| Ok(at.velocity(&moved(h))[i]))?;
    }
    let change = derivative(h / 4.0, |h| {
        Ok(path.at(PathPoint::linear(t + h, A))?.law().log_density(x))
    })?;
    let scale = 1.0 + divergence.abs() + b.dot(&s).abs();
    Ok((worst, (change + divergence + b.dot(&s)).abs() / scale))
}

/// Central difference of tenth order.
fn derivative(h: f64, f: impl Fn(f64) -> Result<f64>) -> Result<f64> {
    let weights = [
        5.0 / 6.0,
        -5.0 / 21.0,
        5.0 / 84.0,
        -5.0 / 504.0,
        1.0 / 1260.0,
    ];
    let mut sum = 0.0;
    for (weight, k) in weights.iter().zip(1..) {
        let step = f64::from(k) * h;
        sum += weight * (f(step)? - f(-step)?);
    }
    Ok(sum / h)
}
