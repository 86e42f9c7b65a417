//! Sums of one day of the year.

use std::borrow::Cow;

/// How many values each sum has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Counts {
    /// The same number: nothing was missing.
    Same(u32),
    Each(Vec<u32>),
}

/// Sums of one day of the year.
#[derive(Debug)]
pub(crate) struct Slab<'a> {
    pub(crate) sums: Cow<'a, [f64]>,
    pub(crate) counts: Cow<'a, Counts>,
}

impl Slab<'_> {
    /// Adds the sums (or, with a sign of -1, takes them off).
    pub(crate) fn add_to(&self, sums: &mut [f64], counts: &mut [i64], sign: f64) {
        for (to, sum) in sums.iter_mut().zip(self.sums.iter()) {
            *to += sign * sum;
        }
        let sign = sign as i64;
        match self.counts.as_ref() {
            Counts::Same(count) => {
                let count = sign * i64::from(*count);
                for to in counts {
                    *to += count;
                }
            }
            Counts::Each(each) => {
                for (to, count) in counts.iter_mut().zip(each) {
                    *to += sign * i64::from(*count);
                }
            }
        }
    }
}

/// Sum over count, NaN where there is none.
pub(crate) fn mean(sum: f64, count: impl Into<i64>) -> f32 {
    let count: i64 = count.into();
    if count == 0 {
        // what is left of sums taken off again is not nothing
        return f32::NAN;
    }
    (sum / count as f64) as f32
}

/// Takes up a state.
pub(crate) fn add(sums: &mut [f64], counts: &mut Counts, state: &[f32]) {
    let hole = state.iter().fold(false, |hole, x| hole | x.is_nan());
    if let Counts::Same(count) = counts {
        if !hole {
            for (sum, &x) in sums.iter_mut().zip(state) {
                *sum += f64::from(x);
            }
            *count += 1;
            return;
        }
        *counts = Counts::Each(vec![*count; sums.len()]);
    }
    if let Counts::Each(counts) = counts {
        for ((sum, count), &x) in sums.iter_mut().zip(counts).zip(state) {
            let known = !x.is_nan();
            *sum += if known { f64::from(x) } else { 0.0 };
            *count += u32::from(known);
        }
    }
}

/// As a file keeps them: sums, then counts.
pub(crate) fn to_bytes(sums: &[f64], counts: &Counts) -> Vec<u8> {
    let mut bytes: Vec<u8> = sums.iter().flat_map(|x| x.to_ne_bytes()).collect();
    match counts {
        Counts::Same(count) => bytes.extend(count.to_ne_bytes().repeat(sums.len())),
        Counts::Each(counts) => bytes.extend(counts.iter().flat_map(|n| n.to_ne_bytes())),
    }
    bytes
}

/// What [`to_bytes`] made of so many cells.
pub(crate) fn from_bytes(bytes: &[u8], cells: usize) -> Slab<'static> {
    let (sums, counts) = bytes.split_at(cells * size_of::<f64>());
    let (sums, counts) = (sums.as_chunks::<8>().0, counts.as_chunks::<4>().0);
    let counts: Vec<u32> = counts.iter().map(|b| u32::from_ne_bytes(*b)).collect();
    let first = counts.first().copied().unwrap_or(0);
    let same = counts.iter().all(|count| *count == first);
    Slab {
        sums: sums.iter().map(|b| f64::from_ne_bytes(*b)).collect(),
        counts: Cow::Owned(if same {
            Counts::Same(first)
        } else {
            Counts::Each(counts)
        }),
    }
}
