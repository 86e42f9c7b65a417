//! A test of two forecasts' equal skill.

use serde::{Deserialize, Serialize};
use statrs::function::beta::beta_reg;

/// Outcome of a test of equal mean score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DieboldMariano {
    /// Mean of the differences; negative: the first forecast scores lower.
    pub mean: f64,
    /// Standard error of the mean, with the autocovariances up to the lag.
    pub standard_error: f64,
    /// Lags of the variance estimate.
    pub lag: usize,
    /// `mean / standard error`, times the small-sample factor.
    pub statistic: f64,
    /// Two-sided, from Student's law with n - 1 degrees of freedom.
    pub p_value: f64,
    /// Differences.
    pub cases: usize,
}

/// Why the test has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DieboldMarianoError {
    /// Series of different length.
    #[error(
        "{first} scores of one forecast and {second} of the other; score both on the same dates"
    )]
    Unpaired {
        /// Of the first.
        first: usize,
        /// Of the second.
        second: usize,
    },
    /// Too short for the lag.
    #[error("lag {lag} needs more than {} differences, found {cases}", 2 * lag + 2)]
    TooShort {
        /// The lag.
        lag: usize,
        /// Differences.
        cases: usize,
    },
    /// A score that is not finite.
    #[error("difference {index} is {value}; leave the date out of both series")]
    NotFinite {
        /// Which.
        index: usize,
        /// Its value.
        value: f64,
    },
    /// All differences are the same.
    #[error("all differences are {0}: no variance to test with")]
    Constant(f64),
}

/// Diebold-Mariano test of two series of scores, one a date and in order of time.
///
/// `d_t = a_t - b_t`, variance of its mean `(g_0 + 2 sum_{k <= L} (1 - k/(L+1)) g_k) / n` with the autocovariances
/// `g_k` (Newey and West 1987), statistic times `sqrt((n + 1 - 2h + h(h-1)/n)/n)`, h = L + 1 (Harvey, Leybourne and
/// Newbold 1997). Choose L at least the lead in steps of the dates less one; average stations of a date first, for
/// they are not independent.
///
/// ```
/// use foehn_verification::diebold_mariano;
/// let (a, b) = ([1.0, 2.0, 1.5, 3.0, 2.0], [0.0, 1.5, 1.0, 2.5, 2.0]);
/// let test = diebold_mariano(&a, &b, 0)?;
/// // Mean 0.5, variance 0.1; n - 1 = 4 degrees of freedom.
/// assert!((test.statistic - 0.5 / (0.1f64 / 5.0).sqrt() * 0.8f64.sqrt()).abs() < 1e-12);
/// # Ok::<(), foehn_verification::DieboldMarianoError>(())
/// ```
///
/// # Errors
/// Series of different length or too short, a value that is not finite, no variance.
///
/// # Reference
/// Diebold and Mariano (1995), J. Bus. Econ. Stat. 13, 253; Harvey, Leybourne and Newbold (1997), Int. J. Forecast. 13,
/// 281; Newey and West (1987), Econometrica 55, 703.
pub fn diebold_mariano(
    first: &[f64],
    second: &[f64],
    lag: usize,
) -> Result<DieboldMariano, DieboldMarianoError> {
    let cases = first.len();
    if cases != second.len() {
        return Err(DieboldMarianoError::Unpaired {
            first: cases,
            second: second.len(),
        });
    }
    if cases <= 2 * lag + 2 {
        return Err(DieboldMarianoError::TooShort { lag, cases });
    }
    let d: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
    if let Some(index) = d.iter().position(|x| !x.is_finite()) {
        return Err(DieboldMarianoError::NotFinite {
            index,
            value: d[index],
        });
    }
    let n = cases as f64;
    let mean = d.iter().sum::<f64>() / n;
    let covariance = |k: usize| -> f64 {
        d.iter()
            .zip(&d[k..])
            .map(|(x, y)| (x - mean) * (y - mean))
            .sum::<f64>()
            / n
    };
    let bartlett = |k: usize| 1.0 - k as f64 / (lag as f64 + 1.0);
    // The Bartlett weights keep the sum non-negative.
    let variance =
        covariance(0) + 2.0 * (1..=lag).map(|k| bartlett(k) * covariance(k)).sum::<f64>();
    let standard_error = (variance / n).sqrt();
    if standard_error.is_nan() || standard_error <= 1e-14 * mean.abs() {
        return Err(DieboldMarianoError::Constant(mean));
    }
    let h = lag as f64 + 1.0;
    let statistic = mean / standard_error * ((n + 1.0 - 2.0 * h + h * (h - 1.0) / n) / n).sqrt();
    let freedom = n - 1.0;
    let p_value = beta_reg(
        freedom / 2.0,
        0.5,
        freedom / (freedom + statistic * statistic),
    );
    Ok(DieboldMariano {
        mean,
        standard_error,
        lag,
        statistic,
        p_value,
        cases,
    })
}
