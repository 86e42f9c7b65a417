//! What was written of a variable, so that a pass over all of its values need not count what never was.

use std::ops::Range;

use crate::archive::Source;
use crate::{Archive, ReadError, Variable};

/// Values and chunks that are gone through one after another whatever is stored: some seconds of work.
const MANY_VALUES: u64 = 1 << 28;
pub(crate) const MANY_CHUNKS: u64 = 1 << 20;
/// What a byte of a NetCDF file may become, packed by deflate.
const RATIO: u64 = 1_100;

/// How much of a variable was written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Written {
    /// All or much of it, or few values in any case, or nobody can tell.
    Whole,
    /// Some boxes of a Zarr array, one a chunk that is there.
    Boxes {
        /// One range a dimension each; no value lies in two.
        boxes: Vec<Vec<Range<usize>>>,
        /// The place of a value in none of them. It is the fill value, as all others outside of them are.
        outside: Vec<usize>,
    },
    /// More values than a NetCDF file can hold, by far: nearly all are fill values, or they lie in other files.
    Beyond {
        /// The variable's values.
        values: u64,
        /// The file's bytes.
        bytes: u64,
    },
}

impl Archive {
    /// How much of a variable was written, asked of those that have very many values or chunks: to go through all of them
    /// takes very long where most never were.
    ///
    /// # Errors
    /// [`ReadError::NoVariable`].
    pub fn written(&self, variable: &str) -> Result<Written, ReadError> {
        let variable = self.variable(variable)?;
        let values = product(variable.shape.iter().map(|n| *n as u64));
        let chunks = chunks(variable);
        if values <= MANY_VALUES && chunks <= MANY_CHUNKS {
            return Ok(Written::Whole);
        }
        Ok(match &self.source {
            Source::NetCdf(source) => match source.bytes() {
                Some(bytes)
                    if values > MANY_VALUES.max(bytes.saturating_mul(RATIO))
                        || chunks > MANY_CHUNKS.max(bytes) =>
                {
                    Written::Beyond { values, bytes }
                }
                _ => Written::Whole,
            },
            Source::Zarr(source) => source.written(variable),
        })
    }

    /// Refuses to read at once a coordinate of which nearly nothing can be in the file.
    pub(crate) fn refuse_beyond(&self, variable: &Variable) -> Result<(), ReadError> {
        match self.written(&variable.name)? {
            Written::Beyond { values, bytes } => {
                let why = format!(
                    "{values} values are not in {bytes} bytes: nearly all were never written"
                );
                Err(self.damaged(variable, why))
            }
            _ => Ok(()),
        }
    }
}

pub(crate) fn product(factors: impl Iterator<Item = u64>) -> u64 {
    factors.fold(1, u64::saturating_mul)
}

fn chunks(variable: &Variable) -> u64 {
    let along = variable.chunks.iter().flatten().zip(&variable.shape);
    product(along.map(|(chunk, n)| n.div_ceil((*chunk).max(1)) as u64))
}
