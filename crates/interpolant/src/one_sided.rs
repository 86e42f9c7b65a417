//! One-sided schedules: from Gaussian noise to data.

use crate::power::Power;
use crate::schedule::{Coefficients, Ends, Factors, Schedule, ScheduleError};

/// `x_t = alpha(t) x0 + beta(t) x1` with `x0 ~ N(0, Id)` independent of `x1`.
///
/// The weights are those of any two-sided schedule, whose `gamma` is left out: `alpha` plays its part,
/// and `s = -E[x0 | x_t] / alpha`. That holds only while `x0` is independent of `x1`, so not for pairs
/// re-ordered by optimal transport nor for starts that depend on the data.
///
/// # Reference
/// Albergo, Boffi, Vanden-Eijnden 2023, arXiv:2303.08797, section 3.2.
///
/// ```
/// use foehn_interpolant::{Gamma, Linear, OneSided, Schedule};
/// let path = OneSided::new(Linear { gamma: Gamma::Quadratic })?;
/// assert_eq!((path.at(0.25).alpha, path.at(0.25).gamma), (0.75, 0.0));
/// # Ok::<(), foehn_interpolant::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneSided<S> {
    sides: S,
}

impl<S: Schedule> OneSided<S> {
    /// The one-sided path with the weights `alpha` and `beta` of `sides`.
    ///
    /// # Errors
    /// If `sides` is not a path from x0 to x1.
    pub fn new(sides: S) -> Result<Self, ScheduleError> {
        match sides.ends() {
            Ends::TwoSided => Ok(Self { sides }),
            ends => Err(ScheduleError::NotTwoSided { ends }),
        }
    }
}

impl<S: Schedule> Schedule for OneSided<S> {
    fn at(&self, t: f64) -> Coefficients {
        Coefficients {
            gamma: 0.0,
            d_gamma: 0.0,
            gamma_d_gamma: 0.0,
            ..self.sides.at(t)
        }
    }

    fn ends(&self) -> Ends {
        Ends::OneSided
    }

    fn factors(&self, t: f64) -> Factors {
        Factors {
            gamma: Power::ZERO,
            ..self.sides.factors(t)
        }
    }
}
