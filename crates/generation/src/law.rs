//! The law of a model but for its weights: path, pairs, what the network sees and predicts.

use crate::config::{CouplingConfig, GenerationConfig};
use crate::error::GenerationError;
use burn::tensor::{Tensor, TensorData};
use foehn_dynamics::{Epsilon, choose};
use foehn_interpolant::{Conversion, ConversionError, Ends, Known, Schedule, Target, per_sample};
use foehn_network::{Architecture, Mlp};
use std::sync::Arc;

/// A schedule that threads share.
pub type SharedSchedule = Arc<dyn Schedule + Send + Sync>;

/// Regression weights beyond this are a target that is not learnt well.
const LARGE_WEIGHT: f64 = 10.0;

/// Numbers of the state, of the condition, and whether the starts are rows of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// d, of x0 and x1.
    pub state: usize,
    /// c, 0 for none.
    pub condition: usize,
    /// Where x0 comes from.
    pub starts: Starts,
}

/// Where x0 comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starts {
    /// Gaussian noise; the origin for a Föllmer path.
    Base,
    /// Rows of data.
    Rows,
}

/// Path, coupling, condition and targets: everything but weights and units.
#[derive(Clone)]
pub struct Law {
    pub(crate) config: GenerationConfig,
    pub(crate) schedule: SharedSchedule,
    pub(crate) targets: Vec<Target>,
    pub(crate) known: Known,
    pub(crate) sizes: Sizes,
}

impl Law {
    /// The law that `config` declares for data of these sizes.
    ///
    /// # Errors
    /// If path, coupling and data do not go together, or the targets do not determine the velocity.
    pub fn new(config: &GenerationConfig, sizes: Sizes) -> Result<Self, GenerationError> {
        let schedule = config.interpolant.schedule()?;
        let time = config.time.clone().checked()?;
        let known = known(config, &*schedule, sizes);
        refuse_mismatch(config, &*schedule, sizes)?;
        let targets = match &config.targets {
            Some(targets) if targets.is_empty() => {
                return Err(GenerationError::Mismatch(
                    "targets = []: name at least one".into(),
                ));
            }
            Some(targets) => targets.clone(),
            None => usual_targets(&*schedule),
        };
        let law = Self {
            config: GenerationConfig {
                time,
                ..config.clone()
            },
            schedule,
            targets,
            known,
            sizes,
        };
        law.refuse_targets()?;
        Ok(law)
    }

    /// The path.
    pub fn schedule(&self) -> &SharedSchedule {
        &self.schedule
    }

    /// What the network knows of x0.
    pub fn known(&self) -> Known {
        self.known
    }

    /// Whether x0 is a point from which a process starts.
    pub fn is_follmer(&self) -> bool {
        self.schedule.ends() == Ends::Follmer
    }

    /// The noise that suits the path, times `part`: gamma where it has latent noise, else `1 - t`; both
    /// vanish where the score is infinite.
    pub fn usual_epsilon(&self, part: f64) -> Epsilon {
        if self.has_latent() {
            Epsilon::Gamma(part)
        } else {
            let (e0, power) = (part, 1.0);
            Epsilon::Decreasing { e0, power }
        }
    }

    /// Whether what is learnt determines the score, which an SDE needs.
    pub fn has_score(&self) -> bool {
        self.choose(Target::Score).is_ok()
    }

    /// The network that such a law needs.
    pub fn architecture(&self) -> Architecture {
        let Sizes {
            state, condition, ..
        } = self.sizes;
        let start = if self.shows_start() { state } else { 0 };
        Architecture::Mlp {
            config: self.config.network.clone(),
            inputs: state + start + condition,
            outputs: state * self.targets.len(),
        }
    }

    fn shows_start(&self) -> bool {
        // from the origin there is nothing to show
        self.known == Known::Start && self.sizes.starts == Starts::Rows
    }

    /// Every target as predicted at `t[b]` for each sample.
    ///
    /// # Shapes
    /// `t`: (B); `x`, `x0`: [B, d]; `condition`: [B, c].
    pub(crate) fn predict(
        &self,
        network: &Mlp,
        t: &[f64],
        x: Tensor<2>,
        x0: Option<&Tensor<2>>,
        condition: Option<&Tensor<2>>,
    ) -> Vec<Tensor<2>> {
        // brings the state to unit variance, as far as the path alone tells
        let scale = |t: &f64| {
            let c = self.schedule.at(*t);
            1.0 / (c.alpha.powi(2) + c.beta.powi(2) + c.gamma.powi(2))
                .sqrt()
                .max(1e-2)
        };
        let scale = per_sample(&t.iter().map(scale).collect::<Vec<_>>(), &x);
        let times = TensorData::new(t.to_vec(), [t.len()]).convert_dtype(x.dtype());
        let times = Tensor::<1>::from_data(times, (&x.device(), x.dtype()));
        let mut inputs = vec![x * scale];
        inputs.extend(x0.filter(|_| self.shows_start()).cloned());
        inputs.extend(condition.cloned());
        let out = network.forward(Tensor::cat(inputs, 1), times);
        let [batch, d] = [t.len(), self.sizes.state];
        let head = |k: usize| out.clone().slice([0..batch, k * d..(k + 1) * d]);
        (0..self.targets.len()).map(head).collect()
    }

