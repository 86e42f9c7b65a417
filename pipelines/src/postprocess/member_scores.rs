//! Scores of members, place by place and over all places of a date.

use super::config::{CalibratedConfig, Order};
use super::field_spectra::FieldSpectra;
use super::joint::{Joint, Occasion};
use super::method::Predictions;
use super::occasions::occasions;
use super::past::Past;
use super::scores::Scored;
use anyhow::Result;
use foehn_calibration::{Law, Table};
use foehn_compute::Workers;
use foehn_verification::{Estimator, PitHistogram, energy_score, variogram_score};
use ndarray::{Array1, Array2};
use serde::Serialize;
use std::collections::BTreeMap;

/// Places that the variogram score compares at most, evenly spread over their order.
const PAIRED: usize = 256;
/// More members than this are counted in cells of several ranks.
const RANKS: usize = 20;
/// Cells for these.
const CELLS: usize = 10;

/// Scores of the members that a method gives in one order.
#[derive(Clone, Debug, Serialize)]
pub struct MemberScores {
    /// The name in the configuration.
    pub method: String,
    /// The order, `own` for members that are corrected one by one.
    pub order: String,
    /// Members.
    pub members: usize,
    /// CRPS of the members as the law itself (empirical), mean over cases.
    pub crps: f64,
    /// CRPS of the members as draws of a law (fair): comparable where they are draws, flattering at even levels.
    pub crps_fair: f64,
    /// `sqrt((M + 1)/M)` times the root of the mean variance (ddof 1), over the root mean square error of the mean.
    pub spread_skill: f64,
    /// Shares of the ranks of the observation among the members, ties spread evenly; of ten cells where there are more than
    /// twenty members.
    pub ranks: Vec<f64>,
    /// Of their flatness, with one draw a date.
    pub rank_p_value: f64,
    /// Energy score over all places of a date and lead, mean over these: of the members as the law itself (empirical).
    pub energy: Option<f64>,
    /// The same of members as draws of a law (fair).
    pub energy_fair: Option<f64>,
    /// Variogram score of order 1/2 over pairs of at most 256 places, fair, mean over pairs.
    pub variogram: Option<f64>,
    /// Mean over wavenumbers of `|log10 E/E_true|`, on a grid without gaps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spectrum: Option<f64>,
    /// Ranks that were drawn for want of a raw member or past observation.
    pub drawn: usize,
}

/// What all members are scored against.
pub(super) struct Examination<'a> {
    pub(super) test: &'a Table,
    pub(super) scored: &'a Scored,
    /// The past of every date.
    pub(super) past: &'a (dyn Fn(i64) -> &'a Past + Sync),
    pub(super) spectra: Option<FieldSpectra>,
    pub(super) calibrated: &'a CalibratedConfig,
    pub(super) seed: u64,
}

struct Sums {
    cases: f64,
    /// CRPS, fair CRPS, variance, square error.
    values: [f64; 4],
    ranks: PitHistogram,
    /// Energy, fair energy, variogram; occasions.
    joint: [f64; 3],
    occasions: f64,
    drawn: usize,
}

