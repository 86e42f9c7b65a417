//! Variables without time.

use foehn_archive::open;
use ndarray::{Array2, Axis};

use crate::PrepareError;
use crate::derive::Label;
use crate::labels::label;
use crate::preparation::Preparation;

impl Preparation {
    /// Variables without time, cut out and regridded like the others.
    pub(crate) fn read_statics(&self) -> Result<Vec<(Label, Array2<f32>)>, PrepareError> {
        let mut found = Vec::new();
        for name in &self.config.statics {
            let mut files = self.joined.files.iter();
            let held = files
                .find_map(|file| Some((file, file.variables.iter().find(|v| v.name == *name)?)));
            let Some((file, variable)) = held else {
                return Err(PrepareError::config(
                    "statics",
                    format!("no file holds {name:?}"),
                ));
            };
            if variable.times.as_ref().is_some_and(|times| times.len() > 1) {
                return Err(PrepareError::config(
                    "statics",
                    format!("{name:?} changes with time: name it in variables"),
                ));
            }
            let levels = variable.axes.level.as_ref();
            if let Some(levels) = levels.filter(|levels| levels.values.len() > 1) {
                let problem = format!(
                    "{name:?} has {} values along {}: a static variable has one value a cell",
                    levels.values.len(),
                    levels.dim
                );
                return Err(PrepareError::config("statics", problem));
            }
            let archive = open(&file.path)?;
            let planes = variable.axes.read(&archive, name, &(0..1), &[], self)?;
            let plane = planes
                .first()
                .map(|p| p.index_axis(Axis(0), 0).to_owned())
                .unwrap_or_default();
            let plane = self
                .regridder
                .as_ref()
                .map_or(plane.clone(), |r| r.apply(&plane.view()));
            found.push((label(name, variable, None), plane));
        }
        Ok(found)
    }
}
