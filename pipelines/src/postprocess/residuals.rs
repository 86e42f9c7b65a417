//! What a law leaves open, from parameters of other dates.

use super::transport::Transport;
use anyhow::Result;
use foehn_calibration::{Case, Fitted, Law, Method, Predictors, Table, Term};
use foehn_compute::Workers;
use foehn_generation::Model;
use foehn_noise::{Key, Purpose};
use ndarray::Array2;

/// Blocks of dates of which each has its residuals from the parameters of the others.
const BLOCKS: usize = 10;
/// Residuals farther out count as this far: one bad observation must not bend the flow.
const FARTHEST: f64 = 5.0;
/// Cases that a network is judged on at most.
const JUDGED: usize = 1500;

/// Residuals with what is known of them.
#[derive(Default)]
pub(super) struct Residuals {
    pub(super) dates: Vec<i64>,
    valid: Vec<i64>,
    z: Vec<f64>,
    /// Conditions of every case.
    rows: Vec<Vec<f64>>,
    /// Half-width of the base law, units of the variable.
    scale: Vec<f64>,
}

impl Residuals {
    /// Residuals and conditions of all cases, those of a block of dates by parameters of dates apart from it: what is
    /// seen in training is then as far from the case as it is for a forecast.
    pub(super) fn of(
        table: &Table,
        base: &Method,
        terms: &[Term],
        seed: u64,
        workers: &Workers,
    ) -> Result<Self> {
        let dates = table.distinct_dates();
        let length = dates.len().div_ceil(BLOCKS).max(1);
        let blocks: Vec<&[i64]> = dates.chunks(length).collect();
        let longest = table.distinct_leads().last().copied().unwrap_or(0);
        let parts = workers.map(blocks.len(), |i| {
            let (first, last) = (blocks[i][0], blocks[i][blocks[i].len() - 1]);
            let apart = |case: &Case<'_>| case.valid() < first || case.date > last + longest;
            let others = table.filter(apart);
            let fitted = base.fit(&others)?;
            let predictors = Predictors::fit(&others, terms)?;
            let observed = |case: &Case<'_>| {
                (first..=last).contains(&case.date) && case.observation.is_finite()
            };
            let block = table.filter(observed);
            let key = Key::new(seed, Purpose::Ties).init(first);
            Ok::<_, anyhow::Error>(Self::of_block(&block, &fitted, &predictors, key))
        })?;
        let mut whole = Self::default();
        for part in parts {
            whole.dates.extend(part.dates);
            whole.valid.extend(part.valid);
            whole.z.extend(part.z);
            whole.scale.extend(part.scale);
            whole.rows.extend(part.rows);
        }
        Ok(whole)
    }

    fn of_block(block: &Table, fitted: &Fitted, predictors: &Predictors, key: Key) -> Self {
        let mut residuals = Self::default();
        let mut ties = vec![0.0; block.len()];
        key.uniforms(&mut ties);
        for (case, tie) in block.cases().zip(ties) {
            // A case that lacks a member or a covariate teaches nothing.
            if let Ok(prediction) = fitted.predict(&case) {
                residuals.push(&case, &prediction.law, tie);
                residuals.rows.push(predictors.of(&case));
            }
        }
        residuals
    }

    /// The conditions of some cases.
    ///
    /// # Shapes
    /// (rows, c).
    fn conditions(&self, rows: &[usize]) -> Array2<f32> {
        let columns = self.rows.first().map_or(0, Vec::len);
        Array2::from_shape_fn((rows.len(), columns), |(i, j)| self.rows[rows[i]][j] as f32)
    }

    fn push(&mut self, case: &Case<'_>, law: &Law, tie: f64) {
        let [low, high] = law.pit(case.observation);
        self.dates.push(case.date);
        self.valid.push(case.valid());
        self.z.push(residual(low + tie * (high - low)));
        self.scale
            .push((law.quantile(0.84) - law.quantile(0.16)) / 2.0);
    }

    /// Rows to train on and to judge by: those of the dates from first to last, and those that do not overlap them.
    pub(super) fn split(&self, first: i64, last: i64) -> (Vec<usize>, Vec<usize>) {
        let rows = 0..self.dates.len();
        let inside = |row: &usize| (first..=last).contains(&self.dates[*row]);
        let judged: Vec<usize> = rows.clone().filter(inside).collect();
        let end = judged
            .iter()
            .map(|row| self.valid[*row])
            .max()
            .unwrap_or(last);
        let train = rows
            .filter(|row| self.valid[*row] <= first || self.dates[*row] >= end.max(last + 1))
            .collect();
        let every = judged.len().div_ceil(JUDGED).max(1);
        (train, judged.into_iter().step_by(every).collect())
    }

    pub(super) fn tables(&self, rows: &[usize]) -> (Array2<f32>, Array2<f32>) {
        let x1 = Array2::from_shape_fn((rows.len(), 1), |(i, _)| self.z[rows[i]] as f32);
        (x1, self.conditions(rows))
    }

    /// The sum of scores over rows, in units of the variable as far as the base is normal.
    pub(super) fn crps(&self, model: &Model, rows: &[usize]) -> Result<f64> {
        let transport = Transport::new(vec![model.clone()]);
        let conditions = self.conditions(rows);
        let carried = transport.quantiles(&conditions)?;
        let mut sum = 0.0;
        for (row, levels) in rows.iter().zip(carried.rows()) {
            sum += self.scale[*row] * Law::of_members(&levels.to_vec())?.crps(self.z[*row]);
        }
        Ok(sum)
    }
}

/// `Phi^-1(u)` within the range that is learnt.
fn residual(u: f64) -> f64 {
    let normal = Law::Normal {
        location: 0.0,
        scale: 1.0,
    };
    normal.quantile(u).clamp(-FARTHEST, FARTHEST)
}
