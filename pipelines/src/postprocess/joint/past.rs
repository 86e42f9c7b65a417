//! Past observations, the template of the Schaake shuffle.

use super::orders::OrderError;
use foehn_calibration::{Split, Table};
use foehn_noise::Key;
use ndarray::Array2;
use std::collections::BTreeMap;

/// Observations of the training dates: by lead, by date, by place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {
    leads: BTreeMap<i64, BTreeMap<i64, BTreeMap<usize, f64>>>,
}

/// The past of every fit, found by the dates that it serves.
pub(crate) struct Pasts {
    by_first_date: BTreeMap<i64, Past>,
    empty: Past,
}

impl Pasts {
    pub(crate) fn of(splits: &[Split]) -> Self {
        let one = |split: &Split| {
            let first = split.test.distinct_dates().first().copied();
            Some((first?, Past::of(&split.train)))
        };
        Self {
            by_first_date: splits.iter().filter_map(one).collect(),
            empty: Past::default(),
        }
    }

    /// The past of the fit that serves a date.
    pub(crate) fn at(&self, date: i64) -> &Past {
        let last = self.by_first_date.range(..=date).next_back();
        last.map_or(&self.empty, |(_, past)| past)
    }
}

impl Past {
    fn of(table: &Table) -> Self {
        let mut past = Self::default();
        let columns = table.columns();
        for row in 0..table.len() {
            let value = columns.observations[row];
            if value.is_finite() {
                let dates = past.leads.entry(columns.leads[row]).or_default();
                let places = dates.entry(columns.dates[row]).or_default();
                places.insert(columns.station[row], value);
            }
        }
        past
    }

    /// The dates of a lead that hold at least half as many of the places as the fullest.
    ///
    /// # Errors
    /// Fewer such dates than members.
    pub(crate) fn full(
        &self,
        lead: i64,
        places: &[usize],
        members: usize,
    ) -> Result<Vec<&BTreeMap<usize, f64>>, OrderError> {
        let dates: Vec<&BTreeMap<usize, f64>> = self
            .leads
            .get(&lead)
            .into_iter()
            .flat_map(BTreeMap::values)
            .collect();
        let held =
            |date: &BTreeMap<usize, f64>| places.iter().filter(|p| date.contains_key(p)).count();
        let counts: Vec<usize> = dates.iter().map(|date| held(date)).collect();
        let most = counts.iter().copied().max().unwrap_or(0);
        let each = dates.into_iter().zip(counts);
        let full: Vec<_> = each
            .filter(|(_, count)| most > 0 && 2 * count >= most)
            .map(|(date, _)| date)
            .collect();
        if full.len() < members {
            let (needed, found) = (members, full.len());
            return Err(OrderError::TooFewDates { needed, found });
        }
        Ok(full)
    }

    /// Observations (members, places) of as many [full](Self::full) dates, drawn; where one is missing, another of the
    /// place at random, which is counted in `drawn`.
    ///
    /// # Errors
    /// Fewer such dates than members.
    pub(crate) fn template(
        &self,
        lead: i64,
        places: &[usize],
        members: usize,
        key: Key,
        drawn: &mut usize,
    ) -> Result<Array2<f64>, OrderError> {
        let full = self.full(lead, places, members)?;
        let dates = || self.leads.get(&lead).into_iter().flat_map(BTreeMap::values);
        let order = key.step(4).permutation(full.len());
        let chosen: Vec<_> = order.into_iter().take(members).map(|i| full[i]).collect();
        let mut template = Array2::zeros((members, places.len()));
        for (mut column, &place) in template.columns_mut().into_iter().zip(places) {
            let known: Vec<f64> = dates()
                .filter_map(|date| date.get(&place).copied())
                .collect();
            let mut u = vec![0.0; members];
            key.step(5).member(place as u32).uniforms(&mut u);
            for ((to, date), u) in column.iter_mut().zip(&chosen).zip(u) {
                *to = date.get(&place).copied().unwrap_or_else(|| {
                    *drawn += 1;
                    known
                        .get((u * known.len() as f64) as usize)
                        .copied()
                        .unwrap_or(u)
                });
            }
        }
        Ok(template)
    }
}
