//! Networks that are each judged on dates kept from them, and stop together.

use crate::progress::check_interrupt;
use anyhow::Result;
use foehn_compute::Workers;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Times that the networks are judged.
const CHECKS: usize = 20;
/// Standard errors by which a step must be better than none. The best of many steps is better by chance: where nothing is
/// learnt and scores walk at random from check to check, two standard errors take a step in 8 % of the runs (12 % with nine
/// dates), one in 40 %; a step that is truly better by three is missed in 16 %.
const SURE: f64 = 2.0;

/// Date and score of a case.
pub(crate) type Score = (i64, f64);

/// A network on its way.
pub(crate) trait Pupil: Send {
    /// What is kept of it at a check.
    type Model: Send;
    /// One step of the optimiser.
    fn step(&mut self) -> Result<()>;
    /// The network as it is, and its scores on the cases kept from it.
    fn judged(&self) -> Result<(Vec<Score>, Self::Model)>;
}

/// All networks at the step at which they together were best, if it is better than none by more than dates differ.
pub(crate) struct Course<M> {
    pub(crate) models: Vec<M>,
    /// That step; 0: nothing was learnt that helps.
    pub(crate) step: usize,
    /// Scores over those of step 0, at each check.
    pub(crate) progress: Vec<f64>,
}

/// Trains all pupils for so many steps.
///
/// # Errors
/// As a pupil's step or judgement; after Ctrl-C.
pub(crate) fn train<P: Pupil>(
    pupils: Vec<P>,
    steps: usize,
    workers: &Workers,
) -> Result<Course<P::Model>> {
    let at = checks(steps);
    let pupils: Vec<Mutex<P>> = pupils.into_iter().map(Mutex::new).collect();
    let courses = workers.map(pupils.len(), |i| {
        let mut pupil = pupils[i].lock().unwrap_or_else(PoisonError::into_inner);
        let mut course = Vec::new();
        for step in 0..=steps {
            if at.binary_search(&step).is_ok() {
                check_interrupt()?;
                course.push(pupil.judged()?);
            }
            if step < steps {
                pupil.step()?;
            }
        }
        Ok::<_, anyhow::Error>(course)
    })?;
    let best = best(&courses);
    let totals = totals(&courses);
    let chosen = courses
        .into_iter()
        .filter_map(|course| course.into_iter().nth(best));
    Ok(Course {
        models: chosen.map(|(_, model)| model).collect(),
        step: at[best],
        progress: totals.iter().map(|total| total / totals[0]).collect(),
    })
}

/// The steps at which networks are judged, evenly spread from the first to about the last.
fn checks(steps: usize) -> Vec<usize> {
    (0..=steps).step_by(steps.div_ceil(CHECKS).max(1)).collect()
}

/// The sum of all scores at every check.
fn totals<M>(courses: &[Vec<(Vec<Score>, M)>]) -> Vec<f64> {
    let count = courses.iter().map(Vec::len).min().unwrap_or(0);
    let sum = |scores: &[Score]| scores.iter().map(|(_, score)| score).sum::<f64>();
    let total = |check: usize| {
        courses
            .iter()
            .map(|course| sum(&course[check].0))
            .sum::<f64>()
    };
    (0..count).map(total).collect()
}

/// The check of least scores; the first if it is not surely better.
fn best<M>(courses: &[Vec<(Vec<Score>, M)>]) -> usize {
    let totals = totals(courses);
    let best = (0..totals.len())
        .min_by(|a, b| totals[*a].total_cmp(&totals[*b]))
        .unwrap_or(0);
    let pairs = courses
        .iter()
        .flat_map(|course| course[0].0.iter().zip(&course[best].0));
    if is_sure(pairs) { best } else { 0 }
}

/// Whether scores fall, in the mean over dates, by more than [`SURE`] standard errors of that mean.
fn is_sure<'a>(pairs: impl Iterator<Item = (&'a Score, &'a Score)>) -> bool {
    let mut by_date: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
    for ((date, before), (_, after)) in pairs {
        let (sum, count) = by_date.entry(*date).or_default();
        *sum += after - before;
        *count += 1.0;
    }
    let dates = by_date.len() as f64;
    let means = by_date.values().map(|(sum, count)| sum / count);
    let mean = means.clone().sum::<f64>() / dates;
    let squares: f64 = means.map(|x| (x - mean).powi(2)).sum();
    mean < -SURE * (squares / (dates - 1.0).max(1.0) / dates).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use foehn_noise::{Key, Purpose};

    #[test]
    fn the_first_check_is_before_any_step() {
        assert_eq!(checks(1000), (0..=20).map(|k| 50 * k).collect::<Vec<_>>());
        assert_eq!(checks(1), [0, 1]);
        assert_eq!(checks(0), [0]);
    }

    /// Of 2000 runs that learn nothing, whose scores of 100 dates walk at random, 8.2 % take a step: what is stated of SURE,
    /// within 4 sigma of sqrt(0.082 * 0.918 / 2000).
    #[test]
    fn chance_takes_one_run_in_twelve() {
        let (runs, dates) = (2000, 100);
        let mut taken = 0;
        for run in 0..runs {
            let key = Key::new(7, Purpose::Simulate).init(run);
            let mut scores = vec![0.0; dates];
            let mut course = Vec::new();
            for check in 0..=CHECKS {
                let each = (0..).zip(&scores).map(|(date, score)| (date, *score));
                course.push((each.collect::<Vec<Score>>(), ()));
                let mut steps = vec![0.0; dates];
                key.step(check as u32).normals_f64(&mut steps);
                scores.iter_mut().zip(steps).for_each(|(sum, x)| *sum += x);
            }
            taken += usize::from(best(&[course]) > 0);
        }
        let share = taken as f64 / runs as f64;
        assert!((share - 0.082).abs() < 4.0 * 0.006, "{share}");
    }

    #[test]
    fn few_dates_that_differ_are_not_sure() {
        let before: Vec<Score> = (0..16).map(|date| (date, 1.0)).collect();
        let after = |by: [f64; 2]| -> Vec<Score> {
            (0..16)
                .map(|date| (date, 1.0 - by[date as usize % 2]))
                .collect()
        };
        // Mean 0.1, standard error 0.3 or 0.1 times sqrt(16/15)/4.
        assert!(!is_sure(before.iter().zip(&after([0.4, -0.2]))));
        assert!(is_sure(before.iter().zip(&after([0.2, 0.0]))));
        assert!(!is_sure(before.iter().zip(&before)));
    }
}
