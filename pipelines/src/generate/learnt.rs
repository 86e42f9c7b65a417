//! What is trained on a table: an interpolant by regression, or a flow by maximum likelihood.

use super::config::{GenerateConfig, Objective};
use super::sampling::divergence;
use anyhow::{Result, bail};
use burn::tensor::{Device, Tensor};
use foehn_compute::Workers;
use foehn_dynamics::{Divergence, Samples, Weighed};
use foehn_generation::{
    FlowLearner, Law, Learner, MaximumLikelihood, Model, NormalizingFlow, SamplingConfig, Sizes,
    Starting, Starts, Tables, on_device,
};
use foehn_network::{Architecture, Mlp};
use foehn_noise::{Key, Purpose};
use foehn_training::{StepReport, Trainer};
use ndarray::s;

/// Rows of the validation loss at most: of a regression, and of a likelihood, which solves an equation.
const ROWS: (usize, usize) = (4096, 1024);

/// All of a model but its weights.
#[derive(Clone)]
pub enum Declaration {
    /// A path, regressed.
    Interpolant(Law),
    /// A flow between two laws.
    Flow(MaximumLikelihood),
}

impl Declaration {
    /// What `config` declares for data of these sizes.
    ///
    /// # Errors
    /// If parts of it do not go together.
    pub fn new(config: &GenerateConfig, sizes: Sizes) -> Result<Self> {
        if config.objective == Objective::Interpolant {
            return Ok(Self::Interpolant(Law::new(&config.model, sizes)?));
        }
        if sizes.starts == Starts::Rows {
            bail!(
                "objective = likelihood: such a flow starts from Gaussian noise; leave out --starts"
            );
        }
        let Sizes {
            state, condition, ..
        } = sizes;
        let likelihood = MaximumLikelihood::new(&config.likelihood, state, condition)?;
        Ok(Self::Flow(likelihood))
    }

    /// The network that it needs.
    pub fn architecture(&self) -> Architecture {
        match self {
            Self::Interpolant(law) => law.architecture(),
            Self::Flow(likelihood) => likelihood.architecture(),
        }
    }

    /// With its weights.
    pub fn with(self, network: Mlp) -> Learnt {
        match self {
            Self::Interpolant(law) => Learnt::Interpolant(Model { law, network }),
            Self::Flow(likelihood) => Learnt::Flow(NormalizingFlow {
                likelihood,
                network,
            }),
        }
    }

    /// Its weights, about to be trained.
    ///
    /// # Errors
    /// If the network is impossible.
    pub fn pupil(self, config: &GenerateConfig, data: Tables, device: &Device) -> Result<Pupil> {
        let (train, seed) = (&config.train, config.seed);
        Ok(match self {
            Self::Interpolant(law) => {
                Pupil::Interpolant(Learner::new(law, train, data, seed, device)?)
            }
            Self::Flow(likelihood) => {
                Pupil::Flow(FlowLearner::new(likelihood, train, data, seed, device)?)
            }
        })
    }
}

/// A trained model.
pub enum Learnt {
    /// On a path.
    Interpolant(Model),
    /// A flow.
    Flow(NormalizingFlow),
}

impl Learnt {
    /// Samples, one a key.
    ///
    /// # Errors
    /// If the sampler does not suit the model.
    pub fn sample(
        &self,
        how: &SamplingConfig,
        from: Starting,
        device: &Device,
    ) -> Result<Samples<2>> {
        Ok(match self {
            Self::Interpolant(model) => model.sample(how, from, device)?,
            Self::Flow(flow) => flow.sample(how, from, device)?,
        })
    }

    /// Log-densities of states, nats per scaled unit.
    ///
    /// # Errors
    /// If the model has none.
    pub fn log_density(
        &self,
        how: &SamplingConfig,
        divergence: Divergence,
        x1: Tensor<2>,
        from: Starting,
    ) -> Result<Weighed<2>> {
        Ok(match self {
            Self::Interpolant(model) => model.log_density(how, divergence, x1, from)?,
            Self::Flow(flow) => flow.log_density(how, divergence, x1, from)?,
        })
    }
}

/// A model on its way.
pub enum Pupil {
    /// On a path.
    Interpolant(Learner<Tables>),
    /// A flow.
    Flow(FlowLearner<Tables>),
}

/// The loss on rows set aside.
pub struct Validation {
    /// Its mean.
    pub loss: f64,
    /// The loss by interpolation time, where it is one of regression.
    pub by_time: Option<foehn_interpolant::LossTable>,
}

impl Pupil {
    /// Weights, optimiser and moving average.
    pub fn trainer(&mut self) -> &mut Trainer<Mlp> {
        match self {
            Self::Interpolant(learner) => &mut learner.trainer,
            Self::Flow(learner) => &mut learner.trainer,
        }
    }

    /// One step of the optimiser.
    ///
    /// # Errors
    /// If the loss is not finite for long.
    pub fn step(&mut self, workers: &Workers) -> Result<StepReport> {
        Ok(match self {
            Self::Interpolant(learner) => learner.step(workers)?,
            Self::Flow(learner) => learner.step(workers)?,
        })
    }

    /// The model with averaged weights.
    ///
    /// # Errors
    /// If the network does not fit its own layout.
    pub fn learnt(&self) -> Result<Learnt> {
        Ok(match self {
            Self::Interpolant(learner) => Learnt::Interpolant(learner.model()?),
            Self::Flow(learner) => Learnt::Flow(learner.flow()?),
        })
    }

    /// The loss on `tables` with the same draws every time.
    ///
    /// # Errors
    /// If a loss is not finite.
    pub fn validate(
        &self,
        tables: &Tables,
        config: &GenerateConfig,
        device: &Device,
    ) -> Result<Validation> {
        let seed = config.seed;
        match self.learnt()? {
            Learnt::Interpolant(model) => {
                // in batches like those of the training, because transport pairs within a batch
                let rows = tables.count().min(ROWS.0);
                let size = config.train.batch_size.min(rows);
                let table = model.loss_by_time(tables, seed, [size, rows / size], device)?;
                Ok(Validation {
                    loss: table.integral().unwrap_or(f64::NAN),
                    by_time: Some(table),
                })
            }
            Learnt::Flow(flow) => {
                let rows = tables.x1().nrows().min(ROWS.1);
                let part = |table: &ndarray::Array2<f32>| {
                    on_device(&table.slice(s![..rows, ..]).to_owned(), device)
                };
                let name = |i: usize| Key::new(seed, Purpose::Validate).member(i as u32);
                let from = Starting {
                    x0: None,
                    condition: tables.condition().map(part),
                    keys: (0..rows).map(name).collect(),
                };
                let how = SamplingConfig::default();
                let divergence = divergence(tables.x1().ncols());
                let run = flow.log_density(&how, divergence, part(tables.x1()), from)?;
                if let Some(failure) = run.failures.first() {
                    bail!("the likelihood of the rows set aside: {failure}");
                }
                let mean = run.log_density.mean().into_scalar::<f32>();
                Ok(Validation {
                    loss: -f64::from(mean),
                    by_time: None,
                })
            }
        }
    }
}