    /// Refuses targets that the path has not, or that do not determine what samplers need.
    fn refuse_targets(&self) -> Result<(), GenerationError> {
        for target in &self.targets {
            target.weights(&self.schedule, 0.5)?;
        }
        if self.is_follmer() {
            if self.targets[0] != Target::Drift {
                return Err(GenerationError::Mismatch(format!(
                    "targets: a Föllmer path is learnt by its drift, not by {:?}",
                    self.targets
                )));
            }
            return Ok(());
        }
        self.choose(Target::Velocity)?;
        Ok(())
    }

    /// Which prediction `wanted` is read from, and how.
    pub(crate) fn choose(
        &self,
        wanted: Target,
    ) -> Result<(usize, Conversion<&SharedSchedule>), ConversionError> {
        choose(&self.schedule, self.known, &self.targets, wanted)
    }
}

fn known(config: &GenerationConfig, schedule: &dyn Schedule, sizes: Sizes) -> Known {
    let ends = schedule.ends();
    if ends == Ends::Follmer || config.sees_start {
        Known::Start
    } else if ends != Ends::Mirror
        && sizes.starts == Starts::Base
        && config.coupling.is_independent()
    {
        Known::GaussianStart
    } else {
        Known::Nothing
    }
}

fn refuse_mismatch(
    config: &GenerationConfig,
    schedule: &dyn Schedule,
    sizes: Sizes,
) -> Result<(), GenerationError> {
    let refuse = |text: &str| Err(GenerationError::Mismatch(text.to_owned()));
    let ends = schedule.ends();
    let noisy = [0.25, 0.5].iter().any(|t| schedule.at(*t).gamma > 0.0);
    let from_noise = ends.starts_from_noise();
    match (config.coupling, sizes.starts) {
        (CouplingConfig::Given, Starts::Base) => {
            refuse("coupling = given needs the starts x0, a row for every row of the data")
        }
        (CouplingConfig::Mirror, _) if ends != Ends::Mirror => {
            refuse("coupling = mirror belongs to interpolant = mirror")
        }
        (coupling, _) if ends == Ends::Mirror && coupling != CouplingConfig::Mirror => {
            refuse("interpolant = mirror starts and ends at the data: give coupling = mirror")
        }
        (CouplingConfig::Mirror, Starts::Base) => refuse(
            "coupling = mirror starts from data, not from noise: give the rows of the data as the starts too",
        ),
        (CouplingConfig::Mirror, _) if config.sees_start => refuse(
            "sees_start = true on a mirror path would show the network x1 itself, and nothing would be learnt: \
             leave it out",
        ),
        (_, Starts::Rows) if from_noise => refuse(
            "this interpolant starts from Gaussian noise and cannot start from rows of data: choose linear, \
             trigonometric, encoding_decoding, fourier or follmer",
        ),
        (coupling, _) if from_noise && !coupling.is_independent() => refuse(
            "this interpolant needs noise that is independent of the data: choose linear or trigonometric for a \
             coupling by transport",
        ),
        _ if config.sees_start && noisy && ends != Ends::Follmer => refuse(
            "sees_start = true with gamma: where a sample goes is settled in the first instant out of its start, \
             which no step resolves: choose interpolant = follmer, whose drift is made for that, or leave gamma out \
             where x1 is a function of x0",
        ),
        _ if config.sees_start && sizes.starts == Starts::Base && ends != Ends::Follmer => refuse(
            "sees_start = true: a flow that sees the noise it starts from has nothing left to learn; \
             give starts, or leave it out",
        ),
        _ => Ok(()),
    }
}

/// What is learnt well on a path, and determines the velocity and, with noise in the path, the score.
fn usual_targets(schedule: &dyn Schedule) -> Vec<Target> {
    let noisy = schedule.at(0.5).gamma > 0.0;
    match schedule.ends() {
        Ends::Follmer => vec![Target::Drift],
        Ends::Mirror => vec![Target::Noise],
        Ends::TwoSided if noisy => vec![Target::Velocity, Target::Noise],
        Ends::TwoSided => vec![Target::Velocity],
        Ends::OneSided | Ends::Truncated => {
            let bounded = |target: &Target| {
                (0..=20).all(|i| {
                    let weights = target.weights(&schedule, f64::from(i) / 20.0);
                    weights.is_ok_and(|w| w.iter().all(|w| w.abs() <= LARGE_WEIGHT))
                })
            };
            let choices = [Target::Velocity, Target::AngularVelocity, Target::Noise];
            vec![choices.into_iter().find(bounded).unwrap_or(Target::Noise)]
        }
    }
}
