//! What a schedule is: the coefficients of the path as functions of interpolation time.

use crate::power::Power;

/// The coefficients of `x_t = alpha x0 + beta x1 + gamma z` and their time derivatives at one `t`.
///
/// `d_alpha` and `d_gamma` may be infinite at the ends of the interval (a square root starts vertically);
/// the products `alpha_d_alpha` and `gamma_d_gamma`, which are what the dynamics need, are finite on all
/// of [0, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficients {
    /// Weight of `x0`.
    pub alpha: f64,
    /// Weight of `x1`.
    pub beta: f64,
    /// Weight of the latent noise `z`.
    pub gamma: f64,
    /// d alpha / dt, possibly infinite at t = 1.
    pub d_alpha: f64,
    /// d beta / dt.
    pub d_beta: f64,
    /// d gamma / dt, possibly infinite at t = 0 and t = 1.
    pub d_gamma: f64,
    /// `alpha * d alpha / dt` in closed form, finite everywhere.
    pub alpha_d_alpha: f64,
    /// `gamma * d gamma / dt` in closed form, finite everywhere.
    pub gamma_d_gamma: f64,
}

/// What a path starts from and ends at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// From `x0` to `x1`: `alpha(0) = beta(1) = 1`, `alpha(1) = beta(0) = gamma(0) = gamma(1) = 0`.
    TwoSided,
    /// From `x0 ~ N(0, Id)`, independent of `x1`, to `x1`: the ends of a two-sided path with `gamma = 0`.
    OneSided,
    /// One-sided, but started from `N(0, alpha(0)^2 Id)` although `beta(0) > 0`: the start is
    /// approximate, see [`start_bias`].
    Truncated,
    /// From `x1` to `x1`: `alpha = 0`, `beta = 1`, `gamma(0) = gamma(1) = 0`.
    Mirror,
    /// From the point `x0` to `x1`, with `gamma = sigma(t) sqrt(t)` of a Wiener process; always
    /// conditional on `x0`.
    Follmer,
}

impl Ends {
    /// Whether `x0` is the noise of the path, which then has no latent `z`.
    pub fn starts_from_noise(self) -> bool {
        matches!(self, Self::OneSided | Self::Truncated)
    }
}

/// The coefficients with their zeros and poles at the ends written out; see [`Power`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factors {
    /// Weight of `x0`.
    pub alpha: Power,
    /// Weight of `x1`.
    pub beta: Power,
    /// Weight of the latent noise.
    pub gamma: Power,
    /// d beta / dt.
    pub d_beta: Power,
    /// For a Föllmer path, the weight of its Wiener process: `gamma = sigma sqrt(t)`.
    pub sigma: Option<Power>,
}

impl Factors {
    /// The factors of a path without Wiener process; `beta'` follows from `beta`.
    pub fn new(alpha: Power, beta: Power, gamma: Power, t: f64) -> Self {
        Self {
            alpha,
            beta,
            gamma,
            d_beta: beta.derivative(t),
            sigma: None,
        }
    }

    /// The coefficients themselves.
    pub fn coefficients(&self, t: f64) -> Coefficients {
        let half_square = |f: Power| f.times(f).derivative(t).at(t) / 2.0;
        Coefficients {
            alpha: self.alpha.at(t),
            beta: self.beta.at(t),
            gamma: self.gamma.at(t),
            d_alpha: self.alpha.derivative(t).at(t),
            d_beta: self.d_beta.at(t),
            d_gamma: self.gamma.derivative(t).at(t),
            alpha_d_alpha: half_square(self.alpha),
            gamma_d_gamma: half_square(self.gamma),
        }
    }
}

/// `t -> {alpha, beta, gamma}` and derivatives, on the host in double precision.
///
/// The end conditions are those of [`Schedule::ends`]; [`check`](crate::check) verifies them, and the
/// derivatives, for a schedule of one's own.
pub trait Schedule {
    /// The coefficients at interpolation time `t` in [0, 1].
    fn at(&self, t: f64) -> Coefficients;

