//! `foehn postprocess`: members and observations in, calibrated members and scores out.

mod cases;
mod comparison;
mod config;
mod joint;
mod learnt;
mod method;
mod page;
mod remarks;
mod scores;
mod simulated;
mod staging;
mod summary;
mod windows;

pub use config::{CalibratedConfig, CasesConfig, Levels, Order, PostprocessConfig};
pub use joint::MemberScores;
pub use learnt::{
    Base, BaseWeights, Bases, DistributionalConfig, FittedDistributional, FittedInterpolant,
    FlowDynamics, FlowStarts, InterpolantConfig,
};
pub use method::{FittedMethod, Forecast, Learnt, MethodConfig, Predictions};
pub use scores::{MethodScores, Scored};
pub use simulated::{SimulatedCases, SimulatedFlow, SimulatedRain};
pub use summary::{Conventions, PostprocessSummary};

use crate::prepare::resolved;
use crate::progress::Talk;
use crate::text_file::write_text;
use anyhow::{Context, Result, bail};
use config::EXACT;
use foehn_archive::Mode;
use foehn_calibration::{Cases, Split, Table};
use foehn_compute::Workers;
use joint::{Examination, FieldSpectra, Joint, Pasts, Target};
use staging::Staging;
use std::collections::BTreeMap;
use std::path::Path;
use windows::Run;

/// What is written into the folder, members last.
const OUTPUTS: [&str; 5] = [
    "config.toml",
    "fitted.json",
    "scores.json",
    "report.html",
    "members.zarr",
];

/// Fits every method to the past of the later dates, scores it on these, and writes members of one of them.
///
/// The folder gets `scores.json`, `fitted.json` (all fitted parameters), `config.toml`, `report.html` and `members.zarr`.
///
/// # Errors
/// If cases cannot be read, a method not be fitted, every observed case lacks a forecast, the cases lie where output is
/// written, or a part of the output is there already and `mode` does not overwrite it.
pub fn postprocess(
    config: &PostprocessConfig,
    mode: Mode,
    workers: &Workers,
    talk: Talk,
) -> Result<PostprocessSummary> {
    let folder = config.folder();
    refuse_existing(&folder, mode)?;
    refuse_input(&folder, &config.data.path)?;
    let cases = cases::read(config, workers)?;
    let scheme = config.data.scheme();
    let splits = scheme.splits(&cases.table).context("data")?;
    let test = together(&cases.table, &splits);
    let pasts = Pasts::of(&splits);
    let asked = Joint::of(&config.calibrated, &test, config.seed);
    asked.check(&test, 0..test.len(), |date| pasts.at(date))?;
    let mut run = windows::fit_all(config, &splits, workers, talk)?;
    let simulated = config.data.simulated.as_ref();
    if let Some(exact) = simulated.and_then(|made| made.exact(&test, config.seed)) {
        run.predictions.insert(EXACT.to_owned(), exact);
    }
    let study = Study {
        config,
        cases: &cases,
        splits: &splits,
        test: &test,
        pasts: &pasts,
        run: &run,
    };
    let mut summary = study.summary(workers)?;
    let staging = Staging::begin(&folder)?;
    study.write(&mut summary, &staging)?;
    staging.finish(&OUTPUTS)?;
    Ok(summary)
}

/// A run whose methods are fitted.
struct Study<'a> {
    config: &'a PostprocessConfig,
    cases: &'a Cases,
    splits: &'a [Split],
    test: &'a Table,
    pasts: &'a Pasts,
    run: &'a Run,
}

