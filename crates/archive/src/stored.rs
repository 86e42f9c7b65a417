//! Values as they are stored, and why they cannot be read.

use std::ops::Range;

use crate::archive::Source;
use crate::raw::Raw;
use crate::{Archive, ReadError, Variable};

impl Archive {
    pub(crate) fn raw(
        &self,
        variable: &Variable,
        ranges: &[Range<usize>],
    ) -> Result<Raw, ReadError> {
        self.check_numbers(variable)?;
        let inside = |(range, length): (&Range<usize>, &usize)| {
            range.start <= range.end && range.end <= *length
        };
        if ranges.len() != variable.shape.len() || !ranges.iter().zip(&variable.shape).all(inside) {
            return Err(ReadError::OutOfRange {
                path: self.path().to_path_buf(),
                variable: variable.name.clone(),
                ranges: ranges
                    .iter()
                    .map(|range| (range.start, range.end))
                    .collect(),
                shape: variable.shape.clone(),
            });
        }
        if ranges.iter().any(Range::is_empty) {
            return Ok(Raw::empty(
                &ranges.iter().map(Range::len).collect::<Vec<_>>(),
            ));
        }
        self.stored(variable, ranges)
            .map_err(|cause| match self.bad_chunk(variable, ranges) {
                Some((at, why)) => self.damaged(variable, format!("chunk {at:?}: {why}")),
                None => self.damaged(variable, cause),
            })
    }

    fn stored(&self, variable: &Variable, ranges: &[Range<usize>]) -> Result<Raw, String> {
        match &self.source {
            Source::NetCdf(source) => source.read(variable, ranges),
            Source::Zarr(source) => source.read(variable, ranges),
        }
    }

    pub(crate) fn damaged(&self, variable: &Variable, cause: String) -> ReadError {
        ReadError::Damaged {
            path: self.path().to_path_buf(),
            variable: variable.name.clone(),
            cause,
        }
    }

    /// The first chunk of some ranges that cannot be read, by its coordinates, and why.
    fn bad_chunk(
        &self,
        variable: &Variable,
        ranges: &[Range<usize>],
    ) -> Option<(Vec<usize>, String)> {
        let chunks = variable.chunks.as_ref()?;
        if chunks.len() != ranges.len() || chunks.contains(&0) {
            return None;
        }
        let touched = |(range, length): (&Range<usize>, &usize)| {
            range.start / length..range.end.div_ceil(*length)
        };
        let touched: Vec<Range<usize>> = ranges.iter().zip(chunks).map(touched).collect();
        let counts: Vec<usize> = touched.iter().map(Range::len).collect();
        ndarray::indices(counts).into_iter().find_map(|at| {
            let at = ndarray::Dimension::slice(&at);
            let at: Vec<usize> = touched.iter().zip(at).map(|(t, k)| t.start + k).collect();
            let inside = at.iter().zip(chunks).zip(ranges);
            let part: Vec<Range<usize>> = inside
                .map(|((k, length), range)| {
                    (k * length).max(range.start)..((k + 1) * length).min(range.end)
                })
                .collect();
            let why = self.stored(variable, &part).err()?;
            Some((at, why))
        })
    }

    fn check_numbers(&self, variable: &Variable) -> Result<(), ReadError> {
        const NUMBERS: [&str; 12] = [
            "float16", "float32", "float64", "bool", "int8", "uint8", "int16", "uint16", "int32",
            "uint32", "int64", "uint64",
        ];
        let counts = NUMBERS.contains(&variable.dtype.as_str()) || variable.counts_time();
        if counts && variable.unreadable.is_none() {
            return Ok(());
        }
        Err(ReadError::NotNumbers {
            path: self.path().to_path_buf(),
            variable: variable.name.clone(),
            dtype: variable.dtype.clone(),
            why: variable.unreadable.clone().unwrap_or_default(),
        })
    }
}
