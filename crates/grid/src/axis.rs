//! One axis of a separable grid, and the weights from one axis to another.

/// Slack of coordinates that were stored as f32, relative to a spacing.
const SLACK: f64 = 1e-4;

/// Positions along an axis with the edges of their cells, in the measure in which cells are weighed.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    /// Centres.
    pub(crate) centres: Vec<f64>,
    /// Lower and upper edge of each cell, in the measure of the weights.
    pub(crate) cells: Vec<(f64, f64)>,
    /// Length after which centres repeat.
    pub(crate) period: Option<f64>,
}

impl Axis {
    /// Latitudes in degrees; cells are weighed by the sine of their edges.
    pub(crate) fn latitude(centres: &[f64]) -> Option<Self> {
        let sine = |edge: f64| edge.clamp(-90.0, 90.0).to_radians().sin();
        let edges = edges(centres)?;
        let cells = edges.windows(2).map(|e| ordered(sine(e[0]), sine(e[1])));
        Some(Self {
            cells: cells.collect(),
            centres: centres.to_vec(),
            period: None,
        })
    }

    /// Positions on a line, repeating after `period`; longitudes jump by it where they wrap.
    pub(crate) fn line(centres: &[f64], period: Option<f64>) -> Option<Self> {
        let centres = period.map_or_else(|| centres.to_vec(), |p| unwrapped(centres, p));
        let edges = edges(&centres)?;
        Some(Self {
            cells: edges.windows(2).map(|e| ordered(e[0], e[1])).collect(),
            centres,
            period,
        })
    }

    /// The first centre, and one that lies a period or more away from it.
    pub(crate) fn repeated(&self) -> Option<(f64, f64)> {
        let first = self.centres[0];
        let period = self.period?.abs();
        let slack = SLACK * (self.centres[1] - first).abs();
        let far = |x: &&f64| (**x - first).abs() > period - slack;
        self.centres.iter().find(far).map(|again| (first, *again))
    }

    /// Whether the cells cover a whole period.
    pub(crate) fn closes(&self) -> bool {
        let covered: f64 = self.cells.iter().map(|(a, b)| b - a).sum();
        self.period
            .is_some_and(|p| (covered - p).abs() < SLACK * p.abs().max(1.0))
    }

    /// For each cell of `target`, the cells of this axis that lie in it with the share that they cover.
    pub(crate) fn overlaps(&self, target: &Self) -> Weights {
        let mut weights = Weights::default();
        for &(low, high) in &target.cells {
            for (index, &(a, b)) in self.cells.iter().enumerate() {
                let covered: f64 = self
                    .shifts(low, high, (a, b))
                    .map(|s| ((b + s).min(high) - (a + s).max(low)).max(0.0))
                    .sum();
                // rounding leaves slivers of neighbours
                if covered > 1e-12 * (high - low) {
                    weights.push(index, covered / (high - low));
                }
            }
            weights.close();
        }
        weights
    }

    /// The shifts by whole periods that may bring a cell onto another.
    fn shifts(&self, low: f64, high: f64, cell: (f64, f64)) -> impl Iterator<Item = f64> {
        let (period, first, last) = self.period.map_or((0.0, 0, 0), |p| {
            let turns = |x: f64| (x / p).floor() as i64;
            (p, turns(low - cell.1), turns(high - cell.0) + 1)
        });
        (first..=last).map(move |turn| turn as f64 * period)
    }

    /// For each centre of `target`, the two centres of this axis around it with their linear weights; nothing
    /// for one that lies outside.
    pub(crate) fn brackets(&self, target: &Self) -> Weights {
        let mut weights = Weights::default();
        for &x in &target.centres {
            if let Some((a, b, share)) = self.bracket(x) {
                weights.push(a, 1.0 - share);
                if share > 0.0 {
                    weights.push(b, share);
                }
            }
            weights.close();
        }
        weights
    }

    fn bracket(&self, x: f64) -> Option<(usize, usize, f64)> {
        let n = self.centres.len();
        let slack = SLACK * (self.centres[1] - self.centres[0]).abs();
        let last = if self.closes() { n } else { n - 1 };
        for k in 0..last {
            let (a, mut b) = (self.centres[k], self.centres[(k + 1) % n]);
            if k + 1 == n {
                let turn = self.period.unwrap_or(0.0);
                b += if self.centres[n - 1] > self.centres[0] {
                    turn
                } else {
                    -turn
                };
            }
            let (low, high) = ordered(a, b);
            for shift in self.shifts(x - slack, x + slack, (low, high)) {
                let here = x - shift;
                if here >= low - slack && here <= high + slack {
                    let share = ((here - a) / (b - a)).clamp(0.0, 1.0);
                    return Some((k, (k + 1) % n, share));
                }
            }
        }
        None
    }
}

/// Sparse rows: for each target, source indices with weights.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weights {
    entries: Vec<(usize, f64)>,
    ends: Vec<usize>,
}

impl Weights {
    pub(crate) fn push(&mut self, index: usize, weight: f64) {
        self.entries.push((index, weight));
    }

    /// Ends the present row.
    pub(crate) fn close(&mut self) {
        self.ends.push(self.entries.len());
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn row(&self, target: usize) -> &[(usize, f64)] {
        let start = target.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.entries[start..self.ends[target]]
    }
}

fn ordered(a: f64, b: f64) -> (f64, f64) {
    (a.min(b), a.max(b))
}

/// Midway between centres, and half a spacing beyond the outer ones; `None` unless all go one way.
fn edges(centres: &[f64]) -> Option<Vec<f64>> {
    let n = centres.len();
    let finite = centres.iter().all(|x| x.is_finite());
    let rising = centres.windows(2).all(|w| w[1] > w[0]);
    let falling = centres.windows(2).all(|w| w[1] < w[0]);
    if n < 2 || !finite || !(rising || falling) {
        return None;
    }
    let mut edges = Vec::with_capacity(n + 1);
    edges.push(centres[0] - (centres[1] - centres[0]) / 2.0);
    edges.extend(centres.windows(2).map(|w| (w[0] + w[1]) / 2.0));
    edges.push(centres[n - 1] + (centres[n - 1] - centres[n - 2]) / 2.0);
    Some(edges)
}

/// Positions without the jump by a period where the convention wraps.
fn unwrapped(centres: &[f64], period: f64) -> Vec<f64> {
    let mut turn = 0.0;
    let mut before = f64::NAN;
    let step = |&here: &f64| {
        if here - before > period / 2.0 {
            turn -= period;
        } else if here - before < -period / 2.0 {
            turn += period;
        }
        before = here;
        here + turn
    };
    centres.iter().map(step).collect()
}
