//! Weights in the form that the products need.

use super::{ENTRIES, transform};
use crate::memory::{Place, Scratch};
use crate::processor::{run, whole};
use crate::product::{packed_length, panel_width};
use crate::vector::{load, store};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Which way the weights [dx, out, dy, in] are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Orientation {
    /// From in to out.
    Forward,
    /// From out to in, turned by half a turn: the adjoint.
    Backward,
}

/// Transformed weights: for each of the entries a matrix inputs x outputs in panels.
pub(crate) struct Weights {
    pub(super) values: Scratch,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
}

/// Rows that one piece of work transforms.
const ROWS: usize = 16;

/// Weights of [`ROWS`] inputs and one vector of outputs, tap by tap: [dx, dy, input, output].
type Patch = [[[f32; 16]; ROWS]; 9];

impl Weights {
    /// # Panics
    /// If there are not 9 x out x in weights.
    pub(crate) fn new(w: &[f32], out: usize, inward: usize, orientation: Orientation) -> Self {
        assert_eq!(w.len(), 9 * out * inward, "weights of 3x3x{out}x{inward}");
        let (inputs, outputs) = match orientation {
            Orientation::Forward => (inward, out),
            Orientation::Backward => (out, inward),
        };
        let mut values = Scratch::new(ENTRIES * packed_length(inputs, outputs));
        let place = Place::new(&mut values);
        (0..inputs.div_ceil(ROWS)).into_par_iter().for_each(|i| {
            let rows = i * ROWS..inputs.min((i + 1) * ROWS);
            run(Transform {
                w,
                out,
                inward,
                orientation,
                inputs,
                outputs,
                rows,
                to: place,
            });
        });
        Self {
            values,
            inputs,
            outputs,
        }
    }
}

struct Transform<'a> {
    w: &'a [f32],
    out: usize,
    inward: usize,
    orientation: Orientation,
    inputs: usize,
    outputs: usize,
    rows: std::ops::Range<usize>,
    to: Place,
}

impl Transform<'_> {
    /// The weights of the rows and of the outputs from `o` on, with zeros beyond the last output.
    #[inline(always)]
    fn read(&self, o: usize, lanes: usize, to: &mut Patch) {
        let valid = lanes.min(self.outputs - o);
        if valid < lanes {
            *to = [[[0.0; 16]; ROWS]; 9];
        }
        for (tap, to) in to.iter_mut().enumerate() {
            let (dx, dy) = (tap / 3, tap % 3);
            match self.orientation {
                // a run of inputs lies together, and becomes a column
                Orientation::Forward => {
                    for l in 0..valid {
                        let at = ((dx * self.out + o + l) * 3 + dy) * self.inward + self.rows.start;
                        let from = &self.w[at..at + self.rows.len()];
                        for (to, value) in to.iter_mut().zip(from) {
                            to[l] = *value;
                        }
                    }
                }
                Orientation::Backward => {
                    for (to, i) in to.iter_mut().zip(self.rows.clone()) {
                        let at = (((2 - dx) * self.out + i) * 3 + 2 - dy) * self.inward + o;
                        to[..valid].copy_from_slice(&self.w[at..at + valid]);
                    }
                }
            }
        }
    }
}

impl WithSimd for Transform<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = S::F32_LANES;
        let (width, padded) = (panel_width(), whole(self.outputs));
        let entry = packed_length(self.inputs, self.outputs);
        let mut patch: Patch = [[[0.0; 16]; ROWS]; 9];
        for o in (0..padded).step_by(lanes) {
            let panel = o / width * width;
            let count = width.min(padded - panel);
            self.read(o, lanes, &mut patch);
            for (r, i) in self.rows.clone().enumerate() {
                let mut taps = [[simd.splat_f32s(0.0); 3]; 3];
                for (dx, taps) in taps.iter_mut().enumerate() {
                    for (dy, tap) in taps.iter_mut().enumerate() {
                        // SAFETY: no vector is longer than 16 numbers
                        *tap = unsafe { load(simd, patch[3 * dx + dy][r].as_ptr()) };
                    }
                }
                let mut columns = [[simd.splat_f32s(0.0); 6]; 3];
                for (column, taps) in columns.iter_mut().zip(&taps) {
                    *column = transform::weight(simd, *taps);
                }
                let at = panel * self.inputs + i * count + (o - panel);
                for y in 0..6 {
                    let row = transform::weight(simd, transform::across(simd, &columns, y));
                    for (x, value) in row.iter().enumerate() {
                        // SAFETY: within the matrix of this entry; row i is written by this thread alone
                        unsafe { store(simd, self.to.at((6 * y + x) * entry + at), *value) };
                    }
                }
            }
        }
    }
}
