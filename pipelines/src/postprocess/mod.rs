//! `foehn postprocess`: members and observations in, calibrated members and scores out.

mod cases;
mod config;
mod course;
mod curve;
mod distributional;
mod field_spectra;
mod fitted_distributional;
mod fitted_interpolant;
mod interpolant;
mod joint;
mod member_scores;
mod members;
mod method;
mod occasions;
mod page;
mod past;
mod recalibration;
mod residuals;
mod scores;
mod simulated;
mod simulated_flow;
mod simulated_store;
mod staging;
mod summary;
mod transport;
mod windows;

pub use config::{CalibratedConfig, CasesConfig, Levels, Order, PostprocessConfig};
pub use distributional::DistributionalConfig;
pub use fitted_distributional::FittedDistributional;
pub use fitted_interpolant::FittedInterpolant;
pub use interpolant::{FlowStarts, InterpolantConfig};
pub use member_scores::MemberScores;
pub use method::{FittedMethod, Forecast, Learnt, MethodConfig, Predictions};
pub use scores::{MethodScores, Scored};
pub use simulated::{SimulatedCases, SimulatedRain};
pub use simulated_flow::SimulatedFlow;
pub use summary::{Conventions, PostprocessSummary};

use crate::prepare::resolved;
use crate::progress::Talk;
use crate::text_file::write_text;
use anyhow::{Context, Result, bail};
use config::EXACT;
use field_spectra::FieldSpectra;
use foehn_archive::Mode;
use foehn_calibration::Table;
use foehn_compute::Workers;
use member_scores::Examination;
use past::Past;
use staging::Staging;
use std::collections::BTreeMap;
use std::path::Path;
use windows::Window;

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
    let windows = windows::windows(&cases.table, &config.data)?;
    let test = together(&cases.table, &windows);
    let mut run = windows::fit_all(config, &windows, workers, talk)?;
    let simulated = config.data.simulated.as_ref();
    if let Some(exact) = simulated.and_then(|made| made.exact(&test, config.seed)) {
        run.predictions.insert(EXACT.to_owned(), exact);
    }
    let run = run;
    let scored = Scored::of(&test, &run.predictions)?;
    let score = |(name, forecasts): (&String, &Predictions)| {
        scores::score(name, forecasts, &test, &scored, config.seed)
    };
    let nothing = BTreeMap::new();
    let observed = if scored.cases > 0 {
        &run.predictions
    } else {
        &nothing
    };
    let mut methods: Vec<MethodScores> = observed.iter().map(score).collect();
    let lag = scores::lag(&test);
    scores::compare(&mut methods, lag);
    let starts: BTreeMap<i64, usize> = windows
        .iter()
        .enumerate()
        .map(|(i, w)| (first_date(&w.test), i))
        .collect();
    let past = |date: i64| -> &Past {
        let at = starts.range(..=date).next_back().map_or(0, |(_, i)| *i);
        &run.past[at]
    };
    let examination = Examination {
        test: &test,
        scored: &scored,
        past: &past,
        spectra: FieldSpectra::of(&cases.layout),
        calibrated: &config.calibrated,
        seed: config.seed,
    };
    let members = examination.scores(observed, workers)?;
    let staging = Staging::begin(&folder)?;
    let chosen = run
        .predictions
        .get(&config.calibrated.method)
        .context("calibrated.method")?;
    let target = members::Target {
        config,
        layout: &cases.layout,
        path: &staging.path("members.zarr"),
        mode: Mode::Create,
    };
    let written = target.write(chosen, &test, past)?;
    let summary = PostprocessSummary {
        units: test.columns().units.clone(),
        trained: windows
            .last()
            .map_or([0; 2], |w| [w.train.len(), w.train.distinct_dates().len()]),
        fits: windows.len(),
        dates: test.distinct_dates().len(),
        lag,
        scored,
        methods,
        joint: members,
        oddities: cases.oddities.iter().map(ToString::to_string).collect(),
        members: folder.join("members.zarr"),
        without_members: written.left_out,
        drawn_ranks: written.drawn,
        conventions: Conventions::of(config),
    };
    write_text(&staging.path("config.toml"), &config.to_toml()?)?;
    write_text(
        &staging.path("fitted.json"),
        &serde_json::to_string(&run.fits)?,
    )?;
    write_text(
        &staging.path("scores.json"),
        &serde_json::to_string_pretty(&summary)?,
    )?;
    write_text(
        &staging.path("report.html"),
        &page::page(config, &summary, &cases)?,
    )?;
    staging.finish(&OUTPUTS)?;
    Ok(summary)
}

fn first_date(table: &Table) -> i64 {
    table.distinct_dates().first().copied().unwrap_or(i64::MIN)
}

/// The cases of all windows, one after the other, as the forecasts are.
fn together(table: &Table, windows: &[Window]) -> Table {
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
