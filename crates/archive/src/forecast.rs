//! The layout of an ensemble forecast.

use std::path::Path;

use foehn_field::{Attribute, Attributes, Calendar, Grid, Instant, TimeAxis};
use ndarray::{Array1, Array2, arr1};

use crate::coordinate::{attributes, time_units};
use crate::{
    ArrayPlan, Coordinate, Element, Layout, STORAGE_ATTRIBUTES, Store, WriteError, Writing,
};

/// An ensemble forecast: initial times x leads x members x grid, one variable after another.
///
/// Names are those of the layout; here are those of the default one.
/// Dimensions are `time` (when the forecast starts), `prediction_timedelta` (the lead), `number` (the
/// member) and the grid's two; `valid_time` is 2-D. A chunk is one start, lead and member and the whole field.
#[derive(Debug, Clone, PartialEq)]
pub struct ForecastPlan {
    /// The title of the file.
    pub title: String,
    /// The calendar of the initial times.
    pub calendar: Calendar,
    /// The times at which forecasts start.
    pub inits: Vec<Instant>,
    /// The leads, s.
    pub lead_seconds: Vec<i64>,
    /// The number of members, from 0.
    pub members: usize,
    /// What dimensions and coordinates are called.
    pub layout: Layout,
    /// Leads in a file: with more than one, files hold several chunks (shards).
    pub leads_per_file: usize,
    /// The horizontal grid.
    pub grid: Grid,
    /// The variables with their attributes (`units`, `standard_name`, `long_name`, `cell_methods`).
    pub variables: Vec<(String, Attributes)>,
    /// Further attributes of the file, such as `source` and `history`; nothing that changes when a run is resumed.
    pub provenance: Attributes,
}

impl ForecastPlan {
    /// Creates the store by the CF conventions and writes every coordinate.
    ///
    /// # Errors
    /// [`WriteError`]: an empty dimension, an output that exists or differs, the disk.
    pub fn create(&self, path: &Path, writing: impl Into<Writing>) -> Result<Store, WriteError> {
        let mut coordinates = self.coordinates(path)?;
        for coordinate in &mut coordinates {
            self.layout.rename_coordinate(coordinate);
        }
        let variables = self.variables.iter().map(|(name, attributes)| {
            let mut variable = self.variable(name, attributes);
            self.layout.rename(&mut variable);
            variable
        });
        let plans = coordinates
            .iter()
            .map(|c| c.plan.clone())
            .chain(variables)
            .collect();
        let store = Store::create(path, &self.attributes(), plans, writing)?;
        let item = "coordinates";
        if !store.is_done(item) {
            coordinates
                .iter()
                .try_for_each(|coordinate| coordinate.write(&store))?;
            store.mark_done(item)?;
        }
        Ok(store)
    }

    fn attributes(&self) -> Attributes {
        let mut all = attributes(&[("Conventions", "CF-1.11"), ("title", &self.title)]);
        all.extend(self.provenance.clone());
        all
    }

    fn coordinates(&self, path: &Path) -> Result<Vec<Coordinate>, WriteError> {
        let plan = |why: &str| WriteError::Plan {
            path: path.to_path_buf(),
            why: why.to_owned(),
        };
        let time = |cause| WriteError::Time {
            path: path.to_path_buf(),
            cause,
        };
        let (ny, nx) = self.grid.shape();
        if [
            self.inits.len(),
            self.lead_seconds.len(),
            self.members,
            ny,
            nx,
            self.variables.len(),
        ]
        .contains(&0)
        {
            return Err(plan(
                "a forecast needs an initial time, a lead, a member, a grid and a variable",
            ));
        }
        let starts = TimeAxis {
            calendar: self.calendar,
            instants: self.inits.clone(),
        };
        let start = Coordinate::time(
            "time",
            "forecast_reference_time",
            "time at which the forecast starts",
            &starts,
        );
        let mut coordinates = vec![
            start.map_err(time)?,
            self.leads(),
            self.numbers(),
            self.valid_time().map_err(time)?,
        ];
        coordinates.extend(Coordinate::of_grid(&self.grid));
        Ok(coordinates)
    }

    /// Leads in whole hours, or minutes or seconds where hours do not hold them.
    fn leads(&self) -> Coordinate {
        let divides = |step: i64| self.lead_seconds.iter().all(|lead| lead % step == 0);
        let (units, step) = match (divides(3600), divides(60)) {
            (true, _) => ("hours", 3600),
            (false, true) => ("minutes", 60),
            (false, false) => ("seconds", 1),
        };
        let values = Array1::from_iter(self.lead_seconds.iter().map(|lead| lead / step)).into_dyn();
        let name = "prediction_timedelta";
        // xarray turns numbers into time differences only where this attribute asks for it
        let labels = [
            ("standard_name", "forecast_period"),
            ("long_name", "time since the forecast started"),
            ("units", units),
            ("dtype", "timedelta64[ns]"),
        ];
        Coordinate::ints(name, &[name], values, attributes(&labels))
    }

    fn numbers(&self) -> Coordinate {
        let labels = [
            ("standard_name", "realization"),
            ("long_name", "ensemble member"),
            ("units", "1"),
        ];
        let values = Array1::from_iter(0..self.members as i32).into_dyn();
        Coordinate::shorts("number", &["number"], values, attributes(&labels))
    }

    fn valid_time(&self) -> Result<Coordinate, foehn_field::TimeError> {
        let valid = |init: &Instant| {
            self.lead_seconds
                .iter()
                .map(|lead| init.plus(*lead))
                .collect::<Vec<_>>()
        };
        let axis = TimeAxis {
            calendar: self.calendar,
            instants: self.inits.iter().flat_map(valid).collect(),
        };
        let units = axis.units();
        let values = arr1(&axis.encode(&units)?);
        let shape = (self.inits.len(), self.lead_seconds.len());
        let plane = Array2::from_shape_fn(shape, |(i, j)| values[i * shape.1 + j]).into_dyn();
        let mut labels = attributes(&[
            ("standard_name", "time"),
            ("long_name", "time for which the forecast is valid"),
        ]);
        labels.extend(time_units(&axis, &units));
        Ok(Coordinate::ints(
            "valid_time",
            &["time", "prediction_timedelta"],
            plane,
            labels,
        ))
    }

    fn variable(&self, name: &str, given: &Attributes) -> ArrayPlan {
        let (ny, nx) = self.grid.shape();
        let [y, x] = Coordinate::grid_dims(&self.grid);
        let dims = ["time", "prediction_timedelta", "number", y, x];
        let shape = [
            self.inits.len(),
            self.lead_seconds.len(),
            self.members,
            ny,
            nx,
        ];
        let mut attributes = given.clone();
        // the source's packing and mask do not apply to forecast values
        attributes.retain(|name, _| !STORAGE_ATTRIBUTES.contains(&name.as_str()));
        let two_dimensional = matches!(self.grid, Grid::Curvilinear { .. });
        let coordinates = if two_dimensional {
            "valid_time latitude longitude"
        } else {
            "valid_time"
        };
        attributes.insert("coordinates".to_owned(), Attribute::from(coordinates));
        let leads = self.leads_per_file.clamp(1, self.lead_seconds.len().max(1)) as u64;
        ArrayPlan {
            chunks: vec![1, 1, 1, ny as u64, nx as u64],
            shard: (leads > 1).then(|| vec![1, leads, 1, ny as u64, nx as u64]),
            fill: Some(f64::NAN),
            ..ArrayPlan::whole(name, &dims, &shape, Element::F32, attributes)
        }
    }
}
