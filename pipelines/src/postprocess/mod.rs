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
/// If cases cannot be read, a method not be fitted, no case be scored, or a part of the output is there already and
/// `mode` does not overwrite it.
pub fn postprocess(
    config: &PostprocessConfig,
    mode: Mode,
    workers: &Workers,
    talk: Talk,
) -> Result<PostprocessSummary> {
    let folder = config.folder();
    refuse_existing(&folder, mode)?;
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
    let score =
        |(name, forecasts): (&String, &Predictions)| scores::score(name, forecasts, &test, &scored);
    let mut methods: Vec<MethodScores> = run.predictions.iter().map(score).collect();
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
    let members = examination.scores(&run.predictions, workers)?;
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    let chosen = run
        .predictions
        .get(&config.calibrated.method)
        .context("calibrated.method")?;
    let target = members::Target {
        config,
        layout: &cases.layout,
        path: &folder.join("members.zarr"),
        mode,
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
        members: target.path.to_owned(),
        without_members: written.left_out,
        drawn_ranks: written.drawn,
        conventions: Conventions::of(config),
    };
    write_text(&folder.join("config.toml"), &config.to_toml()?)?;
    write_text(
        &folder.join("fitted.json"),
        &serde_json::to_string(&run.fits)?,
    )?;
    write_text(
        &folder.join("scores.json"),
        &serde_json::to_string_pretty(&summary)?,
    )?;
    write_text(
        &folder.join("report.html"),
        &page::page(config, &summary, &cases)?,
    )?;
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
