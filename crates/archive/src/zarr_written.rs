//! The chunks of Zarr arrays that are there; what lies in none of them is the fill value.

use std::collections::HashSet;
use std::ops::Range;

use ndarray::{ArrayD, Slice};
use zarrs::array::{Array, ArrayBytes, ArraySubset, ElementOwned};
use zarrs::storage::ReadableStorageTraits;

use crate::Variable;
use crate::written::{MANY_CHUNKS, Written, product};
use crate::zarr_source::{ZarrSource, subset};

type Stored = Array<dyn ReadableStorageTraits>;

impl ZarrSource {
    /// What was written of an array, where that is less than half of its chunks.
    pub(crate) fn written(&self, variable: &Variable) -> Written {
        let Ok(array) = self.array(variable) else {
            return Written::Whole;
        };
        let chunks = product(array.chunk_grid_shape().iter().copied());
        let Some(there) = self
            .there(array)
            .filter(|there| there.len() as u64 <= chunks / 2)
        else {
            return Written::Whole;
        };
        let ranges = |at: &[u64]| Some(in_memory(&array.chunk_subset_bounded(at).ok()?));
        let known: HashSet<&[u64]> = there.iter().map(Vec::as_slice).collect();
        // of one chunk more than there are, one is not there
        let missing = (0..=there.len() as u64)
            .map(|number| place(number, array.chunk_grid_shape()))
            .find(|at| !known.contains(at.as_slice()));
        let outside = missing.and_then(|at| ranges(&at));
        let boxes: Option<Vec<_>> = there.iter().map(|at| ranges(at)).collect();
        match (boxes, outside) {
            (Some(boxes), Some(outside)) => Written::Boxes {
                boxes,
                outside: outside.into_iter().map(|range| range.start).collect(),
            },
            _ => Written::Whole,
        }
    }

    /// Values in their stored type. Where very many chunks are asked for of which few are there, only those are.
    pub(crate) fn values<T: ElementOwned + Clone>(
        &self,
        variable: &Variable,
        ranges: &[Range<usize>],
    ) -> Result<ArrayD<T>, String> {
        let array = self.array(variable)?;
        let wanted = subset(ranges);
        let chunks = array.chunks_in_array_subset(&wanted).ok().flatten();
        let count = chunks.map_or(0, |chunks| product(chunks.shape().iter().copied()));
        if count > MANY_CHUNKS
            && let Some(there) = self.there(array)
            && there.len() as u64 <= count / 2
        {
            return sparse(array, &there, &wanted);
        }
        let values = array.retrieve_array_subset::<ArrayD<T>>(&wanted);
        values.map_err(|error| error.to_string())
    }

    /// The places of the chunks that are there; `None` where nothing can be listed.
    fn there(&self, array: &Stored) -> Option<Vec<Vec<u64>>> {
        let rank = array.shape().len();
        let keys = self.place.keys_below(array.path().as_str(), rank + 1)?;
        let prefix = array.path().as_str().trim_matches('/');
        let at = |key: String| {
            let own = key.strip_prefix(prefix)?.trim_start_matches('/');
            // c/1/2, 1/2 or 1.2
            let numbers = own.split(['/', '.']).filter(|part| *part != "c");
            let at: Vec<u64> = numbers
                .map(|part| part.parse().ok())
                .collect::<Option<_>>()?;
            let inside = at.iter().zip(array.chunk_grid_shape()).all(|(k, n)| k < n);
            (at.len() == rank && inside && array.chunk_key(&at).as_str() == key).then_some(at)
        };
        Some(keys.into_iter().filter_map(at).collect())
    }
}

/// The values of some chunks within a subset, and the fill value around them.
fn sparse<T: ElementOwned + Clone>(
    array: &Stored,
    there: &[Vec<u64>],
    wanted: &ArraySubset,
) -> Result<ArrayD<T>, String> {
    let said = |error: &dyn ToString| error.to_string();
    let kind = array.data_type();
    let fill = ArrayBytes::new_fill_value(kind, 1, array.fill_value());
    let fill = T::from_array_bytes(kind, fill.map_err(|e| said(&e))?).map_err(|e| said(&e))?;
    let fill = fill.first().ok_or("its fill value has no value")?.clone();
    let shape: Vec<usize> = in_memory(wanted).iter().map(Range::len).collect();
    let mut values = ArrayD::from_elem(shape, fill);
    for at in there {
        let chunk = array.chunk_subset_bounded(at).map_err(|e| said(&e))?;
        let part = chunk.overlap(wanted).map_err(|e| said(&e))?;
        if part.is_empty() {
            continue;
        }
        let read = array.retrieve_array_subset::<ArrayD<T>>(&part);
        let read = read.map_err(|e| said(&e))?;
        let local = part.relative_to(wanted.start()).map_err(|e| said(&e))?;
        let local = in_memory(&local);
        let mut to = values.slice_each_axis_mut(|axis| Slice::from(local[axis.axis.0].clone()));
        to.assign(&read);
    }
    Ok(values)
}

fn in_memory(subset: &ArraySubset) -> Vec<Range<usize>> {
    let ranges = subset.to_ranges().into_iter();
    ranges
        .map(|range| range.start as usize..range.end as usize)
        .collect()
}

/// The place of a chunk by its number, the last dimension running fastest.
fn place(number: u64, grid: &[u64]) -> Vec<u64> {
    let mut left = number;
    let mut at = vec![0; grid.len()];
    for (k, n) in at.iter_mut().zip(grid).rev() {
        *k = left % (*n).max(1);
        left /= (*n).max(1);
    }
    at
}
