//! The convolution itself.

use super::weights::Weights;
use super::{ENTRIES, Run, Tiles, runs, transform};
use crate::field::Input;
use crate::memory::{Place, Scratch, written};
use crate::processor::run;
use crate::product::{Left, Sizes, Update, packed_length, product};
use crate::vector::{load, load_first, store, store_first};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Tiles that a thread works on at once: few enough for its cache, enough to use the weights well.
const TILES: usize = 48;

/// What is added to the result: nothing, a number a channel, or a field of its shape.
#[derive(Clone, Copy)]
pub(crate) enum Addend<'a> {
    Nothing,
    Bias(&'a [f32]),
    Field(&'a [f32]),
}

/// The convolution of `input`: [images, rows, columns, outputs].
///
/// # Panics
/// If channels or the addend do not fit.
pub(crate) fn convolve(input: Input, weights: &Weights, addend: Addend) -> Vec<f32> {
    assert_eq!(input.field.channels, weights.inputs, "channels");
    let tiles = Tiles {
        height: input.rows.outputs(),
        width: input.columns.outputs(),
    };
    let length = input.field.images() * tiles.height * tiles.width * weights.outputs;
    match addend {
        Addend::Nothing => {}
        Addend::Bias(bias) => assert_eq!(bias.len(), weights.outputs, "bias"),
        Addend::Field(field) => assert_eq!(field.len(), length, "added field"),
    }
    let rows = input.field.images() * tiles.rows();
    let share = rows.div_ceil(rayon::current_num_threads());
    let block = TILES.div_ceil(tiles.columns().max(1)).min(share).max(1);
    // SAFETY: the blocks cover all rows of tiles, and a tile writes all its results
    unsafe {
        written(length, |to| {
            (0..rows.div_ceil(block)).into_par_iter().for_each(|i| {
                let (first, last) = (i * block, rows.min((i + 1) * block));
                run(Block {
                    input,
                    weights,
                    addend,
                    tiles,
                    first,
                    last,
                    to,
                });
            });
        })
    }
}

struct Block<'a> {
    input: Input<'a>,
    weights: &'a Weights,
    addend: Addend<'a>,
    tiles: Tiles,
    first: usize,
    last: usize,
    to: Place,
}

impl WithSimd for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = S::F32_LANES;
        let count = (self.last - self.first) * self.tiles.columns();
        let (inputs, outputs) = (self.weights.inputs, self.weights.outputs);
        let (inward, outward) = (
            inputs.next_multiple_of(lanes),
            outputs.next_multiple_of(lanes),
        );
        // entries lie one vector further apart, so that they do not compete for the same places of the cache
        let (v_entry, m_entry) = (count * inward + 16, count * outward + 16);
        let mut v = Scratch::new(ENTRIES * v_entry);
        let mut m = Scratch::new(ENTRIES * m_entry);
        let panels = Panels {
            start: Place::new(&mut v),
            entry: v_entry,
            tiles: count,
            width: inward,
        };
        for run in runs(self.first, self.last, self.tiles) {
            transformed(simd, &self.input, self.tiles, run, panels);
        }
        let sizes = Sizes {
            m: count,
            k: inputs,
            n: outward,
        };
        let entry = packed_length(inputs, outputs);
        for e in 0..ENTRIES {
            let left = Left {
                start: v[e * v_entry..].as_ptr(),
                row: inward,
                column: 1,
            };
            let right = self.weights.values[e * entry..][..entry].as_ptr();
            let to = m[e * m_entry..][..count * outward].as_mut_ptr();
            // SAFETY: count rows of `inward` and `outward` numbers, and a packed matrix
            unsafe { product(sizes, left, right, (to, outward), Update::Set) };
        }
        for run in runs(self.first, self.last, self.tiles) {
            self.results(simd, run, (&m, m_entry, outward));
        }
    }
}

/// Six vectors, `stride` numbers apart.
///
/// # Safety
/// They must be readable.
#[inline(always)]
unsafe fn strided<S: Simd>(simd: S, from: *const f32, stride: usize) -> [S::f32s; 6] {
    let mut values = [simd.splat_f32s(0.0); 6];
    for (i, value) in values.iter_mut().enumerate() {
        // SAFETY: readable by contract
        *value = unsafe { load(simd, from.add(i * stride)) };
    }
    values
}

