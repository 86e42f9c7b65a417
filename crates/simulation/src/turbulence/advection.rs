//! The advection term -u.grad w with two complex transforms.
//!
//! With z = u + i v and d = d/dx - i d/dy the incompressible flow obeys
//! -u.grad w = -1/2 Im(d^2 z^2), so one complex transform brings both velocities to the grid and one
//! brings z^2 = u^2 - v^2 + 2 i u v back: the smallest number for a quadratic term. In modes, with
//! q = kx - i ky, z = w/q and the tendency is -i [s Z(k) - conj(s Z(-k))], s = q^2/4, Z the modes of z^2.
//! Products of modes up to `k_max` < grid/3 leave no alias in what is kept (2/3 rule), so this equals
//! every other form of the term to round-off, and conserves energy and enstrophy.

use pulp::{Arch, Simd, WithSimd};
use rustfft::num_complex::Complex64;

use super::{
    aligned::Aligned,
    lanes::{Lanes, Pair, Source, Wave, Way},
    modes::Modes,
    rows::{gather, scatter},
};

/// Widest vector in use, in numbers; what is transformed together is padded to a multiple of it.
pub const WIDEST: usize = 8;

/// Tables and scratch for the advection term on one grid.
pub struct Advection {
    arch: Arch,
    modes: Modes,
    lanes: Lanes,
    grid: usize,
    /// `k_max` + 1 columns, padded.
    half: usize,
    /// 1/q, zero at k = 0.
    velocity: Vec<Complex64>,
    /// q^2/(4 grid^2).
    curl: Vec<Complex64>,
    /// Modes by ky = 0, 1, .., -1 with two halves in each row: (kx, ky) and (-kx, -ky) for kx = 0, .., `k_max`.
    /// What lies opposite in wavenumber is side by side; the second half is transformed the other way.
    spectrum: Aligned<Pair>,
    /// The same after the transform along y.
    mixed: Aligned<Pair>,
    /// Modes along x of a block of rows, side by side: kx = 0 of every row, then the next; zero beyond `k_max`.
    rows: Aligned<Pair>,
    /// Vectors that a block is transformed in.
    work: [Aligned<f64>; 2],
}

impl Advection {
    /// Prepares a grid of `grid` x `grid` points, a power of two.
    pub fn new(grid: usize) -> Self {
        let modes = Modes::new(grid);
        let half = modes.width().next_multiple_of(WIDEST);
        let q = |(kx, ky): (f64, f64)| Complex64::new(kx, -ky);
        let quarter = 0.25 / (grid * grid) as f64;
        let mut velocity: Vec<_> = modes.waves().map(|wave| q(wave).inv()).collect();
        velocity[0] = Complex64::ZERO;
        Self {
            arch: Arch::new(),
            modes,
            lanes: Lanes::new(grid),
            grid,
            half,
            velocity,
            curl: modes
                .waves()
                .map(|wave| q(wave) * q(wave) * quarter)
                .collect(),
            spectrum: Aligned::zeros(2 * half * grid),
            mixed: Aligned::zeros(2 * half * grid),
            rows: Aligned::zeros(WIDEST * grid),
            work: [0, 1].map(|_| Aligned::zeros(2 * WIDEST * grid)),
        }
    }

    /// Writes the modes of -u.grad w into `tendency` and returns max |u| over the grid.
    pub fn tendency(&mut self, w: &[Complex64], tendency: &mut [Complex64]) -> f64 {
        let arch = self.arch;
        arch.dispatch(Pass {
            advection: self,
            w,
            tendency,
        })
    }

    /// Row of the spectrum at which the rows of ky < 0 begin.
    fn negative(&self) -> usize {
        self.grid - self.modes.k_max()
    }

    /// Modes of u + i v: w/q at k and, w being real and q odd, -conj(w)/q at -k.
    #[inline(always)]
    fn fill_velocity(&mut self, w: &[Complex64]) {
        let (width, half, top, negative) = (
            self.modes.width(),
            self.half,
            self.modes.k_max(),
            self.negative(),
        );
        let modes = w.chunks_exact(width).zip(self.velocity.chunks_exact(width));
        for (row, (w, velocity)) in modes.enumerate() {
            let row = if row <= top {
                row
            } else {
                row - top - 1 + negative
            };
            let line = &mut self.spectrum[2 * half * row..2 * half * (row + 1)];
            let (here, opposite) = line.split_at_mut(half);
            for ((here, opposite), (w, v)) in
                here.iter_mut().zip(opposite).zip(w.iter().zip(velocity))
            {
                let (rr, ii, ri, ir) = (w.re * v.re, w.im * v.im, w.re * v.im, w.im * v.re);
                *here = [rr - ii, ri + ir];
                *opposite = [-rr - ii, ir - ri];
            }
        }
    }

    /// -i [s Z(k) - conj(s Z(-k))].
    #[inline(always)]
    fn take_curl(&self, tendency: &mut [Complex64]) {
        let (width, half, top, negative) = (
            self.modes.width(),
            self.half,
            self.modes.k_max(),
            self.negative(),
        );
        let modes = tendency
            .chunks_exact_mut(width)
            .zip(self.curl.chunks_exact(width));
        for (row, (tendency, s)) in modes.enumerate() {
            let row = if row <= top {
                row
            } else {
                row - top - 1 + negative
            };
            let line = &self.spectrum[2 * half * row..2 * half * (row + 1)];
            let (here, opposite) = line.split_at(half);
            for ((n, s), (z, o)) in tendency.iter_mut().zip(s).zip(here.iter().zip(opposite)) {
                let re = s.re * (z[0] - o[0]) - s.im * (z[1] - o[1]);
                let im = s.re * (z[1] + o[1]) + s.im * (z[0] + o[0]);
                *n = Complex64::new(im, -re);
            }
        }
        // the modes of kx = 0 mirror one another; left to round-off, the difference would grow
        for ky in 1..=top as i64 {
            tendency[self.modes.index(0, -ky)] = tendency[self.modes.index(0, ky)].conj();
        }
    }

