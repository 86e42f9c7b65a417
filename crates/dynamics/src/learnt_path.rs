//! From what a network predicts to what the dynamics need, one call of the network for all of it.

use crate::dynamics::Dynamics;
use burn::tensor::Tensor;
use foehn_interpolant::{Conversion, ConversionError, Known, Schedule, Target};

/// A network with one or several predictions, any condition bound.
pub trait Heads<const D: usize> {
    /// The predictions at interpolation time `t` for the batch `x`: [B, ...] -> [B, ...] each, in the
    /// order of the targets they were trained on.
    fn predict(&self, t: f64, x: Tensor<D>) -> Vec<Tensor<D>>;
}

impl<const D: usize, F: Fn(f64, Tensor<D>) -> Vec<Tensor<D>>> Heads<D> for F {
    fn predict(&self, t: f64, x: Tensor<D>) -> Vec<Tensor<D>> {
        self(t, x)
    }
}

/// A trained network on its path, read as velocity, score or denoiser.
///
/// A quantity is read from the first prediction that has a regular [`Conversion`] to it, the one that
/// was trained on it before all others. At an end of [0, 1] where a conversion has no finite limit the
/// reading is not a number; [`LearntPath::check`] says so beforehand.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use foehn_dynamics::{Epsilon, LearntPath, Sampler, Solver, TimeGrid, WienerNoise};
/// use foehn_interpolant::{Gamma, Known, Linear, OneSided, Target};
/// use foehn_noise::{Key, Purpose};
///
/// // x1 ~ N(0, 1/4): E[x1 - x0 | x] = (t/4 - (1 - t)) x / ((1 - t)^2 + t^2 / 4), what a velocity learns
/// let heads = |t: f64, x: Tensor<2>| {
///     vec![x * ((t / 4.0 - (1.0 - t)) / ((1.0 - t).powi(2) + t * t / 4.0))]
/// };
/// let schedule = OneSided::new(Linear { gamma: Gamma::Zero })?;
/// let path = LearntPath::new(heads, vec![Target::Velocity], schedule.clone(), Known::GaussianStart, None);
/// let sde = path.langevin(Epsilon::Decreasing { e0: 1.0, power: 1.0 }.on(schedule)?)?;
/// let sampler = Sampler { solver: Solver::EulerMaruyama, grid: TimeGrid::uniform(100)? };
/// let keys: Vec<Key> = (0..4000).map(|i| Key::new(1, Purpose::Sample).member(i)).collect();
/// let start: Vec<Key> = keys.iter().map(|key| key.lead(1)).collect();
/// let z = foehn_interpolant::normals(&start, &Tensor::<2>::zeros([4000, 1], &Device::flex()));
/// let run = sampler.sample(&sde, z, &mut WienerNoise::new(keys))?;
/// let variance = f64::from(run.x.square().mean().into_scalar::<f32>());
/// assert!((variance / 0.25 - 1.0).abs() < 4.0 * (2.0f64 / 4000.0).sqrt() + 0.03); // 4 sigma, and the step
/// assert_eq!(run.calls, 100); // velocity and score from one call
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct LearntPath<H, S, const D: usize> {
    heads: H,
    targets: Vec<Target>,
    schedule: S,
    known: Known,
    x0: Option<Tensor<D>>,
}

