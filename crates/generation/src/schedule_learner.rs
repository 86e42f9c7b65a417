//! Learning the path itself.

use crate::config::GenerationConfig;
use crate::error::GenerationError;
use crate::law::{Law, Sizes, Starts};
use crate::loss::Batch;
use crate::source::Source;
use crate::terms::Terms;
use burn::tensor::{Device, Tensor};
use foehn_compute::Workers;
use foehn_interpolant::{Draw, Fourier, Path, Target, TimeLaw, importance_mean, quadratic_losses};
use foehn_network::{Mlp, seeded};
use foehn_noise::{Key, Purpose};
use foehn_training::{StepReport, TrainConfig, Trainer};
use std::ops::Range;

/// Leads of the keys that name the seeds of pairs: the path's are not the network's, and neither are those
/// of a model that is trained with the same seed afterwards.
const NETWORK: u32 = 1;
const PATH: u32 = 2;

/// Looks for the [`Fourier`] path of least cost `int_0^1 E|b(t, x_t)|^2 dt`:
/// `max over paths, min over u of E[|u|^2 / 2 - u . dx_t/dt]`.
///
/// At a given path the minimum over velocities u is `-cost / 2`, so the path of least cost is where that
/// minimum is highest. A network descends; the numbers of the path ascend, with the network held, by the
/// gradient through `x_t` and `dx_t/dt`.
///
/// The network must keep up with the path: give it several steps for each of the path, and the path a small
/// rate that falls to zero. Its average is the result only; a network that is fitted to an old path drives
/// the new one astray, so average the network briefly. The path found is an ordinary one: train a model on it with a [`Learner`](crate::Learner).
///
/// # Reference
/// Albergo, Boffi, Vanden-Eijnden 2023, arXiv:2303.08797, on optimal interpolants.
pub struct ScheduleLearner<S> {
    law: Law,
    path: Fourier,
    source: S,
    seed: u64,
    device: Device,
    descent: TrainConfig,
    ascent: TrainConfig,
    network: Trainer<Mlp>,
    terms: Trainer<Terms>,
    average: Fourier,
}

/// What one step of the path did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathReport {
    /// The last step of the network.
    pub network: StepReport,
    /// The step of the path; its loss is that of the network with the sign changed.
    pub path: StepReport,
    /// The cost of the present path as the network sees it, `-2 d` times its loss: below the true cost
    /// by twice what the network still has to learn, and noisy.
    pub cost: f64,
}

impl<S: Source> ScheduleLearner<S> {
    /// A learner at the path of `config`, which is [`Path::Fourier`]; as many numbers are learnt as it
    /// has. Only the velocity is learnt, whatever the targets of `config`.
    ///
    /// # Errors
    /// If the path is of another kind or has no numbers, times are drawn so that the cost would be
    /// another, or path and data do not go together.
    pub fn new(
        config: &GenerationConfig,
        sizes: Sizes,
        [descent, ascent]: [&TrainConfig; 2],
        source: S,
        seed: u64,
        device: &Device,
    ) -> Result<Self, GenerationError> {
        let refuse = |text: &str| Err(GenerationError::Mismatch(text.to_owned()));
        let Path::Fourier(path) = &config.interpolant else {
            return refuse("a path is learnt within interpolant.kind = fourier: choose it");
        };
        if matches!(config.time, TimeLaw::LogitNormal { .. }) {
            return refuse(
                "the cost of a path is an integral over uniform times: leave out time = logit_normal",
            );
        }
        let terms = Terms::of(path, device).ok_or_else(|| {
            GenerationError::Mismatch(
                "interpolant: alpha, beta and log_gamma are empty; give as many zeros as there are numbers to learn"
                    .into(),
            )
        })?;
        let config = GenerationConfig {
            targets: Some(vec![Target::Velocity]),
            ..config.clone()
        };
        let law = Law::new(&config, sizes)?;
        // the network descends at the present path
        let present = TrainConfig {
            ema_decay: 0.0,
            ..ascent.clone()
        };
        let weights = Key::new(seed, Purpose::Weights).seed_from();
        let network = seeded(weights, device, || law.architecture().mlp(device))?;
        Ok(Self {
            law,
            path: path.clone(),
            source,
            seed,
            device: device.clone(),
            descent: descent.clone(),
            network: Trainer::new(descent.clone(), network),
            terms: Trainer::new(present, terms),
            ascent: ascent.clone(),
            average: path.clone(),
        })
    }

