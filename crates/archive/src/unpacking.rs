//! Whole arrays of stored values made physical, with what is missing.

use ndarray::ArrayD;

use crate::mask::Mask;
use crate::packing::{EVERYTHING, Packing};
use crate::raw::Raw;
use crate::wrap::Wrap;

/// Values that are looked at together: they stay in the first cache.
const PART: usize = 4096;

impl Packing {
    /// Physical values as f32, and where they are missing (`None` where none is).
    pub(crate) fn single(&self, raw: Raw) -> (ArrayD<f32>, Option<ArrayD<bool>>) {
        match raw {
            Raw::Single(values) if self.changes_nothing() => self.masked(values),
            raw => {
                let stored = rows(raw.into_f64());
                let mut mask = Mask::of(stored.len());
                let mut count = 0;
                let values = stored.map(|x| {
                    let stored = self.wrap.apply(*x);
                    let physical = self.physical(stored);
                    count += 1;
                    if self.is_missing(stored, physical) {
                        mask.set(count - 1);
                        f32::NAN
                    } else {
                        physical as f32
                    }
                });
                mask.over(values)
            }
        }
    }

    /// Values that are physical as stored. Missing ones are few or none as a rule, so that a part is first asked, in
    /// passes without branches, whether any of it may be.
    fn masked(&self, values: ArrayD<f32>) -> (ArrayD<f32>, Option<ArrayD<bool>>) {
        let mut values = rows(values);
        let mut mask = Mask::of(values.len());
        let parts = values.as_slice_mut().unwrap_or_default().chunks_mut(PART);
        for (part, here) in parts.enumerate() {
            if !self.may_be_missing(here) {
                continue;
            }
            for (k, x) in here.iter_mut().enumerate() {
                if self.is_missing(f64::from(*x), f64::from(*x)) {
                    *x = f32::NAN;
                    mask.set(part * PART + k);
                }
            }
        }
        mask.over(values)
    }

    /// Whether some value may be missing; rounding to f32 makes no missing value known.
    fn may_be_missing(&self, values: &[f32]) -> bool {
        if self.stored_range != EVERYTHING || self.physical_range != EVERYTHING {
            return true;
        }
        self.missing.iter().any(|m| {
            let one = *m as f32;
            let nan = one.is_nan();
            let hit = |any: u8, x: &f32| any | u8::from(*x == one || (nan && x.is_nan()));
            values.iter().fold(0, hit) != 0
        })
    }

    /// Physical values as f64, NaN where missing.
    pub(crate) fn double(&self, raw: Raw) -> ArrayD<f64> {
        raw.into_f64().mapv_into(|x| {
            let stored = self.wrap.apply(x);
            let physical = self.physical(stored);
            if self.is_missing(stored, physical) {
                f64::NAN
            } else {
                physical
            }
        })
    }

    fn changes_nothing(&self) -> bool {
        self.wrap == Wrap::Keep && self.scale == 1.0 && self.offset == 0.0
    }
}

/// Values in the order of rows.
fn rows<T: Clone>(values: ArrayD<T>) -> ArrayD<T> {
    if values.is_standard_layout() {
        values
    } else {
        values.as_standard_layout().into_owned()
    }
}
