//! Samples and log-densities of a model, in parts on the workers.

use super::Machine;
use super::learnt::Learnt;
use crate::progress::check_interrupt;
use anyhow::{Result, bail};
use foehn_dynamics::{Divergence, NotFinite};
use foehn_generation::{SamplingConfig, Starting, on_device, on_host, repeated};
use foehn_noise::{Key, Purpose};
use ndarray::{Array2, Axis, concatenate, s};
use std::ops::Range;

/// Rows that are solved together; adaptive steps depend on it, and nothing else.
const PART: usize = 1024;
/// Columns up to which divergences are exact.
const EXACT: usize = 8;
/// Random probes beyond.
const PROBES: usize = 4;

/// Which samples are wanted, in scaled units; sample i has row i, modulo their number, of each table.
#[derive(Clone)]
pub struct Wanted {
    /// How many.
    pub count: usize,
    /// Starts, where they are data.
    pub x0: Option<Array2<f32>>,
    /// Conditions, where there are any.
    pub condition: Option<Array2<f32>>,
}

/// Samples in scaled units.
pub struct Drawn {
    /// (N, d).
    pub x: Array2<f32>,
    /// Calls of the network, each on a part.
    pub calls: usize,
}

/// Exact for few columns, by random probes for many.
pub fn divergence(columns: usize) -> Divergence {
    if columns <= EXACT {
        Divergence::Exact
    } else {
        Divergence::Rademacher(PROBES)
    }
}

fn keys(seed: u64, part: &Range<usize>) -> Vec<Key> {
    let name = |i: usize| Key::new(seed, Purpose::Sample).member(i as u32);
    part.clone().map(name).collect()
}

fn parts(count: usize) -> Vec<Range<usize>> {
    let starts = (0..count).step_by(PART);
    starts.map(|i| i..(i + PART).min(count)).collect()
}

/// Draws samples; each is the same whatever their number and the number of workers, but for adaptive
/// steps, which serve the samples of a part together.
///
/// # Errors
/// If the sampler does not suit the path, or a sample is not finite.
pub fn samples(
    model: &Learnt,
    how: &SamplingConfig,
    seed: u64,
    wanted: &Wanted,
    machine: Machine,
) -> Result<Drawn> {
    let parts = parts(wanted.count);
    let solved = machine.workers.map(parts.len(), |i| {
        check_interrupt()?;
        let part = &parts[i];
        let rows = |table: &Array2<f32>| on_device(&repeated(table, part.clone()), machine.device);
        let from = Starting {
            x0: wanted.x0.as_ref().map(rows),
            condition: wanted.condition.as_ref().map(rows),
            keys: keys(seed, part),
        };
        let run = model.sample(how, from, machine.device)?;
        refuse_failures(&run.failures, part)?;
        Ok::<_, anyhow::Error>((on_host(run.x), run.calls))
    })?;
    let views: Vec<_> = solved.iter().map(|(x, _)| x.view()).collect();
    Ok(Drawn {
        x: concatenate(Axis(0), &views)?,
        calls: solved.iter().map(|(_, calls)| calls).sum(),
    })
}

/// The log-density of every row, nats per scaled unit; exact divergences up to 8 columns, four fixed
/// probes of random signs beyond.
///
/// # Errors
/// If the model has no density, or a row leaves the numbers.
pub fn log_densities(
    model: &Learnt,
    how: &SamplingConfig,
    seed: u64,
    x1: &Array2<f32>,
    condition: Option<&Array2<f32>>,
    machine: Machine,
) -> Result<Vec<f64>> {
    let count = x1.nrows();
    if let Some(condition) = condition.filter(|condition| condition.nrows() != count) {
        let found = condition.nrows();
        bail!("--given has {found} rows, and the table whose density is wanted {count}");
    }
    let divergence = divergence(x1.ncols());
    let parts = parts(count);
    let solved = machine.workers.map(parts.len(), |i| {
        check_interrupt()?;
        let part = &parts[i];
        let rows = |table: &Array2<f32>| {
            on_device(
                &table.slice(s![part.clone(), ..]).to_owned(),
                machine.device,
            )
        };
        let from = Starting {
            x0: None,
            condition: condition.map(rows),
            keys: keys(seed, part),
        };
        let run = model.log_density(how, divergence, rows(x1), from)?;
        refuse_failures(&run.failures, part)?;
        let log: Vec<f64> = run.log_density.into_data().iter::<f64>().collect();
        Ok::<_, anyhow::Error>(log)
    })?;
    Ok(solved.concat())
}

fn refuse_failures(failures: &[NotFinite], part: &Range<usize>) -> Result<()> {
    if let Some(failure) = failures.first() {
        let failure = NotFinite {
            member: part.start + failure.member,
            ..*failure
        };
        bail!(
            "{failure}; {} of {} samples of its part are lost",
            failures.len(),
            part.len()
        );
    }
    Ok(())
}
