//! Calibrated members as a Zarr store, in the layout of the cases.

use super::occasions::occasions;
use super::orders::{Joint, Occasion};
use super::past::Pasts;
use crate::postprocess::config::PostprocessConfig;
use crate::postprocess::method::Predictions;
use anyhow::{Context, Result};
use foehn_archive::{ArrayPlan, Element, Mode, Store};
use foehn_calibration::{Layout, Station, Table};
use foehn_field::{Attribute, Attributes};
use ndarray::{Array1, ArrayD, IxDyn};
use std::path::Path;

/// Cases without members, and ranks that were drawn for want of a raw member or past observation.
pub(crate) struct Written {
    pub(crate) left_out: usize,
    pub(crate) drawn: usize,
}

/// What is written where.
pub(crate) struct Target<'a> {
    pub(crate) config: &'a PostprocessConfig,
    pub(crate) layout: &'a Layout,
    pub(crate) path: &'a Path,
    pub(crate) mode: Mode,
}

/// Seconds of the units that leads are written in, the largest that all are whole multiples of.
const UNITS: [(&str, i64); 3] = [("hours", 3600), ("minutes", 60), ("seconds", 1)];

impl Target<'_> {
    /// Writes the members of every case of a table, (time, lead, member, places), NaN where there is no forecast.
    ///
    /// # Errors
    /// If members cannot be made in the order asked for, or the store not be written.
    pub(crate) fn write(
        &self,
        predictions: &Predictions,
        table: &Table,
        pasts: &Pasts,
    ) -> Result<Written> {
        let calibrated = &self.config.calibrated;
        let joint = Joint::of(calibrated, table, self.config.seed);
        let (dates, leads) = (table.distinct_dates(), table.distinct_leads());
        let places = table.columns().stations.len();
        let whole = [dates.len(), leads.len(), joint.count, places];
        let mut members = ArrayD::from_elem(IxDyn(&whole), f32::NAN);
        let mut written = Written {
            left_out: 0,
            drawn: 0,
        };
        for ((date, lead), rows) in occasions(table, 0..table.len()) {
            let at = [
                dates.partition_point(|d| *d < date),
                leads.partition_point(|l| *l < lead),
            ];
            let on = Occasion::of(table, predictions, &rows);
            let done = joint.members(&on, pasts.at(date))?;
            written.left_out += done.left_out;
            written.drawn += done.drawn;
            for ((m, case), value) in done.values.indexed_iter() {
                members[[at[0], at[1], m, on.places[case]].as_slice()] = *value as f32;
            }
        }
        let unit = UNITS
            .iter()
            .find(|(_, unit)| leads.iter().all(|lead| lead % unit == 0));
        let (unit, seconds) = unit.copied().unwrap_or(("seconds", 1));
        let shape: Vec<usize> = whole[..3]
            .iter()
            .chain(&self.layout.shape)
            .copied()
            .collect();
        let plans = self.plans(table, &shape, unit);
        let store = Store::create(
            self.path,
            &self.attributes(&table.columns().stations)?,
            plans,
            self.mode,
        )?;
        let names = &self.config.data.variables;
        let members = members.into_shape_with_order(IxDyn(&shape))?;
        store.write_f32(&names.members, &vec![0; shape.len()], members.view())?;
        let hours = leads.iter().map(|lead| lead / seconds).collect();
        self.write_whole(&store, &names.time, dates)?;
        self.write_whole(&store, &names.lead, hours)?;
        self.write_whole(&store, &names.number, (1..=joint.count as i64).collect())?;
        self.write_places(&store)?;
        store.finish()?;
        Ok(written)
    }

    fn write_whole(&self, store: &Store, name: &str, values: Vec<i64>) -> Result<()> {
        let values: ArrayD<i64> = Array1::from_vec(values).into_dyn();
        store
            .write_i64(name, &[0], values.view())
            .with_context(|| format!("writing {name} into {}", self.path.display()))
    }

    fn write_places(&self, store: &Store) -> Result<()> {
        for variable in &self.layout.coordinates {
            let from = vec![0; variable.dims.len()];
            store
                .write_f64(&variable.name, &from, variable.values.view())
                .with_context(|| format!("writing {}", variable.name))?;
        }
        if !self.layout.is_grid() {
            self.write_whole(
                store,
                &self.layout.dims[0],
                (0..self.layout.shape[0] as i64).collect(),
            )?;
        }
        Ok(())
    }

    fn attributes(&self, stations: &[Station]) -> Result<Attributes> {
        let config = self.config;
        let version = format!("foehn {}", env!("CARGO_PKG_VERSION"));
        let mut attributes = text(&[
            ("Conventions", "CF-1.11"),
            (
                "title",
                &format!(
                    "{}: members calibrated by {}",
                    config.name, config.calibrated.method
                ),
            ),
            ("source", &version),
            ("configuration", &config.to_toml()?),
        ]);
        if !self.layout.is_grid() {
            let names: Vec<&str> = stations
                .iter()
                .map(|station| station.name.as_str())
                .collect();
            attributes.insert("stations".to_owned(), Attribute::from(names.join(", ")));
        }
        Ok(attributes)
    }

    fn plans(&self, table: &Table, shape: &[usize], unit: &str) -> Vec<ArrayPlan> {
        let names = &self.config.data.variables;
        let columns = table.columns();
        let places = self.layout.dims.iter().map(String::as_str);
        let dims: Vec<&str> = [&names.time, &names.lead, &names.number]
            .map(String::as_str)
            .into_iter()
            .chain(places)
            .collect();
        let mut labels = text(&[("units", &columns.units)]);
        let apart = self
            .layout
            .coordinates
            .iter()
            .filter(|v| !dims.contains(&v.name.as_str()));
        let apart: Vec<&str> = apart.map(|v| v.name.as_str()).collect();
        if !apart.is_empty() {
            labels.insert("coordinates".to_owned(), Attribute::from(apart.join(" ")));
        }
        let mut members = ArrayPlan::whole(&names.members, &dims, shape, Element::F32, labels);
        members.fill = Some(f64::NAN);
        let calendar = columns.calendar.to_string();
        let time = text(&[
            ("standard_name", "forecast_reference_time"),
            ("units", "seconds since 1970-01-01"),
            ("calendar", &calendar),
            ("axis", "T"),
        ]);
        let lead = text(&[
            ("standard_name", "forecast_period"),
            ("units", unit),
            ("dtype", "timedelta64[ns]"),
        ]);
        let number = text(&[
            ("standard_name", "realization"),
            ("units", "1"),
            ("axis", "E"),
        ]);
        let axis = |at: usize, attributes: Attributes| {
            ArrayPlan::whole(
                dims[at],
                &[dims[at]],
                &[shape[at]],
                Element::I64,
                attributes,
            )
        };
        let mut plans = vec![members, axis(0, time), axis(1, lead), axis(2, number)];
        for variable in &self.layout.coordinates {
            let dims: Vec<&str> = variable.dims.iter().map(String::as_str).collect();
            let shape = variable.values.shape();
            let mut plan = ArrayPlan::whole(
                &variable.name,
                &dims,
                shape,
                Element::F64,
                variable.attributes.clone(),
            );
            plan.fill = variable
                .values
                .iter()
                .any(|x| x.is_nan())
                .then_some(f64::NAN);
            plans.push(plan);
        }
        if !self.layout.is_grid() {
            plans.push(axis(3, station_labels(&columns.stations)));
        }
        plans
    }
}

fn text(pairs: &[(&str, &str)]) -> Attributes {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), Attribute::from(*value)))
        .collect()
}

/// Stations are counted, and their names stand beside the numbers: CF's flags hold no blanks.
fn station_labels(stations: &[Station]) -> Attributes {
    let mut labels = text(&[("long_name", "station"), ("cf_role", "timeseries_id")]);
    let names: Vec<String> = stations
        .iter()
        .map(|station| station.name.replace(' ', "_"))
        .collect();
    labels.insert(
        "flag_values".to_owned(),
        Attribute::Ints((0..names.len() as i64).collect()),
    );
    labels.insert("flag_meanings".to_owned(), Attribute::from(names.join(" ")));
    labels
}