/// Where transformed tiles go: each entry is a matrix tiles x channels in panels of `width` channels.
#[derive(Clone, Copy)]
pub(super) struct Panels {
    pub(super) start: Place,
    /// Numbers from one entry to the next.
    pub(super) entry: usize,
    /// Tiles of the whole matrix.
    pub(super) tiles: usize,
    pub(super) width: usize,
}

impl Panels {
    /// The place of the channels from `c` on, of `stride`, of a tile, within an entry.
    #[inline(always)]
    fn at(&self, tile: usize, c: usize, stride: usize) -> usize {
        let panel = c / self.width * self.width;
        panel * self.tiles + tile * self.width.min(stride - panel) + (c - panel)
    }
}

/// B' d B of the tiles of a run.
#[inline(always)]
pub(super) fn transformed<S: Simd>(simd: S, input: &Input, tiles: Tiles, run: Run, to: Panels) {
    let stride = input.field.channels.next_multiple_of(S::F32_LANES);
    let columns = tiles.columns();
    let (height, width) = (4 * run.count + 2, 4 * columns + 2);
    let mut field = Scratch::new(height * width * stride);
    // SAFETY: `field` has room for these rows
    unsafe {
        input.read(
            simd,
            run.image,
            (4 * run.row, height),
            width,
            field.as_mut_ptr(),
        );
    };
    for tile in 0..run.count * columns {
        let (row, column) = (tile / columns, tile % columns);
        let corner = (4 * row * width + 4 * column) * stride;
        for c in (0..stride).step_by(S::F32_LANES) {
            let mut half = [[simd.splat_f32s(0.0); 6]; 6];
            for (x, half) in half.iter_mut().enumerate() {
                let from = &field[corner + x * stride + c..];
                // SAFETY: 6 rows of this column are within the rows that were read
                let column = unsafe { strided(simd, from.as_ptr(), width * stride) };
                *half = transform::input(simd, column);
            }
            let at = to.at(run.before + tile, c, stride);
            for y in 0..6 {
                let values = transform::input(simd, transform::across(simd, &half, y));
                for (x, value) in values.iter().enumerate() {
                    // SAFETY: this tile's place in the entry
                    unsafe { store(simd, to.start.at((6 * y + x) * to.entry + at), *value) };
                }
            }
        }
    }
}

impl Block<'_> {
    /// A' m A of the tiles of a run, cropped to the field.
    #[inline(always)]
    fn results<S: Simd>(&self, simd: S, run: Run, (m, entry, stride): (&[f32], usize, usize)) {
        let columns = self.tiles.columns();
        for tile in 0..run.count * columns {
            let (row, column) = (4 * (run.row + tile / columns), 4 * (tile % columns));
            let valid = (
                4.min(self.tiles.height - row),
                4.min(self.tiles.width - column),
            );
            let corner = (run.image * self.tiles.height + row) * self.tiles.width + column;
            let from = &m[(run.before + tile) * stride..];
            for c in (0..stride).step_by(S::F32_LANES) {
                let mut half = [[simd.splat_f32s(0.0); 4]; 6];
                for (x, half) in half.iter_mut().enumerate() {
                    let from = &from[x * entry + c..];
                    // SAFETY: 36 entries of this tile are within m
                    let column = unsafe { strided(simd, from.as_ptr(), 6 * entry) };
                    *half = transform::output(simd, column);
                }
                for y in 0..valid.0 {
                    let row = transform::output(simd, transform::across(simd, &half, y));
                    for (x, value) in row.iter().enumerate().take(valid.1) {
                        self.put(simd, corner + y * self.tiles.width + x, c, *value);
                    }
                }
            }
        }
    }

    /// Writes the channels from `c` on of a cell of the result.
    #[inline(always)]
    fn put<S: Simd>(&self, simd: S, cell: usize, c: usize, value: S::f32s) {
        let at = cell * self.weights.outputs + c;
        let count = self.weights.outputs - c;
        // SAFETY: the addends were checked to be as long as the outputs or the result, and this thread
        // alone writes this cell
        unsafe {
            let value = match self.addend {
                Addend::Nothing => value,
                Addend::Bias(bias) => {
                    simd.add_f32s(value, load_first(simd, bias.as_ptr().add(c), count))
                }
                Addend::Field(field) => {
                    simd.add_f32s(value, load_first(simd, field.as_ptr().add(at), count))
                }
            };
            store_first(simd, self.to.at(at), count, value);
        }
    }
}