impl Study<'_> {
    /// All scores.
    fn summary(&self, workers: &Workers) -> Result<PostprocessSummary> {
        let (config, test) = (self.config, self.test);
        let scored = Scored::of(test, &self.run.predictions)?;
        let nothing = BTreeMap::new();
        let observed = if scored.cases > 0 {
            &self.run.predictions
        } else {
            &nothing
        };
        let score = |(name, forecasts): (&String, &Predictions)| {
            scores::score(name, forecasts, test, &scored, config.seed)
        };
        let mut methods: Vec<MethodScores> = observed.iter().map(score).collect();
        let lag = comparison::lag(test);
        let blocks = comparison::compare(&mut methods, lag, config.seed);
        let examination = Examination {
            test,
            scored: &scored,
            pasts: self.pasts,
            spectra: FieldSpectra::of(&self.cases.layout),
            calibrated: &config.calibrated,
            seed: config.seed,
        };
        let examined = examination.scores(observed, workers)?;
        let of_train = |split: &Split| [split.train.len(), split.train.distinct_dates().len()];
        Ok(PostprocessSummary {
            units: test.columns().units.clone(),
            trained: self.splits.last().map_or([0; 2], of_train),
            fits: self.splits.len(),
            dates: test.distinct_dates().len(),
            lag,
            blocks,
            scored,
            methods,
            member_scores: examined.rows,
            orders_left_out: examined.left_out,
            fitted: self.run.said(),
            oddities: self
                .cases
                .oddities
                .iter()
                .map(ToString::to_string)
                .chain(remarks::remarks(&self.cases.table))
                .collect(),
            members: config.folder().join("members.zarr"),
            without_members: 0,
            drawn_ranks: 0,
            conventions: Conventions::of(config),
        })
    }

    /// Members, scores, fits and report, aside.
    fn write(&self, summary: &mut PostprocessSummary, staging: &Staging) -> Result<()> {
        let config = self.config;
        let chosen = self.run.predictions.get(&config.calibrated.method);
        let target = Target {
            config,
            layout: &self.cases.layout,
            path: &staging.path("members.zarr"),
            mode: Mode::Create,
        };
        let chosen = chosen.context("calibrated.method")?;
        let written = target.write(chosen, self.test, self.pasts)?;
        summary.without_members = written.left_out;
        summary.drawn_ranks = written.drawn;
        let texts = [
            ("config.toml", config.to_toml()?),
            ("fitted.json", serde_json::to_string(&self.run.fits)?),
            ("scores.json", serde_json::to_string_pretty(summary)?),
            ("report.html", page::page(config, summary, self.cases)?),
        ];
        for (name, text) in &texts {
            write_text(&staging.path(name), text)?;
        }
        Ok(())
    }
}

/// The cases of all windows, one after the other, as the forecasts are.
fn together(table: &Table, windows: &[Split]) -> Table {
    let columns = table.columns();
    let mut rows = Vec::new();
    for window in windows {
        let dates = window.test.distinct_dates();
        rows.extend(
            (0..table.len()).filter(|&row| dates.binary_search(&columns.dates[row]).is_ok()),
        );
    }
    table.select(&rows)
}

/// Said before the work rather than after it; nothing that is there is replaced unasked.
fn refuse_existing(folder: &Path, mode: Mode) -> Result<()> {
    match mode {
        Mode::Overwrite => Ok(()),
        Mode::Create | Mode::Resume => {
            let there = OUTPUTS
                .iter()
                .map(|name| folder.join(name))
                .find(|path| path.exists());
            there.map_or(Ok(()), |path| {
                bail!(
                    "{}: exists; use --overwrite to replace all of this run, or choose another output (--set \
                     output=FOLDER)",
                    path.display()
                )
            })
        }
    }
}

/// The cases must not be what is replaced, nor lie in it or around it.
fn refuse_input(folder: &Path, input: &Path) -> Result<()> {
    let Some(from) = resolved(input) else {
        return Ok(());
    };
    let touches = |path: &std::path::PathBuf| {
        resolved(path).is_some_and(|to| from.starts_with(&to) || to.starts_with(&from))
    };
    let written = OUTPUTS.iter().map(|name| folder.join(name)).find(touches);
    written.map_or(Ok(()), |path| {
        bail!(
            "data.path = {} is what the run reads, and {}, which it writes, is the same, inside it or around it: choose \
             another output (--set output=FOLDER)",
            input.display(),
            path.display()
        )
    })
}
