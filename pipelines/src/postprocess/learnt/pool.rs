//! Several laws as one: the mean of their parameters.

use super::base::{Base, FittedBase};
use super::fitted_distributional::parameters;
use super::lessons::BaseWeights;
use crate::postprocess::method::{Forecast, Predictions};
use anyhow::Result;
use foehn_calibration::{Basis, Case, Emos, Family, Law, Objective, Prediction, Table};
use foehn_compute::Workers;
use serde::Serialize;

/// Bases of one family and their weights, which sum to one: `m = sum w_k m_k`, and the scale and shift alike; of normal and
/// logistic laws the mean of their quantiles, which is sharper than a mixture of the laws.
///
/// # Reference
/// Lichtendahl, Grushka-Cockayne, Winkler 2013, Manage. Sci. 59, 1594.
#[derive(Clone, Debug)]
pub(crate) struct Pool(Vec<(Base, f64)>);

/// A fitted pool.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FittedPool(Vec<(FittedBase, f64)>);

/// A base of a smaller weight is left out.
const LEAST: f64 = 0.01;
/// Rounds of the search for weights.
const ROUNDS: usize = 200;
/// Change of the logarithm of a weight by a slope as large as the score itself, at first.
const RATE: f64 = 4.0;

impl Pool {
    /// One base as it is.
    pub(crate) fn of(base: Base) -> Self {
        Self(vec![(base, 1.0)])
    }

    /// Bases with weights, those of next to none left out.
    pub(crate) fn weighted(bases: &[Base], weights: &[f64]) -> Self {
        let each = bases.iter().cloned().zip(weights.iter().copied());
        let mut kept: Vec<(Base, f64)> = each.filter(|(_, weight)| *weight >= LEAST).collect();
        let sum: f64 = kept.iter().map(|(_, weight)| weight).sum();
        for (_, weight) in &mut kept {
            *weight /= sum;
        }
        Self(kept)
    }

    /// Bases that are all fitted in a moment, and can be to many parts of the dates.
    pub(crate) fn quick(&self) -> Option<Vec<(&Emos, f64)>> {
        let each = self.0.iter();
        each.map(|(base, weight)| Some((base.quick()?, *weight)))
            .collect()
    }

    /// What is fitted to parts of the dates.
    pub(crate) fn for_parts(&self) -> Self {
        let each = self.0.iter();
        Self(each.map(|(base, w)| (base.for_parts(), *w)).collect())
    }

    /// Fits every base.
    ///
    /// # Errors
    /// As [`Base::fit`].
    pub(crate) fn fit(&self, training: &Table, seed: u64, workers: &Workers) -> Result<FittedPool> {
        let one = |(base, weight): &(Base, f64)| Ok((base.fit(training, seed, workers)?, *weight));
        Ok(FittedPool(self.0.iter().map(one).collect::<Result<_>>()?))
    }
}

impl FittedPool {
    /// Fitted bases with their weights.
    pub(crate) fn new(each: Vec<(FittedBase, f64)>) -> Self {
        Self(each)
    }

