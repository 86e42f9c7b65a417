//! What a law leaves open: residuals of cases, with what is known of them.

use super::course::Score;
use super::curve::Curve;
use super::transport::Transport;
use anyhow::Result;
use foehn_calibration::{Case, Fitted, Law, Method, Predictors, Table, Term};
use foehn_compute::Workers;
use foehn_noise::{Key, Purpose};
use ndarray::Array2;
use std::collections::BTreeSet;

/// Blocks of dates of which each has its residuals from the parameters of the others.
const BLOCKS: usize = 10;
/// Residuals farther out count as this far: one bad observation must not bend the flow.
pub(super) const FARTHEST: f64 = 5.0;
/// Cases that a network is judged on at most.
const JUDGED: usize = 1500;
/// Places of a residual within an atom of its law (rain: none), and raw members that it is paired with.
const REPLICATES: usize = 4;

/// One case: its residual, its conditions, the law it was left by.
#[derive(Clone, Debug)]
pub(super) struct Residual {
    pub(super) date: i64,
    /// `Phi^-1(F(y))` at places spread evenly over an atom; one where there is none.
    pub(super) z: Vec<f64>,
    /// Raw members in deviations from their mean.
    pub(super) members: Vec<f64>,
    /// Conditions.
    pub(super) row: Vec<f64>,
    pub(super) law: Law,
    pub(super) observation: f64,
}

/// What one network learns from and is judged by: nothing that it learns from knows of the dates kept for judging.
pub(super) struct Lesson {
    pub(super) learnt: Vec<Residual>,
    pub(super) kept: Vec<Residual>,
}

/// Cases before a block of dates or after it, none of which was in the air during it.
fn apart(table: &Table, block: &[i64]) -> Table {
    let longest = table.distinct_leads().last().copied().unwrap_or(0);
    let (first, last) = (block[0], block[block.len() - 1]);
    table.filter(|case| case.valid() <= first || case.date >= last + longest.max(1))
}

fn within(table: &Table, block: &[i64]) -> Table {
    let dates = block[0]..=block[block.len() - 1];
    table.filter(|case| dates.contains(&case.date))
}

/// One lesson for each of `count` blocks of consecutive dates, which are kept from it.
///
/// # Errors
/// As [`Method::fit`], for the base on parts of the dates.
pub(super) fn lessons(
    table: &Table,
    count: usize,
    base: &Method,
    terms: &[Term],
    seed: u64,
    workers: &Workers,
) -> Result<Vec<Lesson>> {
    let dates = table.distinct_dates();
    let blocks: Vec<&[i64]> = (0..count)
        .map(|k| &dates[k * dates.len() / count..(k + 1) * dates.len() / count])
        .collect();
    blocks
        .into_iter()
        .map(|block| {
            let others = apart(table, block);
            let inside = within(table, block);
            let kept = of_block(
                &inside,
                &base.fit(&others)?,
                &Predictors::fit(&others, terms)?,
                seed,
            );
            let key = Key::new(seed, Purpose::Resample).init(block[0]);
            Ok(Lesson {
                learnt: out_of_block(&others, base, terms, seed, workers)?,
                kept: some(kept, JUDGED, key),
            })
        })
        .collect()
}

/// So many of the residuals at most, drawn by the key, in their order: rows at even distances would be the same few places
/// of every date.
fn some(all: Vec<Residual>, most: usize, key: Key) -> Vec<Residual> {
    if all.len() <= most {
        return all;
    }
    let drawn: BTreeSet<usize> = key.permutation(all.len()).into_iter().take(most).collect();
    let numbered = all.into_iter().enumerate();
    numbered
        .filter(|(i, _)| drawn.contains(i))
        .map(|(_, residual)| residual)
        .collect()
}

/// Residuals of all cases, those of a block of dates by parameters of dates apart from it: what is seen in training is
/// then as far from the case as it is for a forecast.
fn out_of_block(
    table: &Table,
    base: &Method,
    terms: &[Term],
    seed: u64,
    workers: &Workers,
) -> Result<Vec<Residual>> {
    let dates = table.distinct_dates();
    let length = dates.len().div_ceil(BLOCKS).max(1);
    let blocks: Vec<&[i64]> = dates.chunks(length).collect();
    let parts = workers.map(blocks.len(), |i| {
        let others = apart(table, blocks[i]);
        let block = within(table, blocks[i]);
        let (fitted, predictors) = (base.fit(&others)?, Predictors::fit(&others, terms)?);
        Ok::<_, anyhow::Error>(of_block(&block, &fitted, &predictors, seed))
    })?;
    Ok(parts.into_iter().flatten().collect())
}