    /// Along y, from modes to the grid.
    #[inline(always)]
    fn columns_there<S: Simd>(&mut self, simd: S) {
        let (grid, top, negative) = (self.grid, self.modes.k_max(), self.negative());
        let blocks = 2 * self.half / S::F64_LANES;
        let (from, to) = (waves::<S>(&self.spectrum), waves_mut::<S>(&mut self.mixed));
        for block in 0..blocks {
            let [x, y] = &mut self.work;
            let (x, y) = (vectors_mut::<S>(x, grid), vectors_mut::<S>(y, grid));
            let way = if block < blocks / 2 {
                Way::Inverse
            } else {
                Way::Forward
            };
            let source = Source {
                from,
                first: block,
                step: blocks,
                zero: top + 1..negative,
                way,
            };
            let (z, _) = self.lanes.forward_from(simd, &source, x, y);
            for (at, z) in z.iter().enumerate() {
                to[at * blocks + block] = simd.interleave_shfl_f64s(way.orient::<S>(*z));
            }
        }
    }

    /// Along y, from the grid to modes; those beyond `k_max` are dropped.
    #[inline(always)]
    fn columns_back<S: Simd>(&mut self, simd: S) {
        let (grid, top, negative) = (self.grid, self.modes.k_max(), self.negative());
        let blocks = 2 * self.half / S::F64_LANES;
        let (from, to) = (waves::<S>(&self.mixed), waves_mut::<S>(&mut self.spectrum));
        for block in 0..blocks {
            let [x, y] = &mut self.work;
            let (x, y) = (vectors_mut::<S>(x, grid), vectors_mut::<S>(y, grid));
            let way = if block < blocks / 2 {
                Way::Forward
            } else {
                Way::Inverse
            };
            let source = Source {
                from,
                first: block,
                step: blocks,
                zero: 0..0,
                way,
            };
            let (z, _) = self.lanes.forward_from(simd, &source, x, y);
            for ky in (0..=top).chain(negative..grid) {
                let z = way.orient::<S>(z[ky]);
                to[ky * blocks + block] = simd.interleave_shfl_f64s(z);
            }
        }
    }

    /// Along x, for one row in each lane: to the grid, squared, and back. Returns max |z|^2.
    #[inline(always)]
    fn square_rows<S: Simd>(&mut self, simd: S) -> f64 {
        let (grid, half, width) = (self.grid, self.half, self.modes.width());
        let mut fastest = simd.splat_f64s(0.0);
        for block in self.mixed.chunks_exact_mut(2 * half * S::F64_LANES) {
            gather::<S>(block, &mut self.rows, half, width);
            let [x, y] = &mut self.work;
            let (x, y) = (vectors_mut::<S>(x, grid), vectors_mut::<S>(y, grid));
            let source = Source {
                from: waves::<S>(&self.rows),
                first: 0,
                step: 1,
                zero: 0..0,
                way: Way::Inverse,
            };
            let (z, other) = self.lanes.forward_from(simd, &source, x, y);
            for z in z.iter_mut() {
                let [v, u] = *z;
                let (uu, vv, uv) = (
                    simd.mul_f64s(u, u),
                    simd.mul_f64s(v, v),
                    simd.mul_f64s(u, v),
                );
                fastest = simd.max_f64s(fastest, simd.add_f64s(uu, vv));
                *z = [simd.sub_f64s(uu, vv), simd.add_f64s(uv, uv)];
            }
            let (z, _) = self.lanes.forward(simd, z, other);
            let kept = waves_mut::<S>(&mut self.rows);
            for kx in (0..width).chain(grid - width + 1..grid) {
                kept[kx] = simd.interleave_shfl_f64s(z[kx]);
            }
            scatter::<S>(&self.rows, block, half, width);
        }
        simd.reduce_max_f64s(fastest)
    }
}

/// One evaluation, compiled for each vector width and chosen at run time.
struct Pass<'a> {
    advection: &'a mut Advection,
    w: &'a [Complex64],
    tendency: &'a mut [Complex64],
}

impl WithSimd for Pass<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        self.advection.fill_velocity(self.w);
        self.advection.columns_there(simd);
        let fastest = self.advection.square_rows(simd);
        self.advection.columns_back(simd);
        self.advection.take_curl(self.tendency);
        fastest.sqrt()
    }
}

#[inline(always)]
fn waves<S: Simd>(pairs: &[Pair]) -> &[Wave<S>] {
    S::as_simd_f64s(pairs.as_flattened()).0.as_chunks().0
}

#[inline(always)]
fn waves_mut<S: Simd>(pairs: &mut [Pair]) -> &mut [Wave<S>] {
    let numbers = pairs.as_flattened_mut();
    S::as_mut_simd_f64s(numbers).0.as_chunks_mut().0
}

#[inline(always)]
fn vectors_mut<S: Simd>(numbers: &mut [f64], count: usize) -> &mut [Wave<S>] {
    &mut S::as_mut_simd_f64s(numbers).0.as_chunks_mut().0[..count]
}

#[cfg(test)]
mod tests;
