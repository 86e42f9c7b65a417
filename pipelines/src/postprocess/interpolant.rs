//! A flow that carries the law of EMOS, or the raw members, to the observations' own law.

use super::course::{Course, Pupil, Score, train};
use super::fitted_interpolant::FittedInterpolant;
use super::recalibration::Recalibration;
use super::residuals::{From, Judge, Lesson, lessons, tables};
use super::transport::Transport;
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use foehn_calibration::{Emos, Method, Predictors, Table, Term};
use foehn_compute::Workers;
use foehn_generation::{
    CouplingConfig, GenerationConfig, Law, Learner, Model, Pairing, Sizes, Starts, Tables,
};
use foehn_interpolant::{Gamma, Path, Scaling};
use foehn_network::MlpConfig;
use foehn_noise::{Key, Purpose};
use foehn_training::TrainConfig;
use serde::{Deserialize, Serialize};

/// `Y = F^-1(Phi(T(Z)))`, F the law of EMOS and T the flow of a stochastic interpolant given the terms: what EMOS leaves
/// open in skewness, tails, spread and bias. Z is standard normal, or a raw member in deviations from the ensemble.
///
/// The path is trigonometric, `x_t = cos(pi t/2) x0 + sin(pi t/2) x1`, whose velocity is zero where residuals
/// `x1 = Phi^-1(F(y))` are standard normal already: untrained networks are EMOS itself (from raw members: ECC-T). An
/// observation at which F jumps (no rain) stands at random places within the jump; what is carried below the jump
/// comes back as the value there. Every network is kept from one block of consecutive dates, and its base, residuals
/// and terms know nothing of these; the step at which all networks together have the least CRPS on them is taken,
/// which is step 0 unless it is better than that by two standard errors over dates. With a hundred dates or more, levels
/// are corrected by the transforms there.
///
/// # Reference
/// Albergo, Boffi, Vanden-Eijnden 2023, arXiv:2303.08797, for the flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InterpolantConfig {
    /// The law that is carried.
    pub base: Emos,
    /// Where the flow starts.
    pub starts: FlowStarts,
    /// What the flow depends on, beside the lead; what a case has not counts as the mean.
    pub terms: Vec<Term>,
    /// Networks; their flows are averaged.
    pub networks: usize,
    /// Blocks of dates, at least 2, of which each is kept from some of the networks.
    pub blocks: usize,
    /// Steps of the optimiser at most.
    pub steps: usize,
    /// Residuals a step.
    pub batch_size: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Units of a hidden layer.
    pub width: usize,
    /// Hidden layers.
    pub depth: usize,
}

/// Where the flow of a post-processing interpolant starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowStarts {
    /// At any level of the base law: members of any number, ordered afterwards.
    #[default]
    Base,
    /// At the raw members, `(x_i - mean)/s`: they keep their dependence, and what is uneven among them.
    Members,
}

impl Default for InterpolantConfig {
    fn default() -> Self {
        Self {
            base: Emos::default(),
            starts: FlowStarts::Base,
            terms: vec![Term::Mean, Term::Spread, Term::Season(1)],
            networks: 8,
            blocks: 4,
            steps: 1000,
            batch_size: 256,
            learning_rate: 2e-3,
            weight_decay: 0.1,
            width: 32,
            depth: 2,
        }
    }
}

struct FlowPupil<'a> {
    learner: Learner<Tables>,
    judge: &'a Judge,
    alone: Workers,
}

impl Pupil for FlowPupil<'_> {
    type Model = Model;

    fn step(&mut self) -> Result<()> {
        self.learner.step(&self.alone)?;
        Ok(())
    }

    fn judged(&self) -> Result<(Vec<Score>, Model)> {
        let model = self.learner.model()?;
        let transport = Transport::new(vec![model.clone()], Recalibration::NONE);
        Ok((self.judge.crps(&transport)?, model))
    }
}

impl InterpolantConfig {
    /// What is wrong with the values, if anything.
    ///
    /// # Errors
    /// The first value found out of range.
    pub fn check(&self) -> Result<(), String> {
        check_networks(self.networks, self.blocks, &self.terms)?;
        self.train().check()
    }

    fn train(&self) -> TrainConfig {
        TrainConfig {
            steps: self.steps,
            batch_size: self.batch_size,
            micro_batch: self.batch_size,
            learning_rate: self.learning_rate,
            weight_decay: self.weight_decay,
            warmup: (self.steps / 20).min(50),
            ema_decay: 0.99,
            ..TrainConfig::default()
        }
    }

    fn from(&self) -> From {
        match self.starts {
            FlowStarts::Base => From::Base,
            FlowStarts::Members => From::Members,
        }
    }

