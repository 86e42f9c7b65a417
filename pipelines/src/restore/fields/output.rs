//! Restored fields on the disk: members, their mean and their spread.

use anyhow::{Context, Result};
use foehn_archive::{ArrayPlan, Coordinate, Element, Mode, Store};
use foehn_dataset::Channel;
use foehn_field::{Attribute, Attributes, Calendar, Grid, Instant, TimeAxis};
use ndarray::{Array1, Array3, Array4, Axis, s};
use std::path::Path;

/// What a store of restored fields will be.
pub struct Plan<'a> {
    /// Title of the file.
    pub title: &'a str,
    /// What was asked for: a store of something else is not continued.
    pub job: String,
    /// The calendar.
    pub calendar: Calendar,
    /// The times.
    pub instants: Vec<Instant>,
    /// Samples of each.
    pub samples: usize,
    /// The grid.
    pub grid: &'a Grid,
    /// The variables.
    pub variables: &'a [Channel],
}

/// A store being written, a time at a time.
pub struct Output {
    store: Store,
    names: Vec<String>,
}

impl Plan<'_> {
    /// Lays the store out: `VAR` (time, number, y, x), `VAR_mean` and `VAR_spread` (time, y, x).
    ///
    /// # Errors
    /// If it exists, is of another job, or cannot be written.
    pub fn create(&self, path: &Path, mode: Mode) -> Result<Output> {
        let axis = TimeAxis {
            calendar: self.calendar,
            instants: self.instants.clone(),
        };
        let mut coordinates = vec![Coordinate::time("time", "time", "time", &axis)?];
        coordinates.push(Coordinate::shorts(
            "number",
            &["number"],
            Array1::from_iter(0..self.samples as i32).into_dyn(),
            text(&[
                ("standard_name", "realization"),
                ("long_name", "sample"),
                ("units", "1"),
            ]),
        ));
        coordinates.extend(Coordinate::of_grid(self.grid));
        let arrays = self
            .variables
            .iter()
            .flat_map(|channel| self.arrays(channel));
        let plans = coordinates
            .iter()
            .map(|c| c.plan.clone())
            .chain(arrays)
            .collect();
        let attributes = text(&[
            ("Conventions", "CF-1.11"),
            ("title", self.title),
            ("source", concat!("foehn ", env!("CARGO_PKG_VERSION"))),
            ("foehn_restore", &self.job),
        ]);
        let store = Store::create(path, &attributes, plans, mode)?;
        if !store.is_done("coordinates") {
            coordinates.iter().try_for_each(|c| c.write(&store))?;
            store.mark_done("coordinates")?;
        }
        let names = self.variables.iter().map(|v| v.name.clone()).collect();
        Ok(Output { store, names })
    }

    fn arrays(&self, channel: &Channel) -> [ArrayPlan; 3] {
        let (ny, nx) = self.grid.shape();
        let [y, x] = Coordinate::grid_dims(self.grid);
        let (times, samples) = (self.instants.len(), self.samples);
        let array = |suffix: &str, method: Option<&str>, members: Option<usize>| {
            let mut attributes = channel.attributes.clone();
            if let Some(method) = method {
                let before = attributes.get("cell_methods").and_then(Attribute::text);
                let method = before.map_or(method.to_owned(), |b| format!("{b} {method}"));
                attributes.insert("cell_methods".into(), Attribute::Text(method));
            }
            if matches!(self.grid, Grid::Curvilinear { .. }) {
                let positions = Attribute::Text("latitude longitude".into());
                attributes.insert("coordinates".into(), positions);
            }
            let mut dims = vec!["time", y, x];
            let mut shape = vec![times, ny, nx];
            if let Some(members) = members {
                dims.insert(1, "number");
                shape.insert(1, members);
            }
            let name = format!("{}{suffix}", channel.name);
            let mut plan = ArrayPlan::whole(&name, &dims, &shape, Element::F32, attributes);
            plan.chunks[0] = 1;
            plan.fill = Some(f64::NAN);
            plan
        };
        [
            array("", None, Some(samples)),
            array("_mean", Some("realization: mean"), None),
            array("_spread", Some("realization: standard_deviation"), None),
        ]
    }
}

impl Output {
    /// Whether the time at a position is written.
    pub fn is_done(&self, time: usize) -> bool {
        self.store.is_done(&item(time))
    }

    /// Writes what was made of the time at a position.
    ///
    /// # Shapes
    /// `samples`: (S, variables, ny, nx); `mean` and `spread`: (variables, ny, nx).
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn write(
        &self,
        time: usize,
        samples: &Array4<f32>,
        (mean, spread): (&Array3<f32>, &Array3<f32>),
    ) -> Result<()> {
        let at = time as u64;
        for (k, name) in self.names.iter().enumerate() {
            let members = samples.slice(s![.., k, .., ..]).insert_axis(Axis(0));
            self.store
                .write_f32(name, &[at, 0, 0, 0], members.into_dyn())?;
            for (suffix, field) in [("mean", mean), ("spread", spread)] {
                let field = field.slice(s![k..=k, .., ..]).into_dyn();
                self.store
                    .write_f32(&format!("{name}_{suffix}"), &[at, 0, 0], field)?;
            }
        }
        self.store.mark_done(&item(time))?;
        Ok(())
    }

    /// Ends the store.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn finish(self) -> Result<()> {
        let path = self.store.path().to_owned();
        self.store
            .finish()
            .with_context(|| format!("cannot finish {}", path.display()))
    }
}

fn item(time: usize) -> String {
    format!("time-{time:07}")
}

fn text(pairs: &[(&str, &str)]) -> Attributes {
    let pair =
        |(key, value): &(&str, &str)| ((*key).to_owned(), Attribute::Text((*value).to_owned()));
    pairs.iter().map(pair).collect()
}
