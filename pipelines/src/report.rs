//! `foehn report`: scores and forecasts in, figures and one page out.

use crate::config::RunConfig;
use crate::forecast::{forecast_path, initial_states};
use crate::loss_log::LossCurve;
use crate::model_folder::ModelFolder;
use crate::report_figures as figures;
use crate::report_maps::{Example, maps};
use crate::scores::{ScoreFile, VariableScores, lead_name};
use crate::tune::Tuning;
use anyhow::{Context, Result, bail};
use foehn_archive::open;
use foehn_dataset::Series;
use foehn_report::{Cell, Column, Page, Table};
use ndarray::{Axis, Ix3};
use std::fs;
use std::path::{Path, PathBuf};

/// Writes `report.html` and its figures; returns the page's path.
///
/// # Errors
/// If scores or the forecast are missing, or a figure cannot be drawn.
pub fn report(config: &RunConfig) -> Result<PathBuf> {
    let folder = config.folder();
    let scores = ScoreFile::read(&folder.join("scores.json"))?;
    let drawn = folder.join("figures");
    fs::create_dir_all(&drawn).with_context(|| format!("cannot create {}", drawn.display()))?;
    let mut page = Page::new(format!("foehn: {}", scores.name)).paragraph(summary(&scores));
    for variable in &scores.variables {
        page = page
            .section(&variable.variable)
            .table(table(&scores, variable));
        for (name, caption, png) in draw(config, variable)? {
            let path = drawn.join(format!("{}_{name}.png", variable.variable));
            fs::write(&path, &png).with_context(|| format!("cannot write {}", path.display()))?;
            page = page.figure(caption, png);
        }
    }
    page = training(config, page, &drawn)?;
    page = page
        .details("Configuration", config.to_toml()?)
        .provenance(vec![
            (
                "program".into(),
                format!("foehn {}", env!("CARGO_PKG_VERSION")),
            ),
            ("seed".into(), config.seed.to_string()),
        ]);
    let path = folder.join("report.html");
    fs::write(&path, page.render()?).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn summary(scores: &ScoreFile) -> String {
    format!(
        "{} members from {} initial states, {} to {}. Reference forecasts: persistence ({}); climatology \
         ({} members: {}).",
        scores.members,
        scores.cases,
        scores.period[0],
        scores.period[1],
        scores.references.persistence,
        scores.references.climatology_members,
        scores.references.climatology,
    )
}

fn table(scores: &ScoreFile, variable: &VariableScores) -> Table {
    let units = &variable.units;
    let columns = vec![
        Column::new("lead", ""),
        Column::new("RMSE", units),
        Column::new("of persistence", "").decimals(3),
        Column::new("CRPS", units),
        Column::new("CRPS climatology", units),
        Column::new("CRPS persistence", units),
        Column::new("saved over climatology", "%").decimals(1),
        Column::new("spread/skill", "").decimals(3),
        Column::new("90 % coverage", "%").decimals(1),
        Column::new("mean |log10 E/E_true|", "").decimals(3),
    ];
    let rows = variable.leads.iter().map(|lead| {
        vec![
            Cell::from(lead_name(lead.seconds)),
            lead.forecast.rmse.into(),
            lead.rmse_ratio().into(),
            lead.forecast.crps.into(),
            lead.climatology.crps.into(),
            lead.persistence.crps.into(),
            (100.0 * lead.skill_over_climatology()).into(),
            lead.forecast.spread_skill.into(),
            lead.forecast.coverage_90.map(|c| 100.0 * c).into(),
            lead.spectra.as_ref().map(|s| s.log_distance).into(),
        ]
    });
    let convention = variable.leads.first().map(|l| &l.forecast.convention);
    let convention = convention
        .and_then(|c| serde_json::to_string(c).ok())
        .unwrap_or_default();
    Table {
        caption: format!("Scores of {}", variable.variable),
        columns,
        rows: rows.collect(),
        notes: vec![
            format!(
                "{} cases a lead; RMSE of the ensemble mean; weights are cell areas.",
                scores.cases
            ),
            format!("Convention of the first lead: {convention}"),
        ],
    }
}

fn draw(
    config: &RunConfig,
    variable: &VariableScores,
) -> Result<Vec<(&'static str, String, Vec<u8>)>> {
    let mut drawn = vec![
        (
            "crps",
            "Fair CRPS against lead, with the reference forecasts.".to_owned(),
            figures::crps(variable)?,
        ),
        (
            "rmse",
            "Error of the ensemble mean and spread of the members.".to_owned(),
            figures::rmse(variable)?,
        ),
        (
            "spread_skill",
            "Spread over error: one where calibrated.".to_owned(),
            figures::spread_skill(variable)?,
        ),
        (
            "ranks",
            "Rank of the truth among the members: flat where calibrated.".to_owned(),
            figures::ranks(variable)?,
        ),
    ];
    if let Some(png) = figures::spectra(variable)? {
        drawn.push((
            "spectra",
            "Mean spectrum of single members and of the truth.".to_owned(),
            png,
        ));
    }
    let (example, caption, grid) = example(config, variable)?;
    drawn.insert(0, ("maps", caption, maps(&example, &grid)?));
    Ok(drawn)
}

/// The forecast from the middle of the period.
fn example(
    config: &RunConfig,
    variable: &VariableScores,
) -> Result<(Example, String, foehn_field::Grid)> {
    let series = Series::open_splits(&config.data, Path::new(""), &[config.forecast.split])?;
    let windows = initial_states(config, &series)?;
    let init = windows.len() / 2;
    let archive = open(&forecast_path(config))?;
    let name = &variable.variable;
    let channel = series
        .variables()
        .iter()
        .position(|c| c.name == *name)
        .unwrap_or(0);
    let shape = archive.variable(name)?.shape.clone();
    if shape
        .get(1)
        .is_none_or(|leads| *leads < variable.leads.len())
    {
        bail!(
            "scores.json is of {} leads and {} holds {}: run `foehn verify` again",
            variable.leads.len(),
            forecast_path(config).display(),
            shape.get(1).copied().unwrap_or(0)
        );
    }
    let (mut truth, mut members) = (Vec::new(), Vec::new());
    for lead in 0..variable.leads.len() {
        let ranges = [
            init..init + 1,
            lead..lead + 1,
            0..shape[2],
            0..shape[3],
            0..shape[4],
        ];
        let field = archive.read(name, &ranges)?.values;
        let field = field
            .index_axis_move(Axis(0), 0)
            .index_axis_move(Axis(0), 0);
        members.push(field.into_dimensionality::<Ix3>()?);
        let frame = series.frame(windows[init].index + (lead + 1) * series.stride())?;
        truth.push(frame.values.index_axis(Axis(0), channel).to_owned());
    }
    let date = series.calendar().date(windows[init].instant);
    let example = Example {
        quantity: (name.clone(), variable.units.clone()),
        leads: variable.leads.iter().map(|l| l.seconds).collect(),
        truth,
        members,
    };
    Ok((
        example,
        format!("The forecast from {date}, by lead."),
        series.grid().clone(),
    ))
}

fn training(config: &RunConfig, page: Page, drawn: &Path) -> Result<Page> {
    let model = ModelFolder::of(config);
    let curves = (0..config.train.networks).map_while(|n| LossCurve::read(&model.losses(n)).ok());
    let curves: Vec<_> = curves.collect();
    if curves.is_empty() {
        return Ok(page);
    }
    let png = figures::losses(&curves)?;
    fs::write(drawn.join("loss.png"), &png)?;
    let page = page.section("Training").figure("Loss of the drift.", png);
    let Ok(text) = fs::read_to_string(model.tuning()) else {
        return Ok(page);
    };
    let tuning: Tuning = serde_json::from_str(&text)?;
    let columns = vec![
        Column::new("inflation", "").decimals(2),
        Column::new("mean |log(spread/skill)|", "").decimals(3),
        Column::new("spread/skill at the first lead", "").decimals(3),
        Column::new("at the last", "").decimals(3),
        Column::new("CRPS at the first lead", ""),
        Column::new("at the last", ""),
    ];
    let rows = tuning.trials.iter().map(|trial| {
        let end =
            |x: &[f64], last: bool| Cell::from(if last { x.last() } else { x.first() }.copied());
        vec![
            Cell::from(trial.inflation),
            trial.miscalibration.into(),
            Cell::from(trial.spread_skill.first().copied().flatten()),
            Cell::from(trial.spread_skill.last().copied().flatten()),
            end(&trial.crps, false),
            end(&trial.crps, true),
        ]
    });
    Ok(page.table(Table {
        caption: "Noise inflation, tried on the validation part".into(),
        columns,
        rows: rows.collect(),
        notes: vec![format!(
            "{} members, {} initial states; taken: {}.",
            tuning.members, tuning.cases, tuning.inflation
        )],
    }))
}