/// Which of the predictions of `targets` to read `wanted` from, and how: the one that was trained on it
/// before all others, else the first that has a regular conversion.
///
/// ```
/// use foehn_dynamics::choose;
/// use foehn_interpolant::{Gamma, Known, Linear, Target};
/// let path = Linear { gamma: Gamma::Zero };
/// let targets = [Target::Data, Target::Velocity];
/// let head = |wanted| choose(&path, Known::GaussianStart, &targets, wanted).map(|(head, _)| head);
/// assert_eq!(head(Target::Velocity)?, 1);
/// assert_eq!(head(Target::Score)?, 0);
/// # Ok::<(), foehn_interpolant::ConversionError>(())
/// ```
///
/// # Errors
/// If none of the targets determines it on the path.
pub fn choose<S: Schedule + Copy>(
    schedule: S,
    known: Known,
    targets: &[Target],
    wanted: Target,
) -> Result<(usize, Conversion<S>), ConversionError> {
    let itself = targets.iter().position(|target| *target == wanted);
    let order = itself.into_iter().chain(0..targets.len());
    let mut refusal = ConversionError::Undefined {
        target: wanted,
        known,
    };
    for head in order {
        match Conversion::new(schedule, known, targets[head], wanted) {
            Ok(conversion) => return Ok((head, conversion)),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

/// Which prediction to read, and how.
struct Reading<'a, S> {
    head: usize,
    conversion: Conversion<&'a S>,
}

impl<H, S: Schedule, const D: usize> LearntPath<H, S, D> {
    /// The path of `heads`, which were trained on `targets`.
    ///
    /// # Shapes
    /// `x0`: [B, ...], the starts that the network sees, where it does ([`Known::Start`]).
    pub fn new(
        heads: H,
        targets: Vec<Target>,
        schedule: S,
        known: Known,
        x0: Option<Tensor<D>>,
    ) -> Self {
        Self {
            heads,
            targets,
            schedule,
            known,
            x0,
        }
    }

    /// The first regular way to `wanted`.
    fn reading(&self, wanted: Target) -> Result<Reading<'_, S>, ConversionError> {
        let (head, conversion) = choose(&self.schedule, self.known, &self.targets, wanted)?;
        Ok(Reading { head, conversion })
    }

    /// Whether `wanted` can be read at all of `times`.
    ///
    /// # Errors
    /// If no prediction determines it, or its conversion has no finite value at one of the times.
    pub fn check(&self, wanted: Target, times: &[f64]) -> Result<(), ConversionError> {
        let reading = self.reading(wanted)?;
        for &t in times {
            reading.conversion.at(t)?;
        }
        Ok(())
    }
}

impl<H: Heads<D>, S: Schedule, const D: usize> LearntPath<H, S, D> {
    /// The quantity `wanted` as a function (t, x): a [`Velocity`](crate::Velocity), a
    /// [`Score`](crate::Score) or a [`Denoiser`](crate::Denoiser), as asked for.
    ///
    /// # Errors
    /// If no prediction determines it on this path.
    pub fn read(
        &self,
        wanted: Target,
    ) -> Result<impl Fn(f64, Tensor<D>) -> Tensor<D> + '_, ConversionError> {
        let reading = self.reading(wanted)?;
        Ok(move |t: f64, x: Tensor<D>| {
            let heads = self.heads.predict(t, x.clone());
            self.convert(&reading, &heads, t, &x)
        })
    }

    /// The flow `dX = b dt`.
    ///
    /// # Errors
    /// If no prediction determines the velocity.
    pub fn flow(&self) -> Result<LearntFlow<'_, H, S, D>, ConversionError> {
        Ok(LearntFlow {
            velocity: self.reading(Target::Velocity)?,
            path: self,
        })
    }

    /// `dX = (b + e s) dt + sqrt(2e) dW`, velocity and score from one call of the network.
    ///
    /// # Errors
    /// If no prediction determines the velocity, or the score.
    pub fn langevin<E: Fn(f64) -> f64>(
        &self,
        e: E,
    ) -> Result<LearntLangevin<'_, H, S, E, D>, ConversionError> {
        Ok(LearntLangevin {
            velocity: self.reading(Target::Velocity)?,
            score: self.reading(Target::Score)?,
            path: self,
            e,
        })
    }

    fn convert(
        &self,
        reading: &Reading<S>,
        heads: &[Tensor<D>],
        t: f64,
        x: &Tensor<D>,
    ) -> Tensor<D> {
        let prediction = heads[reading.head].clone();
        let converted = reading
            .conversion
            .apply(t, prediction, x.clone(), self.x0.clone());
        converted.unwrap_or_else(|_| x.full_like(f64::NAN))
    }
}

/// The flow of a [`LearntPath`].
pub struct LearntFlow<'a, H, S, const D: usize> {
    path: &'a LearntPath<H, S, D>,
    velocity: Reading<'a, S>,
}

impl<H: Heads<D>, S: Schedule, const D: usize> Dynamics<D> for LearntFlow<'_, H, S, D> {
    fn drift(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        let heads = self.path.heads.predict(t, x.clone());
        self.path.convert(&self.velocity, &heads, t, &x)
    }

    fn diffusion(&self, _t: f64) -> f64 {
        0.0
    }

    fn is_regular_at_end(&self) -> bool {
        self.velocity.conversion.at(1.0).is_ok()
    }
}

/// The forward SDE of a [`LearntPath`].
pub struct LearntLangevin<'a, H, S, E, const D: usize> {
    path: &'a LearntPath<H, S, D>,
    velocity: Reading<'a, S>,
    score: Reading<'a, S>,
    e: E,
}

impl<H, S, E, const D: usize> Dynamics<D> for LearntLangevin<'_, H, S, E, D>
where
    H: Heads<D>,
    S: Schedule,
    E: Fn(f64) -> f64,
{
    fn drift(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        let heads = self.path.heads.predict(t, x.clone());
        let b = self.path.convert(&self.velocity, &heads, t, &x);
        let e = (self.e)(t);
        if e == 0.0 {
            return b;
        }
        b + self.path.convert(&self.score, &heads, t, &x) * e
    }

    fn diffusion(&self, t: f64) -> f64 {
        (2.0 * (self.e)(t)).sqrt()
    }

    fn is_regular_at_end(&self) -> bool {
        let scored = (self.e)(1.0) == 0.0 || self.score.conversion.at(1.0).is_ok();
        scored && self.velocity.conversion.at(1.0).is_ok()
    }
}
