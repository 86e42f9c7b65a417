//! Reading around chunks that cannot be read.

use std::ops::Range;

use foehn_field::Field;
use ndarray::{ArrayD, Slice};

use crate::packing::{ImplicitFill, Packing};
use crate::{Archive, ReadError, Variable};

impl Archive {
    /// As [`Archive::read`], but values of chunks that cannot be read are missing; also says of each of these where it is and
    /// what is wrong with it, as in `chunk [3, 0, 0]: ...`.
    ///
    /// # Errors
    /// As [`Archive::read`]: of what has no chunks, damage too.
    pub fn read_around(
        &self,
        variable: &str,
        ranges: &[Range<usize>],
    ) -> Result<(Field, Vec<String>), ReadError> {
        let error = match self.read(variable, ranges) {
            Ok(field) => return Ok((field, Vec::new())),
            Err(error) => error,
        };
        let variable = self.variable(variable)?;
        let chunks = variable.chunks.as_deref().unwrap_or_default();
        let chunked = chunks.len() == ranges.len() && !chunks.is_empty() && !chunks.contains(&0);
        if !matches!(error, ReadError::Damaged { .. }) || !chunked {
            return Err(error);
        }
        self.room_for(variable, ranges)?;
        let packing = Packing::of(variable, self.path(), ImplicitFill::Counts)?;
        let shape: Vec<usize> = ranges.iter().map(Range::len).collect();
        let mut values = ArrayD::from_elem(shape.clone(), f32::NAN);
        let mut missing = ArrayD::from_elem(shape, true);
        let damaged = self.readable(variable, ranges, chunks, |part, raw| {
            let local = |axis: usize| {
                let offset = ranges[axis].start;
                Slice::from(part[axis].start - offset..part[axis].end - offset)
            };
            let (read, mask) = packing.single(raw);
            let mask = mask.unwrap_or_else(|| ArrayD::from_elem(read.raw_dim(), false));
            let mut to = values.slice_each_axis_mut(|axis| local(axis.axis.0));
            to.assign(&read);
            let mut to = missing.slice_each_axis_mut(|axis| local(axis.axis.0));
            to.assign(&mask);
        });
        let field = Field {
            name: variable.name.clone(),
            dims: variable.dims.clone(),
            values,
            missing: Some(missing),
            attributes: variable.attributes.clone(),
        };
        Ok((field, damaged))
    }

    /// Hands on what can be read of some ranges, in parts of whole chunks; says of each other chunk what is wrong with it.
    fn readable(
        &self,
        variable: &Variable,
        ranges: &[Range<usize>],
        chunks: &[usize],
        mut take: impl FnMut(&[Range<usize>], crate::raw::Raw),
    ) -> Vec<String> {
        let mut damaged = Vec::new();
        let touched = ranges.iter().zip(chunks);
        let touched = touched.map(|(range, n)| range.start / n..range.end.div_ceil(*n));
        let mut waiting = vec![touched.collect::<Vec<_>>()];
        while let Some(part) = waiting.pop() {
            let values = part.iter().zip(chunks).zip(ranges);
            let values: Vec<Range<usize>> = values
                .map(|((part, n), range)| {
                    (part.start * n).max(range.start)..(part.end * n).min(range.end)
                })
                .collect();
            let cause = match self.stored(variable, &values) {
                Ok(raw) => {
                    take(&values, raw);
                    continue;
                }
                Err(cause) => cause,
            };
            let Some(axis) = part.iter().position(|along| along.len() > 1) else {
                let at: Vec<usize> = part.iter().map(|along| along.start).collect();
                damaged.push(format!("chunk {at:?}: {cause}"));
                continue;
            };
            let middle = part[axis].start.midpoint(part[axis].end);
            let (mut first, mut second) = (part.clone(), part);
            first[axis].end = middle;
            second[axis].start = middle;
            waiting.extend([second, first]);
        }
        damaged
    }
}
