//! Scores of several margins at once: places, variables, leads.

#![expect(
    clippy::needless_pass_by_value,
    reason = "a view is as cheap as a reference to it"
)]

use ndarray::{ArrayView1, ArrayView2};

use crate::sample::refuse_too_few;
use crate::{Estimator, ScoreError};

/// Energy score: `mean ||x_i - y|| - sum over ordered pairs ||x_i - x_j|| / (2K)`, the CRPS of vectors.
///
/// Sensitive to wrong means and spreads, less to wrong dependence; see [`variogram_score`] for that. K as in
/// [`Estimator`].
///
/// ```
/// use foehn_verification::{Estimator, energy_score};
/// use ndarray::array;
/// let members = array![[0.0, 0.0], [3.0, 4.0]];
/// let score = energy_score(members.view(), array![0.0, 0.0].view(), Estimator::Empirical)?;
/// assert_eq!(score, 5.0 / 2.0 - 5.0 / 4.0);
/// # Ok::<(), foehn_verification::ScoreError>(())
/// ```
///
/// # Shapes
/// Members (members, margins), truth (margins).
///
/// # Units
/// Those of the members: scale margins of different units first.
///
/// # Errors
/// No member, one member with the fair estimator, margins that do not fit, a value that is not finite.
///
/// # Reference
/// Gneiting and Raftery (2007), J. Am. Stat. Assoc. 102, 359.
pub fn energy_score(
    members: ArrayView2<'_, f64>,
    truth: ArrayView1<'_, f64>,
    estimator: Estimator,
) -> Result<f64, ScoreError> {
    check(members, truth, estimator)?;
    let rows: Vec<_> = members.rows().into_iter().collect();
    let distance = |a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>| -> f64 {
        a.iter()
            .zip(b)
            .map(|(a, b)| (a - b).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    let far: f64 = rows.iter().map(|x| distance(*x, truth)).sum();
    let apart: f64 = (0..rows.len())
        .flat_map(|i| (0..i).map(move |j| (i, j)))
        .map(|(i, j)| distance(rows[i], rows[j]))
        .sum();
    // Every unordered pair stands for two ordered ones.
    Ok(far / rows.len() as f64 - apart / estimator.pairs(rows.len()))
}

/// Variogram score of order p: `sum over ordered pairs of margins w_jk (|y_j - y_k|^p - mean |x_j - x_k|^p)^2`.
///
/// Blind to a common shift, sensitive to wrong dependence. The fair one subtracts the variance of the members' mean,
/// `variance/M`, so that its expectation does not depend on M. Weights of one: pass `None`.
///
/// ```
/// use foehn_verification::{Estimator, variogram_score};
/// use ndarray::array;
/// let members = array![[0.0, 1.0], [0.0, 3.0]];
/// let truth = array![0.0, 4.0];
/// // Two ordered pairs of (4 - 2)^2.
/// assert_eq!(variogram_score(members.view(), truth.view(), 1.0, None, Estimator::Empirical)?, 8.0);
/// # Ok::<(), foehn_verification::ScoreError>(())
/// ```
///
/// # Shapes
/// Members (members, margins), truth (margins), weights (margins, margins).
///
/// # Units
/// Those of the members to the power 2p.
///
/// # Errors
/// As [`energy_score`]; weights of another shape.
///
/// # Reference
/// Scheuerer and Hamill (2015), Mon. Weather Rev. 143, 1321.
pub fn variogram_score(
    members: ArrayView2<'_, f64>,
    truth: ArrayView1<'_, f64>,
    order: f64,
    weights: Option<ArrayView2<'_, f64>>,
    estimator: Estimator,
) -> Result<f64, ScoreError> {
    check(members, truth, estimator)?;
    let margins = truth.len();
    if let Some(weights) = weights
        && weights.dim() != (margins, margins)
    {
        let found = weights.shape().to_vec();
        return Err(ScoreError::Margins {
            expected: margins,
            found,
        });
    }
    let power = |x: f64| {
        // The usual order, in a tenth of the time.
        if order == 0.5 {
            x.abs().sqrt()
        } else {
            x.abs().powf(order)
        }
    };
    let count = members.nrows() as f64;
    let mut score = 0.0;
    for j in 0..margins {
        for k in 0..j {
            let weight = weights.map_or(2.0, |w| w[[j, k]] + w[[k, j]]);
            let differences = members.rows().into_iter().map(|x| power(x[j] - x[k]));
            let (sum, squares) = differences.fold((0.0, 0.0), |(s, q), v| (s + v, q + v * v));
            let mean = sum / count;
            let square = (power(truth[j] - truth[k]) - mean).powi(2);
            let noise = match estimator {
                Estimator::Empirical => 0.0,
                Estimator::Fair => (squares / count - mean * mean) / (count - 1.0),
            };
            score += weight * (square - noise);
        }
    }
    Ok(score)
}

fn check(
    members: ArrayView2<'_, f64>,
    truth: ArrayView1<'_, f64>,
    estimator: Estimator,
) -> Result<(), ScoreError> {
    refuse_too_few(members.nrows(), estimator)?;
    if members.ncols() != truth.len() {
        return Err(ScoreError::Margins {
            expected: truth.len(),
            found: members.shape().to_vec(),
        });
    }
    let bad = members.indexed_iter().find(|(_, x)| !x.is_finite());
    let bad = bad.map(|((member, margin), x)| (Some(member), margin, *x));
    let none = || {
        truth
            .iter()
            .position(|x| !x.is_finite())
            .map(|m| (None, m, truth[m]))
    };
    match bad.or_else(none) {
        None => Ok(()),
        Some((member, margin, value)) => Err(ScoreError::MarginNotFinite {
            what: member.map_or_else(|| "the truth".to_owned(), |m| format!("member {m}")),
            margin,
            value,
        }),
    }
}
