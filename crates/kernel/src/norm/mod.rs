//! Group normalisation with a scale and a shift, and the nonlinearity after it.

mod moments;
mod slopes;

pub(crate) use moments::moments;

use crate::field::{Activation, Curve, Field, some};
use crate::memory::{Place, written};
use crate::processor::run;
use crate::sum;
use crate::vector::store_first;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use slopes::{Combine, Slopes};

/// Cells that are summed at once. The same whatever the threads: it decides the order of the sums.
const CELLS: usize = 256;

/// A norm's scale and shift, [1 or images, channels] each.
#[derive(Clone, Copy)]
pub(crate) struct Affine<'a> {
    pub(crate) scale: &'a [f32],
    pub(crate) shift: &'a [f32],
}

/// The moments and what follows from them for each image and channel.
pub(crate) struct Norm<'a> {
    pub(crate) moments: &'a [f32],
    pub(crate) groups: usize,
    pub(crate) affine: Affine<'a>,
    pub(crate) keep: Option<&'a [f32]>,
    pub(crate) curve: Curve,
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl<'a> Norm<'a> {
    /// # Panics
    /// If the lengths do not fit.
    pub(crate) fn new(
        x: Field,
        moments: &'a [f32],
        affine: Affine<'a>,
        keep: Option<&'a [f32]>,
        curve: Curve,
    ) -> Self {
        let (images, c) = (x.images(), x.channels);
        let groups = (moments.len() / (2 * images).max(1)).max(1);
        for length in [affine.scale.len(), affine.shift.len()] {
            assert!(
                length == c || length == images * c,
                "scale or shift of {c} channels"
            );
        }
        assert!(
            keep.is_none_or(|keep| keep.len() == images * c),
            "kept channels"
        );
        let (mut scale, mut shift) = (
            Vec::with_capacity(images * c),
            Vec::with_capacity(images * c),
        );
        for i in 0..images * c {
            let group = i / c * groups + i % c / (c / groups);
            let a = moments[2 * group + 1] * affine.scale[i % affine.scale.len()];
            scale.push(a);
            shift.push((-moments[2 * group]).mul_add(a, affine.shift[i % affine.shift.len()]));
        }
        Self {
            moments,
            groups,
            affine,
            keep,
            curve,
            scale,
            shift,
        }
    }

    pub(crate) fn activation(&self) -> Activation<'_> {
        Activation {
            scale: &self.scale,
            shift: &self.shift,
            keep: self.keep,
            curve: self.curve,
        }
    }

    /// The normalised and activated field.
    pub(crate) fn apply(&self, x: Field) -> Vec<f32> {
        let (c, cells) = (x.channels, x.cells());
        let pieces = cells.div_ceil(CELLS);
        // SAFETY: the pieces cover all cells
        unsafe {
            written(x.values.len(), |to| {
                (0..x.images() * pieces).into_par_iter().for_each(|i| {
                    let (image, first) = (i / pieces, i % pieces * CELLS);
                    let count = CELLS.min(cells - first);
                    let at = (image * cells + first) * c;
                    let from = &x.values[at..at + count * c];
                    run(Apply {
                        activation: self.activation(),
                        image,
                        channels: c,
                        from,
                        at,
                        to,
                    });
                });
            })
        }
    }

    /// Turns the gradient `g` of the activated field into that of `x`, plus `more` where there is any, and
    /// returns the gradients of scale and shift, shaped as they are.
    pub(crate) fn backward(
        &self,
        x: Field,
        g: &mut [f32],
        more: Option<&[f32]>,
    ) -> (Vec<f32>, Vec<f32>) {
        assert_eq!(g.len(), x.values.len(), "gradient");
        assert!(
            more.is_none_or(|more| more.len() == g.len()),
            "added gradient"
        );
        let (c, cells, images) = (x.channels, x.cells(), x.images());
        let pieces = cells.div_ceil(CELLS);
        let place = Place::new(g);
        let standard = self.standard(c);
        let mut partial = vec![0f32; images * pieces * 2 * c];
        partial
            .par_chunks_exact_mut(2 * c)
            .enumerate()
            .for_each(|(i, to)| {
                let (image, first) = (i / pieces, i % pieces * CELLS);
                let (at, length) = ((image * cells + first) * c, CELLS.min(cells - first) * c);
                // SAFETY: the pieces are disjoint
                let g = unsafe { place.part(at, length) };
                let x = &x.values[at..at + length];
                run(Slopes {
                    activation: self.activation(),
                    standard: &standard,
                    image,
                    x,
                    g,
                    to,
                });
            });
        let sums = sum::pieces(&partial, pieces, 2 * c);
        let factors = self.factors(&sums, c, cells);
        (0..images * pieces).into_par_iter().for_each(|i| {
            let (image, first) = (i / pieces, i % pieces * CELLS);
            let (at, length) = ((image * cells + first) * c, CELLS.min(cells - first) * c);
            // SAFETY: the pieces are disjoint
            let g = unsafe { place.part(at, length) };
            let more = more.map(|more| &more[at..at + length]);
            let factors = &factors[image * 3 * c..(image + 1) * 3 * c];
            run(Combine {
                factors,
                x: &x.values[at..at + length],
                g,
                more,
            });
        });
        let reduced = |kind: usize, rows: usize| -> Vec<f32> {
            let of = |image: usize, channel: usize| sums[(2 * image + kind) * c + channel];
            if rows == images {
                (0..images * c).map(|i| of(i / c, i % c) as f32).collect()
            } else {
                (0..c)
                    .map(|k| (0..images).map(|i| of(i, k)).sum::<f64>() as f32)
                    .collect()
            }
        };
        let (scale, shift) = (self.affine.scale.len() / c, self.affine.shift.len() / c);
        (reduced(1, scale), reduced(0, shift))
    }

    /// 1 / deviation and - mean / deviation of each image and channel: [images, 2, channels].
    fn standard(&self, c: usize) -> Vec<f32> {
        let width = c / self.groups;
        let images = self.moments.chunks_exact(2 * self.groups);
        let parts = images.flat_map(|moments| {
            let slopes = (0..c).map(move |k| moments[2 * (k / width) + 1]);
            let offsets =
                (0..c).map(move |k| -moments[2 * (k / width)] * moments[2 * (k / width) + 1]);
            slopes.chain(offsets)
        });
        parts.collect()
    }

    /// The gradient of x is p g + q x + r: [images, 3, channels].
    fn factors(&self, sums: &[f64], c: usize, cells: usize) -> Vec<f32> {
        let (groups, width) = (self.groups, c / self.groups);
        let n = (width * cells) as f64;
        let mut factors = vec![0f32; sums.len() / 2 * 3];
        for (image, to) in factors.chunks_exact_mut(3 * c).enumerate() {
            for group in 0..groups {
                let at = 2 * (image * groups + group);
                let (mean, rate) = (f64::from(self.moments[at]), f64::from(self.moments[at + 1]));
                let scale = |k: usize| {
                    f64::from(self.affine.scale[(image * c + k) % self.affine.scale.len()])
                };
                let channels = group * width..(group + 1) * width;
                let mean_of = |kind: usize| {
                    let terms = channels
                        .clone()
                        .map(|k| scale(k) * sums[(2 * image + kind) * c + k]);
                    terms.sum::<f64>() / n
                };
                let (first, second) = (mean_of(0), mean_of(1));
                for k in channels.clone() {
                    to[k] = (rate * scale(k)) as f32;
                    to[c + k] = (-rate * rate * second) as f32;
                    to[2 * c + k] = (rate * (rate * second * mean - first)) as f32;
                }
            }
        }
        factors
    }
}

struct Apply<'a> {
    activation: Activation<'a>,
    image: usize,
    channels: usize,
    from: &'a [f32],
    at: usize,
    to: Place,
}

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let c = self.channels;
        for (i, cell) in self.from.chunks_exact(c).enumerate() {
            for first in (0..c).step_by(S::F32_LANES) {
                let n = c - first;
                let x = some(simd, cell, first, n.min(S::F32_LANES));
                let y = self.activation.apply(simd, self.image * c + first, n, x);
                // SAFETY: this piece of the result, written by this thread alone
                unsafe { store_first(simd, self.to.at(self.at + i * c + first), n, y) };
            }
        }
    }
}
