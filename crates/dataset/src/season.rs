//! The annual cycle: harmonics of the time of year, and least squares.

use std::f64::consts::TAU;

use foehn_field::{Calendar, Instant};

/// Pivots below this part of the diagonal mean that the times do not tell the terms apart.
const SINGULAR: f64 = 1e-9;

/// The time of year as an angle: 0 when the year begins, 2 pi when it ends, whatever the calendar.
pub(crate) fn phase(calendar: Calendar, instant: Instant) -> f64 {
    let length = calendar.days_in_year(calendar.date(instant).year);
    TAU * (calendar.day_of_year(instant) / f64::from(length))
}

/// The time of day as an angle, 0 at midnight UTC.
pub(crate) fn hour_angle(instant: Instant) -> f64 {
    const DAY: i64 = 86_400;
    TAU * (instant.0.rem_euclid(DAY) as f64 / DAY as f64)
}

/// 1, cos p, sin p, cos 2p, sin 2p, ...
pub(crate) fn basis(phase: f64, harmonics: usize) -> Vec<f64> {
    let waves = (1..=harmonics).flat_map(|k| {
        let (sin, cos) = (k as f64 * phase).sin_cos();
        [cos, sin]
    });
    std::iter::once(1.0).chain(waves).collect()
}

/// A = L L^T of a symmetric positive definite matrix, row-major.
#[derive(Debug, Clone)]
pub(crate) struct Cholesky {
    n: usize,
    lower: Vec<f64>,
}

impl Cholesky {
    /// `None` where the matrix is singular to working precision.
    pub(crate) fn of(matrix: &[f64], n: usize) -> Option<Self> {
        let mut lower = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let sum: f64 = (0..j).map(|k| lower[i * n + k] * lower[j * n + k]).sum();
                let rest = matrix[i * n + j] - sum;
                if i == j {
                    if rest.is_nan() || rest <= SINGULAR * matrix[i * n + i] {
                        return None;
                    }
                    lower[i * n + i] = rest.sqrt();
                } else {
                    lower[i * n + j] = rest / lower[j * n + j];
                }
            }
        }
        Some(Self { n, lower })
    }

    /// x of A x = b, in place.
    pub(crate) fn solve(&self, b: &mut [f64]) {
        let Self { n, lower } = self;
        for i in 0..*n {
            let sum: f64 = (0..i).map(|k| lower[i * n + k] * b[k]).sum();
            b[i] = (b[i] - sum) / lower[i * n + i];
        }
        for i in (0..*n).rev() {
            let sum: f64 = (i + 1..*n).map(|k| lower[k * n + i] * b[k]).sum();
            b[i] = (b[i] - sum) / lower[i * n + i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_is_a_full_turn_in_every_calendar() {
        for calendar in [
            Calendar::Standard,
            Calendar::NoLeap,
            Calendar::AllLeap,
            Calendar::Day360,
            Calendar::Julian,
        ] {
            let at = |text: &str| phase(calendar, calendar.parse(text).unwrap());
            assert_eq!(at("2001-01-01"), 0.0, "{calendar}");
            let last = at("2000-12-30T18:00");
            assert!(last < TAU && last > TAU * 0.99, "{calendar} {last}");
        }
        let middle = Calendar::Day360.parse("2000-07-01").unwrap();
        assert_eq!(phase(Calendar::Day360, middle), TAU / 2.0);
        let noon_of_july_2 = Calendar::NoLeap.parse("1999-07-02T12:00").unwrap();
        assert_eq!(phase(Calendar::NoLeap, noon_of_july_2), TAU / 2.0);
        assert_eq!(hour_angle(Instant(-21_600)), TAU * 0.75);
    }

    #[test]
    fn cholesky_solves_and_refuses() {
        // A = [[4, 2], [2, 3]], x = (1, -2): b = (0, -4)
        let mut b = [0.0, -4.0];
        Cholesky::of(&[4.0, 2.0, 2.0, 3.0], 2)
            .unwrap()
            .solve(&mut b);
        assert!((b[0] - 1.0).abs() < 1e-15 && (b[1] + 2.0).abs() < 1e-15);
        assert!(Cholesky::of(&[1.0, 1.0, 1.0, 1.0], 2).is_none());
        assert!(Cholesky::of(&[0.0], 1).is_none());
    }
}
