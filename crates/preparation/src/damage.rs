//! Chunks of the input that could not be read.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use foehn_archive::Archive;
use indexmap::IndexSet;
use ndarray::ArrayD;

use crate::preparation::Preparation;
use crate::{Damaged, PrepareError};

/// Each chunk once, in the order in which they were met.
#[derive(Debug, Default)]
pub(crate) struct Damage(Mutex<IndexSet<String>>);

impl Preparation {
    /// The chunks of the input that could not be read so far, with file, variable and cause; their values are missing
    /// ([`Damaged::Mask`]).
    pub fn damage(&self) -> Vec<String> {
        let known = self.damage.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().cloned().collect()
    }

    /// Values of the input, NaN where missing.
    pub(crate) fn values(
        &self,
        archive: &Archive,
        name: &str,
        ranges: &[Range<usize>],
    ) -> Result<ArrayD<f32>, PrepareError> {
        if self.config.damaged == Damaged::Refuse {
            return Ok(archive.read(name, ranges)?.values);
        }
        let (field, damaged) = archive.read_around(name, ranges)?;
        let mut known = self.damage.0.lock().unwrap_or_else(PoisonError::into_inner);
        let path = archive.path().display();
        known.extend(
            damaged
                .iter()
                .map(|chunk| format!("{path}: {name}: {chunk}")),
        );
        Ok(field.values)
    }
}
