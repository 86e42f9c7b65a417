//! A flow that carries the law of another method, or the raw members, to the observations' own law.

use super::base::{Base, Bases};
use super::carrier::Carrier;
use super::course::{Course, Pupil, Score, train};
use super::dynamics::{FlowDynamics, FlowStarts};
use super::fitted_interpolant::FittedInterpolant;
use super::judge::Judge;
use super::lessons::{BaseWeights, Blocks, Lesson};
use super::networks::Networks;
use super::pool::Pool;
use super::recalibration::Recalibration;
use super::residuals::tables;
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use foehn_calibration::{Case, Family, Predictors, Table, Term};
use foehn_compute::Workers;
use foehn_generation::{Learner, Model, Pairing, Tables};
use foehn_noise::{Key, Purpose};
use serde::{Deserialize, Serialize};

/// `Y = F^-1(Phi(T(Z)))`, F the law of the base (EMOS, or a distributional network) and T the flow of a stochastic
/// interpolant given the terms: what the base leaves open in skewness, tails, spread and bias. Z is standard normal, or a raw member in deviations from the ensemble.
///
/// The path is trigonometric, `x_t = cos(pi t/2) x0 + sin(pi t/2) x1`, whose velocity is zero where residuals
/// `x1 = Phi^-1(F(y))` are standard normal already: untrained networks are the base itself (from raw
/// members: ECC-T). An
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
    /// The law that is carried; of several of one family, that of the mean of their parameters, by the weights of least
    /// CRPS where ten blocks of training dates are each forecast from the others.
    pub base: Bases,
    /// What carries.
    pub dynamics: FlowDynamics,
    /// Where it starts.
    pub starts: FlowStarts,
    /// Draws that make up the law of a process with noise: their CRPS as a law is above that of the law they are drawn
    /// from by one part in so many.
    pub draws: usize,
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

/// Blocks of dates by which bases are weighed.
const WEIGHING: usize = 10;
const BY_BLOCKS: &str = "the base from parameters of other dates";
/// Draws of a case that a network with noise is judged by.
const JUDGED_DRAWS: usize = 16;

impl Default for InterpolantConfig {
    fn default() -> Self {
        Self {
            base: Bases::default(),
            dynamics: FlowDynamics::Flow,
            starts: FlowStarts::Base,
            draws: 200,
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
    method: &'a InterpolantConfig,
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
        let models = vec![model.clone()];
        let carrier = Carrier::new(self.method, models, Recalibration::NONE, JUDGED_DRAWS);
        // An untrained process with noise is no law to compare with.
        if carrier.draws() && self.learner.trainer.step_count() == 0 {
            return Ok((self.judge.base_crps(), model));
        }
        Ok((self.judge.crps(&carrier)?, model))
    }
}

impl InterpolantConfig {
    /// What is wrong with the values, if anything.
    ///
    /// # Errors
    /// The first value found out of range.
    pub fn check(&self) -> Result<(), String> {
        self.base.0.iter().try_for_each(Base::check)?;
        let families: Vec<Family> = self.base.0.iter().map(Base::family).collect();
        if families.windows(2).any(|pair| pair[0] != pair[1]) {
            return Err(format!(
                "base: laws of the families {families:?} have no mean parameters; give bases of one family"
            ));
        }
        // A residual of a base that takes long comes from a fit without two blocks.
        if self.blocks < 3 && self.base.0.iter().any(|base| base.quick().is_none()) {
            return Err(format!(
                "blocks = {}: with a base that trains networks, what one block teaches comes from fits without it and \
                 another; give at least 3 blocks and a network for each",
                self.blocks
            ));
        }
        self.check_dynamics()?;
        if self.draws < 2 {
            return Err(format!("draws = {}: at least 2", self.draws));
        }
        self.networks().check()
    }

    pub(crate) fn networks(&self) -> Networks<'_> {
        Networks {
            count: self.networks,
            blocks: self.blocks,
            steps: self.steps,
            batch_size: self.batch_size,
            learning_rate: self.learning_rate,
            weight_decay: self.weight_decay,
            width: self.width,
            depth: self.depth,
            terms: &self.terms,
        }
    }

