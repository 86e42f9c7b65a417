//! Quality over diffusions and numbers of steps: one table, one figure, the best cell.

use crate::oracle::{Entry, Row, Table};
use anyhow::Result;
use foehn_report::{Axis, Lines, Series};
use serde::Serialize;

/// What a sampler gives for every diffusion and every number of steps; less is better.
///
/// ```
/// use foehn_pipelines::Sweep;
/// // an error that falls with the steps, and a diffusion that costs a floor
/// let diffusions = [("flow".to_owned(), 0.02), ("sde".to_owned(), 0.0)];
/// let sweep = Sweep::run("error", &diffusions, &[10, 100], |floor, n| Ok(floor + 1.0 / n as f64))?;
/// let best = sweep.best().unwrap();
/// assert_eq!((best.diffusion, best.steps, best.quality), ("sde", 100, 0.01));
/// assert_eq!(sweep.table().columns, ["10", "100"]);
/// # Ok::<(), anyhow::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sweep {
    /// What the numbers are.
    pub quality: String,
    /// Names of the diffusions.
    pub diffusions: Vec<String>,
    /// Numbers of steps.
    pub steps: Vec<usize>,
    /// The numbers, a row a diffusion, one a number of steps.
    pub values: Vec<Vec<f64>>,
}

/// The least number of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Best<'a> {
    /// Its diffusion.
    pub diffusion: &'a str,
    /// Its number of steps.
    pub steps: usize,
    /// The number.
    pub quality: f64,
}

impl Sweep {
    /// `quality(diffusion, steps)` of every pair, the steps of one diffusion after another.
    ///
    /// # Errors
    /// The first error of `quality`.
    pub fn run<D>(
        name: impl Into<String>,
        diffusions: &[(String, D)],
        steps: &[usize],
        mut quality: impl FnMut(&D, usize) -> Result<f64>,
    ) -> Result<Self> {
        let mut values = Vec::with_capacity(diffusions.len());
        for (_, diffusion) in diffusions {
            let row: Result<Vec<f64>> = steps.iter().map(|n| quality(diffusion, *n)).collect();
            values.push(row?);
        }
        Ok(Self {
            quality: name.into(),
            diffusions: diffusions.iter().map(|(name, _)| name.clone()).collect(),
            steps: steps.to_vec(),
            values,
        })
    }

    /// The least number, with the fewest steps where several are the same; none without a finite one.
    pub fn best(&self) -> Option<Best<'_>> {
        self.steps
            .iter()
            .filter_map(|n| self.best_at(*n))
            .min_by(|a, b| {
                let order = a.quality.total_cmp(&b.quality);
                order.then(a.steps.cmp(&b.steps))
            })
    }

    /// The least number at this many steps.
    fn best_at(&self, steps: usize) -> Option<Best<'_>> {
        let column = self.steps.iter().position(|n| *n == steps)?;
        let cells = self.diffusions.iter().zip(&self.values);
        cells
            .map(|(diffusion, row)| Best {
                diffusion,
                steps,
                quality: row[column],
            })
            .filter(|cell| cell.quality.is_finite())
            .min_by(|a, b| a.quality.total_cmp(&b.quality))
    }

    /// The numbers as they are, the best named in the heading.
    pub fn table(&self) -> Table {
        self.table_with(|_, _, value| Entry::shown(value))
    }

    /// The numbers held against what `entry(diffusion, steps, value)` says.
    pub fn table_with(&self, entry: impl Fn(&str, usize, f64) -> Entry) -> Table {
        let best = self.best().map_or(String::new(), |best| {
            format!("; best: {}, {} steps", best.diffusion, best.steps)
        });
        let row = |(label, values): (&String, &Vec<f64>)| Row {
            label: label.clone(),
            entries: self
                .steps
                .iter()
                .zip(values)
                .map(|(n, value)| entry(label, *n, *value))
                .collect(),
        };
        Table {
            quantity: format!("{}, by number of steps{best}", self.quality),
            columns: self.steps.iter().map(ToString::to_string).collect(),
            rows: self.diffusions.iter().zip(&self.values).map(row).collect(),
        }
    }

    /// A curve a diffusion, against the number of steps.
    pub fn series(&self) -> Vec<Series> {
        let steps: Vec<f64> = self.steps.iter().map(|n| *n as f64).collect();
        let rows = self.diffusions.iter().zip(&self.values);
        rows.map(|(label, row)| Series::new(label.clone(), steps.clone(), row.clone()))
            .collect()
    }

    /// The curves in one figure; `unit` is that of the numbers.
    pub fn figure(&self, title: impl Into<String>, unit: &str) -> Lines {
        Lines {
            title: title.into(),
            x: Axis::new("steps", "").logarithmic(),
            y: Axis::new(&self.quality, unit).logarithmic(),
            series: self.series(),
            size: (640.0, 420.0),
            ..Lines::default()
        }
    }
}
