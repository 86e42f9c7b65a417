//! The store that is written.

use std::path::Path;

use foehn_archive::{ArrayPlan, Coordinate, Element, Store, Writing};
use foehn_field::{Attribute, Attributes, Grid};
use ndarray::Array1;

use crate::PrepareError;
use crate::derive::Label;
use crate::preparation::Preparation;
use crate::source_mark::same_source;
use crate::statistics::{arrays, days_in, reference};

impl Preparation {
    /// Lays out the store and writes its coordinates and static variables.
    pub(crate) fn create(
        &self,
        path: &Path,
        how: impl Into<Writing>,
    ) -> Result<Store, PrepareError> {
        let coordinates = self.coordinates()?;
        let plans = self.arrays(&coordinates);
        let store = Store::create(path, &self.attributes(), plans, how)?;
        same_source(&self.joined.files, &store)?;
        if !store.is_done("coordinates") {
            coordinates.iter().try_for_each(|c| c.write(&store))?;
            for (label, plane) in &self.statics {
                store.write_f32(&label.name, &[0, 0], plane.view().into_dyn())?;
            }
            store.mark_done("coordinates")?;
        }
        Ok(store)
    }

    /// About how many files the store will have.
    pub fn planned_files(&self) -> u64 {
        let coordinates = self.coordinates().unwrap_or_default();
        1 + self
            .arrays(&coordinates)
            .iter()
            .map(|array| 1 + files(array))
            .sum::<u64>()
    }

    fn arrays(&self, coordinates: &[Coordinate]) -> Vec<ArrayPlan> {
        let dims = Coordinate::grid_dims(&self.grid);
        let (ny, nx) = self.grid.shape();
        let series = |label: &Label| ArrayPlan {
            chunks: vec![self.chunk as u64, ny as u64, nx as u64],
            fill: Some(f64::NAN),
            ..ArrayPlan::whole(
                &label.name,
                &["time", dims[0], dims[1]],
                &[self.times.len(), ny, nx],
                Element::F32,
                label.attributes.clone(),
            )
        };
        let still = |label: &Label| ArrayPlan {
            fill: Some(f64::NAN),
            ..ArrayPlan::whole(
                &label.name,
                &dims,
                &[ny, nx],
                Element::F32,
                label.attributes.clone(),
            )
        };
        let anomalies = self.anomalies.iter().map(|anomaly| series(&anomaly.label));
        let references = self
            .anomalies
            .iter()
            .map(|anomaly| reference(self, anomaly, dims));
        let fields = self
            .written()
            .map(series)
            .chain(anomalies)
            .chain(self.statics.iter().map(|(label, _)| still(label)))
            .chain(self.written().flat_map(|label| arrays(self, label, dims)))
            .chain(references);
        let two_dimensional = matches!(self.grid, Grid::Curvilinear { .. });
        let located = fields.map(|mut array| {
            if two_dimensional {
                let text = Attribute::from("latitude longitude");
                array.attributes.insert("coordinates".to_owned(), text);
            }
            array
        });
        let plans = coordinates.iter().map(|c| c.plan.clone());
        plans.chain(located).collect()
    }

    fn coordinates(&self) -> Result<Vec<Coordinate>, PrepareError> {
        let mut coordinates = vec![Coordinate::time("time", "time", "time", &self.times)?];
        coordinates.extend(Coordinate::of_grid(&self.grid));
        if self.needs_climatology() {
            let days = Array1::from_iter(1..=days_in(self.times.calendar) as i32);
            let labels = [("long_name", "day of the year"), ("units", "1")];
            let labels = labels.map(|(key, text)| (key.to_owned(), Attribute::from(text)));
            coordinates.push(Coordinate::shorts(
                "dayofyear",
                &["dayofyear"],
                days.into_dyn(),
                labels.into_iter().collect(),
            ));
        }
        Ok(coordinates)
    }

    /// What was done, so that a run that would do something else does not continue it.
    fn attributes(&self) -> Attributes {
        let text = |value: &str| Attribute::Text(value.to_owned());
        Attributes::from_iter([
            ("Conventions".to_owned(), text("CF-1.11")),
            (
                "source".to_owned(),
                text(concat!("foehn ", env!("CARGO_PKG_VERSION"))),
            ),
            ("foehn_prepare".to_owned(), text(&self.described)),
        ])
    }
}

/// Chunks of an array.
fn files(array: &ArrayPlan) -> u64 {
    let along = array.shape.iter().zip(&array.chunks);
    along
        .map(|(length, chunk)| length.div_ceil(*chunk))
        .product()
}
