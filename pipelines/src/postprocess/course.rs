//! Networks that are each judged on dates kept from them, and stop together.

use crate::progress::check_interrupt;
use anyhow::Result;
use foehn_compute::Workers;
use std::sync::{Mutex, PoisonError};

/// Times that the networks are judged.
const CHECKS: usize = 20;

/// A network on its way.
pub(super) trait Pupil: Send {
    /// What is kept of it at a check.
    type Model: Send;
    /// One step of the optimiser.
    fn step(&mut self) -> Result<()>;
    /// The network as it is, and the sum of its scores on the cases kept from it.
    fn judged(&self) -> Result<(f64, Self::Model)>;
}

/// All networks at the step at which they together were best.
pub(super) struct Course<M> {
    pub(super) models: Vec<M>,
    /// That step; 0: nothing was learnt that helps.
    pub(super) step: usize,
    /// Scores over those of step 0, at each check.
    pub(super) progress: Vec<f64>,
}

/// Trains all pupils for so many steps.
///
/// # Errors
/// As a pupil's step or judgement; after Ctrl-C.
pub(super) fn train<P: Pupil>(
    pupils: Vec<P>,
    steps: usize,
    workers: &Workers,
) -> Result<Course<P::Model>> {
    let every = steps.div_ceil(CHECKS).max(1);
    let pupils: Vec<Mutex<P>> = pupils.into_iter().map(Mutex::new).collect();
    let courses = workers.map(pupils.len(), |i| {
        let mut pupil = pupils[i].lock().unwrap_or_else(PoisonError::into_inner);
        let mut course = Vec::new();
        for step in 0..=steps {
            if step % every == 0 {
                check_interrupt()?;
                course.push(pupil.judged()?);
            }
            if step < steps {
                pupil.step()?;
            }
        }
        Ok::<_, anyhow::Error>(course)
    })?;
    let checks = courses.iter().map(Vec::len).min().unwrap_or(0);
    let total = |check: usize| courses.iter().map(|course| course[check].0).sum::<f64>();
    let totals: Vec<f64> = (0..checks).map(total).collect();
    let best = (0..checks)
        .min_by(|a, b| totals[*a].total_cmp(&totals[*b]))
        .unwrap_or(0);
    let chosen = courses
        .into_iter()
        .filter_map(|course| course.into_iter().nth(best));
    Ok(Course {
        models: chosen.map(|(_, model)| model).collect(),
        step: best * every,
        progress: totals.iter().map(|total| total / totals[0]).collect(),
    })
}
