//! Values as they are stored, and why they cannot be read.

use std::ops::Range;

use crate::archive::Source;
use crate::raw::Raw;
use crate::{Archive, ReadError, Variable};

/// Bytes that are always there.
const FREE: usize = 64 << 20;

/// Bytes that a value of a type takes on its way, at most: as stored and as f64 at once, or as f64, f32 and mask.
fn room(dtype: &str) -> usize {
    match dtype {
        "float32" => 5,
        "float16" => 6,
        "float64" | "bool" | "int8" | "uint8" | "int16" | "uint16" | "int32" | "uint32" => 13,
        // texts, without their letters
        "string" | "char" => 24,
        // 64-bit integers, times and spans
        _ => 16,
    }
}

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
        self.room_for(variable, ranges)?;
        self.stored(variable, ranges)
            .map_err(|cause| match self.bad_chunk(variable, ranges) {
                Some((place, why)) => self.damaged(variable, format!("{place}: {why}")),
                None => self.damaged(variable, cause),
            })
    }

    pub(crate) fn stored(
        &self,
        variable: &Variable,
        ranges: &[Range<usize>],
    ) -> Result<Raw, String> {
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

    /// Refuses to read more than the system has room for.
    pub(crate) fn room_for(
        &self,
        variable: &Variable,
        ranges: &[Range<usize>],
    ) -> Result<(), ReadError> {
        let shape: Vec<usize> = ranges.iter().map(Range::len).collect();
        let values = shape.iter().try_fold(1_usize, |n, m| n.checked_mul(*m));
        let bytes = values.and_then(|n| n.checked_mul(room(&variable.dtype)));
        let free = bytes.is_some_and(|n| n < FREE || Vec::<u8>::new().try_reserve_exact(n).is_ok());
        if free {
            return Ok(());
        }
        let why = format!("there is no memory for its values, {shape:?} at once");
        Err(self.damaged(variable, why))
    }

    /// The first chunk of some ranges that cannot be read, by its coordinates, and why: found by halving. Where chunks of a
    /// shard only fail together, the ranges of all of them.
    fn bad_chunk(&self, variable: &Variable, ranges: &[Range<usize>]) -> Option<(String, String)> {
        let chunks = variable.chunks.as_ref()?;
        if chunks.len() != ranges.len() || chunks.contains(&0) {
            return None;
        }
        let touched = |(range, length): (&Range<usize>, &usize)| {
            range.start / length..range.end.div_ceil(*length)
        };
        let mut left: Vec<Range<usize>> = ranges.iter().zip(chunks).map(touched).collect();
        let why = |part: &[Range<usize>]| {
            let values = part.iter().zip(chunks).zip(ranges);
            let values: Vec<Range<usize>> = values
                .map(|((part, length), range)| {
                    (part.start * length).max(range.start)..(part.end * length).min(range.end)
                })
                .collect();
            self.stored(variable, &values).err()
        };
        let mut cause = why(&left)?;
        for axis in 0..left.len() {
            while left[axis].len() > 1 {
                let Range { start, end } = left[axis];
                let middle = start.midpoint(end);
                let half = [start..middle, middle..end].into_iter().find_map(|half| {
                    let mut part = left.clone();
                    part[axis] = half;
                    why(&part).map(|cause| (part, cause))
                });
                let Some(failing) = half else { break };
                (left, cause) = failing;
            }
        }
        let place = if left.iter().all(|part| part.len() == 1) {
            let at: Vec<usize> = left.iter().map(|part| part.start).collect();
            format!("chunk {at:?}")
        } else {
            format!("chunks {left:?} together")
        };
        Some((place, cause))
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
