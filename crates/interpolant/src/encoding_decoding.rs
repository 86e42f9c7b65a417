//! The encoding-decoding schedule: through a Gaussian in the middle.

use crate::gamma::Gamma;
use crate::power::Power;
use crate::schedule::{Coefficients, Factors, Schedule};
use std::f64::consts::PI;

/// `x_t = cos^2(pi t) x0 + sin^2(pi t) z` for `t < 1/2`, `cos^2(pi t) x1 + sin^2(pi t) z` after.
///
/// At `t = 1/2` the path is `z` whatever the ends. No prediction can be converted into `E[x1]` by
/// arithmetic alone while `beta = 0`; such a model learns `eta` or `b` and keeps it.
///
/// # Reference
/// Albergo, Boffi, Vanden-Eijnden 2023, arXiv:2303.08797, section 4.
///
/// ```
/// use foehn_interpolant::{EncodingDecoding, Schedule};
/// let c = EncodingDecoding.at(0.25);
/// assert!((c.alpha - 0.5).abs() < 1e-15 && c.beta == 0.0 && (c.gamma - 0.5).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodingDecoding;

impl Schedule for EncodingDecoding {
    fn at(&self, t: f64) -> Coefficients {
        self.factors(t).coefficients(t)
    }

    fn factors(&self, t: f64) -> Factors {
        // cos^2(pi t), measured from the nearer end
        let near = if t <= 0.5 { t } else { 1.0 - t };
        let sign = if t <= 0.5 { -1.0 } else { 1.0 };
        let bump = Power::plain(
            (PI * near).cos().powi(2),
            sign * PI * (2.0 * PI * near).sin(),
        );
        let (alpha, beta) = if t < 0.5 {
            (bump, Power::ZERO)
        } else if t > 0.5 {
            (Power::ZERO, bump)
        } else {
            (Power::ZERO, Power::ZERO)
        };
        Factors::new(alpha, beta, Gamma::SineSquared.factor(t), t)
    }
}
