//! The advection term -u.grad w with two complex transforms.
//!
//! With z = u + i v and d = d/dx - i d/dy the incompressible flow obeys
//! -u.grad w = -1/2 Im(d^2 z^2), so one complex transform brings both velocities to the grid and one
//! brings z^2 = u^2 - v^2 + 2 i u v back: the smallest number for a quadratic term. In modes, with
//! q = kx - i ky, z = w/q and the tendency is -i [s Z(k) - conj(s Z(-k))], s = q^2/4, Z the modes of z^2.
//! Products of modes up to `k_max` < grid/3 leave no alias in what is kept (2/3 rule), so this equals
//! every other form of the term to round-off, and conserves energy and enstrophy.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined into the dispatch is compiled for the oldest processor"
)]

use std::sync::Arc;

use pulp::{Arch, Simd, WithSimd};
use rustfft::{Fft, FftPlanner, num_complex::Complex64};

use super::modes::Modes;

/// Rows transformed together: small enough to stay in the first-level cache.
const BLOCK: usize = 8;

/// Transforms, tables and scratch for the advection term on one grid.
pub struct Advection {
    arch: Arch,
    modes: Modes,
    grid: usize,
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
    /// 1/q, zero at k = 0.
    velocity: Vec<Complex64>,
    /// q^2/(4 grid^2).
    curl: Vec<Complex64>,
    /// A line of `grid` values along y for each kx = 0, .., `k_max`.
    right: Vec<Complex64>,
    /// The same for -kx with ky reversed, so that what lies opposite in wavenumber has the same place;
    /// the transform along such a line is the other one.
    left: Vec<Complex64>,
    /// Rows of the spectrum, zero beyond `k_max`, and the same rows on the grid.
    rows: Vec<Complex64>,
    points: Vec<Complex64>,
    scratch: Vec<Complex64>,
}

impl Advection {
    /// Plans the transforms of `grid` points.
    pub fn new(grid: usize) -> Self {
        let modes = Modes::new(grid);
        let mut planner = FftPlanner::new();
        let (forward, inverse) = (
            planner.plan_fft_forward(grid),
            planner.plan_fft_inverse(grid),
        );
        let scratch = [
            forward.get_inplace_scratch_len(),
            inverse.get_inplace_scratch_len(),
            inverse.get_immutable_scratch_len(),
        ];
        let zeros = |n| vec![Complex64::ZERO; n];
        let q = |(kx, ky): (f64, f64)| Complex64::new(kx, -ky);
        let quarter = 0.25 / (grid * grid) as f64;
        let mut velocity: Vec<_> = modes.waves().map(|wave| q(wave).inv()).collect();
        velocity[0] = Complex64::ZERO;
        Self {
            arch: Arch::new(),
            modes,
            grid,
            forward,
            inverse,
            velocity,
            curl: modes
                .waves()
                .map(|wave| q(wave) * q(wave) * quarter)
                .collect(),
            right: zeros((modes.k_max() + 1) * grid),
            left: zeros((modes.k_max() + 1) * grid),
            rows: zeros(BLOCK * grid),
            points: zeros(BLOCK * grid),
            scratch: zeros(scratch.into_iter().max().unwrap_or(0)),
        }
    }

    /// Writes the modes of -u.grad w into `tendency`; `see` is shown u + i v on the grid, rows at a time.
    pub fn tendency(
        &mut self,
        w: &[Complex64],
        tendency: &mut [Complex64],
        see: impl FnMut(&[Complex64]),
    ) {
        let arch = self.arch;
        arch.dispatch(Pass {
            advection: self,
            w,
            tendency,
            see,
        });
    }

    /// Modes of u + i v: w/q at k and, w being real and q odd, -conj(w)/q at -k.
    #[inline(always)]
    fn fill_velocity(&mut self, w: &[Complex64]) {
        let (grid, width, top) = (self.grid, self.modes.width(), self.modes.k_max());
        let modes = w.chunks_exact(width).zip(self.velocity.chunks_exact(width));
        let lines = self
            .right
            .chunks_exact_mut(grid)
            .zip(self.left.chunks_exact_mut(grid));
        for ((w, velocity), (right, left)) in modes.zip(lines) {
            let (w, velocity) = (w.split_at(top + 1), velocity.split_at(top + 1));
            multiply(&mut right[..=top], &mut left[..=top], w.0, velocity.0);
            right[top + 1..grid - top].fill(Complex64::ZERO);
            left[top + 1..grid - top].fill(Complex64::ZERO);
            let (right, left) = (&mut right[grid - top..], &mut left[grid - top..]);
            multiply(right, left, w.1, velocity.1);
        }
    }

