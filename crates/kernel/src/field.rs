//! Fields as convolutions see them: continued beyond the edges, and activated on the way.

use crate::axis::Axis;
use crate::vector::{fma, gate, load_first, store};
use pulp::Simd;

/// The nonlinearity after a norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    Identity,
    /// x / (1 + exp(-x)).
    Silu,
}

/// k f(a x + d), with the nonlinearity f and with a, d and k for each image and channel: [images, channels] each.
#[derive(Clone, Copy)]
pub(crate) struct Activation<'a> {
    pub(crate) scale: &'a [f32],
    pub(crate) shift: &'a [f32],
    pub(crate) keep: Option<&'a [f32]>,
    pub(crate) curve: Curve,
}

/// A field [images, height, width, channels].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
    images: usize,
}

impl<'a> Field<'a> {
    /// The field of these values, in the order of the axes.
    ///
    /// # Panics
    /// If there are not as many values as the shape says.
    pub(crate) fn new(values: &'a [f32], shape: [usize; 4]) -> Self {
        let [images, height, width, channels] = shape;
        assert_eq!(
            values.len(),
            shape.iter().product::<usize>(),
            "values of {shape:?}"
        );
        Self {
            values,
            height,
            width,
            channels,
            images,
        }
    }

    pub(crate) fn images(&self) -> usize {
        self.images
    }

    /// The cells of one image.
    pub(crate) fn cells(&self) -> usize {
        self.height * self.width
    }

    pub(crate) fn shape(&self) -> [usize; 4] {
        [self.images, self.height, self.width, self.channels]
    }
}

/// What a 3x3 convolution reads.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    pub(crate) field: Field<'a>,
    pub(crate) rows: &'a Axis,
    pub(crate) columns: &'a Axis,
    pub(crate) activation: Option<Activation<'a>>,
}

impl Input<'_> {
    /// Rows `first` to `first + count` of `image`, counted from the row before the first, each `width` cells
    /// long and beginning with the cell before the first; zeros where there is nothing. Channels are rounded up
    /// to whole vectors.
    ///
    /// # Safety
    /// `to` must have room for them.
    #[inline(always)]
    pub(crate) unsafe fn read<S: Simd>(
        &self,
        simd: S,
        image: usize,
        (first, count): (usize, usize),
        width: usize,
        to: *mut f32,
    ) {
        let field = self.field;
        let stride = field.channels.next_multiple_of(S::F32_LANES);
        for row in 0..count {
            let source = self.rows.source(first + row);
            for column in 0..width {
                let cell = source.zip(self.columns.source(column));
                let from = cell.map(|(i, j)| {
                    let at = ((image * field.height + i) * field.width + j) * field.channels;
                    &field.values[at..at + field.channels]
                });
                // SAFETY: one of count * width cells of `stride` numbers
                unsafe { self.cell(simd, image, from, to.add((row * width + column) * stride)) };
            }
        }
    }

    /// # Safety
    /// `to` must have room for one cell.
    #[inline(always)]
    unsafe fn cell<S: Simd>(&self, simd: S, image: usize, from: Option<&[f32]>, to: *mut f32) {
        let channels = self.field.channels;
        for c in (0..channels).step_by(S::F32_LANES) {
            let value = match (from, self.activation) {
                (None, _) => simd.splat_f32s(0.0),
                // SAFETY: `from` has all channels
                (Some(from), None) => unsafe { load_first(simd, from[c..].as_ptr(), channels - c) },
                (Some(from), Some(activation)) => {
                    // SAFETY: as above
                    let x = unsafe { load_first(simd, from[c..].as_ptr(), channels - c) };
                    activation.apply(simd, image * channels + c, channels - c, x)
                }
            };
            // SAFETY: whole vectors of one cell
            unsafe { store(simd, to.add(c), value) };
        }
    }
}

impl Activation<'_> {
    /// The activated `x` of the channels from `at` on, of which there are `count`.
    #[inline(always)]
    pub(crate) fn apply<S: Simd>(&self, simd: S, at: usize, count: usize, x: S::f32s) -> S::f32s {
        let n = count.min(S::F32_LANES);
        let y = fma(
            simd,
            x,
            some(simd, self.scale, at, n),
            some(simd, self.shift, at, n),
        );
        let y = match self.curve {
            Curve::Identity => y,
            Curve::Silu => simd.mul_f32s(y, gate(simd, y)),
        };
        match self.keep {
            Some(keep) => simd.mul_f32s(y, some(simd, keep, at, n)),
            None => y,
        }
    }
}

/// The `n` numbers from `at` on, then zeros.
#[inline(always)]
pub(crate) fn some<S: Simd>(simd: S, all: &[f32], at: usize, n: usize) -> S::f32s {
    let some = &all[at..at + n];
    // SAFETY: `some` has as many numbers as are read
    unsafe { load_first(simd, some.as_ptr(), n) }
}
