//! What a law leaves open: residuals of cases, with what is known of them.

use super::carrier::Origin;
use super::dynamics::FlowStarts;
use crate::postprocess::method::Predictions;
use foehn_calibration::{Case, Law, Predictors, Table};
use foehn_noise::{Key, Purpose};
use ndarray::Array2;

/// Residuals farther out count as this far: one bad observation must not bend the flow.
pub(crate) const FARTHEST: f64 = 5.0;
/// Places of a residual within an atom of its law (rain: none), and raw members that it is paired with.
const REPLICATES: usize = 4;

/// One case: its residual, its conditions, the law it was left by.
#[derive(Clone, Debug)]
pub(crate) struct Residual {
    pub(crate) date: i64,
    /// Index of the station, and one.
    pub(crate) station: usize,
    /// `Phi^-1(F(y))` at places spread evenly over an atom; one where there is none.
    pub(crate) z: Vec<f64>,
    /// What it may be carried from.
    pub(crate) origin: Origin,
    /// Conditions.
    pub(crate) row: Vec<f64>,
    pub(crate) law: Law,
    pub(crate) observation: f64,
}

/// The residuals of the observed cases of a table in the forecasts of its rows.
pub(crate) fn residuals(
    block: &Table,
    forecasts: &Predictions,
    predictors: &Predictors,
    seed: u64,
) -> Vec<Residual> {
    let each = block.cases().zip(&block.columns().station).zip(forecasts);
    let observed = each.filter(|((case, _), _)| case.observation.is_finite());
    observed
        .enumerate()
        .filter_map(|(i, ((case, station), forecast))| {
            let key = Key::new(seed, Purpose::Ties).init(case.date).step(i as u32);
            // A case that lacks a member or a covariate teaches nothing.
            let law = forecast.as_ref().ok()?.law.clone();
            Some(Residual {
                date: case.date,
                station: station + 1,
                z: places(&law, case.observation, key),
                origin: origin(&case, &law, seed),
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

/// What a case is carried from, named by its place and time: it is the same in any table.
pub(crate) fn origin(case: &Case<'_>, law: &Law, seed: u64) -> Origin {
    let place = seed ^ of_name(&case.station.name);
    let key = |purpose: Purpose, lead: u32| Key::new(place, purpose).init(case.date).lead(lead);
    let own = key(Purpose::Sample, (case.lead / 60) as u32).seed_from();
    let mean = case.mean_and_deviation().map(|(mean, _)| {
        let [low, high] = [law.cdf_below(mean), law.cdf(mean)];
        normal_quantile(f64::midpoint(low, high))
    });
    Origin {
        members: deviations(case, key(Purpose::Ties, 1)),
        mean,
        key: Key::new(own, Purpose::Sample),
    }
}

/// A number for a name: other names of a few letters have others (FNV-1a).
fn of_name(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |sum: u64, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// `(x_i - mean) / s` of the members that are there; members that are all the same stand at random in the cells of
/// equal probability of the normal law.
fn deviations(case: &Case<'_>, key: Key) -> Vec<f64> {
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
    let order = key.member(1).permutation(present.len());
    let cells = order.into_iter().zip(u);
    cells
        .map(|(cell, u)| normal_quantile((cell as f64 + u) / count))
        .collect()
}

/// `Phi^-1(u)` within the range that is learnt.
pub(crate) fn normal_quantile(u: f64) -> f64 {
    STANDARD.quantile(u).clamp(-FARTHEST, FARTHEST)
}

/// The standard normal law.
pub(crate) const STANDARD: Law = Law::Normal {
    location: 0.0,
    scale: 1.0,
};

/// Rows to learn from: starts (for raw members and their mean), ends and conditions.
pub(crate) struct Tables {
    pub(crate) x0: Option<Array2<f32>>,
    pub(crate) x1: Array2<f32>,
    pub(crate) condition: Array2<f32>,
}

/// Every row shows [`REPLICATES`] of its raw members, drawn by the seed, so that many rows show them all.
pub(crate) fn tables(rows: &[Residual], starts: FlowStarts, seed: u64) -> Tables {
    let atoms = rows.iter().any(|row| row.z.len() > 1);
    let count = if atoms || starts == FlowStarts::Members {
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
        match starts {
            FlowStarts::Base => {}
            FlowStarts::Mean => {
                let mean = row.origin.mean.unwrap_or(0.0) as f32;
                x0.extend((0..count).map(|_| mean));
            }
            FlowStarts::Members => {
                let members = &row.origin.members;
                let key = Key::new(seed, Purpose::Resample).init(at as i64).lead(1);
                let order = key.permutation(members.len());
                let turn = |i: usize| order.get(i % order.len().max(1));
                let shown = (0..count).map(turn);
                x0.extend(shown.map(|member| member.map_or(0.0, |&member| pick(members, member))));
            }
        }
    }
    let total = x1.len();
    let column = |values: Vec<f32>| Array2::from_shape_fn((total, 1), |(i, _)| values[i]);
    let width = rows.first().map_or(0, |row| row.row.len());
    Tables {
        x0: (starts != FlowStarts::Base).then(|| column(x0)),
        x1: column(x1),
        condition: Array2::from_shape_fn((total, width), |(i, j)| rows[i / count].row[j] as f32),
    }
}

/// The conditions of some cases.
///
/// # Shapes
/// (rows, c).
pub(crate) fn conditions(rows: &[Residual]) -> Array2<f32> {
    let width = rows.first().map_or(0, |row| row.row.len());
    Array2::from_shape_fn((rows.len(), width), |(i, j)| rows[i].row[j] as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

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

    /// Eight members and four a row: taken by turns, even rows would show the first four alone. Of 200 rows each shows a
    /// member with chance one half, no two of a row the same.
    #[test]
    fn even_and_odd_rows_show_every_member() {
        let rows: Vec<Residual> = (0..400).map(|i| residual(i, vec![], 8)).collect();
        let x0 = tables(&rows, FlowStarts::Members, 1).x0.expect("starts");
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
