//! `foehn samplers`: what fewer calls of the network, other diffusions, methods and grids of time cost in quality.

use crate::budget;
use crate::config::RunConfig;
use crate::model::Model;
use crate::progress::{Progress, Talk};
use crate::tune::of_run;

use anyhow::{Result, bail};
use burn::tensor::Device;
use foehn_compute::Workers;
use foehn_dataset::{Series, Split};
use foehn_dynamics::Diffusion;
use foehn_forecast::{Method, Sampling, Spacing};
use foehn_noise::{Key, Purpose};
use foehn_verification::{Bootstrap, CaseValue, Scores, Statistic, difference};
use serde::Serialize;
use std::fmt::Write;
use std::path::Path;

/// Euler-Maruyama steps of what all others are compared with.
const REFERENCE_STEPS: usize = 50;
/// How much worse the cheapest may be.
const TOLERANCE: f64 = 0.02;

/// Initial states that an interval needs.
const FEWEST: usize = 5;

/// Ways to sample one model, compared on the validation part.
#[derive(Clone, Debug, Serialize)]
pub struct SamplerTable {
    /// The run.
    pub name: String,
    /// Initial states.
    pub cases: usize,
    /// Members of each ensemble.
    pub members: usize,
    /// Leads; scores are means over them.
    pub leads: usize,
    /// Factor on the noise, the same for all.
    pub inflation: f64,
    /// What the others are compared with: the first of the rows.
    pub reference: Sampling,
    /// Each way.
    pub rows: Vec<SamplerRow>,
    /// Position of the row of fewest calls whose interval ends at 2 % worse at most (without intervals: whose excess
    /// does), of those of as many calls the best.
    pub cheapest: usize,
}

/// One way.
#[derive(Clone, Debug, Serialize)]
pub struct SamplerRow {
    /// Diffusion, method, steps, spacing.
    pub sampling: Sampling,
    /// Calls of the network from one state to the next.
    pub calls: usize,
    /// Fair CRPS of the first variable, a lead each.
    pub crps: Vec<f64>,
    /// Mean over leads of the CRPS, divided by that of the reference, less 1.
    pub excess: f64,
    /// Its 95 % interval, a bootstrap over initial states; none for fewer than five of them.
    pub interval: Option<[f64; 2]>,
    /// Spread/skill of the first variable, a lead each; none where there was no error.
    pub spread_skill: Vec<Option<f64>>,
}

/// Compares samplers of the run's trained model at these `calls` a state.
///
/// Initial states, members and leads are those of `[tune]`; no noise but the configured `sampling.inflation` is added
/// to any, so that laws are compared and not how well each was tuned.
///
/// # Errors
/// If there is no model, a number of calls is 0, or the validation part is too short; or after Ctrl-C.
pub fn samplers(
    config: &RunConfig,
    calls: &[usize],
    device: &Device,
    workers: &Workers,
    talk: Talk,
) -> Result<SamplerTable> {
    if calls.is_empty() || calls.contains(&0) {
        bail!("--calls {calls:?}: give one or more numbers, at least 1 each");
    }
    let series = Series::open_splits(&config.data, Path::new(""), &[Split::Validation])?;
    let config = of_run(config)?;
    let config = &budget::forecasting(&config, &series, workers.count())?;
    let model = Model::load(config, &series, device)?;
    let validation = model.validation(config, &series)?;
    let inflation = config.sampling.inflation.unwrap_or(1.0);
    let ways = ways(calls, inflation);
    let pieces = (ways.len() * validation.pieces()) as u64;
    let progress = Progress::new(talk, "samplers", "blocks", pieces, 0);
    let mut rows: Vec<SamplerRow> = Vec::with_capacity(ways.len());
    let mut reference = Vec::new();
    for sampling in ways {
        let scores = validation.scores(sampling, workers, &progress)?;
        let cases = over_leads(&scores);
        if rows.is_empty() {
            reference.clone_from(&cases);
        }
        let row = SamplerRow::new(sampling, &scores, &cases, &reference, config.seed)?;
        progress.say(&row.line());
        rows.push(row);
    }
    progress.finish();
    Ok(SamplerTable {
        name: config.name.clone(),
        cases: validation.cases(),
        members: config.tune.members,
        leads: config.tune.leads,
        inflation,
        reference: rows[0].sampling,
        cheapest: cheapest(&rows),
        rows,
    })
}

