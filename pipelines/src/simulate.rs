//! `foehn simulate`: turbulence -> Zarr.

use crate::config::{RunConfig, SimulateConfig};
use crate::continuation::{recorded, refuse_other};
use crate::progress::{Progress, Talk, check_interrupt};
use anyhow::{Context, Result, bail};
use foehn_archive::{ArrayPlan, Coordinate, Element, Mode, Store};
use foehn_compute::Workers;
use foehn_field::{Attribute, Attributes, Calendar, Grid, Instant, TimeAxis};
use foehn_simulation::{TurbulenceConfig, run};
use ndarray::{ArrayD, Axis};
use serde::Serialize;
use std::f64::consts::TAU;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// One nondimensional time unit is stored as a day.
const DAY: f64 = 86_400.0;
/// Days between two runs on the time axis, more than any step between states.
const GAP: f64 = 30.0;
/// 2000-01-01, s since 1970.
const START: i64 = 946_684_800;

/// The attribute that holds the configuration.
const TURBULENCE: &str = "foehn_turbulence";

/// What a simulation ends with.
#[derive(Clone, Debug, Serialize)]
pub struct SimulateSummary {
    /// The store.
    pub path: PathBuf,
    /// Independent runs.
    pub runs: u32,
    /// Saved states.
    pub states: usize,
}

/// Simulates what `[simulate]` describes; runs that are done are kept ([`Mode::Resume`]).
///
/// Independent runs are laid end to end on one time axis with gaps, a nondimensional time unit a day.
///
/// # Errors
/// If there is no `[simulate]`, it is impossible, the output exists or the state leaves the numbers.
pub fn simulate(
    config: &RunConfig,
    mode: Mode,
    workers: &Workers,
    talk: Talk,
) -> Result<SimulateSummary> {
    let Some(simulate) = &config.simulate else {
        bail!("the configuration has no [simulate] section: it reads its data from data.path");
    };
    let turbulence = &simulate.turbulence;
    turbulence.validate().context("simulate.turbulence")?;
    if let (Mode::Resume, Some(before)) = (mode, recorded(&simulate.path, TURBULENCE)) {
        let before: TurbulenceConfig = serde_json::from_str(&before)?;
        let [before, now] = [&before, turbulence].map(toml::Table::try_from);
        refuse_other(&simulate.path, &before?, &now?)?;
    }
    let store = create(simulate, mode)?;
    let done = (0..turbulence.runs)
        .filter(|r| store.is_done(&item(*r)))
        .count();
    let progress = Progress::new(
        talk,
        "simulate",
        "runs",
        u64::from(turbulence.runs),
        done as u64,
    );
    workers.map(turbulence.runs as usize, |number| {
        let number = number as u32;
        if !store.is_done(&item(number)) {
            one(turbulence, &store, number)?;
            progress.advance(1);
        }
        Ok::<_, anyhow::Error>(())
    })?;
    store.finish()?;
    progress.finish();
    Ok(SimulateSummary {
        path: simulate.path.clone(),
        runs: turbulence.runs,
        states: turbulence.runs as usize * turbulence.frames(),
    })
}

fn item(run: u32) -> String {
    format!("run-{run:05}")
}

fn one(turbulence: &TurbulenceConfig, store: &Store, number: u32) -> Result<()> {
    let size = turbulence.output_grid;
    let mut states = ndarray::Array3::<f32>::zeros((turbulence.frames(), size, size));
    let end = run(turbulence, number, |frame, vorticity| {
        states.index_axis_mut(Axis(0), frame).assign(&vorticity);
        match check_interrupt() {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    })?;
    if end.is_break() {
        check_interrupt()?;
    }
    let start = [u64::from(number) * turbulence.frames() as u64, 0, 0];
    store.write_f32("vorticity", &start, states.view().into_dyn())?;
    store.mark_done(&item(number))?;
    Ok(())
}

fn create(simulate: &SimulateConfig, mode: Mode) -> Result<Store> {
    let turbulence = &simulate.turbulence;
    let (times, numbers) = axis(turbulence);
    let states = times.len();
    let axis = TimeAxis {
        calendar: Calendar::ProlepticGregorian,
        instants: times,
    };
    let mut coordinates = vec![Coordinate::time(
        "time",
        "time",
        "time; one nondimensional unit is stored as one day",
        &axis,
    )?];
    let text = |pairs: &[(&str, &str)]| -> Attributes {
        let pair =
            |(key, value): &(&str, &str)| ((*key).to_owned(), Attribute::Text((*value).to_owned()));
        pairs.iter().map(pair).collect()
    };
    coordinates.push(Coordinate::shorts(
        "trajectory",
        &["time"],
        ArrayD::from_shape_vec(vec![states], numbers)?,
        text(&[
            ("long_name", "number of the independent run"),
            ("units", "1"),
        ]),
    ));
    coordinates.extend(Coordinate::of_grid(&grid(turbulence.output_grid)));
    let size = turbulence.output_grid as u64;
    let vorticity = ArrayPlan {
        name: "vorticity".into(),
        dims: vec!["time".into(), "y".into(), "x".into()],
        shape: vec![states as u64, size, size],
        chunks: vec![turbulence.frames() as u64, size, size],
        shard: None,
        values: Element::F32,
        attributes: text(&[
            ("long_name", "vorticity of two-dimensional flow"),
            ("units", "1"),
            ("cell_methods", "time: point"),
        ]),
        fill: Some(f64::NAN),
    };
    let plans = coordinates
        .iter()
        .map(|c| c.plan.clone())
        .chain([vorticity])
        .collect();
    let mut attributes = text(&[
        ("Conventions", "CF-1.11"),
        (
            "title",
            "Stochastically forced two-dimensional Navier-Stokes turbulence",
        ),
        ("source", concat!("foehn ", env!("CARGO_PKG_VERSION"))),
        (
            "references",
            "Chen et al. 2024, arXiv:2403.13724, section 5.1",
        ),
    ]);
    attributes.insert(
        TURBULENCE.into(),
        Attribute::Text(serde_json::to_string(turbulence)?),
    );
    if let Some(parent) = simulate.path.parent() {
        std::fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}", parent.display()))?;
    }
    let store = Store::create(&simulate.path, &attributes, plans, mode)?;
    if !store.is_done("coordinates") {
        coordinates.iter().try_for_each(|c| c.write(&store))?;
        store.mark_done("coordinates")?;
    }
    Ok(store)
}

/// Times of all states, and the runs they belong to.
fn axis(turbulence: &TurbulenceConfig) -> (Vec<Instant>, Vec<i32>) {
    let stretch = turbulence.length + GAP;
    let states = (0..turbulence.runs)
        .flat_map(|run| (0..turbulence.frames()).map(move |frame| (run, frame)));
    let time = |(run, frame): (u32, usize)| {
        let units = f64::from(run) * stretch.ceil() + frame as f64 * turbulence.save_every;
        (Instant(START + (units * DAY).round() as i64), run as i32)
    };
    states.map(time).unzip()
}

fn grid(size: usize) -> Grid {
    let points: Vec<f64> = (0..size).map(|i| TAU * i as f64 / size as f64).collect();
    Grid::Cartesian {
        y: points.clone(),
        x: points,
        period: Some((TAU, TAU)),
    }
}
