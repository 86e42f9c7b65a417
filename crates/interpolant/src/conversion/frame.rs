//! The two equations for two unknowns behind every conversion, at one time.
//!
//! A quantity `Q = a D + c w + k x0` is a row over the unknowns `D = E[x1]` and `w`; `x` is such a row
//! too, `x = beta D + m w + alpha x0`. With `|Q, R| = a_Q c_R - a_R c_Q`, solving for any `R`:
//! `R = (|R, x| Q + |Q, R| (x - alpha x0) - k_Q |R, x| x0) / |Q, x| + k_R x0`.
//! The second unknown is the score, with `m = -n^2`, `n` the amplitude of all noise; where nothing is
//! known of `x0` and there is no latent noise it is `E[x0]`, with `m = alpha`. The minors of rows with
//! two entries are Wronskians, which [`Power`] cancels.

use super::Affine;
use super::row::proportional;
use crate::power::Power;
use crate::schedule::{Factors, Schedule};
use crate::target::Target;

/// The unknowns, and what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Basis {
    /// `x0` is seen; unknown are `E[x1]` and the score of the latent noise.
    Start,
    /// The same without `x0`.
    Mirror,
    /// `x0` is Gaussian: unknown are `E[x1]` and the score, of noise `n^2 = alpha^2 + gamma^2`.
    Gaussian,
    /// No latent noise: unknown are `E[x1]` and `E[x0]`.
    Noiseless,
    /// As `Start`, but nothing that contains `x0` can be found.
    Unknown,
}

/// All rows at one time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) t: f64,
    pub(super) basis: Basis,
    pub(super) path: Factors,
    pub(super) d_alpha: Power,
    pub(super) alpha_d_alpha: Power,
    pub(super) gamma_d_gamma: Power,
    /// Amplitude of all noise.
    pub(super) n: Power,
    /// The noise of the noise prediction: `alpha` on a one-sided path, else `gamma`.
    pub(super) latent: Power,
    pub(super) noiseless: bool,
    pub(super) one_sided: bool,
}

impl Frame {
    pub(super) fn new(schedule: &impl Schedule, basis: Basis, t: f64) -> Self {
        let path = schedule.factors(t);
        let one_sided = schedule.ends().starts_from_noise();
        let square = |f: Power| f.times(f);
        let half_slope = |f: Power| square(f).derivative(t).scaled(0.5);
        let n = match basis {
            Basis::Gaussian => square(path.alpha).plus(square(path.gamma), t).sqrt(),
            _ => path.gamma,
        };
        Self {
            t,
            basis,
            path,
            d_alpha: path.alpha.derivative(t),
            alpha_d_alpha: half_slope(path.alpha),
            gamma_d_gamma: half_slope(path.gamma),
            n,
            latent: if one_sided { path.alpha } else { path.gamma },
            noiseless: path.gamma.value() == 0.0,
            one_sided,
        }
    }

    /// The conversion, its coefficients infinite or not numbers where there is no limit.
    pub(super) fn affine(&self, from: Target, to: Target) -> Option<Affine> {
        let (q, r) = (self.row(from)?, self.row(to)?);
        let t = self.t;
        if from == to {
            return Some(Affine {
                prediction: 1.0,
                x: 0.0,
                x0: 0.0,
            });
        }
        if to == Target::Start && self.basis == Basis::Start {
            return Some(Affine {
                prediction: 0.0,
                x: 0.0,
                x0: 1.0,
            });
        }
        let (prediction, x) = match proportional(&q, &r) {
            Some((above, below)) => (above.over(below).at(t), 0.0),
            None => (
                r.with_x.over(q.with_x).at(t),
                self.minor((from, &q), (to, &r)).over(q.with_x).at(t),
            ),
        };
        let alpha = match self.basis {
            Basis::Start => self.path.alpha.at(t),
            _ => 0.0,
        };
        let x0 = r.start.at(t) - prediction * q.start.at(t) - x * alpha;
        Some(Affine { prediction, x, x0 })
    }

    /// What the conversion divides by, without its zeros at the ends.
    pub(super) fn divisor(&self, from: Target, to: Target) -> f64 {
        let (Some(q), Some(r)) = (self.row(from), self.row(to)) else {
            return f64::NAN;
        };
        if to == Target::Start && self.basis == Basis::Start {
            return 1.0;
        }
        match proportional(&q, &r) {
            Some((_, below)) => below.value(),
            None => q.with_x.value(),
        }
    }
}
