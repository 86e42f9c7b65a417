//! Reading many chunks a few at a time.

use std::ops::Range;

use ndarray::{ArrayD, Slice};

/// Chunks that are asked for at once: HDF5 takes up to a kilobyte for each.
const CHUNKS: usize = 1 << 16;

/// Values of some ranges, read in parts of few chunks.
pub(crate) fn in_parts<T: Copy + Default>(
    ranges: &[Range<usize>],
    chunks: &[usize],
    read: impl Fn(&[Range<usize>]) -> Result<ArrayD<T>, String>,
) -> Result<ArrayD<T>, String> {
    let first = |range: &Range<usize>, chunk: usize| range.start / chunk.max(1);
    let touched = |(range, chunk): (&Range<usize>, &usize)| {
        range.end.div_ceil((*chunk).max(1)) - first(range, *chunk)
    };
    let few = |part: &[Range<usize>]| {
        let counts = part.iter().zip(chunks).map(touched);
        counts.fold(1_usize, usize::saturating_mul) <= CHUNKS
    };
    if few(ranges) {
        return read(ranges);
    }
    let mut values = ArrayD::from_elem(
        ranges.iter().map(Range::len).collect::<Vec<_>>(),
        T::default(),
    );
    let mut waiting = vec![ranges.to_vec()];
    while let Some(part) = waiting.pop() {
        let longest = part.iter().zip(chunks).position(|both| touched(both) > 1);
        let (Some(axis), false) = (longest, few(&part)) else {
            let local = |axis: usize| {
                let offset = ranges[axis].start;
                part[axis].start - offset..part[axis].end - offset
            };
            let mut to = values.slice_each_axis_mut(|axis| Slice::from(local(axis.axis.0)));
            to.assign(&read(&part)?);
            continue;
        };
        let (range, chunk) = (part[axis].clone(), chunks[axis].max(1));
        let middle = (first(&range, chunk) + touched((&range, &chunk)) / 2) * chunk;
        for half in [range.start..middle, middle..range.end] {
            let mut part = part.clone();
            part[axis] = half;
            waiting.push(part);
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn parts_of_few_chunks_are_put_together_as_they_lie() {
        // 300 000 chunks of one value, and of two
        for chunks in [[1, 1], [1, 2]] {
            let calls = Cell::new(0);
            let read = |part: &[Range<usize>]| {
                calls.set(calls.get() + 1);
                assert!(part[0].len() * part[1].len() / chunks[1] <= CHUNKS);
                let (first, from) = (part[0].start, part[1].start);
                let shape = vec![part[0].len(), part[1].len()];
                Ok(ArrayD::from_shape_fn(shape, |at| {
                    (1000 * (first + at[0]) + from + at[1]) as f64
                }))
            };
            let whole = in_parts(&[5..305, 0..1000], &chunks, read).unwrap();
            assert!(whole.iter().zip(5000..).all(|(x, k)| *x == f64::from(k)));
            assert_eq!(calls.get(), 8 / chunks[1]);
        }
    }
}
