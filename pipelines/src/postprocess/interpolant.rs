//! A flow that carries the law of EMOS to the observations' own.

use super::method::{Forecast, Predictions};
use super::residuals::Residuals;
use super::transport::Transport;
use crate::progress::check_interrupt;
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use foehn_calibration::{
    Case, Emos, Fitted, Law, Method, PredictError, Prediction, Predictors, Table, Term,
};
use foehn_compute::Workers;
use foehn_generation::{GenerationConfig, Learner, Model, Pairing, Sizes, Starts, Tables};
use foehn_interpolant::{Gamma, Path, Scaling};
use foehn_network::{Mlp, MlpConfig};
use foehn_noise::{Key, Purpose};
use foehn_training::{Layout, TrainConfig};
use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};

/// Times that the networks are judged on the dates kept from them.
const CHECKS: usize = 20;

/// `Y = F^-1(Phi(T(Z)))`, F the law of EMOS, Z standard normal and T the flow of a stochastic interpolant given the
/// terms: what EMOS leaves open in skewness, tails, spread and bias.
///
/// The path is trigonometric, `x_t = cos(pi t/2) x0 + sin(pi t/2) x1`, whose velocity is zero where residuals
/// `z = Phi^-1(F(y))` are standard normal already: untrained networks are EMOS itself. Residuals come from parameters
/// of other dates. Every network is kept from one block of consecutive dates; the step at which all networks together
/// have the least CRPS on these is taken, which may be step 0.
///
/// # Reference
/// Albergo, Boffi, Vanden-Eijnden 2023, arXiv:2303.08797, for the flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InterpolantConfig {
    /// The law that is carried.
    pub base: Emos,
    /// What the flow depends on, beside the lead; what a case has not counts as the mean.
    pub terms: Vec<Term>,
    /// Networks, at least 2; their flows are averaged.
    pub networks: usize,
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

impl Default for InterpolantConfig {
    fn default() -> Self {
        Self {
            base: Emos::default(),
            terms: vec![Term::Mean, Term::Spread, Term::Season(1)],
            networks: 4,
            steps: 1000,
            batch_size: 256,
            learning_rate: 2e-3,
            weight_decay: 0.1,
            width: 32,
            depth: 2,
        }
    }
}

/// A fitted flow.
#[derive(Clone, Debug, Serialize)]
pub struct FittedInterpolant {
    method: InterpolantConfig,
    base: Fitted,
    predictors: Predictors,
    /// CRPS on dates kept from training, over that of the base, at each check.
    progress: Vec<f64>,
    /// The step that was taken.
    step: usize,
    /// Weights of every network.
    weights: Vec<Vec<f32>>,
    #[serde(skip)]
    transport: Transport,
}

/// A network at every check, with its CRPS on the dates kept from it.
type Course = Vec<(f64, Model)>;

