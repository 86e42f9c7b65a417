//! From a prediction of one conditional expectation to another.

mod frame;
mod minor;
mod row;
mod singular;

use crate::batch::per_sample;
use crate::schedule::{Ends, Schedule};
use crate::target::Target;
use burn::tensor::Tensor;
use frame::{Basis, Frame};

/// What is known of `x0` besides `x_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// The network sees `x0`: every expectation is conditional on it. Always so on a Föllmer path.
    Start,
    /// `x0 ~ N(0, Id)`, independent of `x1`: not after pairing by optimal transport, nor where `x0` is
    /// made from `x1`.
    GaussianStart,
    /// Nothing.
    Nothing,
}

/// `out = prediction * u + x * x_t + x0 * x0`, the coefficients of a conversion at one `t`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// Weight of what the network predicts.
    pub prediction: f64,
    /// Weight of `x_t`.
    pub x: f64,
    /// Weight of the `x0` that the network sees; zero unless it does.
    pub x0: f64,
}

/// Turns predictions of `from` into predictions of `to`, for one schedule.
///
/// With `n` the amplitude of all noise in the path, `x = alpha x0 + beta E[x1] - n^2 s` and every
/// quantity is linear in `E[x1]` and `s`; one prediction and `x` determine both, unless the two equations
/// are parallel. Construction looks for such times in (0, 1) and refuses the conversion, naming the time.
/// At `t = 0` and `t = 1` the coefficients are the limits, with vanishing factors cancelled in closed
/// form, wherever these exist.
///
/// For coloured noise read `S s` for the score.
///
/// ```
/// use foehn_interpolant::*;
/// // flow matching: E[x1 | x] = x + (1 - t) b
/// let path = Linear { gamma: Gamma::Zero };
/// let denoise = Conversion::new(path, Known::Nothing, Target::Velocity, Target::Data)?;
/// let c = denoise.at(0.25)?;
/// assert_eq!((c.prediction, c.x, c.x0), (0.75, 1.0, 0.0));
///
/// // linear with gamma = sin^2: b says nothing more where beta gamma' = beta' gamma
/// let path = Linear { gamma: Gamma::SineSquared };
/// let refused = Conversion::new(path, Known::Start, Target::Velocity, Target::Score);
/// assert!(refused.unwrap_err().to_string().contains("t = 0.371"));
/// # Ok::<(), ConversionError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Conversion<S> {
    schedule: S,
    basis: Basis,
    from: Target,
    to: Target,
    noiseless: bool,
}

/// Why there is no such conversion.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConversionError {
    /// The path has no such quantity, or does not determine it.
    #[error("{target:?} is not defined for this path with what is known of x0 ({known:?})")]
    Undefined {
        /// The quantity.
        target: Target,
        /// What is known.
        known: Known,
    },
    /// The prediction is the same whatever the data: nothing follows from it.
    #[error("a prediction of {from:?} tells nothing of {to:?} on this path")]
    Uninformative {
        /// What is predicted.
        from: Target,
        /// What is asked for.
        to: Target,
    },
    /// Three unknowns and two equations.
    #[error(
        "{from:?} determines {to:?} only where x0 is known: let the network see x0 (Known::Start), or start from \
         Gaussian noise that is independent of x1 (Known::GaussianStart)"
    )]
    NeedsStart {
        /// What is predicted.
        from: Target,
        /// What is asked for.
        to: Target,
    },
    /// The two equations are parallel inside (0, 1).
    #[error(
        "{from:?} cannot be converted to {to:?} on this path: the equations are singular at t = {t:.6}; \
         learn {to:?} itself, or the noise"
    )]
    Singular {
        /// What is predicted.
        from: Target,
        /// What is asked for.
        to: Target,
        /// The last time of the first singular stretch in (0, 1).
        t: f64,
    },
    /// The coefficients have no limit at this end.
    #[error("the conversion of {from:?} to {to:?} has no finite limit at t = {t}")]
    Diverges {
        /// What is predicted.
        from: Target,
        /// What is asked for.
        to: Target,
        /// The time.
        t: f64,
    },
    /// Times run from 0 to 1.
    #[error("t = {t} does not lie in [0, 1]")]
    OutOfRange {
        /// The time given.
        t: f64,
    },
    /// The conversion contains `x0`, which was not given.
    #[error("the conversion of {from:?} to {to:?} contains x0: pass the x0 that the network sees")]
    MissingStart {
        /// What is predicted.
        from: Target,
        /// What is asked for.
        to: Target,
    },
}