    /// The forecasts of some cases; observations are not looked at.
    ///
    /// # Errors
    /// Never in practice.
    pub(crate) fn predictions(&self, cases: &[Case<'_>]) -> Result<Predictions> {
        if let [(one, _)] = &self.0[..] {
            return one.predictions(cases);
        }
        let mut each = Vec::new();
        for (base, weight) in &self.0 {
            each.push((base.predictions(cases)?.into_iter(), *weight));
        }
        let of_case = |_| {
            let own = each.iter_mut();
            pooled(own.filter_map(|(forecasts, w)| Some((forecasts.next()?, *w))))
        };
        Ok((0..cases.len()).map(of_case).collect())
    }
}

/// One forecast of several and their weights: it has none where one of them has none, and is as foreign to its place as
/// any.
fn pooled(each: impl Iterator<Item = (Forecast, f64)>) -> Forecast {
    let mut predictions: Vec<(Prediction, f64)> = Vec::new();
    for (forecast, weight) in each {
        predictions.push((forecast?, weight));
    }
    let foreign = predictions
        .iter()
        .position(|(p, _)| p.basis == Basis::Fallback);
    let laws: Vec<(&Law, f64)> = predictions.iter().map(|(p, w)| (&p.law, *w)).collect();
    let law = mean_law(&laws);
    let (first, _) = predictions.swap_remove(foreign.unwrap_or(0));
    Ok(match law {
        Some(law) => Prediction { law, ..first },
        None => first,
    })
}

fn mean_law(laws: &[(&Law, f64)]) -> Option<Law> {
    let parts: Option<Vec<_>> = laws.iter().map(|(law, _)| parameters(law)).collect();
    let parts = parts?;
    let (family, _) = *parts.first()?;
    let mut mean = [0.0; 3];
    for ((_, own), (_, weight)) in parts.iter().zip(laws) {
        mean.iter_mut()
            .zip(own)
            .for_each(|(sum, x)| *sum += weight * x);
    }
    Some(family.law(mean[0], mean[1], mean[2]))
}

/// Laws of one case by several bases, and its observation.
pub(crate) struct Weighed {
    pub(crate) family: Family,
    pub(crate) parameters: Vec<[f64; 3]>,
    pub(crate) observation: f64,
}

impl Weighed {
    fn slope(&self, weights: &[f64]) -> (f64, Vec<f64>) {
        let mut mean = [0.0; 3];
        for (own, weight) in self.parameters.iter().zip(weights) {
            mean.iter_mut()
                .zip(own)
                .for_each(|(sum, x)| *sum += weight * x);
        }
        let slope = self.family.slope(Objective::Crps, mean, self.observation);
        let along = |[m, s, d]: &[f64; 3]| slope.location * m + slope.scale * s + slope.shift * d;
        (slope.value, self.parameters.iter().map(along).collect())
    }
}

/// Mean CRPS of the pool, and its slopes along the weights.
fn score(cases: &[Weighed], weights: &[f64]) -> (f64, Vec<f64>) {
    let (mut sum, mut slopes) = (0.0, vec![0.0; weights.len()]);
    let share = 1.0 / cases.len().max(1) as f64;
    for case in cases {
        let (crps, own) = case.slope(weights);
        sum += share * crps;
        slopes
            .iter_mut()
            .zip(own)
            .for_each(|(s, x)| *s += share * x);
    }
    (sum, slopes)
}

/// Weights a step down the slopes, at most by a factor of e.
fn moved(weights: &[f64], slopes: &[f64], rate: f64) -> Vec<f64> {
    let mean: f64 = weights.iter().zip(slopes).map(|(w, s)| w * s).sum();
    let each = weights.iter().zip(slopes);
    let moved: Vec<f64> = each
        .map(|(weight, slope)| weight * (rate * (mean - slope)).clamp(-1.0, 1.0).exp())
        .collect();
    let sum: f64 = moved.iter().sum();
    moved.into_iter().map(|weight| weight / sum).collect()
}

/// The weights of least mean CRPS, and that of the pool; the score is convex in them for laws whose quantiles are linear in
/// their parameters. By exponentiated gradients from equal weights, in steps that
/// halve where the score would rise.
///
/// # Reference
/// Kivinen and Warmuth 1997, Inf. Comput. 132, 1.
pub(crate) fn weights(cases: &[Weighed], count: usize) -> BaseWeights {
    let mut weights = vec![1.0 / count as f64; count];
    let (mut value, mut slopes) = score(cases, &weights);
    let mut rate = RATE;
    for _ in 0..ROUNDS {
        let next = moved(&weights, &slopes, rate / value.max(f64::MIN_POSITIVE));
        let (there, along) = score(cases, &next);
        if there <= value {
            (weights, value, slopes) = (next, there, along);
            rate *= 1.5;
        } else {
            rate *= 0.5;
        }
    }
    let alone = |k: usize| {
        let only: Vec<f64> = (0..count).map(|i| f64::from(u8::from(i == k))).collect();
        score(cases, &only).0
    };
    BaseWeights {
        crps: (0..count).map(alone).collect(),
        together: value,
        weights,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(laws: &[[f64; 3]], observations: &[f64]) -> Vec<Weighed> {
        let one = |&observation: &f64| Weighed {
            family: Family::Normal,
            parameters: laws.to_vec(),
            observation,
        };
        observations.iter().map(one).collect()
    }

    /// Observations at the median and both quartiles of N(1, 1): between N(0, 1) and N(4, 1) the best location is 1 by
    /// symmetry, which is a weight of 1/4.
    #[test]
    fn weights_are_those_of_least_crps() {
        let cases = cases(&[[0.0, 1.0, 0.0], [4.0, 1.0, 0.0]], &[0.325, 1.0, 1.675]);
        let found = weights(&cases, 2);
        assert!((found.weights[1] - 0.25).abs() < 1e-6, "{found:?}");
        assert!(found.crps.iter().all(|crps| *crps > found.together));
        assert!(score(&cases, &[0.5, 0.5]).0 > found.together);
    }

    /// Where one law is right and the other only less sharp, all weight is with the first.
    #[test]
    fn a_law_that_adds_nothing_is_left_out() {
        let laws = [[1.0, 1.0, 0.0], [9.0, 5.0, 0.0]];
        let found = weights(&cases(&laws, &[0.0, 0.5, 1.0, 1.5, 2.0]), 2).weights;
        let bases = vec![Base::Emos(Emos::default()); 2];
        assert_eq!(Pool::weighted(&bases, &found).0.len(), 1, "{found:?}");
    }

    #[test]
    fn a_pool_is_the_mean_of_quantiles() {
        let law = |location: f64, scale: f64| Law::Normal { location, scale };
        let (a, b) = (law(1.0, 2.0), law(5.0, 4.0));
        let mean = mean_law(&[(&a, 0.25), (&b, 0.75)]).expect("a law");
        for p in [0.1, 0.5, 0.99] {
            let expected = 0.25 * a.quantile(p) + 0.75 * b.quantile(p);
            assert!((mean.quantile(p) - expected).abs() < 1e-12);
        }
    }
}
