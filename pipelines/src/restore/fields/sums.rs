//! Sums that the scores of fields are made of.

use super::score::VariableScores;
use super::{Fields, State};
use crate::restore::law::Given;
use crate::spectra::{Spectra, spectrometer};
use anyhow::{Context, Result, bail};
use foehn_verification::{Case, Choices, Scores, Spectrometer, Weighting};
use ndarray::{Array2, Array4, ArrayView3, Axis, s};

/// Sums of one way to restore, a variable each.
pub struct Sums<'a> {
    fields: &'a Fields<'a>,
    plan: Option<Spectrometer>,
    scores: Vec<Option<Scores>>,
    spectra: Vec<Option<Spectra>>,
    /// Weight, absolute and square errors of the mean.
    errors: Vec<[f64; 3]>,
    broken: bool,
}

impl<'a> Sums<'a> {
    /// No states yet, of so many samples each.
    ///
    /// # Errors
    /// If scores cannot be made of so many.
    pub fn new(fields: &'a Fields<'a>, members: usize) -> Result<Self> {
        let count = fields.channels();
        let plan = spectrometer(&fields.series);
        let choices = Choices {
            weighting: Weighting::CellArea,
            ..Choices::new(members)
        };
        let scores = || {
            let scores = (members > 1).then(|| Scores::new(fields.size(), choices));
            scores.transpose()
        };
        Ok(Self {
            broken: plan.is_none(),
            fields,
            plan,
            scores: (0..count).map(|_| scores()).collect::<Result<_, _>>()?,
            spectra: (0..count).map(|_| None).collect(),
            errors: vec![[0.0; 3]; count],
        })
    }

    /// Adds the samples of a state.
    ///
    /// # Shapes
    /// `samples`: (members, variables, ny, nx), in the units of the file.
    ///
    /// # Errors
    /// If a value is not finite.
    pub fn add(&mut self, state: &State, samples: &Array4<f32>) -> Result<()> {
        let missing = self.unscored(state);
        let whole = state.there.iter().all(|there| *there);
        // samples are missing where nothing was learnt
        self.broken |= !whole || self.fields.learnt.is_some();
        let weights = self.fields.series.weights();
        for k in 0..self.errors.len() {
            let members = samples.slice(s![.., k, .., ..]);
            let truth = state.frame.values.index_axis(Axis(0), k);
            self.add_errors(k, &members, (&missing, weights), &truth.to_owned());
            if let Some(scores) = &mut self.scores[k]
                && missing.iter().any(|missing| !missing)
            {
                scores.add_case(&Case {
                    init: state.instant.0,
                    members,
                    truth,
                    weights: weights.view(),
                    missing: Some(missing.view()),
                })?;
            }
            if let (Some(plan), false) = (&self.plan, self.broken) {
                let spectra = Spectra::of(plan, &members, &truth)?;
                match &mut self.spectra[k] {
                    Some(sum) => sum.merge(&spectra)?,
                    none => *none = Some(spectra),
                }
            }
        }
        Ok(())
    }

    /// Where there is nothing to score: what is known, what has no truth, what no model has learnt.
    fn unscored(&self, state: &State) -> Array2<bool> {
        let mut missing = state.there.mapv(|there| !there);
        if let Some(known) = &state.puzzle.given.known {
            missing |= known;
        }
        if let Some(learnt) = &self.fields.learnt {
            missing |= &learnt.mapv(|learnt| !learnt);
        }
        missing
    }

    fn add_errors(
        &mut self,
        k: usize,
        members: &ArrayView3<f32>,
        (missing, weights): (&Array2<bool>, &Array2<f64>),
        truth: &Array2<f32>,
    ) {
        let wide = members.mapv(f64::from);
        let Some(mean) = wide.mean_axis(Axis(0)) else {
            return;
        };
        for (at, mean) in mean.indexed_iter().filter(|(at, _)| !missing[*at]) {
            let (error, weight) = (mean - f64::from(truth[at]), weights[at]);
            let [total, absolute, square] = &mut self.errors[k];
            *total += weight;
            *absolute += weight * error.abs();
            *square += weight * error * error;
        }
    }

    /// A row a variable.
    ///
    /// # Errors
    /// If nothing with a truth was hidden.
    pub fn finish(self) -> Result<Vec<VariableScores>> {
        let variables = self.fields.series.variables();
        let mut rows = Vec::new();
        for (k, channel) in variables.iter().enumerate() {
            let [total, absolute, square] = self.errors[k];
            if total == 0.0 {
                bail!(
                    "nothing with a truth is hidden in these states: hide more with task.inpainting, or score more of them \
                     with --of"
                );
            }
            let table = self.scores[k].as_ref().map(Scores::finish).transpose()?;
            let spectrum = match (&self.plan, &self.spectra[k]) {
                (Some(plan), Some(spectra)) if !self.broken => {
                    let scores = spectra.scores(plan);
                    Some(scores.context("the spectra")?.log_distance)
                }
                _ => None,
            };
            rows.push(VariableScores {
                variable: channel.name.clone(),
                units: channel.units().to_owned(),
                crps: table.as_ref().map(|table| table.crps),
                mae: absolute / total,
                rmse: (square / total).sqrt(),
                spread_skill: table.as_ref().and_then(|table| table.spread_skill),
                coverage_90: table.as_ref().and_then(|table| table.coverage_90),
                spectrum,
            });
        }
        Ok(rows)
    }
}

/// Whether every known value of every sample is the one that the sampler was given, bit for bit.
///
/// # Shapes
/// `samples`: (members, variables, ny, nx), standardised, as the sampler left them.
pub fn keeps_known(given: &Given, samples: &Array4<f32>) -> bool {
    let Some(known) = &given.known else {
        return true;
    };
    samples.outer_iter().all(|sample| {
        let kept = sample
            .indexed_iter()
            .filter(|((_, y, x), _)| known[[*y, *x]]);
        kept.into_iter()
            .all(|(at, value)| value.to_bits() == given.condition[at].to_bits())
    })
}
