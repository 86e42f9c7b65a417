//! Counts of one rank histogram and the sampling band of a flat one.

use crate::error::FigureError;

/// 97.5 % point of the normal distribution: a band of ± this many standard deviations holds 95 %.
const NORMAL_95: f64 = 1.959_964;

/// Counts of one rank histogram.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranks {
    /// What it is a histogram of, such as a lead.
    pub title: String,
    /// Count (or weight) of each rank, from 0 members below the observation to all M: M + 1 values.
    pub counts: Vec<f64>,
    /// Number n of independent cases behind the counts, which sets the width of the sampling band.
    /// Neighbouring cells are not independent: give the number of dates, not of values, when in doubt.
    pub cases: f64,
}

impl Ranks {
    /// Frequencies against the flat histogram: f = (M + 1) count / sum of counts.
    ///
    /// # Errors
    /// Fewer than two ranks, a negative or non-finite count, no counts at all, or n < 1.
    pub fn relative(&self) -> Result<Vec<f64>, FigureError> {
        let refuse = |cause: String| FigureError::Histogram {
            title: self.title.clone(),
            cause,
        };
        if self.counts.len() < 2 {
            return Err(refuse(format!(
                "{} ranks; one member already has 2",
                self.counts.len()
            )));
        }
        if let Some(bad) = self.counts.iter().find(|c| !(c.is_finite() && **c >= 0.0)) {
            return Err(refuse(format!(
                "a count is {bad}; counts are finite and not negative"
            )));
        }
        if !(self.cases >= 1.0 && self.cases.is_finite()) {
            return Err(refuse(format!(
                "{} independent cases; give at least 1",
                self.cases
            )));
        }
        let total: f64 = self.counts.iter().sum();
        if total <= 0.0 {
            return Err(refuse("all counts are zero".into()));
        }
        Ok(self
            .counts
            .iter()
            .map(|c| c * self.counts.len() as f64 / total)
            .collect())
    }

    /// Half width of the band that holds 95 % of the bars of a flat histogram: 1.96 sqrt(M / n).
    ///
    /// From the binomial variance of one bar, n p (1 - p) with p = 1 / (M + 1), normal approximation.
    ///
    /// ```
    /// let ranks = foehn_report::Ranks { title: String::new(), counts: vec![1.0; 21], cases: 366.0 };
    /// assert!((ranks.half_width() - 0.458_17).abs() < 1e-5);
    /// ```
    pub fn half_width(&self) -> f64 {
        NORMAL_95 * ((self.counts.len() as f64 - 1.0) / self.cases).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_are_held_against_the_flat_histogram() {
        let ranks = |counts: &[f64]| Ranks {
            title: "day 1".into(),
            counts: counts.to_vec(),
            cases: 100.0,
        };
        assert_eq!(
            ranks(&[1.0, 2.0, 1.0, 0.0]).relative().unwrap(),
            [1.0, 2.0, 1.0, 0.0]
        );
        for bad in [&[1.0][..], &[0.0, 0.0], &[1.0, -1.0], &[1.0, f64::NAN]] {
            assert!(
                matches!(ranks(bad).relative(), Err(FigureError::Histogram { .. })),
                "{bad:?}"
            );
        }
    }
}
