//! What a schedule is: the coefficients of the path as functions of interpolation time.

/// The coefficients of `x_t = alpha x0 + beta x1 + gamma z` and their time derivatives at one `t`.
///
/// `d_gamma` may be infinite at the ends of the interval (a square root starts vertically); the
/// product `gamma_d_gamma`, which is what the dynamics need, is finite on all of [0, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficients {
    /// Weight of `x0`.
    pub alpha: f64,
    /// Weight of `x1`.
    pub beta: f64,
    /// Weight of the latent noise `z`.
    pub gamma: f64,
    /// d alpha / dt.
    pub d_alpha: f64,
    /// d beta / dt.
    pub d_beta: f64,
    /// d gamma / dt, possibly infinite at t = 0 and t = 1.
    pub d_gamma: f64,
    /// `gamma * d gamma / dt` in closed form, finite everywhere.
    pub gamma_d_gamma: f64,
}

/// `t -> {alpha, beta, gamma}` and derivatives, on the host in double precision.
///
/// Every schedule obeys `alpha(0) = beta(1) = 1` and `alpha(1) = beta(0) = gamma(0) = gamma(1) = 0`.
pub trait Schedule {
    /// The coefficients at interpolation time `t` in [0, 1].
    fn at(&self, t: f64) -> Coefficients;
}

impl<S: Schedule + ?Sized> Schedule for &S {
    fn at(&self, t: f64) -> Coefficients {
        (**self).at(t)
    }
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
}

/// `value` if it is positive and finite.
pub(crate) fn positive(name: &'static str, value: f64) -> Result<f64, ScheduleError> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(ScheduleError::NotPositive { name, value })
    }
}