    /// Fits base and flow.
    ///
    /// # Errors
    /// As a base's own fit, to all dates or to parts of them; if a loss is not finite; after Ctrl-C.
    pub fn fit(&self, training: &Table, seed: u64, workers: &Workers) -> Result<FittedInterpolant> {
        let settings = self.networks();
        let terms = settings.with_lead();
        let predictors = Predictors::fit(training, &terms)?;
        settings.check_dates(training)?;
        let (base, weights) = self.pool(training, seed, workers)?;
        let fitted = base.fit(training, seed, workers)?;
        let blocks = Blocks::of(training, self.blocks, seed, workers);
        let lessons = blocks
            .lessons(&base.for_parts(), &terms)
            .context(BY_BLOCKS)?;
        let (course, judges) = self.train_all(lessons, predictors.names().len(), seed, workers)?;
        // Networks that have learnt nothing change nothing.
        let models = if course.step == 0 {
            Vec::new()
        } else {
            course.models
        };
        let recalibration = match (self.dynamics, self.starts) {
            (FlowDynamics::Flow, FlowStarts::Base) => self.recalibration(&models, &judges)?,
            _ => Recalibration::NONE,
        };
        Ok(FittedInterpolant::new(
            self.clone(),
            (course.step, course.progress),
            (weights, fitted),
            predictors,
            (models, recalibration, seed),
            self.without_start(training),
        ))
    }

    /// The bases by their weights of least CRPS where ten blocks of training dates are forecast from the others: of so many
    /// dates a fit lacks few.
    fn pool(
        &self,
        training: &Table,
        seed: u64,
        workers: &Workers,
    ) -> Result<(Pool, Option<BaseWeights>)> {
        let bases = &self.base.0;
        if let [one] = &bases[..] {
            return Ok((Pool::of(one.clone()), None));
        }
        let count = WEIGHING.min(training.distinct_dates().len() / 2);
        let blocks = Blocks::of(training, count, seed, workers);
        let found = blocks.weights(bases).context(BY_BLOCKS)?;
        Ok((Pool::weighted(bases, &found.weights), Some(found)))
    }

    /// Observed cases that nothing can be learnt from for want of a member to start at.
    fn without_start(&self, training: &Table) -> usize {
        let lacks = |case: &Case<'_>| {
            case.observation.is_finite()
                && self.starts != FlowStarts::Base
                && case.present().is_empty()
        };
        training.cases().filter(lacks).count()
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
        for mut lesson in lessons {
            for rows in [&mut lesson.learnt, &mut lesson.kept] {
                rows.retain(|row| self.starts.has(&row.origin));
            }
            if lesson.learnt.is_empty() || lesson.kept.is_empty() {
                bail!("a block of dates without a complete case: give fewer blocks, or more dates");
            }
            let tables = tables(&lesson.learnt, self.starts, seed);
            let pairing = match self.starts {
                FlowStarts::Base => Pairing::None,
                FlowStarts::Members | FlowStarts::Mean => Pairing::Given,
            };
            sources.push(Tables::new(
                tables.x1,
                tables.x0,
                Some(tables.condition),
                pairing,
            )?);
            judges.push(Judge::new(lesson.kept));
        }
        let mut pupils = Vec::new();
        for k in 0..self.networks {
            let key = Key::new(seed, Purpose::Weights).member(k as u32);
            let source = sources[k % self.blocks].clone();
            pupils.push(FlowPupil {
                method: self,
                // One after the other: initial weights come from the generator of the device.
                learner: Learner::new(
                    law.clone(),
                    &self.networks().train(),
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

    /// From the transforms of every block in the flow of the networks that were kept from it.
    fn recalibration(&self, models: &[Model], judges: &[Judge]) -> Result<Recalibration> {
        let mut transforms = Vec::new();
        for (block, judge) in judges.iter().enumerate() {
            let own = models.iter().skip(block).step_by(judges.len());
            let carrier = Carrier::new(self, own.cloned().collect(), Recalibration::NONE, 0);
            transforms.extend(judge.transforms(&carrier)?);
        }
        Ok(Recalibration::fit(&transforms))
    }
}