/// The reference, by Föllmer's diffusion, first; then all that make sense of as many calls.
fn ways(calls: &[usize], inflation: f64) -> Vec<Sampling> {
    let way = |diffusion, solver, spacing, steps| Sampling {
        diffusion,
        solver,
        steps,
        spacing,
        inflation: Some(inflation),
    };
    let (euler, exponential) = (Method::EulerMaruyama, Method::Exponential);
    let (uniform, cosine) = (Spacing::Uniform, Spacing::Cosine);
    let mut ways = vec![way(Diffusion::Follmer, euler, uniform, REFERENCE_STEPS)];
    // One or two steps make the same times of several spacings.
    let same = |a: &Sampling, b: &Sampling| {
        let times = |way: &Sampling| {
            way.spacing
                .grid(way.steps)
                .map(|grid| grid.times().to_vec())
                .ok()
        };
        let parts = |way: &Sampling| (way.diffusion, way.solver, way.steps);
        let near = |a: Vec<f64>, b: Vec<f64>| a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12);
        parts(a) == parts(b) && times(a).zip(times(b)).is_some_and(|(a, b)| near(a, b))
    };
    let mut add = |way: Sampling| {
        if !ways.iter().any(|before| same(before, &way)) {
            ways.push(way);
        }
    };
    for &n in calls {
        for diffusion in [Diffusion::Follmer, Diffusion::Sigma] {
            for spacing in [uniform, cosine, Spacing::Power(0.7), Spacing::Power(1.5)] {
                add(way(diffusion, euler, spacing, n));
            }
            if n % 2 == 0 {
                add(way(diffusion, Method::StochasticHeun, uniform, n / 2));
                add(way(diffusion, Method::Sra1, uniform, n / 2));
            }
            add(way(diffusion, exponential, uniform, n));
            add(way(diffusion, exponential, cosine, n));
        }
        add(way(Diffusion::Zero, exponential, uniform, n));
        add(way(Diffusion::Zero, exponential, cosine, n));
    }
    ways
}

/// The CRPS of every initial state, averaged over leads.
fn over_leads(leads: &[Scores]) -> Vec<CaseValue> {
    let mut series = leads.iter().map(|scores| scores.series(Statistic::Crps));
    let mut mean = series.next().unwrap_or_default();
    for lead in series {
        for (case, other) in mean.iter_mut().zip(lead) {
            case.value += other.value;
        }
    }
    for case in &mut mean {
        case.value /= leads.len() as f64;
    }
    mean
}

fn cheapest(rows: &[SamplerRow]) -> usize {
    let most = |row: &SamplerRow| row.interval.map_or(row.excess, |[_, high]| high);
    let good = |row: &&(usize, &SamplerRow)| most(row.1) <= TOLERANCE;
    let rows: Vec<_> = rows.iter().enumerate().collect();
    let least = rows.iter().filter(good).min_by(|(_, a), (_, b)| {
        let by_calls = a.calls.cmp(&b.calls);
        by_calls.then(a.excess.total_cmp(&b.excess))
    });
    least.map_or(0, |(at, _)| *at)
}

impl SamplerRow {
    fn new(
        sampling: Sampling,
        scores: &[Scores],
        cases: &[CaseValue],
        reference: &[CaseValue],
        seed: u64,
    ) -> Result<Self> {
        let tables = scores.iter().map(Scores::finish);
        let tables = tables.collect::<Result<Vec<_>, _>>()?;
        let weight: f64 = reference.iter().map(|case| case.weight).sum();
        let mean = reference.iter().map(|case| case.weight * case.value);
        let mean = mean.sum::<f64>() / weight;
        let bootstrap = Bootstrap {
            block: (cases.len() / 20).max(1),
            resamples: 1000,
            level: 0.95,
        };
        let key = Key::new(seed, Purpose::Resample);
        let gap = difference(cases, reference, &bootstrap, key)?;
        Ok(Self {
            sampling,
            calls: sampling.calls(),
            crps: tables.iter().map(|t| t.crps).collect(),
            excess: gap.estimate / mean,
            interval: (cases.len() >= FEWEST).then_some([gap.low / mean, gap.high / mean]),
            spread_skill: tables.iter().map(|t| t.spread_skill).collect(),
        })
    }