impl InterpolantConfig {
    /// What is wrong with the values, if anything.
    ///
    /// # Errors
    /// The first value found out of range.
    pub fn check(&self) -> Result<(), String> {
        if self.networks < 2 {
            return Err(format!(
                "networks = {}: each is judged on dates kept from it; give at least 2",
                self.networks
            ));
        }
        if self.terms.contains(&Term::Members) {
            return Err("terms: members one by one are for emos; give mean and spread".to_owned());
        }
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

    fn law(&self, condition: usize) -> Result<foehn_generation::Law> {
        let config = GenerationConfig {
            interpolant: Path::Trigonometric {
                gamma: Gamma::Zero,
                scaling: Scaling::default(),
            },
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
            starts: Starts::Base,
        };
        Ok(foehn_generation::Law::new(&config, sizes)?)
    }

    /// Fits base and flow.
    ///
    /// # Errors
    /// As [`Method::fit`], for the base on all dates or on parts of them; if a loss is not finite; after Ctrl-C.
    pub fn fit(&self, training: &Table, seed: u64, workers: &Workers) -> Result<FittedInterpolant> {
        let base = Method::Emos(self.base.clone());
        let fitted = base.fit(training)?;
        let mut terms = self.terms.clone();
        terms.push(Term::Lead);
        let predictors = Predictors::fit(training, &terms)?;
        let residuals = Residuals::of(training, &base, &terms, seed, workers)
            .context("residuals of the base from parameters of other dates")?;
        let courses = self.courses(&residuals, predictors.names().len(), seed, workers)?;
        let mut totals = vec![0.0; courses[0].len()];
        for course in &courses {
            for (total, (crps, _)) in totals.iter_mut().zip(course) {
                *total += crps;
            }
        }
        let best = (0..totals.len())
            .min_by(|a, b| totals[*a].total_cmp(&totals[*b]))
            .unwrap_or(0);
        let models: Vec<Model> = courses
            .into_iter()
            .filter_map(|mut course| (best < course.len()).then(|| course.swap_remove(best).1))
            .collect();
        Ok(FittedInterpolant {
            method: self.clone(),
            base: fitted,
            predictors,
            progress: totals.iter().map(|total| total / totals[0]).collect(),
            step: best * self.every(),
            weights: models.iter().map(|model| weights(&model.network)).collect(),
            // Networks that have learnt nothing change nothing.
            transport: Transport::new(if best == 0 { Vec::new() } else { models }),
        })
    }

    /// Steps between checks.
    fn every(&self) -> usize {
        self.steps.div_ceil(CHECKS)
    }

    /// All networks, each trained without one block of dates.
    fn courses(
        &self,
        residuals: &Residuals,
        condition: usize,
        seed: u64,
        workers: &Workers,
    ) -> Result<Vec<Course>> {
        let mut dates = residuals.dates.clone();
        dates.sort_unstable();
        dates.dedup();
        if dates.len() < self.networks {
            bail!(
                "{} dates for {} networks, each of which is kept from one block of dates",
                dates.len(),
                self.networks
            );
        }
        let device = Device::flex();
        let law = self.law(condition)?;
        let mut pupils = Vec::new();
        for k in 0..self.networks {
            let block = [k, k + 1].map(|k| k * dates.len() / self.networks);
            let (train, judged) = residuals.split(dates[block[0]], dates[block[1] - 1]);
            let (x1, condition) = residuals.tables(&train);
            let tables = Tables::new(x1, None, Some(condition), Pairing::None)?;
            let seed = Key::new(seed, Purpose::Weights)
                .member(k as u32)
                .seed_from();
            // One after the other: initial weights come from the generator of the device.
            let learner = Learner::new(law.clone(), &self.train(), tables, seed, &device)?;
            pupils.push(Mutex::new((learner, judged)));
        }
        workers.map(pupils.len(), |k| {
            let mut pupil = pupils[k].lock().unwrap_or_else(PoisonError::into_inner);
            let (learner, judged) = &mut *pupil;
            self.course(learner, residuals, judged)
        })
    }

    fn course(
        &self,
        learner: &mut Learner<Tables>,
        residuals: &Residuals,
        judged: &[usize],
    ) -> Result<Course> {
        let alone = Workers::new(1)?;
        let mut course = Vec::new();
        for step in 0..=self.steps {
            if step % self.every() == 0 {
                check_interrupt()?;
                let model = learner.model()?;
                course.push((residuals.crps(&model, judged)?, model));
            }
            if step < self.steps {
                learner.step(&alone)?;
            }
        }
        Ok(course)
    }
}

fn weights(network: &Mlp) -> Vec<f32> {
    let data = Layout::of(network).weights(network).into_data();
    data.iter::<f32>().collect()
}

impl FittedInterpolant {
    /// The forecasts of all rows, in parts on the workers.
    ///
    /// # Errors
    /// If a flow cannot be solved, or after Ctrl-C.
    pub fn predictions(&self, table: &Table, workers: &Workers) -> Result<Predictions> {
        /// Rows of a part.
        const PART: usize = 1024;
        let parts = table.len().div_ceil(PART);
        let done = workers.map(parts, |i| {
            check_interrupt()?;
            let rows = i * PART..((i + 1) * PART).min(table.len());
            let cases: Vec<Case<'_>> = rows.filter_map(|row| table.case(row)).collect();
            self.part(&cases)
        })?;
        Ok(done.into_iter().flatten().collect())
    }

    fn part(&self, cases: &[Case<'_>]) -> Result<Predictions> {
        let names = self.predictors.names().len();
        let rows: Vec<f32> = cases
            .iter()
            .flat_map(|case| self.predictors.of(case))
            .map(|x| x as f32)
            .collect();
        let conditions = Array2::from_shape_vec((cases.len(), names), rows)?;
        let carried = self.transport.quantiles(&conditions)?;
        let forecast = |(case, levels): (&Case<'_>, ArrayView1<f64>)| -> Forecast {
            let base = self.base.predict(case)?;
            let values: Vec<f64> = levels.iter().map(|z| through(&base.law, *z)).collect();
            let law = Law::of_members(&values).map_err(|_| PredictError::NoMember {
                station: case.station.name.clone(),
                date: case.date,
                lead: case.lead,
            })?;
            Ok(Prediction { law, ..base })
        };
        Ok(cases.iter().zip(carried.rows()).map(forecast).collect())
    }
}

/// `F^-1(Phi(z))`.
fn through(law: &Law, z: f64) -> f64 {
    if let Law::Normal { location, scale } = law {
        return location + scale * z;
    }
    let normal = Law::Normal {
        location: 0.0,
        scale: 1.0,
    };
    law.quantile(normal.cdf(z))
}
