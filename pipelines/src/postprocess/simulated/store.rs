//! Simulated cases as a Zarr store.

use super::SimulatedCases;
use anyhow::{Result, bail};
use foehn_archive::{ArrayPlan, Coordinate, Element, Mode, Store, open};
use foehn_calibration::Variables;
use foehn_field::{Attribute, Attributes, Grid};
use ndarray::{Array1, ArrayD, IxDyn};
use serde::Serialize;
use std::path::Path;

/// A day, s.
pub(crate) const DAY: i64 = 86_400;
/// 2000-01-01, s since 1970.
pub(crate) const START: i64 = 946_684_800;

/// The attribute that says what a store was made by.
const MADE: &str = "foehn_simulated";

/// What a store is made by: nothing else decides its values.
#[derive(Serialize)]
pub(crate) struct Made<'a> {
    pub(crate) seed: u64,
    pub(crate) cases: &'a SimulatedCases,
}

impl Made<'_> {
    /// Whether a store that is there holds these cases: scores against the exact law of others would mean nothing.
    ///
    /// # Errors
    /// If it cannot be read, or was made by other settings, another seed or something else.
    pub(crate) fn check(&self, path: &Path) -> Result<()> {
        let archive = open(path)?;
        let wanted = serde_json::to_string(self)?;
        let found = match archive.attributes().get(MADE) {
            Some(Attribute::Text(found)) if *found == wanted => return Ok(()),
            Some(Attribute::Text(found)) => found.as_str(),
            _ => "something else than data.simulated",
        };
        bail!(
            "exists and was made by {found}, not by {wanted}: remove it to have it made anew, give another data.path, or \
             leave out data.simulated to take it as it is"
        )
    }
}

/// Members and truth, date by date.
pub(crate) struct Fields {
    pub(crate) members: Vec<f32>,
    pub(crate) truth: Vec<f32>,
    pub(crate) dates: Vec<i64>,
    pub(crate) count: usize,
    pub(crate) lead: i64,
    pub(crate) units: &'static str,
}

impl Fields {
    /// Writes members, truth and coordinates.
    ///
    /// # Errors
    /// If the store is there already or cannot be written.
    pub(crate) fn write(
        &self,
        path: &Path,
        names: &Variables,
        grid: Option<&Grid>,
        made: &Made<'_>,
    ) -> Result<()> {
        let coordinates = grid.map(Coordinate::of_grid).unwrap_or_default();
        let places: Vec<&str> = match grid {
            Some(grid) => Coordinate::grid_dims(grid).to_vec(),
            None => vec![names.station.as_str()],
        };
        let side = self.truth.len() / self.dates.len();
        let lengths = match grid.map(Grid::shape) {
            Some((ny, nx)) => vec![ny, nx],
            None => vec![side],
        };
        let [time, lead, number] = [&names.time, &names.lead, &names.number].map(String::as_str);
        let wide: Vec<&str> = [time, lead, number]
            .into_iter()
            .chain(places.iter().copied())
            .collect();
        let narrow: Vec<&str> = [time, lead]
            .into_iter()
            .chain(places.iter().copied())
            .collect();
        let with =
            |first: &[usize]| -> Vec<usize> { first.iter().chain(&lengths).copied().collect() };
        let (wide_shape, narrow_shape) = (
            with(&[self.dates.len(), 1, self.count]),
            with(&[self.dates.len(), 1]),
        );
        let units = || text(&[("units", self.units)]);
        let mut plans = vec![
            ArrayPlan::whole(&names.members, &wide, &wide_shape, Element::F32, units()),
            ArrayPlan::whole(
                &names.observations,
                &narrow,
                &narrow_shape,
                Element::F32,
                units(),
            ),
            ArrayPlan::whole(
                time,
                &[time],
                &[self.dates.len()],
                Element::I64,
                text(&[
                    ("units", "seconds since 1970-01-01"),
                    ("calendar", "proleptic_gregorian"),
                ]),
            ),
            ArrayPlan::whole(
                lead,
                &[lead],
                &[1],
                Element::I64,
                text(&[("units", "seconds"), ("dtype", "timedelta64[ns]")]),
            ),
        ];
        plans.extend(coordinates.iter().map(|c| c.plan.clone()));
        let attributes = text(&[
            ("Conventions", "CF-1.11"),
            ("title", "simulated cases for foehn postprocess"),
            (MADE, &serde_json::to_string(made)?),
        ]);
        let store = Store::create(path, &attributes, plans, Mode::Create)?;
        let floats =
            |values: &[f32], shape: &[usize]| ArrayD::from_shape_vec(IxDyn(shape), values.to_vec());
        let members = floats(&self.members, &wide_shape)?;
        store.write_f32(&names.members, &vec![0; wide_shape.len()], members.view())?;
        let truth = floats(&self.truth, &narrow_shape)?;
        store.write_f32(
            &names.observations,
            &vec![0; narrow_shape.len()],
            truth.view(),
        )?;
        let whole = |values: &[i64]| Array1::from_vec(values.to_vec()).into_dyn();
        store.write_i64(time, &[0], whole(&self.dates).view())?;
        store.write_i64(lead, &[0], whole(&[self.lead]).view())?;
        coordinates.iter().try_for_each(|c| c.write(&store))?;
        store.finish()?;
        Ok(())
    }
}

fn text(pairs: &[(&str, &str)]) -> Attributes {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), Attribute::from(*value));
    pairs.iter().map(pair).collect()
}