impl<S: Schedule> Conversion<S> {
    /// The conversion of predictions of `from` on `schedule` to predictions of `to`.
    ///
    /// # Errors
    /// If a quantity is not defined there, if `from` does not determine `to`, or if it fails to at some
    /// time in (0, 1), which is named.
    pub fn new(
        schedule: S,
        known: Known,
        from: Target,
        to: Target,
    ) -> Result<Self, ConversionError> {
        let noiseless = singular::is_noiseless(&schedule);
        let basis = match (schedule.ends(), known) {
            (Ends::Mirror, _) => Basis::Mirror,
            (Ends::Follmer, _) | (_, Known::Start) => Basis::Start,
            (_, Known::GaussianStart) => Basis::Gaussian,
            (_, Known::Nothing) if noiseless => Basis::Noiseless,
            (_, Known::Nothing) => Basis::Unknown,
        };
        let conversion = Self {
            schedule,
            basis,
            from,
            to,
            noiseless,
        };
        conversion.refuse(known)?;
        Ok(conversion)
    }

    /// The coefficients at `t` in [0, 1].
    ///
    /// # Errors
    /// If `t` is not in [0, 1], or is an end where there is no finite limit.
    pub fn at(&self, t: f64) -> Result<Affine, ConversionError> {
        if !(0.0..=1.0).contains(&t) {
            return Err(ConversionError::OutOfRange { t });
        }
        let (from, to) = (self.from, self.to);
        let diverges = ConversionError::Diverges { from, to, t };
        let [q, r] = self.rows();
        self.frame(t)
            .affine(q, r)
            .filter(|c| c.prediction.is_finite() && c.x.is_finite() && c.x0.is_finite())
            .ok_or(diverges)
    }

    /// The conversion of a batch of predictions at `t`.
    ///
    /// # Shapes
    /// `prediction`, `x`, `x0`: [B, ...], equal.
    ///
    /// # Errors
    /// As [`Conversion::at`], and if the coefficients contain an `x0` that is not given.
    pub fn apply<const D: usize>(
        &self,
        t: f64,
        prediction: Tensor<D>,
        x: Tensor<D>,
        x0: Option<Tensor<D>>,
    ) -> Result<Tensor<D>, ConversionError> {
        let c = self.at(t)?;
        let mut out = prediction * c.prediction;
        if c.x != 0.0 {
            out = out + x * c.x;
        }
        match x0 {
            _ if c.x0 == 0.0 => Ok(out),
            Some(x0) => Ok(out + x0 * c.x0),
            None => Err(self.missing()),
        }
    }

    /// The conversion of a batch of predictions, sample `b` at time `t[b]`.
    ///
    /// # Shapes
    /// `t`: (B); `prediction`, `x`, `x0`: [B, ...], equal.
    ///
    /// # Errors
    /// As [`Conversion::apply`].
    pub fn apply_each<const D: usize>(
        &self,
        t: &[f64],
        prediction: Tensor<D>,
        x: Tensor<D>,
        x0: Option<Tensor<D>>,
    ) -> Result<Tensor<D>, ConversionError> {
        let at: Vec<Affine> = t.iter().map(|&t| self.at(t)).collect::<Result<_, _>>()?;
        let column = |f: fn(&Affine) -> f64| at.iter().map(f).collect::<Vec<_>>();
        let scale = per_sample(&column(|c| c.prediction), &prediction);
        let out = prediction * scale;
        let scale = per_sample(&column(|c| c.x), &x);
        let out = out + x * scale;
        match x0 {
            _ if at.iter().all(|c| c.x0 == 0.0) => Ok(out),
            Some(x0) => {
                let scale = per_sample(&column(|c| c.x0), &x0);
                Ok(out + x0 * scale)
            }
            None => Err(self.missing()),
        }
    }

    fn missing(&self) -> ConversionError {
        let (from, to) = (self.from, self.to);
        ConversionError::MissingStart { from, to }
    }

    fn frame(&self, t: f64) -> Frame {
        Frame::new(&self.schedule, self.basis, t)
    }

    /// The two quantities; without latent noise the two velocities are one.
    fn rows(&self) -> [Target; 2] {
        [self.from, self.to].map(|target| match target {
            Target::Velocity if self.noiseless => Target::Transport,
            other => other,
        })
    }

    /// Refuses what is undefined, undetermined or singular.
    fn refuse(&self, known: Known) -> Result<(), ConversionError> {
        let (from, to) = (self.from, self.to);
        let noise_only = |target| matches!(target, Target::Score | Target::Noise);
        if self.basis == Basis::Unknown && from != to && !(noise_only(from) && noise_only(to)) {
            return Err(ConversionError::NeedsStart { from, to });
        }
        let (inside, [q, r]) = (self.frame(0.25), self.rows());
        for (row, target) in [(q, from), (r, to)] {
            if inside.row(row).is_none() {
                return Err(ConversionError::Undefined { target, known });
            }
        }
        if q == r {
            return Ok(());
        }
        match singular::first_zero(|t| self.frame(t).divisor(q, r)) {
            singular::Zero::None => Ok(()),
            singular::Zero::Everywhere => Err(ConversionError::Uninformative { from, to }),
            singular::Zero::At(t) => Err(ConversionError::Singular { from, to, t }),
        }
    }
}
