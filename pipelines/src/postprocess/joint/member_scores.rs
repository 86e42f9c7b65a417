//! Scores of members, place by place and over all places of a date.

use super::orders::Members;
use anyhow::Result;
use foehn_calibration::Law;
use foehn_verification::{Estimator, PitHistogram, crps, energy_score, variogram_score};
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
    /// CRPS of the members as draws of a law (fair): comparable where they are draws, flattering at even levels; none for
    /// cases of one member.
    pub crps_fair: Option<f64>,
    /// `sqrt((M + 1)/M)` times the root of the mean variance (ddof 1), over the root mean square error of the mean.
    pub spread_skill: f64,
    /// Shares of the ranks of the observation among the members, ties spread evenly; of ten cells where there are more than
    /// twenty members.
    pub ranks: Vec<f64>,
    /// Of their flatness, places of one date depending on each other; none with fewer than five dates a cell.
    pub rank_p_value: Option<f64>,
    /// Dates and leads that energy and variogram are means over: those with whole members in every row.
    pub occasions: usize,
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

/// Sums of one method in one order.
pub(crate) struct Sums {
    cases: f64,
    /// CRPS, variance, square error.
    values: [f64; 3],
    /// Fair CRPS and its cases, those of several members.
    fair: [f64; 2],
    ranks: PitHistogram,
    joint: Scores,
    drawn: usize,
}

/// Energy, fair energy and variogram of every date and lead with whole members.
pub(crate) type Scores = BTreeMap<(i64, i64), [f64; 3]>;

impl Sums {
    /// Of so many members.
    pub(crate) fn of(members: usize) -> Self {
        let cells = if members > RANKS { CELLS } else { members + 1 };
        Self {
            cases: 0.0,
            values: [0.0; 3],
            fair: [0.0; 2],
            ranks: PitHistogram::new(cells),
            joint: Scores::new(),
            drawn: 0,
        }
    }

    /// Adds one date and lead: members (members, cases), observations, and their places among equal members.
    pub(crate) fn add_occasion(
        &mut self,
        at: (i64, i64),
        members: &Members,
        truth: &Array1<f64>,
        places: &[f64],
    ) -> Result<()> {
        self.drawn += members.drawn;
        self.add(at.0, &members.values, truth, places)?;
        if let Some(scores) = joint_scores(&members.values, truth)? {
            self.joint.insert(at, scores);
        }
        Ok(())
    }

    /// The scores of a method's members; those over several places are filled in once all rows are there.
    pub(crate) fn scores(
        self,
        (method, order): (&str, &str),
        members: usize,
        spectrum: Option<f64>,
    ) -> (MemberScores, Scores) {
        let n = self.cases;
        let factor = (1.0 + 1.0 / members as f64).sqrt();
        let [fair, several] = self.fair;
        let scores = MemberScores {
            method: method.to_owned(),
            order: order.to_owned(),
            members,
            crps: self.values[0] / n,
            crps_fair: (several > 0.0).then(|| fair / several),
            spread_skill: factor * (self.values[1] / self.values[2]).sqrt(),
            ranks: self.ranks.counts().iter().map(|count| count / n).collect(),
            rank_p_value: self.ranks.flatness().map(|f| f.p_value),
            occasions: 0,
            energy: None,
            energy_fair: None,
            variogram: None,
            spectrum,
            drawn: self.drawn,
        };
        (scores, self.joint)
    }

    /// Adds the members (members, cases) of one date and lead, with the places of the observations among equal members.
    fn add(
        &mut self,
        date: i64,
        members: &Array2<f64>,
        truth: &Array1<f64>,
        places: &[f64],
    ) -> Result<()> {
        for ((column, y), place) in members.columns().into_iter().zip(truth).zip(places) {
            let present: Vec<f64> = column.iter().copied().filter(|x| x.is_finite()).collect();
            let count = present.len() as f64;
            let law = Law::of_members(&present)?;
            let mean = law.mean();
            let squares: f64 = present.iter().map(|x| (x - mean).powi(2)).sum();
            // One member has no pair of its own to be fair with.
            if present.len() > 1 {
                self.fair[0] += crps(&present, *y, Estimator::Fair)?;
                self.fair[1] += 1.0;
            }
            let values = [
                law.crps(*y),
                squares / (count - 1.0).max(1.0),
                (mean - y).powi(2),
            ];
            self.values
                .iter_mut()
                .zip(values)
                .for_each(|(sum, x)| *sum += x);
            self.ranks.add(law.pit(*y), *place, date);
            self.cases += 1.0;
        }
        Ok(())
    }
}

