//! Values as they are stored, and why they cannot be read.

use std::ops::Range;

use crate::archive::Source;
use crate::raw::Raw;
use crate::{Archive, ReadError, Variable};

/// Values and chunks that are read whatever is stored: some seconds of work.
const MANY_VALUES: u64 = 1 << 28;
const MANY_CHUNKS: u64 = 1 << 20;
/// Bytes that a server may have which does not say how many.
const UNKNOWN: u64 = 1 << 36;
/// Bytes that a value takes on its way, at most.
const ROOM: usize = 24;
/// Bytes that are always there.
const FREE: usize = 64 << 20;

fn product(factors: impl Iterator<Item = usize>) -> u64 {
    factors.fold(1, |n, m| n.saturating_mul(m as u64))
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

    /// Whether a variable is nearly all of values that were never written: it has so many of them, or of chunks, that
    /// the bytes which are stored cannot hold more than a few. To read all of it takes very long and tells nothing.
    ///
    /// # Errors
    /// [`ReadError::NoVariable`].
    pub fn is_hollow(&self, variable: &str) -> Result<bool, ReadError> {
        let variable = self.variable(variable)?;
        Ok(self.hollow(variable, &variable.shape).is_some())
    }

    /// What is wrong with a part of some shape that is nearly all of values never written.
    fn hollow(&self, variable: &Variable, shape: &[usize]) -> Option<String> {
        let values = product(shape.iter().copied());
        let along = variable.chunks.iter().flatten();
        let chunks = product(
            shape
                .iter()
                .zip(along)
                .map(|(n, c)| n.div_ceil((*c).max(1))),
        );
        if values <= MANY_VALUES && chunks <= MANY_CHUNKS {
            return None;
        }
        let (stored, ratio) = match &self.source {
            Source::NetCdf(source) => (source.stored_bytes(), 1_100),
            Source::Zarr(source) => (source.stored_bytes(variable), 33_000),
        };
        let stored = stored.unwrap_or(UNKNOWN);
        if values <= MANY_VALUES.max(stored.saturating_mul(ratio))
            && chunks <= MANY_CHUNKS.max(stored)
        {
            return None;
        }
        Some(format!(
            "{values} values in {chunks} chunk(s) are not in {stored} bytes: nearly all were never written"
        ))
    }

    /// Refuses to read more than the file can hold or the system has room for.
    pub(crate) fn room_for(
        &self,
        variable: &Variable,
        ranges: &[Range<usize>],
    ) -> Result<(), ReadError> {
        let shape: Vec<usize> = ranges.iter().map(Range::len).collect();
        if let Some(why) = self.hollow(variable, &shape) {
            return Err(self.damaged(variable, why));
        }
        let values = shape.iter().try_fold(1_usize, |n, m| n.checked_mul(*m));
        let bytes = values.and_then(|n| n.checked_mul(ROOM));
        let free = bytes.is_some_and(|n| n < FREE || Vec::<u8>::new().try_reserve_exact(n).is_ok());
        if free {
            return Ok(());
        }
        let why = format!("there is no memory for its values, {shape:?} at once");
        Err(self.damaged(variable, why))
    }

    /// The first chunk of some ranges that cannot be read, by its coordinates, and why: found by halving, so that it
    /// costs no more than to read everything twice.
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
        while let Some(axis) = (0..left.len()).find(|axis| left[*axis].len() > 1) {
            let Range { start, end } = left[axis];
            let middle = start.midpoint(end);
            left[axis] = start..middle;
            if why(&left).is_none() {
                left[axis] = middle..end;
            }
        }
        let why = why(&left)?;
        Some((left.into_iter().map(|part| part.start).collect(), why))
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