fn of_block(block: &Table, fitted: &Fitted, predictors: &Predictors, seed: u64) -> Vec<Residual> {
    let observed = block.cases().filter(|case| case.observation.is_finite());
    observed
        .enumerate()
        .filter_map(|(i, case)| {
            let key = Key::new(seed, Purpose::Ties).init(case.date).step(i as u32);
            // A case that lacks a member or a covariate teaches nothing.
            let law = fitted.predict(&case).ok()?.law;
            Some(Residual {
                date: case.date,
                z: places(&law, case.observation, key),
                members: deviations(&case, key.member(1)),
                row: predictors.of(&case),
                observation: case.observation,
                law,
            })
        })
        .collect()
}

/// `Phi^-1(u)`, u spread evenly over the jump of the law at an observation.
fn places(law: &Law, observation: f64, key: Key) -> Vec<f64> {
    let [low, high] = law.pit(observation);
    let count = if high > low { REPLICATES } else { 1 };
    let mut u = vec![0.0; count];
    key.uniforms(&mut u);
    u.iter()
        .enumerate()
        .map(|(i, u)| normal_quantile(low + (i as f64 + u) / count as f64 * (high - low)))
        .collect()
}

/// `(x_i - mean) / s` of the members that are there; members that are all the same stand at random in the cells of
/// equal probability of the normal law.
pub(super) fn deviations(case: &Case<'_>, key: Key) -> Vec<f64> {
    let present = case.present();
    let Some((mean, deviation)) = case.mean_and_deviation() else {
        return Vec::new();
    };
    if deviation > 1e-9 * mean.abs() {
        return present.iter().map(|x| (x - mean) / deviation).collect();
    }
    let count = present.len() as f64;
    let mut u = vec![0.0; present.len()];
    key.uniforms(&mut u);
    let order = key.step(1).permutation(present.len());
    let cells = order.into_iter().zip(u);
    cells
        .map(|(cell, u)| normal_quantile((cell as f64 + u) / count))
        .collect()
}

/// `Phi^-1(u)` within the range that is learnt.
pub(super) fn normal_quantile(u: f64) -> f64 {
    STANDARD.quantile(u).clamp(-FARTHEST, FARTHEST)
}

/// The standard normal law.
pub(super) const STANDARD: Law = Law::Normal {
    location: 0.0,
    scale: 1.0,
};

/// Where a flow starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// Any level of the base law.
    Base,
    /// The raw members.
    Members,
}

/// Rows to learn from: starts (for raw members), ends and conditions.
pub(super) struct Tables {
    pub(super) x0: Option<Array2<f32>>,
    pub(super) x1: Array2<f32>,
    pub(super) condition: Array2<f32>,
}

/// Every row shows [`REPLICATES`] of its raw members, drawn by the seed, so that many rows show them all.
pub(super) fn tables(rows: &[Residual], from: From, seed: u64) -> Tables {
    let atoms = rows.iter().any(|row| row.z.len() > 1);
    let count = if atoms || from == From::Members {
        REPLICATES
    } else {
        1
    };
    let pick = |values: &[f64], at: usize| {
        let at = at % values.len().max(1);
        values.get(at).copied().unwrap_or(0.0) as f32
    };
    let (mut x0, mut x1) = (Vec::new(), Vec::new());
    for (at, row) in rows.iter().enumerate() {
        x1.extend((0..count).map(|i| pick(&row.z, i)));
        if from == From::Members {
            let key = Key::new(seed, Purpose::Resample).init(at as i64).lead(1);
            let members = key.permutation(row.members.len());
            let shown = (0..count).map(|i| {
                let member = members.get(i % members.len().max(1));
                member.map_or(0.0, |&member| pick(&row.members, member))
            });
            x0.extend(shown);
        }
    }
    let total = x1.len();
    let column = |values: Vec<f32>| Array2::from_shape_fn((total, 1), |(i, _)| values[i]);
    let width = rows.first().map_or(0, |row| row.row.len());
    Tables {
        x0: (from == From::Members).then(|| column(x0)),
        x1: column(x1),
        condition: Array2::from_shape_fn((total, width), |(i, j)| rows[i / count].row[j] as f32),
    }
}

