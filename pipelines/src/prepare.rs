//! `foehn prepare`: the states a run needs, as analysis-ready Zarr.

use crate::config::RunConfig;
use crate::progress::{Progress, Talk, check_interrupt};
use anyhow::{Context, Result, bail};
use foehn_archive::{ArrayPlan, Coordinate, Element, Mode, Store};
use foehn_dataset::Series;
use foehn_field::{Attribute, Attributes};
use ndarray::{Array3, Axis};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// States in a chunk.
const CHUNK: usize = 64;

/// What preparation ends with.
#[derive(Clone, Debug, Serialize)]
pub struct PrepareSummary {
    /// The store.
    pub path: PathBuf,
    /// States written.
    pub states: usize,
}

/// Copies the run's variables, unpacked, from its files to one Zarr store with chunks of whole states.
///
/// # Errors
/// If data cannot be read or the output exists ([`Mode::Create`]).
pub fn prepare(
    config: &RunConfig,
    output: &Path,
    mode: Mode,
    talk: Talk,
) -> Result<PrepareSummary> {
    let series = Series::open(&config.data, Path::new(""))?;
    refuse_source(config, output)?;
    let store = create(&series, output, mode)?;
    let states = series.times().len();
    let blocks = states.div_ceil(CHUNK);
    let item = |block: usize| format!("block-{block:06}");
    let done = (0..blocks).filter(|b| store.is_done(&item(*b))).count();
    let progress = Progress::new(talk, "prepare", "blocks", blocks as u64, done as u64);
    for block in (0..blocks).filter(|b| !store.is_done(&item(*b))) {
        check_interrupt()?;
        write(
            &series,
            &store,
            block * CHUNK..((block + 1) * CHUNK).min(states),
        )?;
        store.mark_done(&item(block))?;
        progress.advance(1);
    }
    store.finish()?;
    progress.finish();
    Ok(PrepareSummary {
        path: output.to_owned(),
        states,
    })
}

/// Refuses to replace what is read.
fn refuse_source(config: &RunConfig, output: &Path) -> Result<()> {
    let Ok(output) = output.canonicalize() else {
        return Ok(());
    };
    let paths = config.data.path.as_slice();
    let source = paths
        .iter()
        .find(|path| path.canonicalize().is_ok_and(|path| path == output));
    match source {
        Some(path) => bail!(
            "{} is what the run reads: choose another --to",
            path.display()
        ),
        None => Ok(()),
    }
}

fn write(series: &Series, store: &Store, states: std::ops::Range<usize>) -> Result<()> {
    let (_, ny, nx) = series.shape();
    for (channel, variable) in series.variables().iter().enumerate() {
        let mut values = Array3::<f32>::zeros((states.len(), ny, nx));
        for (index, mut plane) in states.clone().zip(values.outer_iter_mut()) {
            plane.assign(&series.frame(index)?.values.index_axis(Axis(0), channel));
        }
        store.write_f32(
            &variable.name,
            &[states.start as u64, 0, 0],
            values.view().into_dyn(),
        )?;
    }
    Ok(())
}

fn create(series: &Series, output: &Path, mode: Mode) -> Result<Store> {
    let grid = series.grid();
    let mut coordinates = vec![Coordinate::time("time", "time", "time", series.times())?];
    coordinates.extend(Coordinate::of_grid(grid));
    let dims = Coordinate::grid_dims(grid);
    let (_, ny, nx) = series.shape();
    let variable = |channel: &foehn_dataset::Channel| ArrayPlan {
        name: channel.name.clone(),
        dims: vec!["time".into(), dims[0].into(), dims[1].into()],
        shape: vec![series.times().len() as u64, ny as u64, nx as u64],
        chunks: vec![CHUNK as u64, ny as u64, nx as u64],
        shard: None,
        values: Element::F32,
        attributes: channel.attributes.clone(),
        fill: Some(f64::NAN),
    };
    let variables = series.variables().iter().map(variable);
    let plans = coordinates
        .iter()
        .map(|c| c.plan.clone())
        .chain(variables)
        .collect();
    let text = |value: &str| Attribute::Text(value.to_owned());
    let attributes = Attributes::from_iter([
        ("Conventions".to_owned(), text("CF-1.11")),
        (
            "source".to_owned(),
            text(concat!("foehn ", env!("CARGO_PKG_VERSION"))),
        ),
    ]);
    if let Some(parent) = output.parent() {
        std::fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}", parent.display()))?;
    }
    let store = Store::create(output, attributes, plans, mode)?;
    if !store.is_done("coordinates") {
        coordinates.iter().try_for_each(|c| c.write(&store))?;
        store.mark_done("coordinates")?;
    }
    Ok(store)
}
