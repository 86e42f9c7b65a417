//! What every network learns from and is judged by.

use super::base::{Base, FittedBase};
use super::fitted_distributional::parameters;
use super::pool::{FittedPool, Pool, Weighed, weights};
use super::residuals::{Residual, residuals};
use crate::postprocess::method::Predictions;
use crate::progress::check_interrupt;
use anyhow::Result;
use foehn_calibration::{Case, Emos, Method, Predictors, Table, Term};
use foehn_compute::Workers;
use foehn_noise::{Key, Purpose};
use serde::Serialize;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// Cases that a network is judged on at most.
const JUDGED: usize = 1500;

/// Parts of the dates of which each has its residuals from the parameters of the others.
const PARTS: usize = 10;

/// What one network learns from and is judged by: nothing that it learns from knows of the dates kept for judging.
pub(crate) struct Lesson {
    pub(crate) learnt: Vec<Residual>,
    pub(crate) kept: Vec<Residual>,
}

/// Training dates in blocks of consecutive ones.
pub(crate) struct Blocks<'a> {
    table: &'a Table,
    dates: Vec<Vec<i64>>,
    seed: u64,
    workers: &'a Workers,
}

/// What blocks of training dates say of several bases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BaseWeights {
    /// The weight of every base.
    pub weights: Vec<f64>,
    /// The mean CRPS of each.
    pub crps: Vec<f64>,
    /// That of all together, by their weights.
    pub together: f64,
}

fn apart(table: &Table, block: &[i64]) -> Table {
    table.apart(block[0], block[block.len() - 1], 0)
}

fn within(table: &Table, block: &[i64]) -> Table {
    table.of_dates(block[0], block[block.len() - 1])
}

fn forecasts(fitted: &FittedPool, table: &Table) -> Result<Predictions> {
    let cases: Vec<Case<'_>> = table.cases().collect();
    fitted.predictions(&cases)
}

impl<'a> Blocks<'a> {
    /// So many blocks; there are at least as many dates.
    pub(crate) fn of(table: &'a Table, count: usize, seed: u64, workers: &'a Workers) -> Self {
        Self {
            table,
            dates: table.blocks_of_dates(count),
            seed,
            workers,
        }
    }

    fn others(&self, k: usize) -> Table {
        apart(self.table, &self.dates[k])
    }

    fn inside(&self, k: usize) -> Table {
        within(self.table, &self.dates[k])
    }

    /// Forecasts of a block from the other dates.
    fn forecasts(&self, base: &Pool, k: usize) -> Result<Predictions> {
        check_interrupt()?;
        let fitted = base.fit(&self.others(k), self.seed, self.workers)?;
        forecasts(&fitted, &self.inside(k))
    }

    /// The weights of least mean CRPS over the observed cases that every base has a forecast of, each block forecast from
    /// the dates of the others.
    ///
    /// # Errors
    /// As a base's fit to a part of the dates.
    pub(crate) fn weights(&self, bases: &[Base]) -> Result<BaseWeights> {
        let mut cases = Vec::new();
        for k in 0..self.dates.len() {
            let forecasts = |base: &Base| self.forecasts(&Pool::of(base.clone()), k);
            let each: Vec<Predictions> = bases.iter().map(forecasts).collect::<Result<_>>()?;
            for (row, case) in self.inside(k).cases().enumerate() {
                let own = |of: &Predictions| parameters(&of[row].as_ref().ok()?.law);
                let all: Option<Vec<_>> = each.iter().map(own).collect();
                let Some(all) = all.filter(|_| case.observation.is_finite()) else {
                    continue;
                };
                cases.push(Weighed {
                    family: all[0].0,
                    parameters: all.into_iter().map(|(_, parameters)| parameters).collect(),
                    observation: case.observation,
                });
            }
        }
        Ok(weights(&cases, bases.len()))
    }

    /// One lesson for each block, which is kept from it.
    ///
    /// # Errors
    /// As the base's fit, on parts of the dates.
    pub(crate) fn lessons(&self, base: &Pool, terms: &[Term]) -> Result<Vec<Lesson>> {
        let base = base.for_parts();
        let mut pairs = BTreeMap::new();
        let one = |k: usize| {
            let others = self.others(k);
            let shown = Predictors::fit(&others, terms)?;
            let forecasts = self.forecasts(&base, k)?;
            let kept = residuals(&self.inside(k), &forecasts, &shown, self.seed);
            let key = Key::new(self.seed, Purpose::Resample).init(self.dates[k][0]);
            let learnt = match base.quick() {
                Some(quick) => self.of_parts(&others, &quick, terms)?,
                None => self.of_pairs(k, &base, terms, &mut pairs)?,
            };
            Ok(Lesson {
                learnt,
                kept: some(kept, JUDGED, key),
            })
        };
        (0..self.dates.len()).map(one).collect()
    }

    /// Residuals of all cases, those of a part of the dates by parameters of dates apart from it: what is seen in training
    /// is then as far from the case as it is for a forecast.
    fn of_parts(
        &self,
        table: &Table,
        quick: &[(&Emos, f64)],
        terms: &[Term],
    ) -> Result<Vec<Residual>> {
        let dates = table.distinct_dates();
        let parts: Vec<&[i64]> = dates.chunks(dates.len().div_ceil(PARTS).max(1)).collect();
        let done = self.workers.map(parts.len(), |i| {
            let others = apart(table, parts[i]);
            let part = within(table, parts[i]);
            let fit = |(emos, weight): &(&Emos, f64)| {
                let fitted = Method::Emos((*emos).clone()).fit(&others)?;
                Ok::<_, anyhow::Error>((FittedBase::Statistical(fitted), *weight))
            };
            let fitted = FittedPool::new(quick.iter().map(fit).collect::<Result<_>>()?);
            let shown = Predictors::fit(&others, terms)?;
            Ok::<_, anyhow::Error>(residuals(
                &part,
                &forecasts(&fitted, &part)?,
                &shown,
                self.seed,
            ))
        })?;
        Ok(done.into_iter().flatten().collect())
    }

    /// The same where a fit takes long: the parts are the other blocks, so that a fit without two blocks serves the lessons
    /// of both.
    fn of_pairs(
        &self,
        k: usize,
        base: &Pool,
        terms: &[Term],
        pairs: &mut BTreeMap<(usize, usize), FittedPool>,
    ) -> Result<Vec<Residual>> {
        let mut all = Vec::new();
        let without = self.others(k);
        for j in (0..self.dates.len()).filter(|j| *j != k) {
            check_interrupt()?;
            let others = apart(&without, &self.dates[j]);
            let fitted = match pairs.entry((k.min(j), k.max(j))) {
                Entry::Occupied(there) => there.into_mut(),
                Entry::Vacant(place) => place.insert(base.fit(&others, self.seed, self.workers)?),
            };
            let part = within(&without, &self.dates[j]);
            let shown = Predictors::fit(&others, terms)?;
            all.extend(residuals(
                &part,
                &forecasts(fitted, &part)?,
                &shown,
                self.seed,
            ));
        }
        Ok(all)
    }
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

#[cfg(test)]
mod tests {
    use super::super::carrier::Origin;
    use super::super::residuals::STANDARD;
    use super::*;

    fn residual(date: i64, row: Vec<f64>, members: usize) -> Residual {
        Residual {
            date,
            station: 1,
            z: vec![0.0],
            origin: Origin {
                members: (0..members).map(|m| m as f64).collect(),
                mean: Some(0.0),
                key: Key::new(1, Purpose::Sample),
            },
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
}
