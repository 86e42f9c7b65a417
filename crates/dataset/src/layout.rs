//! Which axis of a variable is what.

use std::ops::Range;
use std::path::Path;

use foehn_archive::Variable;
use ndarray::{Array3, ArrayD, ErrorKind, ShapeError};

use crate::DataError;

/// The axes of a variable that are time, y and x; all others have length one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    time: Option<usize>,
    y: usize,
    x: usize,
    shape: Vec<usize>,
    /// States that are stored together; one where values are contiguous.
    pub(crate) chunk: usize,
}

impl Layout {
    pub(crate) fn of(
        variable: &Variable,
        time: Option<usize>,
        [y, x]: [usize; 2],
        file: &Path,
    ) -> Result<Self, DataError> {
        let shape = &variable.shape;
        let named = [time, Some(y), Some(x)];
        let more = (0..shape.len()).find(|axis| shape[*axis] != 1 && !named.contains(&Some(*axis)));
        if let Some(axis) = more {
            return Err(DataError::ExtraDimension {
                file: file.to_path_buf(),
                variable: variable.name.clone(),
                dim: variable.dims.get(axis).cloned().unwrap_or_default(),
                length: shape[axis],
            });
        }
        let chunks = variable.chunks.as_ref();
        let along = chunks.and_then(|chunks| chunks.get(time?).copied());
        Ok(Self {
            time,
            y,
            x,
            shape: shape.clone(),
            chunk: along.unwrap_or(1).max(1),
        })
    }

    /// What to read for some positions in time.
    pub(crate) fn ranges(&self, times: &Range<usize>) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = self.shape.iter().map(|length| 0..*length).collect();
        if let Some(axis) = self.time {
            ranges[axis] = times.clone();
        }
        ranges
    }

    /// Values as read, with axes (time, y, x); a variable without time has one.
    pub(crate) fn arrange<T: Clone>(&self, values: ArrayD<T>) -> Result<Array3<T>, ShapeError> {
        let misfit = || ShapeError::from_kind(ErrorKind::IncompatibleShape);
        let named = [self.time, Some(self.y), Some(self.x)];
        let rest = (0..values.ndim()).filter(|axis| !named.contains(&Some(*axis)));
        let front: Vec<usize> = rest.chain(named.into_iter().flatten()).collect();
        let count = self
            .time
            .map_or(Some(1), |axis| values.shape().get(axis).copied());
        let shape = (
            count.ok_or_else(misfit)?,
            *values.shape().get(self.y).ok_or_else(misfit)?,
            *values.shape().get(self.x).ok_or_else(misfit)?,
        );
        let values = values.permuted_axes(front);
        let values = values.as_standard_layout().into_owned();
        values.into_shape_with_order(shape)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array;

    use super::*;

    fn layout(time: Option<usize>, y: usize, x: usize, shape: &[usize]) -> Layout {
        let shape = shape.to_vec();
        Layout {
            time,
            y,
            x,
            shape,
            chunk: 1,
        }
    }

    #[test]
    fn axes_come_out_as_time_y_x_wherever_they_were() {
        let value = |t: usize, y: usize, x: usize| (100 * t + 10 * y + x) as f32;
        // (y, level, x, time)
        let stored = Array::from_shape_fn(vec![2, 1, 3, 4], |at| value(at[3], at[0], at[2]));
        let arranged = layout(Some(3), 0, 2, &[2, 1, 3, 4])
            .arrange(stored)
            .unwrap();
        assert_eq!(
            arranged,
            Array3::from_shape_fn((4, 2, 3), |(t, y, x)| value(t, y, x))
        );
        let fixed = Array::from_shape_fn(vec![2, 3], |at| value(0, at[0], at[1]));
        let arranged = layout(None, 0, 1, &[2, 3]).arrange(fixed).unwrap();
        assert_eq!(
            arranged,
            Array3::from_shape_fn((1, 2, 3), |(t, y, x)| value(t, y, x))
        );
    }
}