impl Examination<'_> {
    /// Members of every method, in every order that makes a difference.
    ///
    /// # Errors
    /// If members cannot be made in the configured order.
    pub(super) fn scores(
        &self,
        predictions: &BTreeMap<String, Predictions>,
        workers: &Workers,
    ) -> Result<Vec<MemberScores>> {
        let mut tasks: Vec<(&String, &Predictions, Order)> = Vec::new();
        for (name, forecasts) in predictions {
            tasks.extend(
                self.orders(forecasts)
                    .into_iter()
                    .map(|order| (name, forecasts, order)),
            );
        }
        let done = workers.map(tasks.len(), |i| {
            let (name, forecasts, order) = tasks[i];
            match self.one(name, forecasts, order) {
                Ok(scores) => Ok(Some(scores)),
                // An order that the data cannot give is an error where it was asked for.
                Err(error) if order == self.calibrated.order => Err(error),
                Err(_) => Ok(None),
            }
        })?;
        let mut scores: Vec<MemberScores> = done.into_iter().flatten().collect();
        scores.sort_by(|a, b| {
            let by = |s: &MemberScores| s.energy.unwrap_or(s.crps);
            by(a).total_cmp(&by(b))
        });
        Ok(scores)
    }

    fn count(&self) -> usize {
        self.calibrated
            .members
            .unwrap_or(self.test.columns().members.ncols())
    }

    fn orders(&self, forecasts: &Predictions) -> Vec<Order> {
        let own = self.scored.rows.iter().all(|&row| {
            let members = forecasts[row]
                .as_ref()
                .ok()
                .and_then(|own| own.members.as_ref());
            members.is_some_and(|members| members.len() == self.count())
        });
        let several = self.occasions().values().any(|rows| rows.len() > 1);
        if own || !several {
            return vec![self.calibrated.order];
        }
        vec![Order::EccQ, Order::EccT, Order::Schaake, Order::Independent]
    }

    fn occasions(&self) -> BTreeMap<(i64, i64), Vec<usize>> {
        occasions(self.test, self.scored.rows.iter().copied())
    }

    fn one(&self, name: &str, forecasts: &Predictions, order: Order) -> Result<MemberScores> {
        let joint = Joint {
            order,
            levels: self.calibrated.levels,
            count: self.count(),
            seed: self.seed,
        };
        let cells = if joint.count > RANKS {
            CELLS
        } else {
            joint.count + 1
        };
        let mut sums = Sums {
            cases: 0.0,
            values: [0.0; 4],
            ranks: PitHistogram::new(cells),
            joint: [0.0; 3],
            occasions: 0.0,
            drawn: 0,
        };
        let mut spectra = self.spectra.clone();
        let (mut own, mut dates) = (true, Vec::new());
        for ((date, _), rows) in self.occasions() {
            let on = Occasion::of(self.test, forecasts, &rows);
            own &= on
                .forecasts
                .iter()
                .all(|f| f.as_ref().is_ok_and(|f| f.members.is_some()));
            let members = joint.members(&on, (self.past)(date))?;
            let truth: Array1<f64> = on.cases.iter().map(|case| case.observation).collect();
            sums.drawn += members.drawn;
            sums.add(&members.values, &truth)?;
            if let Some(spectra) = &mut spectra {
                spectra.add(&members.values, &truth, &on.places)?;
            }
            dates.push(date);
        }
        dates.dedup();
        let n = sums.cases;
        let factor = (1.0 + 1.0 / joint.count as f64).sqrt();
        let several = sums.occasions > 0.0;
        let [energy, energy_fair, variogram] = sums
            .joint
            .map(|sum| several.then_some(sum / sums.occasions));
        Ok(MemberScores {
            method: name.to_owned(),
            order: if own { "own" } else { order.name() }.to_owned(),
            members: joint.count,
            crps: sums.values[0] / n,
            crps_fair: sums.values[1] / n,
            spread_skill: factor * (sums.values[2] / sums.values[3]).sqrt(),
            ranks: sums.ranks.counts().iter().map(|count| count / n).collect(),
            rank_p_value: sums
                .ranks
                .flatness(dates.len() as f64)
                .map_or(f64::NAN, |f| f.p_value),
            energy,
            energy_fair,
            variogram,
            spectrum: spectra.and_then(|spectra| spectra.log_distance()),
            drawn: sums.drawn,
        })
    }
}

impl Sums {
    /// Adds the members (members, cases) of one date and lead.
    fn add(&mut self, members: &Array2<f64>, truth: &Array1<f64>) -> Result<()> {
        for (column, y) in members.columns().into_iter().zip(truth) {
            let present: Vec<f64> = column.iter().copied().filter(|x| x.is_finite()).collect();
            let count = present.len() as f64;
            let law = Law::of_members(&present)?;
            let mean = law.mean();
            let far = present.iter().map(|x| (x - y).abs()).sum::<f64>() / count;
            let squares: f64 = present.iter().map(|x| (x - mean).powi(2)).sum();
            // The distance between members of the empirical score, over pairs of two.
            let crps = law.crps(*y);
            let fair = far - (far - crps) * count / (count - 1.0).max(1.0);
            let values = [
                crps,
                fair,
                squares / (count - 1.0).max(1.0),
                (mean - y).powi(2),
            ];
            self.values
                .iter_mut()
                .zip(values)
                .for_each(|(sum, x)| *sum += x);
            self.ranks.add(law.pit(*y));
            self.cases += 1.0;
        }
        let whole = members.iter().all(|x| x.is_finite());
        if truth.len() < 2 || members.nrows() < 2 || !whole {
            return Ok(());
        }
        let (members, truth) = (members.view(), truth.view());
        let places: Vec<usize> = (0..truth.len())
            .step_by(truth.len().div_ceil(PAIRED))
            .collect();
        let few = members.select(ndarray::Axis(1), &places);
        let few_truth = truth.select(ndarray::Axis(0), &places);
        let pairs = (places.len() * (places.len() - 1)) as f64;
        let energy = |estimator| energy_score(members, truth, estimator);
        let variogram = variogram(&few, &few_truth)? / pairs;
        let joint = [
            energy(Estimator::Empirical)?,
            energy(Estimator::Fair)?,
            variogram,
        ];
        self.joint
            .iter_mut()
            .zip(joint)
            .for_each(|(sum, x)| *sum += x);
        self.occasions += 1.0;
        Ok(())
    }
}

fn variogram(members: &Array2<f64>, truth: &Array1<f64>) -> Result<f64> {
    Ok(variogram_score(
        members.view(),
        truth.view(),
        0.5,
        None,
        Estimator::Fair,
    )?)
}
