//! Member-by-member correction: every member is moved and spread, and keeps its place among the others.

use foehn_verification::Estimator;
use serde::{Deserialize, Serialize};

use crate::minimise::{Ending, minimise};
use crate::regression::{Design, Regression};
use crate::{Case, FitError, PredictError, Scope, Term};

/// `x_i' = a + sum b_j u_j + (c^2 + d^2/D) (x_i - mean x)`, D the mean distance of two members, by minimum CRPS.
///
/// The mean distance becomes `c^2 D + d^2`. Dependence between places, variables and leads stays that of the raw
/// members.
///
/// # Reference
/// Van Schaeybroeck and Vannitsem (2015), Q. J. R. Meteorol. Soc. 141, 807.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemberByMember {
    /// Terms of the location.
    pub location: Vec<Term>,
    /// The CRPS that is made small. The members' mean is the fitted location itself, not a draw around it, so the fair
    /// estimator makes them spread too far (nine members: by a fifth); the empirical one is nearly right.
    pub estimator: Estimator,
    /// Which stations share a fit.
    pub scope: Scope,
}

impl Default for MemberByMember {
    fn default() -> Self {
        Self {
            location: vec![Term::Mean],
            estimator: Estimator::Empirical,
            scope: Scope::Global,
        }
    }
}

/// A fitted correction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemberByMemberFit {
    location: Regression,
    factor: f64,
    distance: f64,
    estimator: Estimator,
    ending: Ending,
}

/// Deviations of the members of a case, with the mean distance of two.
struct Cloud {
    deviations: Vec<f64>,
    distance: f64,
    observation: f64,
}

impl MemberByMember {
    pub(crate) fn terms(&self) -> Vec<Term> {
        let mut terms = vec![Term::Mean];
        terms.extend(self.location.iter().cloned());
        terms
    }

    pub(crate) fn parameters(&self, members: usize) -> usize {
        Term::width(&self.location, members).saturating_add(3)
    }

    pub(crate) fn fit(&self, cases: &[Case<'_>]) -> Result<MemberByMemberFit, FitError> {
        let design = Design::new(cases, &self.location);
        let clouds: Vec<Cloud> = cases
            .iter()
            .map(|case| cloud(case, self.estimator))
            .collect();
        let targets: Vec<f64> = cases.iter().map(|case| case.observation).collect();
        let unit = mean(clouds.iter().map(|cloud| cloud.distance)).max(f64::MIN_POSITIVE);
        let mut start = design.least_squares(&targets);
        let fitted = &design.rows * nalgebra::DVector::from_column_slice(&start);
        let error = mean(targets.iter().zip(&fitted).map(|(y, m)| (y - m).abs()));
        // Half of the error explained by each part; without any spread only the second has an effect.
        start.extend([(0.5 * error / unit).sqrt().min(10.0), (0.5 * error).sqrt()]);
        let objective = |at: &[f64], gradient: &mut [f64]| score(&design, &clouds, at, gradient);
        let (at, ending) = minimise(&start, objective).map_err(|value| FitError::Start {
            method: "member_by_member",
            value,
        })?;
        let p = design.width();
        Ok(MemberByMemberFit {
            location: design.regression(&at[..p]),
            factor: at[p].powi(2),
            distance: at[p + 1].powi(2),
            estimator: self.estimator,
            ending,
        })
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1) as f64;
    values.sum::<f64>() / count
}

fn cloud(case: &Case<'_>, estimator: Estimator) -> Cloud {
    let mut deviations = case.present();
    let count = deviations.len() as f64;
    let centre = deviations.iter().sum::<f64>() / count;
    for x in &mut deviations {
        *x -= centre;
    }
    let distance = mean_distance(&deviations, estimator);
    Cloud {
        deviations,
        distance,
        observation: case.observation,
    }
}

/// Mean of `|x_i - x_j|` over pairs; zero for a single member.
fn mean_distance(deviations: &[f64], estimator: Estimator) -> f64 {
    let mut sorted = deviations.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let m = sorted.len() as f64;
    let pairs = match estimator {
        Estimator::Fair => m * (m - 1.0).max(1.0),
        Estimator::Empirical => m * m,
    };
    2.0 * sorted
        .iter()
        .enumerate()
        .map(|(i, x)| (2.0 * i as f64 - (m - 1.0)) * x)
        .sum::<f64>()
        / pairs
}

/// The mean CRPS `mean |m + t e_i - y| - t D/2`, `t = c^2 + d^2/D`, and its gradient.
fn score(design: &Design, clouds: &[Cloud], at: &[f64], gradient: &mut [f64]) -> f64 {
    gradient.fill(0.0);
    let p = design.width();
    let (c, d) = (at[p], at[p + 1]);
    let mut sum = 0.0;
    for (i, cloud) in clouds.iter().enumerate() {
        let row = design.rows.row(i);
        let location: f64 = row.iter().zip(at).map(|(x, b)| x * b).sum();
        let per_distance = if cloud.distance > 0.0 {
            1.0 / cloud.distance
        } else {
            0.0
        };
        let t = c * c + d * d * per_distance;
        let members = cloud.deviations.len() as f64;
        let (mut along_location, mut along_t) = (0.0, -cloud.distance / 2.0);
        sum -= t * cloud.distance / 2.0;
        for e in &cloud.deviations {
            let error = location + t * e - cloud.observation;
            sum += error.abs() / members;
            along_location += error.signum() / members;
            along_t += error.signum() * e / members;
        }
        for (g, x) in gradient.iter_mut().zip(row.iter()) {
            *g += along_location * x;
        }
        gradient[p] += along_t * 2.0 * c;
        gradient[p + 1] += along_t * 2.0 * d * per_distance;
    }
    let count = clouds.len() as f64;
    for g in gradient {
        *g /= count;
    }
    sum / count
}

impl MemberByMemberFit {
    /// Coefficients of the location.
    pub fn location(&self) -> &Regression {
        &self.location
    }

    /// `c^2` and `d^2`.
    pub fn spread(&self) -> (f64, f64) {
        (self.factor, self.distance)
    }

    /// How the search ended.
    pub fn ending(&self) -> Ending {
        self.ending
    }

    /// The corrected members, one for each member of the case and in its order; NaN where the member is missing.
    ///
    /// # Errors
    /// No member, a missing covariate.
    pub fn members(&self, case: &Case<'_>) -> Result<Vec<f64>, PredictError> {
        let location = self.location.at(case)?;
        let (centre, _) = case.mean_and_deviation().unwrap_or((0.0, 0.0));
        let distance = cloud(case, self.estimator).distance;
        let t = self.factor
            + if distance > 0.0 {
                self.distance / distance
            } else {
                0.0
            };
        Ok(case
            .members
            .iter()
            .map(|x| location + t * (x - centre))
            .collect())
    }
}
