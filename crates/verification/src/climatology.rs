//! The forecasts to beat: persistence and the climatological ensemble.

use foehn_noise::Key;
use ndarray::{ArrayView2, ArrayView3, Axis};
use serde::{Deserialize, Serialize};

/// The initial state as an ensemble of one member, at every lead.
///
/// Score it with [`crate::Estimator::Empirical`]: the CRPS of one member is its absolute error, so
/// "CRPS of persistence" is its MAE. It has no spread, and the fair estimator refuses it.
///
/// # Shapes
/// (ny, nx) -> (1, ny, nx), without a copy.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a view is as cheap as a reference to it"
)]
pub fn persistence(initial: ArrayView2<'_, f32>) -> ArrayView3<'_, f32> {
    initial.insert_axis(Axis(0))
}

/// Days of the year that count as the same season: at most `half` days away, around the year's end.
///
/// # Units
/// Days.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Greatest distance to the day asked for; infinite for data without seasons.
    pub half: f64,
    /// Length of a year in the data's calendar.
    pub year: f64,
}

impl Window {
    /// So many days to either side, in a mean Gregorian year of 365.2425 days.
    pub fn days(half: f64) -> Self {
        Self {
            half,
            year: 365.2425,
        }
    }

    /// The whole year: data without seasons.
    pub fn whole() -> Self {
        Self::days(f64::INFINITY)
    }

    /// Whether two days of the year are at most `half` apart, the shorter way round.
    ///
    /// ```
    /// use foehn_verification::Window;
    /// assert!(Window::days(5.0).holds(364.0, 2.0));
    /// assert!(!Window::days(5.0).holds(364.0, 6.0));
    /// ```
    pub fn holds(&self, day: f64, other: f64) -> bool {
        let apart = (day - other).rem_euclid(self.year);
        apart.min(self.year - apart) <= self.half
    }
}

/// Why no climatological ensemble can be drawn.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ClimatologyError {
    /// Fewer training states in the window than members asked for.
    #[error(
        "{found} training states lie within {half} days of day {day_of_year} of the year, {count} are \
         needed; widen the window or ask for fewer members"
    )]
    TooFew {
        /// Day of the year asked for.
        day_of_year: f64,
        /// Half width of the window in days.
        half: f64,
        /// States in the window.
        found: usize,
        /// Members asked for.
        count: usize,
    },
}

/// The training states that make the climatological ensemble of one day: `count` indices, rising.
///
/// The n states in the window, in the order given, are cut into `count` runs of equal length (to one),
/// and one is drawn from each. So the members spread evenly over the training years, and neighbours
/// in time, which are alike, are seldom drawn together.
///
/// ```
/// use foehn_noise::{Key, Purpose};
/// use foehn_verification::{climatology_members, Window};
/// let days = [1.0, 100.0, 200.0, 365.0, 2.0, 101.0, 201.0, 364.0];
/// let key = Key::new(1, Purpose::Choose);
/// assert_eq!(climatology_members(0.5, &days, Window::days(3.0), 4, key)?, [0, 3, 4, 7]);
/// assert!(climatology_members(0.5, &days, Window::days(3.0), 5, key).is_err());
/// # Ok::<(), foehn_verification::ClimatologyError>(())
/// ```
///
/// # Units
/// Days of the year, with fractions.
///
/// # Errors
/// When fewer than `count` states lie in the window.
pub fn climatology_members(
    day_of_year: f64,
    train_days: &[f64],
    window: Window,
    count: usize,
    key: Key,
) -> Result<Vec<usize>, ClimatologyError> {
    let near: Vec<usize> = (0..train_days.len())
        .filter(|&i| window.holds(day_of_year, train_days[i]))
        .collect();
    if near.len() < count {
        return Err(ClimatologyError::TooFew {
            day_of_year,
            half: window.half,
            found: near.len(),
            count,
        });
    }
    let mut uniforms = vec![0.0; count];
    key.uniforms(&mut uniforms);
    let drawn = uniforms.iter().enumerate().map(|(run, u)| {
        let start = run * near.len() / count;
        let end = (run + 1) * near.len() / count;
        near[start + (u * (end - start) as f64) as usize]
    });
    Ok(drawn.collect())
}
