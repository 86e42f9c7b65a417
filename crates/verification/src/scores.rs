//! Scores of one lead over many cases.

use std::collections::BTreeMap;

use foehn_noise::{Key, Purpose};
use ndarray::{Array2, Array3, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::sample::refuse_too_few;
use crate::{
    Case, CaseValue, Choices, Mean, Metric, RankHistogram, Sample, ScoreError, ScoreTable,
    Statistic,
};

/// Scores of one lead, added up over cases; a commutative monoid under [`Scores::merge`].
///
/// Each case keeps its own [`Mean`], and totals are taken in the order of initial times. So the table
/// is the same to the last bit however the cases were split, ordered and merged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    choices: Choices,
    cases: u64,
    series: BTreeMap<i64, Mean>,
    ranks: RankHistogram,
    map_sums: Array3<f64>,
    map_counts: Array2<u64>,
}

/// A metric at every point, over the cases.
///
/// # Shapes
/// Both (ny, nx).
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// The values, NaN where missing.
    pub values: Array2<f64>,
    /// True where no case gave a value.
    pub missing: Array2<bool>,
}

/// The statistics of one valid point.
struct Point {
    values: [f64; Statistic::COUNT],
    weight: f64,
    rank: usize,
}

impl Scores {
    /// No cases yet, on a grid of this shape (ny, nx).
    ///
    /// # Errors
    /// No member; one member with the fair estimator.
    pub fn new(shape: (usize, usize), choices: Choices) -> Result<Self, ScoreError> {
        refuse_too_few(choices.members, choices.estimator)?;
        Ok(Self {
            choices,
            cases: 0,
            series: BTreeMap::new(),
            ranks: RankHistogram::new(choices.members),
            map_sums: Array3::zeros((Statistic::COUNT, shape.0, shape.1)),
            map_counts: Array2::zeros(shape),
        })
    }

    /// Adds one case, its points in parallel.
    ///
    /// # Errors
    /// Other shapes or members than announced; values that are not finite where the mask does not say
    /// missing; weights that are not positive. Nothing is added then.
    pub fn add_case(&mut self, case: &Case) -> Result<(), ScoreError> {
        case.check(self.choices.members, self.map_counts.dim())?;
        let points = self.points(case)?;
        let nx = self.map_counts.dim().1;
        let mut mean = Mean::new(Statistic::COUNT);
        for (index, point) in points.iter().enumerate() {
            let Some(point) = point else {
                mean.skip();
                continue;
            };
            mean.add(&point.values, point.weight)?;
            self.ranks.add(point.rank);
            let (y, x) = (index / nx, index % nx);
            self.map_counts[(y, x)] += 1;
            for (k, value) in point.values.into_iter().enumerate() {
                self.map_sums[(k, y, x)] += value;
            }
        }
        self.cases += 1;
        self.put(case.init, mean)
    }

    fn points(&self, case: &Case) -> Result<Vec<Option<Point>>, ScoreError> {
        let (ny, nx) = self.map_counts.dim();
        (0..ny * nx)
            .into_par_iter()
            .with_min_len(64)
            .map_init(
                || vec![0.0; self.choices.members],
                |deviations, index| self.point(case, index, nx, deviations),
            )
            .collect()
    }

    fn point(
        &self,
        case: &Case,
        index: usize,
        nx: usize,
        deviations: &mut [f64],
    ) -> Result<Option<Point>, ScoreError> {
        let at = (index / nx, index % nx);
        if case.is_missing(at) {
            return Ok(None);
        }
        let weight = case.weight(at)?;
        case.deviations(at, deviations)?;
        let sample = Sample::new(deviations, |equal| {
            let mut u = [0.0];
            Key::new(self.choices.seed, Purpose::Ties)
                .init(case.init)
                .lead(self.choices.lead)
                .step(index as u32)
                .uniforms(&mut u);
            (u[0] * (equal + 1) as f64) as usize
        });
        Ok(Some(Point {
            values: Statistic::ALL.map(|statistic| statistic.of(&sample, self.choices.estimator)),
            weight,
            rank: sample.rank(),
        }))
    }

    fn put(&mut self, init: i64, mean: Mean) -> Result<(), ScoreError> {
        match self.series.get_mut(&init) {
            Some(there) => there.merge(&mean)?,
            None => {
                self.series.insert(init, mean);
            }
        }
        Ok(())
    }

    /// Adds all that `other` holds.
    ///
    /// # Errors
    /// When choices or grids differ.
    pub fn merge(&mut self, other: Self) -> Result<(), ScoreError> {
        let plan = |scores: &Self| (scores.choices, scores.map_counts.dim());
        if plan(self) != plan(&other) {
            return Err(ScoreError::Merge {
                left: format!("{:?}", plan(self)),
                right: format!("{:?}", plan(&other)),
            });
        }
        for (init, mean) in other.series {
            self.put(init, mean)?;
        }
        self.cases += other.cases;
        self.ranks.merge(&other.ranks)?;
        self.map_sums += &other.map_sums;
        self.map_counts += &other.map_counts;
        Ok(())
    }

    /// The finished table.
    ///
    /// # Errors
    /// When nothing was added or all of it was missing.
    pub fn finish(&self) -> Result<ScoreTable, ScoreError> {
        let mut total = Mean::new(Statistic::COUNT);
        for mean in self.series.values() {
            total.merge(mean)?;
        }
        ScoreTable::new(&self.choices, self.cases, &total, &self.ranks)
    }

    /// A metric at every point, each case weighing the same there.
    pub fn map(&self, metric: Metric) -> Map {
        let mut map = Map {
            values: Array2::from_elem(self.map_counts.dim(), f64::NAN),
            missing: Array2::from_elem(self.map_counts.dim(), true),
        };
        for ((at, &count), sums) in self
            .map_counts
            .indexed_iter()
            .zip(self.map_sums.lanes(Axis(0)))
        {
            let mean = Mean::from_sums(sums.to_vec(), count);
            if let Some(value) = metric.of(&mean, &self.choices) {
                map.values[at] = value;
                map.missing[at] = false;
            }
        }
        map
    }

    /// A statistic of every case in the order of initial times, for series and intervals; cases without
    /// a valid point are left out.
    pub fn series(&self, statistic: Statistic) -> Vec<CaseValue> {
        self.series
            .iter()
            .filter_map(|(&init, mean)| {
                Some(CaseValue {
                    init,
                    value: mean.value(statistic as usize)?,
                    weight: mean.weight(),
                })
            })
            .collect()
    }

    /// The choices under which the scores are made.
    pub fn choices(&self) -> &Choices {
        &self.choices
    }
}