    /// `descents` steps of the network, then one of the path.
    ///
    /// # Errors
    /// If pairs cannot be drawn, or a loss is not finite for ten steps.
    pub fn step(
        &mut self,
        descents: usize,
        workers: &Workers,
    ) -> Result<PathReport, GenerationError> {
        let terms = self.terms.averaged()?;
        let mut last = None;
        for _ in 0..descents.max(1) {
            let step = self.network.step_count();
            let batch = self.batch(step, NETWORK, self.descent.batch_size)?;
            let (law, path, size) = (&self.law, &self.path, self.descent.micro_batch);
            let report = self.network.step(workers, |network, piece| {
                let part = piece * size..(piece + 1) * size;
                Ok::<_, GenerationError>(loss(law, path, network, &terms, &batch, part))
            })?;
            last = Some(report);
        }
        let network = self.network.averaged()?;
        let step = self.terms.step_count();
        let batch = self.batch(step, PATH, self.ascent.batch_size)?;
        let (law, path, size) = (&self.law, &self.path, self.ascent.micro_batch);
        let report = self.terms.step(workers, |terms, piece| {
            let part = piece * size..(piece + 1) * size;
            // the optimiser descends
            Ok::<_, GenerationError>(loss(law, path, &network, terms, &batch, part).neg())
        })?;
        let present = self.terms.averaged()?.path(&self.path);
        let keep = self.ascent.averaging(step);
        self.average = mixed(&self.average, &present, keep);
        Ok(PathReport {
            network: last.unwrap_or(report),
            path: report,
            cost: 2.0 * self.law.sizes.state as f64 * report.loss,
        })
    }

    /// The path, averaged over its last steps as weights are.
    ///
    /// # Errors
    /// If a number went beyond 1000.
    pub fn path(&self) -> Result<Fourier, GenerationError> {
        Ok(self.average.clone().checked()?)
    }

    fn batch(&self, step: usize, lead: u32, count: usize) -> Result<Batch, GenerationError> {
        let seed = Key::new(self.seed, Purpose::Weights).lead(lead).seed_from();
        let rows = self.source.rows(seed, step, count);
        let key = Key::new(seed, Purpose::Train).init(step as i64);
        self.law.batch(&rows, key, &self.device)
    }
}

/// `keep` of the one path and the rest of the other.
fn mixed(old: &Fourier, new: &Fourier, keep: f64) -> Fourier {
    let mix = |old: &[f64], new: &[f64]| {
        let pairs = old.iter().zip(new);
        pairs.map(|(a, b)| keep * a + (1.0 - keep) * b).collect()
    };
    Fourier {
        alpha: mix(&old.alpha, &new.alpha),
        beta: mix(&old.beta, &new.beta),
        log_gamma: mix(&old.log_gamma, &new.log_gamma),
        gamma: new.gamma,
    }
}

/// `E[|u|^2 / 2 - u . dx_t/dt]` over uniform times, per number of the state; the mean over the latent and
/// its mirror image where the path has one.
fn loss(
    law: &Law,
    path: &Fourier,
    network: &Mlp,
    terms: &Terms,
    batch: &Batch,
    part: Range<usize>,
) -> Tensor<1> {
    let draws = &batch.draws[part.clone()];
    let t: Vec<f64> = draws.iter().map(|draw| draw.t).collect();
    let (pair, z, condition) = batch.part(part);
    let start = (law.sizes.starts == Starts::Rows).then(|| pair.x0.clone());
    let signs: &[f64] = if law.has_latent() {
        &[1.0, -1.0]
    } else {
        &[1.0]
    };
    let mut total: Option<Tensor<1>> = None;
    for sign in signs {
        let (xt, velocity) = terms.point(path, &t, &pair, &(z.clone() * *sign));
        let u = law
            .predict(network, &t, xt, start.as_ref(), condition.as_ref())
            .swap_remove(0);
        let losses = quadratic_losses(u, velocity, None);
        total = Some(match total {
            Some(sum) => sum + losses,
            None => losses,
        });
    }
    let count = signs.len() as f64;
    let losses = total.map_or_else(|| z.sum_dim(1).flatten(0, 1), |sum| sum / count);
    let weights: Vec<f64> = draws.iter().map(Draw::weight).collect();
    importance_mean(losses, &weights)
}
