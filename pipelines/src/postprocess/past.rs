//! Past observations, the template of the Schaake shuffle.

use anyhow::{Result, bail};
use foehn_calibration::Table;
use foehn_noise::Key;
use ndarray::Array2;
use std::collections::BTreeMap;

/// Observations of the training dates: by lead, by date, by place.
#[derive(Clone, Debug, Default)]
pub(super) struct Past {
    leads: BTreeMap<i64, BTreeMap<i64, BTreeMap<usize, f64>>>,
}

impl Past {
    pub(super) fn of(table: &Table) -> Self {
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

    /// Observations (members, places) of as many dates, drawn from those that hold at least half as many of the places
    /// as the fullest; where one is missing, another of the place at random, which is counted in `drawn`.
    ///
    /// # Errors
    /// Fewer such dates than members.
    pub(super) fn template(
        &self,
        lead: i64,
        places: &[usize],
        members: usize,
        key: Key,
        drawn: &mut usize,
    ) -> Result<Array2<f64>> {
        let empty = BTreeMap::new();
        let dates: Vec<&BTreeMap<usize, f64>> =
            self.leads.get(&lead).unwrap_or(&empty).values().collect();
        let held =
            |date: &BTreeMap<usize, f64>| places.iter().filter(|p| date.contains_key(p)).count();
        let counts: Vec<usize> = dates.iter().map(|date| held(date)).collect();
        let most = counts.iter().copied().max().unwrap_or(0);
        let full: Vec<usize> = (0..dates.len())
            .filter(|&i| most > 0 && 2 * counts[i] >= most)
            .collect();
        if full.len() < members {
            bail!(
                "calibrated.order = \"schaake\" needs {members} past dates with observations at most places, and {} \
                 have them: write fewer members (calibrated.members), or choose ecc_q",
                full.len()
            );
        }
        let order = key.step(4).permutation(full.len());
        let chosen: Vec<usize> = order.into_iter().take(members).map(|i| full[i]).collect();
        let mut template = Array2::zeros((members, places.len()));
        for (mut column, &place) in template.columns_mut().into_iter().zip(places) {
            let known: Vec<f64> = dates
                .iter()
                .filter_map(|date| date.get(&place).copied())
                .collect();
            let mut u = vec![0.0; members];
            key.step(5).member(place as u32).uniforms(&mut u);
            for ((to, &date), u) in column.iter_mut().zip(&chosen).zip(u) {
                *to = dates[date].get(&place).copied().unwrap_or_else(|| {
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