    fn law(&self, condition: usize) -> Result<Law> {
        let (coupling, starts) = match self.starts {
            FlowStarts::Base => (CouplingConfig::Independent, Starts::Base),
            FlowStarts::Members => (CouplingConfig::Given, Starts::Rows),
        };
        let config = GenerationConfig {
            interpolant: Path::Trigonometric {
                gamma: Gamma::Zero,
                scaling: Scaling::default(),
            },
            coupling,
            network: MlpConfig {
                width: self.width,
                depth: self.depth,
                time_features: 8,
                input_features: 0,
            },
            ..GenerationConfig::default()
        };
        let sizes = Sizes {
            state: 1,
            condition,
            starts,
        };
        Ok(Law::new(&config, sizes)?)
    }

    /// Fits base and flow.
    ///
    /// # Errors
    /// As [`Method::fit`], for the base on all dates or on parts of them; if a loss is not finite; after Ctrl-C.
    pub fn fit(&self, training: &Table, seed: u64, workers: &Workers) -> Result<FittedInterpolant> {
        let base = Method::Emos(self.base.clone());
        let fitted = base.fit(training)?;
        let terms = with_lead(&self.terms);
        let predictors = Predictors::fit(training, &terms)?;
        check_dates(training, self.blocks)?;
        let lessons = lessons(training, self.blocks, &base, &terms, seed, workers)
            .context("residuals of the base from parameters of other dates")?;
        let (course, judges) = self.train_all(lessons, predictors.names().len(), seed, workers)?;
        // Networks that have learnt nothing change nothing.
        let models = if course.step == 0 {
            Vec::new()
        } else {
            course.models
        };
        let recalibration = match self.starts {
            FlowStarts::Base => recalibration(&models, &judges)?,
            FlowStarts::Members => Recalibration::NONE,
        };
        Ok(FittedInterpolant::new(
            self.clone(),
            (course.step, course.progress),
            fitted,
            predictors,
            (models, recalibration, seed),
        ))
    }

    /// All networks, each trained without one block of dates, and the judges by block.
    fn train_all(
        &self,
        lessons: Vec<Lesson>,
        condition: usize,
        seed: u64,
        workers: &Workers,
    ) -> Result<(Course<Model>, Vec<Judge>)> {
        let device = Device::flex();
        let law = self.law(condition)?;
        let (mut sources, mut judges) = (Vec::new(), Vec::new());
        for lesson in lessons {
            if lesson.learnt.is_empty() || lesson.kept.is_empty() {
                bail!("a block of dates without a complete case: give fewer blocks, or more dates");
            }
            let tables = tables(&lesson.learnt, self.from(), seed);
            let pairing = match self.starts {
                FlowStarts::Base => Pairing::None,
                FlowStarts::Members => Pairing::Given,
            };
            sources.push(Tables::new(
                tables.x1,
                tables.x0,
                Some(tables.condition),
                pairing,
            )?);
            judges.push(Judge::new(lesson.kept, self.from()));
        }
        let mut pupils = Vec::new();
        for k in 0..self.networks {
            let key = Key::new(seed, Purpose::Weights).member(k as u32);
            let source = sources[k % self.blocks].clone();
            pupils.push(FlowPupil {
                // One after the other: initial weights come from the generator of the device.
                learner: Learner::new(
                    law.clone(),
                    &self.train(),
                    source,
                    key.seed_from(),
                    &device,
                )?,
                judge: &judges[k % self.blocks],
                alone: Workers::new(1)?,
            });
        }
        let course = train(pupils, self.steps, workers)?;
        Ok((course, judges))
    }
}

/// From the transforms of every block in the flow of the networks that were kept from it.
fn recalibration(models: &[Model], judges: &[Judge]) -> Result<Recalibration> {
    let mut transforms = Vec::new();
    for (block, judge) in judges.iter().enumerate() {
        let own = models.iter().skip(block).step_by(judges.len());
        let transport = Transport::new(own.cloned().collect(), Recalibration::NONE);
        transforms.extend(judge.transforms(&transport)?);
    }
    Ok(Recalibration::fit(&transforms))
}

pub(super) fn with_lead(terms: &[Term]) -> Vec<Term> {
    terms.iter().cloned().chain([Term::Lead]).collect()
}

/// What networks that are kept from blocks of dates need.
pub(super) fn check_networks(networks: usize, blocks: usize, terms: &[Term]) -> Result<(), String> {
    if blocks < 2 || networks < blocks {
        return Err(format!(
            "networks = {networks}, blocks = {blocks}: each network is judged on a block of dates kept from it; give \
             at least 2 blocks and a network for each"
        ));
    }
    if terms.contains(&Term::Members) {
        return Err("terms: members one by one are for emos; give mean and spread".to_owned());
    }
    Ok(())
}

pub(super) fn check_dates(training: &Table, blocks: usize) -> Result<()> {
    let dates = training.distinct_dates().len();
    if dates < 2 * blocks {
        bail!(
            "{dates} dates for {blocks} blocks of them, each of which is kept from some networks"
        );
    }
    Ok(())
}
