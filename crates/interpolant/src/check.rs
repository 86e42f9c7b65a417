//! Whether a schedule is what it says: end conditions and derivatives.

use crate::schedule::{Coefficients, Ends, Schedule};

/// End conditions and closed forms are met to this.
const AT_ENDS: f64 = 1e-10;
/// Step of the central differences.
const H: f64 = 1e-6;
/// Derivatives meet central differences to this, relative to `1 + |f'|`; schedules may have kinks of
/// their second derivative.
const ON_SLOPES: f64 = 1e-4;
/// Times at which derivatives are looked at: `(i + 1/2) / POINTS`.
const POINTS: usize = 101;

/// Which promise of a schedule is broken, where, and by how much.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CheckError {
    /// A coefficient does not have the value that its kind of path has.
    #[error("a {ends:?} path has {name} = {expected} at t = {t}, but this schedule gives {value}")]
    Condition {
        /// The kind of path.
        ends: Ends,
        /// The coefficient.
        name: &'static str,
        /// Its value there.
        value: f64,
        /// What it must be.
        expected: f64,
        /// The time.
        t: f64,
    },
    /// A derivative is not that of its coefficient.
    #[error(
        "{name} = {value} at t = {t}, but central differences of its coefficient give {expected}"
    )]
    Derivative {
        /// The derivative.
        name: &'static str,
        /// Its value there.
        value: f64,
        /// The central difference.
        expected: f64,
        /// The time.
        t: f64,
    },
    /// A closed form is not the product that it stands for.
    #[error("{name} = {value} at t = {t}, but the product of its factors is {expected}")]
    Product {
        /// The closed form.
        name: &'static str,
        /// Its value there.
        value: f64,
        /// The product.
        expected: f64,
        /// The time.
        t: f64,
    },
    /// A value that must be finite is not.
    #[error("{name} = {value} at t = {t} must be finite")]
    NotFinite {
        /// The coefficient.
        name: &'static str,
        /// Its value there.
        value: f64,
        /// The time.
        t: f64,
    },
    /// The factors of a schedule are not its coefficients.
    #[error("factors give {name} = {value} at t = {t}, but the schedule gives {expected}")]
    Factors {
        /// The coefficient.
        name: &'static str,
        /// What the factors give.
        value: f64,
        /// What the schedule gives.
        expected: f64,
        /// The time.
        t: f64,
    },
}

/// Verifies the end conditions of [`Schedule::ends`], every derivative against central differences, the
/// closed forms of the products, and that [`Schedule::factors`] and [`Schedule::at`] agree.
///
/// # Errors
/// The first promise that is broken, with the value and the time.
///
/// ```
/// use foehn_interpolant::{Coefficients, Schedule, check};
/// struct Short; // ends before it reaches x1
/// impl Schedule for Short {
///     fn at(&self, t: f64) -> Coefficients {
///         Coefficients {
///             alpha: 1.0 - t, beta: 0.9 * t, gamma: 0.0,
///             d_alpha: -1.0, d_beta: 0.9, d_gamma: 0.0, alpha_d_alpha: t - 1.0, gamma_d_gamma: 0.0,
///         }
///     }
/// }
/// let error = check(&Short).unwrap_err().to_string();
/// assert_eq!(error, "a TwoSided path has beta = 1 at t = 1, but this schedule gives 0.9");
/// ```
pub fn check(schedule: &impl Schedule) -> Result<(), CheckError> {
    conditions(schedule)?;
    for t in [0.0, 1.0] {
        products_are_finite(&schedule.at(t), t)?;
    }
    for i in 0..POINTS {
        let t = (i as f64 + 0.5) / POINTS as f64;
        derivatives(schedule, t)?;
        factors(schedule, t)?;
    }
    Ok(())
}