/// The conditions of some cases.
///
/// # Shapes
/// (rows, c).
pub(super) fn conditions(rows: &[Residual]) -> Array2<f32> {
    let width = rows.first().map_or(0, |row| row.row.len());
    Array2::from_shape_fn((rows.len(), width), |(i, j)| rows[i].row[j] as f32)
}

/// Residuals that are kept for judging, ready for many networks.
pub(super) struct Judge {
    rows: Vec<Residual>,
    curves: Vec<Curve>,
    conditions: Array2<f32>,
    from: From,
}

impl Judge {
    pub(super) fn new(rows: Vec<Residual>, from: From) -> Self {
        Self {
            curves: rows.iter().map(|row| Curve::of(&row.law)).collect(),
            conditions: conditions(&rows),
            rows,
            from,
        }
    }

    /// Date and CRPS of every case.
    pub(super) fn crps(&self, transport: &Transport) -> Result<Vec<Score>> {
        let laws = self.laws(transport)?;
        let each = laws.iter().zip(&self.rows);
        Ok(each
            .map(|(law, row)| (row.date, law.crps(row.observation)))
            .collect())
    }

    /// The carried laws.
    fn laws(&self, transport: &Transport) -> Result<Vec<Law>> {
        let paths = transport.paths(&self.conditions)?;
        let law = |(i, row): (usize, &Residual)| {
            let carried = match self.from {
                From::Base => paths.levels(i),
                From::Members => paths.carry(i, &row.members),
            };
            let values: Vec<f64> = carried.iter().map(|z| self.curves[i].at(*z)).collect();
            Ok(Law::of_members(&values)?)
        };
        self.rows.iter().enumerate().map(law).collect()
    }

    /// Date and level of every residual in the carried standard law.
    pub(super) fn transforms(&self, transport: &Transport) -> Result<Vec<(i64, f64)>> {
        let paths = transport.paths(&self.conditions)?;
        let mut all = Vec::new();
        for (i, row) in self.rows.iter().enumerate() {
            let law = Law::of_members(&paths.levels(i))?;
            for z in &row.z {
                let [low, high] = law.pit(*z);
                all.push((row.date, f64::midpoint(low, high)));
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn residual(date: i64, row: Vec<f64>, members: usize) -> Residual {
        Residual {
            date,
            z: vec![0.0],
            members: (0..members).map(|m| m as f64).collect(),
            row,
            law: STANDARD,
            observation: 0.0,
        }
    }

    /// Dates, leads and a grid of 32 by 32 in the order of a store, 32 times what is judged: rows at even distances would
    /// be those of one column. Of 1536 drawn rows, a column has 48 and none with chance `32 e^-48`.
    #[test]
    fn every_column_and_lead_is_judged() {
        let (dates, leads, side) = (24, 2, 32);
        let mut all = Vec::new();
        for date in 0..dates {
            for place in 0..leads * side * side {
                let (lead, x) = (place / (side * side), place % side);
                all.push(residual(date, vec![lead as f64, x as f64], 1));
            }
        }
        let most = all.len() / side;
        let judged = some(all, most, Key::new(1, Purpose::Resample));
        assert_eq!(judged.len(), most);
        assert!(judged.is_sorted_by_key(|residual| residual.date));
        for (at, count) in [(0, leads), (1, side)] {
            let seen: BTreeSet<usize> = judged.iter().map(|r| r.row[at] as usize).collect();
            assert_eq!(seen.len(), count);
        }
    }

    /// Eight members and four a row: taken by turns, even rows would show the first four alone. Of 200 rows each shows a
    /// member with chance one half, no two of a row the same.
    #[test]
    fn even_and_odd_rows_show_every_member() {
        let rows: Vec<Residual> = (0..400).map(|i| residual(i, vec![], 8)).collect();
        let x0 = tables(&rows, From::Members, 1).x0.expect("starts");
        let shown = |row: usize| (0..REPLICATES).map(move |i| (row * REPLICATES + i, 0));
        for parity in 0..2 {
            let rows = (parity..400).step_by(2);
            let seen: BTreeSet<u32> = rows.flat_map(shown).map(|at| x0[at] as u32).collect();
            assert_eq!(seen.len(), 8);
        }
        let first: BTreeSet<u32> = shown(0).map(|at| x0[at] as u32).collect();
        assert_eq!(first.len(), REPLICATES);
    }
}