/// Energy, fair energy and variogram of whole members at several places.
fn joint_scores(members: &Array2<f64>, truth: &Array1<f64>) -> Result<Option<[f64; 3]>> {
    let whole = members.iter().all(|x| x.is_finite());
    if truth.len() < 2 || members.nrows() < 2 || !whole {
        return Ok(None);
    }
    let (members, truth) = (members.view(), truth.view());
    let places: Vec<usize> = (0..truth.len())
        .step_by(truth.len().div_ceil(PAIRED))
        .collect();
    let few = members.select(ndarray::Axis(1), &places);
    let few_truth = truth.select(ndarray::Axis(0), &places);
    let pairs = (places.len() * (places.len() - 1)) as f64;
    let energy = |estimator| energy_score(members, truth, estimator);
    Ok(Some([
        energy(Estimator::Empirical)?,
        energy(Estimator::Fair)?,
        variogram(&few, &few_truth)? / pairs,
    ]))
}

/// The rows with means over the dates and leads that all of them have, least energy score first; least CRPS where there
/// is none. A row without any takes none from the others.
pub(crate) fn together(rows: Vec<(MemberScores, Scores)>) -> Vec<MemberScores> {
    let with_any = || {
        rows.iter()
            .map(|(_, joint)| joint)
            .filter(|joint| !joint.is_empty())
    };
    let shared: Vec<(i64, i64)> = with_any().next().map_or_else(Vec::new, |first| {
        let by_all = |at: &&(i64, i64)| with_any().all(|joint| joint.contains_key(*at));
        first.keys().filter(by_all).copied().collect()
    });
    let mut scores: Vec<MemberScores> = rows
        .into_iter()
        .map(|(mut row, joint)| {
            row.occasions = shared.len();
            let mean = |k: usize| {
                let values: Option<Vec<f64>> =
                    shared.iter().map(|at| Some(joint.get(at)?[k])).collect();
                let sum = values?.iter().sum::<f64>();
                (!shared.is_empty()).then(|| sum / shared.len() as f64)
            };
            [row.energy, row.energy_fair, row.variogram] = [mean(0), mean(1), mean(2)];
            row
        })
        .collect();
    let all = scores.iter().all(|row| row.energy.is_some());
    let by = |row: &MemberScores| row.energy.filter(|_| all).unwrap_or(row.crps);
    scores.sort_by(|a, b| by(a).total_cmp(&by(b)));
    scores
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

#[cfg(test)]
mod tests {
    use super::*;

    fn row(method: &str, crps: f64, joint: &[(i64, f64)]) -> (MemberScores, Scores) {
        let scores = MemberScores {
            method: method.to_owned(),
            order: "own".to_owned(),
            members: 2,
            crps,
            crps_fair: None,
            spread_skill: 1.0,
            ranks: vec![],
            rank_p_value: None,
            occasions: 0,
            energy: None,
            energy_fair: None,
            variogram: None,
            spectrum: None,
            drawn: 0,
        };
        (
            scores,
            joint
                .iter()
                .map(|(date, x)| ((*date, 0), [*x; 3]))
                .collect(),
        )
    }

    /// The second row lacks the hard date 2: by its own dates it would seem the better one.
    #[test]
    fn rows_are_means_over_the_same_dates() {
        let better = [(1, 1.0), (2, 9.0), (3, 3.0)];
        let rows = together(vec![
            row("a", 5.0, &[(1, 2.0), (3, 4.0)]),
            row("b", 6.0, &better),
        ]);
        let found: Vec<_> = rows
            .iter()
            .map(|r| (&r.method[..], r.occasions, r.energy))
            .collect();
        assert_eq!(found, [("b", 2, Some(2.0)), ("a", 2, Some(3.0))]);
        // One row without any: the others keep theirs, and all are in the order of one score.
        let rows = together(vec![row("b", 6.0, &better), row("none", 5.0, &[])]);
        let found: Vec<_> = rows.iter().map(|r| (&r.method[..], r.energy)).collect();
        assert_eq!(found, [("none", None), ("b", Some(13.0 / 3.0))]);
    }

    #[test]
    fn one_member_has_no_fair_score() {
        let mut sums = Sums::of(1);
        let truth = Array1::from(vec![3.0]);
        sums.add(0, &Array2::zeros((1, 1)), &truth, &[0.5])
            .expect("one member");
        assert_eq!((sums.values[0], sums.fair), (3.0, [0.0, 0.0]));
        // Members 0 and 2: 2 - 2/2.
        let two = ndarray::array![[0.0], [2.0]];
        sums.add(0, &two, &truth, &[0.5]).expect("two members");
        assert_eq!(sums.fair, [1.0, 1.0]);
    }
}
