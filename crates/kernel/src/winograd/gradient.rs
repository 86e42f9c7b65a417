//! The gradient of the weights.

use super::forward::{Panels, transformed};
use super::{ENTRIES, Run, Tiles, runs, transform};
use crate::field::{Field, Input};
use crate::memory::{Place, Scratch, written};
use crate::processor::{run, whole};
use crate::product::{Left, Sizes, Update, panel_width, product};
use crate::vector::{load, load_first, store, store_first};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Tiles that are summed at once. The same whatever the threads: it decides the order of the sums.
const TILES: usize = 192;

/// The gradient of weights [dx, out, dy, in], given the input and the gradient `dy` of the result.
///
/// # Panics
/// If `dy` is not of the size of the result.
pub(crate) fn weight_gradient(input: Input, dy: Field) -> Vec<f32> {
    let tiles = Tiles {
        height: input.rows.outputs(),
        width: input.columns.outputs(),
    };
    let images = input.field.images();
    assert_eq!(
        (dy.height, dy.width, dy.images()),
        (tiles.height, tiles.width, images)
    );
    let rows = images * tiles.rows();
    let block = TILES.div_ceil(tiles.columns().max(1)).clamp(1, rows.max(1));
    let (outputs, inputs) = (dy.channels, input.field.channels);
    let to_entry = outputs * whole(inputs) + 16;
    let mut sum = Scratch::new(ENTRIES * to_entry);
    let count = block * tiles.columns();
    let entries = (count * whole(outputs) + 16, count * whole(inputs) + 16);
    let mut left = Scratch::new(ENTRIES * entries.0);
    let mut right = Scratch::new(ENTRIES * entries.1);
    let mut update = Update::Set;
    for first in (0..rows).step_by(block) {
        let last = rows.min(first + block);
        let (left, right) = (Place::new(&mut left), Place::new(&mut right));
        (first..last).into_par_iter().for_each(|row| {
            run(OneRow {
                input,
                dy,
                tiles,
                block: (first, last),
                row,
                left,
                right,
                entries,
            });
        });
        let k = (last - first) * tiles.columns();
        let sizes = Sizes {
            m: outputs,
            k,
            n: whole(inputs),
        };
        let to = Place::new(&mut sum);
        (0..ENTRIES).into_par_iter().for_each(|e| {
            let sum = Sum {
                e,
                sizes,
                left,
                right,
                entries,
                stride: whole(outputs),
                to,
                to_entry,
                update,
            };
            sum.add();
        });
        update = Update::Add;
    }
    if update == Update::Set {
        sum.fill(0.0);
    }
    let (length, sum) = (9 * outputs * inputs, &*sum);
    // SAFETY: every output writes its 9 x in weights
    unsafe {
        written(length, |to| {
            (0..outputs).into_par_iter().for_each(|output| {
                run(Gather {
                    sum,
                    to_entry,
                    output,
                    outputs,
                    inputs,
                    to,
                });
            });
        })
    }
}

/// One row of tiles on both sides: A dy A' by tiles, B' d B in panels.
struct OneRow<'a> {
    input: Input<'a>,
    dy: Field<'a>,
    tiles: Tiles,
    block: (usize, usize),
    row: usize,
    left: Place,
    right: Place,
    entries: (usize, usize),
}

impl WithSimd for OneRow<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let columns = self.tiles.columns();
        let before = (self.row - self.block.0) * columns;
        for run in runs(self.row, self.row + 1, self.tiles) {
            self.spread(simd, Run { before, ..run });
            let panels = Panels {
                start: self.right,
                entry: self.entries.1,
                tiles: (self.block.1 - self.block.0) * columns,
                width: panel_width(),
            };
            transformed(simd, &self.input, self.tiles, Run { before, ..run }, panels);
        }
    }
}

impl OneRow<'_> {
    /// A dy A' of the tiles of a run: [entry][tile][channel].
    #[inline(always)]
    fn spread<S: Simd>(&self, simd: S, run: Run) {
        let (dy, columns) = (self.dy, self.tiles.columns());
        let stride = dy.channels.next_multiple_of(S::F32_LANES);
        for tile in 0..run.count * columns {
            let (row, column) = (4 * (run.row + tile / columns), 4 * (tile % columns));
            for c in (0..stride).step_by(S::F32_LANES) {
                let mut half = [[simd.splat_f32s(0.0); 6]; 4];
                for (x, half) in half.iter_mut().enumerate() {
                    let mut cells = [simd.splat_f32s(0.0); 4];
                    for (y, cell) in cells.iter_mut().enumerate() {
                        if row + y >= dy.height || column + x >= dy.width {
                            continue;
                        }
                        let at = (run.image * dy.height + row + y) * dy.width + column + x;
                        let from = &dy.values[at * dy.channels + c..(at + 1) * dy.channels];
                        // SAFETY: the slice holds all that is read
                        *cell = unsafe { load_first(simd, from.as_ptr(), from.len()) };
                    }
                    *half = transform::spread(simd, cells);
                }
                for y in 0..6 {
                    let values = transform::spread(simd, transform::across(simd, &half, y));
                    for (x, value) in values.iter().enumerate() {
                        let at = (6 * y + x) * self.entries.0 + (run.before + tile) * stride + c;
                        // SAFETY: this tile's place; its row belongs to this thread
                        unsafe { store(simd, self.left.at(at), *value) };
                    }
                }
            }
        }
    }
}

/// Adds one entry's product over the tiles of a block.
struct Sum {
    e: usize,
    sizes: Sizes,
    left: Place,
    right: Place,
    entries: (usize, usize),
    stride: usize,
    to: Place,
    to_entry: usize,
    update: Update,
}

impl Sum {
    fn add(self) {
        // SAFETY: both sides have been written for all tiles of the block; this entry of the sum belongs to
        // this thread
        unsafe {
            let start = self.left.at(self.e * self.entries.0);
            let left = Left {
                start,
                row: 1,
                column: self.stride,
            };
            let right = self.right.at(self.e * self.entries.1);
            let to = (self.to.at(self.e * self.to_entry), self.sizes.n);
            product(self.sizes, left, right, to, self.update);
        }
    }
}

/// G' u G for one output.
struct Gather<'a> {
    sum: &'a [f32],
    to_entry: usize,
    output: usize,
    outputs: usize,
    inputs: usize,
    to: Place,
}

impl WithSimd for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let stride = self.inputs.next_multiple_of(S::F32_LANES);
        for c in (0..stride).step_by(S::F32_LANES) {
            let mut half = [[simd.splat_f32s(0.0); 3]; 6];
            for (x, half) in half.iter_mut().enumerate() {
                let mut column = [simd.splat_f32s(0.0); 6];
                for (y, value) in column.iter_mut().enumerate() {
                    let at = (6 * y + x) * self.to_entry + self.output * stride + c;
                    // SAFETY: the slice holds a whole vector: rows are padded to whole vectors
                    *value = unsafe { load(simd, self.sum[at..at + S::F32_LANES].as_ptr()) };
                }
                *half = transform::gather(simd, column);
            }
            for dy in 0..3 {
                let row = transform::gather(simd, transform::across(simd, &half, dy));
                for (dx, value) in row.iter().enumerate() {
                    let at = ((dx * self.outputs + self.output) * 3 + dy) * self.inputs + c;
                    // SAFETY: this output's weights, written by this thread alone
                    unsafe { store_first(simd, self.to.at(at), self.inputs - c, *value) };
                }
            }
        }
    }
}
