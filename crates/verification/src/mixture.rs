//! Draws that are not drawn from one law alike, but so many from each of its parts.

use crate::{Estimator, Sample, ScoreError};

/// The CRPS of the mixture `F = (K_1 + ... + K_m)/m` from r independent draws of every part:
/// `mean |x - y| - (S + S'/(r - 1)) / (2 n^2)`, S the sum of `|x - x'|` over all ordered pairs of the `n = m r` draws, S'
/// over those of one part; its mean is the CRPS of F.
///
/// Such draws are more even than independent ones of F: with the fair estimator for these, which is the same for one part,
/// they would seem better than F is.
///
/// # Arguments
/// `draws`: rounds of all parts, draw i of part `i mod m`.
///
/// ```
/// use foehn_verification::{Estimator, crps, mixture_crps};
/// let draws = [1.0, 4.0, 3.0, 4.0];
/// // |x - 2| = 1, 2, 1, 2; S = 20, S' = 4: 3/2 - 24/32.
/// assert_eq!(mixture_crps(&draws, 2, 2.0)?, 0.75);
/// let fair = crps(&draws, 2.0, Estimator::Fair)?;
/// assert!((mixture_crps(&draws, 1, 2.0)? - fair).abs() < 1e-15);
/// # Ok::<(), foehn_verification::ScoreError>(())
/// ```
///
/// # Units
/// Those of the draws.
///
/// # Errors
/// Draws that are not two whole rounds or more; a value that is not finite.
pub fn mixture_crps(draws: &[f64], parts: usize, truth: f64) -> Result<f64, ScoreError> {
    let rounds = draws.len().checked_div(parts).unwrap_or(0);
    if rounds < 2 || rounds * parts != draws.len() {
        let draws = draws.len();
        return Err(ScoreError::Rounds { draws, parts });
    }
    let empirical = crate::crps(draws, truth, Estimator::Empirical)?;
    // What the fair score of a part is below its empirical one is S'_k / (2 r^2 (r - 1)), and n^2 is m^2 r^2.
    let same = (0..parts).map(|part| {
        let own = draws.iter().skip(part).step_by(parts);
        let mut deviations: Vec<f64> = own.map(|x| x - truth).collect();
        let own = Sample::new(&mut deviations, |_| 0);
        own.crps(Estimator::Empirical) - own.crps(Estimator::Fair)
    });
    Ok(empirical - same.sum::<f64>() / (parts as f64).powi(2))
}