    /// Carries rows `first..first + count` to the grid, squares them and carries them back.
    #[inline(always)]
    fn square_rows(&mut self, first: usize, count: usize, see: &mut impl FnMut(&[Complex64])) {
        let grid = self.grid;
        let (rows, points) = (
            &mut self.rows[..count * grid],
            &mut self.points[..count * grid],
        );
        let (right, left) = (self.right.chunks_exact(grid), self.left.chunks_exact(grid));
        let left = left.enumerate().skip(1).map(|(kx, line)| (grid - kx, line));
        for (at, line) in right.enumerate().chain(left) {
            for (row, z) in line[first..first + count].iter().enumerate() {
                rows[row * grid + at] = *z;
            }
        }
        self.inverse
            .process_immutable_with_scratch(rows, points, &mut self.scratch);
        see(points);
        for z in points.iter_mut() {
            let uv = z.re * z.im;
            *z = Complex64::new(z.re * z.re - z.im * z.im, uv + uv);
        }
        self.forward.process_with_scratch(points, &mut self.scratch);
        let (right, left) = (
            self.right.chunks_exact_mut(grid),
            self.left.chunks_exact_mut(grid),
        );
        let left = left
            .enumerate()
            .map(|(kx, line)| ((grid - kx) % grid, line));
        for (at, line) in right.enumerate().chain(left) {
            for (row, z) in line[first..first + count].iter_mut().enumerate() {
                *z = points[row * grid + at];
            }
        }
    }

    /// -i [s Z(k) - conj(s Z(-k))].
    #[inline(always)]
    fn take_curl(&self, tendency: &mut [Complex64]) {
        let (grid, width, top) = (self.grid, self.modes.width(), self.modes.k_max());
        let modes = tendency
            .chunks_exact_mut(width)
            .zip(self.curl.chunks_exact(width));
        let lines = self
            .right
            .chunks_exact(grid)
            .zip(self.left.chunks_exact(grid));
        for ((tendency, s), (here, opposite)) in modes.zip(lines) {
            let (tendency, s) = (tendency.split_at_mut(top + 1), s.split_at(top + 1));
            subtract(tendency.0, s.0, &here[..=top], &opposite[..=top]);
            let (here, opposite) = (&here[grid - top..], &opposite[grid - top..]);
            subtract(tendency.1, s.1, here, opposite);
        }
        // the modes of kx = 0 mirror one another; left to round-off, the difference would grow
        let (positive, negative) = tendency[1..width].split_at_mut(top);
        for (mirrored, n) in negative.iter_mut().rev().zip(positive) {
            *mirrored = n.conj();
        }
    }
}

#[inline(always)]
fn multiply(right: &mut [Complex64], left: &mut [Complex64], w: &[Complex64], q: &[Complex64]) {
    for ((right, left), (w, q)) in right.iter_mut().zip(left).zip(w.iter().zip(q)) {
        *right = w * q;
        *left = -(w.conj() * q);
    }
}

#[inline(always)]
fn subtract(n: &mut [Complex64], s: &[Complex64], here: &[Complex64], opposite: &[Complex64]) {
    for ((n, s), (z, opposite)) in n.iter_mut().zip(s).zip(here.iter().zip(opposite)) {
        let difference = s * z - (s * opposite).conj();
        *n = Complex64::new(difference.im, -difference.re);
    }
}

/// One evaluation, compiled for each vector width and chosen at run time.
struct Pass<'a, See> {
    advection: &'a mut Advection,
    w: &'a [Complex64],
    tendency: &'a mut [Complex64],
    see: See,
}

impl<See: FnMut(&[Complex64])> WithSimd for Pass<'_, See> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        let own = self.advection;
        own.fill_velocity(self.w);
        let scratch = &mut own.scratch;
        own.inverse.process_with_scratch(&mut own.right, scratch);
        let left = &mut own.left[own.grid..];
        own.forward.process_with_scratch(left, scratch);
        for first in (0..own.grid).step_by(BLOCK) {
            let count = BLOCK.min(own.grid - first);
            own.square_rows(first, count, &mut self.see);
        }
        let scratch = &mut own.scratch;
        own.forward.process_with_scratch(&mut own.right, scratch);
        own.inverse.process_with_scratch(&mut own.left, scratch);
        own.take_curl(self.tendency);
    }
}

/// The largest |u| among the points that it was shown.
#[derive(Default)]
pub struct Fastest {
    /// Squares, a lane for each of neighbouring points so that the comparisons do not wait for one another.
    lanes: [f64; 8],
}

impl Fastest {
    /// Looks at u + i v at some points.
    #[inline(always)]
    pub fn see(&mut self, points: &[Complex64]) {
        let mut lanes = self.lanes;
        let look = |lane: &mut f64, z: &Complex64| {
            let square = z.re * z.re + z.im * z.im;
            *lane = if *lane > square { *lane } else { square };
        };
        let (chunks, rest) = points.as_chunks::<8>();
        for chunk in chunks {
            for (lane, z) in lanes.iter_mut().zip(chunk) {
                look(lane, z);
            }
        }
        for z in rest {
            look(&mut lanes[0], z);
        }
        self.lanes = lanes;
    }

    /// max |u|; NaN when the flow is (one lost mode makes every point NaN).
    pub fn speed(&self) -> f64 {
        let largest = |a: f64, b: &f64| if a > *b { a } else { *b };
        self.lanes.iter().fold(0.0, largest).sqrt()
    }
}

#[cfg(test)]
mod tests;