    /// What the path starts from and ends at.
    fn ends(&self) -> Ends {
        Ends::TwoSided
    }

    /// The coefficients with their zeros at the ends written out, from which conversions take their
    /// limits. Unless a schedule says more, conversions hold inside (0, 1) and are refused at the ends.
    fn factors(&self, t: f64) -> Factors {
        let c = self.at(t);
        Factors {
            alpha: Power::plain(c.alpha, c.d_alpha),
            beta: Power::plain(c.beta, c.d_beta),
            gamma: Power::plain(c.gamma, c.d_gamma),
            d_beta: Power::plain(c.d_beta, f64::NAN),
            sigma: None,
        }
    }
}

macro_rules! schedule_behind {
    ($($pointer:ty),*) => {$(
        impl<S: Schedule + ?Sized> Schedule for $pointer {
            fn at(&self, t: f64) -> Coefficients {
                (**self).at(t)
            }

            fn ends(&self) -> Ends {
                (**self).ends()
            }

            fn factors(&self, t: f64) -> Factors {
                (**self).factors(t)
            }
        }
    )*};
}
schedule_behind!(&S, Box<S>, std::sync::Arc<S>);

/// Upper bound on `KL(law of x_0 || N(0, alpha(0)^2 Id))` in nats, `beta(0)^2 E|x1|^2 / (2 alpha(0)^2)`:
/// what a path with [`Ends::Truncated`] loses by starting from noise; zero for a one-sided path.
///
/// `second_moment` is `E|x1|^2`, summed over the values of a sample.
///
/// ```
/// use foehn_interpolant::{VarianceExploding, start_bias};
/// let path = VarianceExploding::new(50.0, 1.0)?;
/// assert_eq!(start_bias(&path, 100.0), 0.02); // E|x1|^2 / (2 sigma_max^2)
/// # Ok::<(), foehn_interpolant::ScheduleError>(())
/// ```
pub fn start_bias(schedule: &impl Schedule, second_moment: f64) -> f64 {
    let start = schedule.at(0.0);
    let ratio = start.beta / start.alpha;
    ratio * ratio * second_moment / 2.0
}

/// Why a schedule was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScheduleError {
    /// A scale that must be positive is not.
    #[error("{name} = {value} must be a positive, finite number")]
    NotPositive {
        /// Name of the parameter.
        name: &'static str,
        /// The value given.
        value: f64,
    },
    /// A parameter lies outside the values it may take.
    #[error("{name} = {value} must lie in [{low}, {high}]")]
    OutOfRange {
        /// Name of the parameter.
        name: &'static str,
        /// The value given.
        value: f64,
        /// The least it may be.
        low: f64,
        /// The most it may be.
        high: f64,
    },
    /// Unit-variance scaling needs `gamma < 1`.
    #[error(
        "unit-variance scaling multiplies by sqrt(1 - gamma^2), but gamma reaches {max}: \
         choose a gamma below 1 or leave the scaling out"
    )]
    NoVarianceLeft {
        /// The largest gamma.
        max: f64,
    },
    /// A path of another kind was asked for.
    #[error("a one-sided path is made of a path from x0 to x1, not of one with ends {ends:?}")]
    NotTwoSided {
        /// The ends of the path given.
        ends: Ends,
    },
}

/// `value` if it is positive and finite.
pub(crate) fn positive(name: &'static str, value: f64) -> Result<f64, ScheduleError> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(ScheduleError::NotPositive { name, value })
    }
}

/// `value` if it lies in [low, high].
pub(crate) fn within(
    name: &'static str,
    value: f64,
    [low, high]: [f64; 2],
) -> Result<f64, ScheduleError> {
    if value >= low && value <= high {
        Ok(value)
    } else {
        Err(ScheduleError::OutOfRange {
            name,
            value,
            low,
            high,
        })
    }
}