/// A coefficient by name.
type Column = (&'static str, fn(&Coefficients) -> f64);

const ALPHA: Column = ("alpha", |c| c.alpha);
const BETA: Column = ("beta", |c| c.beta);
const GAMMA: Column = ("gamma", |c| c.gamma);

/// (coefficient, time, value) for each condition of this kind of path.
fn promises(ends: Ends) -> Vec<(Column, f64, f64)> {
    let everywhere =
        |column: Column, value| [0.0, 0.25, 0.5, 0.75, 1.0].map(|t| (column, t, value));
    let two_sided = [
        (ALPHA, 0.0, 1.0),
        (ALPHA, 1.0, 0.0),
        (BETA, 0.0, 0.0),
        (BETA, 1.0, 1.0),
    ];
    let noise_ends = [(GAMMA, 0.0, 0.0), (GAMMA, 1.0, 0.0)];
    match ends {
        Ends::TwoSided | Ends::Follmer => [&two_sided[..], &noise_ends].concat(),
        Ends::OneSided => [&two_sided[..], &everywhere(GAMMA, 0.0)].concat(),
        Ends::Truncated => {
            let end = [(ALPHA, 1.0, 0.0), (BETA, 1.0, 1.0)];
            [&end[..], &everywhere(GAMMA, 0.0)].concat()
        }
        Ends::Mirror => {
            let still = [everywhere(ALPHA, 0.0), everywhere(BETA, 1.0)].concat();
            [&still[..], &noise_ends].concat()
        }
    }
}

fn conditions(schedule: &impl Schedule) -> Result<(), CheckError> {
    let ends = schedule.ends();
    for ((name, read), t, expected) in promises(ends) {
        let value = read(&schedule.at(t));
        if value.is_nan() || (value - expected).abs() > AT_ENDS {
            return Err(CheckError::Condition {
                ends,
                name,
                value,
                expected,
                t,
            });
        }
    }
    Ok(())
}

fn products_are_finite(c: &Coefficients, t: f64) -> Result<(), CheckError> {
    let named = [
        ("alpha alpha'", c.alpha_d_alpha),
        ("beta'", c.d_beta),
        ("gamma gamma'", c.gamma_d_gamma),
    ];
    for (name, value) in named {
        if !value.is_finite() {
            return Err(CheckError::NotFinite { name, value, t });
        }
    }
    Ok(())
}

fn derivatives(schedule: &impl Schedule, t: f64) -> Result<(), CheckError> {
    let (low, c, high) = (schedule.at(t - H), schedule.at(t), schedule.at(t + H));
    let slopes = [
        ("alpha'", c.d_alpha, low.alpha, high.alpha),
        ("beta'", c.d_beta, low.beta, high.beta),
        ("gamma'", c.d_gamma, low.gamma, high.gamma),
    ];
    for (name, value, below, above) in slopes {
        let expected = (above - below) / (2.0 * H);
        if differ(value, expected, ON_SLOPES) {
            return Err(CheckError::Derivative {
                name,
                value,
                expected,
                t,
            });
        }
    }
    let products = [
        ("alpha alpha'", c.alpha_d_alpha, c.alpha * c.d_alpha),
        ("gamma gamma'", c.gamma_d_gamma, c.gamma * c.d_gamma),
    ];
    for (name, value, expected) in products {
        if differ(value, expected, AT_ENDS) {
            return Err(CheckError::Product {
                name,
                value,
                expected,
                t,
            });
        }
    }
    Ok(())
}

fn factors(schedule: &impl Schedule, t: f64) -> Result<(), CheckError> {
    let (c, f) = (schedule.at(t), schedule.factors(t));
    let mut pairs = vec![
        ("alpha", f.alpha.at(t), c.alpha),
        ("beta", f.beta.at(t), c.beta),
        ("gamma", f.gamma.at(t), c.gamma),
        ("alpha'", f.alpha.derivative(t).at(t), c.d_alpha),
        ("beta'", f.d_beta.at(t), c.d_beta),
        ("gamma'", f.gamma.derivative(t).at(t), c.d_gamma),
    ];
    if let Some(sigma) = f.sigma {
        pairs.push(("sigma sqrt(t)", sigma.at(t) * t.sqrt(), c.gamma));
    }
    for (name, value, expected) in pairs {
        if differ(value, expected, AT_ENDS) {
            return Err(CheckError::Factors {
                name,
                value,
                expected,
                t,
            });
        }
    }
    Ok(())
}

fn differ(value: f64, expected: f64, tolerance: f64) -> bool {
    value.is_nan() || (value - expected).abs() > tolerance * (1.0 + expected.abs())
}
