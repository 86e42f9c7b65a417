//! A distributional regression network: the baseline that learns, without a flow.

use super::base::Base;
use super::course::{Pupil, Score, train};
use super::embedding::Embedded;
use super::fitted_distributional::{FittedDistributional, moved, pair, parameters};
use super::lessons::Blocks;
use super::networks::Networks;
use super::pool::Pool;
use super::residuals::{Residual, conditions};
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use foehn_calibration::{Emos, Method, Objective, Predictors, Table, Term};
use foehn_compute::Workers;
use foehn_generation::{GenerationError, on_device, on_host};
use foehn_network::seeded;
use foehn_noise::{Key, Purpose};
use foehn_training::Trainer;
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// Numbers learnt for every station and shown beside its terms, 0 for none; a station unseen has those of none, which
    /// is counted as a fallback.
    pub embedding: usize,
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
            embedding: 0,
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
    trainer: Trainer<Embedded>,
    rows: &'a [Residual],
    kept: &'a [Residual],
    seed: u64,
    batch: usize,
    alone: Workers,
}

impl Pupil for DistributionalPupil<'_> {
    type Model = Embedded;

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
        let stations: Vec<usize> = batch.iter().map(|row| row.station).collect();
        self.trainer.step(&self.alone, |network, _| {
            let out = network.forward(shown.clone().autodiff(), &stations);
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

    fn judged(&self) -> Result<(Vec<Score>, Embedded)> {
        let network = self.trainer.averaged()?;
        let stations: Vec<usize> = self.kept.iter().map(|row| row.station).collect();
        let rows = on_device(&conditions(self.kept), &Device::flex());
        let out = on_host(network.forward(rows, &stations));
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
        self.networks().check()
    }

    fn networks(&self) -> Networks<'_> {
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

    fn network(&self, inputs: usize, stations: usize, key: Key) -> Result<Embedded> {
        let device = Device::flex();
        let shape = self.networks().mlp(2);
        seeded(key.seed_from(), &device, || {
            Embedded::init(&shape, [inputs, 2], [stations, self.embedding], &device)
        })
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
        let fit = |_| Method::Emos(self.base.clone()).fit(training);
        let base = workers.map(1, fit)?.swap_remove(0);
        let settings = self.networks();
        let terms = settings.with_lead();
        let predictors = Predictors::fit(training, &terms)?;
        settings.check_dates(training)?;
        let blocks = Blocks::of(training, self.blocks, seed, workers);
        let of_base = Pool::of(Base::Emos(self.base.clone()));
        let lessons = blocks
            .lessons(&of_base, &terms)
            .context("laws of the base from parameters of other dates")?;
        let stations = training.columns().stations.len();
        let mut pupils = Vec::new();
        for k in 0..self.networks {
            let lesson = &lessons[k % self.blocks];
            if lesson.learnt.is_empty() || lesson.kept.is_empty() {
                bail!("a block of dates without a complete case: give fewer blocks, or more dates");
            }
            let key = Key::new(seed, Purpose::Weights).member(k as u32).lead(3);
            let network = self.network(predictors.names().len(), stations, key)?;
            pupils.push(DistributionalPupil {
                trainer: Trainer::new(settings.train(), network),
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
            (predictors, seen(training)),
            (course.step, course.progress),
            networks,
        ))
    }
}

/// The stations with an observation, and the place of each among the learnt vectors.
fn seen(training: &Table) -> BTreeMap<String, usize> {
    let rows = training.cases().zip(&training.columns().station);
    let observed = rows.filter(|(case, _)| case.observation.is_finite());
    observed
        .map(|(case, station)| (case.station.name.clone(), station + 1))
        .collect()
}
