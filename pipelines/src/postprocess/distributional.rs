//! A distributional regression network: the baseline that learns, without a flow.

use super::course::{Pupil, Score, train};
use super::fitted_distributional::{FittedDistributional, moved, outputs, pair, parameters};
use super::interpolant::{check_dates, check_networks, with_lead};
use super::residuals::{Lesson, Residual, conditions, lessons};
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use foehn_calibration::{Emos, Method, Objective, Predictors, Table, Term};
use foehn_compute::Workers;
use foehn_generation::{GenerationError, on_device, on_host};
use foehn_network::{Mlp, MlpConfig};
use foehn_noise::{Key, Purpose};
use foehn_training::{TrainConfig, Trainer};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// The law of EMOS with the location `m + s a` and the scale `s e^b`, `(a, b)` a perceptron of the terms, trained by the
/// CRPS in closed form; untrained it is EMOS itself. Judged and stopped as the interpolant is.
///
/// # Reference
/// Rasp and Lerch 2018, arXiv:1805.09091.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DistributionalConfig {
    /// The law whose parameters are moved.
    pub base: Emos,
    /// What the parameters depend on, beside the lead.
    pub terms: Vec<Term>,
    /// Networks; their parameters are averaged.
    pub networks: usize,
    /// Blocks of dates of which each is kept from some of the networks.
    pub blocks: usize,
    /// Steps of the optimiser at most.
    pub steps: usize,
    /// Cases a step.
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

impl Default for DistributionalConfig {
    fn default() -> Self {
        Self {
            base: Emos::default(),
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

/// The CRPS and its slopes along (a, b).
fn slopes(row: &Residual, out: [f64; 2]) -> Option<(f64, [f64; 2])> {
    let (family, parameters) = parameters(&row.law)?;
    let at = moved(family, parameters, out);
    let slope = family.slope(Objective::Crps, at, row.observation);
    Some((
        slope.value,
        [slope.location * parameters[1], slope.scale * at[1]],
    ))
}

struct DistributionalPupil<'a> {
    trainer: Trainer<Mlp>,
    rows: &'a [Residual],
    kept: &'a [Residual],
    seed: u64,
    batch: usize,
    alone: Workers,
}

impl Pupil for DistributionalPupil<'_> {
    type Model = Mlp;

    fn step(&mut self) -> Result<()> {
        let step = self.trainer.step_count();
        let mut draws = vec![0.0; self.batch];
        Key::new(self.seed, Purpose::Shuffle)
            .init(step as i64)
            .uniforms(&mut draws);
        let count = self.rows.len();
        let batch: Vec<Residual> = draws
            .iter()
            .map(|u| self.rows[((u * count as f64) as usize).min(count - 1)].clone())
            .collect();
        let device = Device::flex();
        let shown = on_device(&conditions(&batch), &device);
        self.trainer.step(&self.alone, |network, _| {
            let out = outputs(network, shown.clone().autodiff());
            let now = on_host(out.clone().inner());
            let mut along = Array2::zeros((batch.len(), 2));
            for (i, row) in batch.iter().enumerate() {
                if let Some((_, slope)) = slopes(row, pair(&now.row(i))) {
                    along[[i, 0]] = slope[0] as f32;
                    along[[i, 1]] = slope[1] as f32;
                }
            }
            // The product's gradient is that of the score.
            let along = on_device(&along, &device).autodiff();
            Ok::<_, GenerationError>((out * along).sum_dim(1).mean())
        })?;
        Ok(())
    }

    fn judged(&self) -> Result<(Vec<Score>, Mlp)> {
        let network = self.trainer.averaged()?;
        let out = on_host(outputs(
            &network,
            on_device(&conditions(self.kept), &Device::flex()),
        ));
        let score = |(i, row): (usize, &Residual)| {
            let crps = slopes(row, pair(&out.row(i))).map_or(0.0, |(crps, _)| crps);
            (row.date, crps)
        };
        let crps = self.kept.iter().enumerate().map(score).collect();
        Ok((crps, network))
    }
}

impl DistributionalConfig {
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

    fn network(&self, inputs: usize, key: Key) -> Result<Mlp> {
        let config = MlpConfig {
            width: self.width,
            depth: self.depth,
            time_features: 2,
            input_features: 0,
        };
        let device = Device::flex();
        device.seed(key.seed_from());
        Ok(config.init(inputs, 2, &device)?)
    }

    /// Fits base and networks.
    ///
    /// # Errors
    /// As [`Method::fit`], for the base on all dates or on parts of them; if a loss is not finite; after Ctrl-C.
    pub fn fit(
        &self,
        training: &Table,
        seed: u64,
        workers: &Workers,
    ) -> Result<FittedDistributional> {
        let method = Method::Emos(self.base.clone());
        let base = method.fit(training)?;
        let terms = with_lead(&self.terms);
        let predictors = Predictors::fit(training, &terms)?;
        check_dates(training, self.blocks)?;
        let lessons: Vec<Lesson> = lessons(training, self.blocks, &method, &terms, seed, workers)
            .context("laws of the base from parameters of other dates")?;
        let mut pupils = Vec::new();
        for k in 0..self.networks {
            let lesson = &lessons[k % self.blocks];
            if lesson.learnt.is_empty() || lesson.kept.is_empty() {
                bail!("a block of dates without a complete case: give fewer blocks, or more dates");
            }
            let key = Key::new(seed, Purpose::Weights).member(k as u32).lead(3);
            let network = self.network(predictors.names().len(), key)?;
            pupils.push(DistributionalPupil {
                trainer: Trainer::new(self.train(), network),
                rows: &lesson.learnt,
                kept: &lesson.kept,
                seed: key.seed_from(),
                batch: self.batch_size,
                alone: Workers::new(1)?,
            });
        }
        let course = train(pupils, self.steps, workers)?;
        let networks = if course.step == 0 {
            Vec::new()
        } else {
            course.models
        };
        Ok(FittedDistributional::new(
            self.clone(),
            base,
            predictors,
            (course.step, course.progress),
            networks,
        ))
    }
}