    /// The row of the table, without its end of line.
    fn line(&self) -> String {
        let Sampling {
            diffusion,
            solver,
            steps,
            spacing,
            ..
        } = self.sampling;
        let interval = self.interval.map_or_else(
            || format!("{:^16}", "-"),
            |[low, high]| format!("[{:+6.2}, {:+6.2}]", 100.0 * low, 100.0 * high),
        );
        let ratios = self.spread_skill.iter();
        let ratios = ratios.map(|r| r.map_or("-".to_owned(), |r| format!("{r:.3}")));
        format!(
            "{:5} {:5}  {:9} {:14} {:9} {:+8.2}  {interval}  {}",
            self.calls,
            steps,
            name(&diffusion),
            name(&solver),
            name(&spacing),
            100.0 * self.excess,
            ratios.collect::<Vec<_>>().join(" "),
        )
    }
}

/// A choice as a configuration writes it.
fn name(choice: &impl Serialize) -> String {
    match serde_json::to_value(choice) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(serde_json::Value::Object(entries)) => {
            let entry = |(key, value): (&String, &serde_json::Value)| format!("{key} {value}");
            entries.iter().map(entry).collect::<Vec<_>>().join(" ")
        }
        _ => "?".to_owned(),
    }
}

impl SamplerTable {
    /// The table as text.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{}: {} initial states x {} members x {} leads of the validation part, inflation {}\n\
             fair CRPS of the reference, the first row: {:.4?}\n\
             calls steps  diffusion method         spacing     CRPS %  95 % interval     spread/skill\n",
            self.name,
            self.cases,
            self.members,
            self.leads,
            self.inflation,
            self.rows.first().map_or(&[][..], |row| &row.crps),
        );
        for row in &self.rows {
            let _ = writeln!(text, "{}", row.line());
        }
        if let Some(row) = self.rows.get(self.cheapest) {
            let _ = write!(
                text,
                "cheapest that is worse by less than 2 %, interval included:\n{}",
                row.line()
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_makes_the_calls_it_was_asked_for_and_only_once() {
        let ways = ways(&[5, 10, 50], 1.0);
        assert_eq!(ways[0].calls(), REFERENCE_STEPS);
        assert_eq!(ways[0].diffusion, Diffusion::Follmer);
        for (at, way) in ways.iter().enumerate() {
            assert!([5, 10, 50].contains(&way.calls()), "{way:?}");
            assert!(!ways[..at].contains(way), "{way:?}");
            let stuck = way.diffusion == Diffusion::Zero && way.solver != Method::Exponential;
            assert!(!stuck, "{way:?}");
        }
        assert!(ways.iter().any(|way| way.solver == Method::Sra1));
    }

    #[test]
    fn one_step_has_one_spacing() {
        let euler = |way: &&Sampling| {
            way.solver == Method::EulerMaruyama && way.diffusion == Diffusion::Sigma
        };
        assert_eq!(ways(&[1], 1.0).iter().filter(euler).count(), 1);
        // Of two steps: uniform and cosine alike, and the two powers.
        assert_eq!(ways(&[2], 1.0).iter().filter(euler).count(), 3);
    }

    #[test]
    fn the_cheapest_has_fewest_calls_within_the_tolerance() {
        let row = |steps, excess| SamplerRow {
            sampling: Sampling {
                steps,
                ..Sampling::default()
            },
            calls: steps,
            crps: vec![1.0],
            excess,
            interval: None,
            spread_skill: vec![None],
        };
        let rows = [row(50, 0.0), row(5, 0.021), row(10, 0.015), row(10, -0.01)];
        assert_eq!(cheapest(&rows), 3);
        assert_eq!(cheapest(&rows[..2]), 0);
        // Better by chance only: its interval says that it may be worse by more.
        let unsure = SamplerRow {
            interval: Some([-0.05, 0.03]),
            ..row(5, -0.01)
        };
        assert_eq!(cheapest(&[row(50, 0.0), unsure]), 0);
        assert!(rows[0].line().contains("sigma     euler_maruyama uniform"));
    }
}
