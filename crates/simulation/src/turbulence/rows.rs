//! Rows of the spectrum from one after the other to side by side, and back.

use pulp::Simd;

use super::{advection::WIDEST, lanes::Pair};

/// Carries the modes of a block of rows to where they are side by side, a row in each lane.
#[inline(always)]
pub fn gather<S: Simd>(block: &[Pair], rows: &mut [Pair], half: usize, width: usize) {
    let count = S::F64_LANES;
    let end = rows.len() / WIDEST * count;
    for (lane, line) in block.chunks_exact(2 * half).enumerate() {
        let (right, left) = line.split_at(half);
        for (kx, z) in right[..width].iter().enumerate() {
            rows[kx * count + lane] = *z;
        }
        for (kx, z) in left[..width].iter().enumerate().skip(1) {
            rows[end - kx * count + lane] = *z;
        }
    }
}

/// The way back.
#[inline(always)]
pub fn scatter<S: Simd>(rows: &[Pair], block: &mut [Pair], half: usize, width: usize) {
    let count = S::F64_LANES;
    let end = rows.len() / WIDEST * count;
    for (lane, line) in block.chunks_exact_mut(2 * half).enumerate() {
        let (right, left) = line.split_at_mut(half);
        for (kx, z) in right[..width].iter_mut().enumerate() {
            *z = rows[kx * count + lane];
        }
        left[0] = right[0];
        for (kx, z) in left[..width].iter_mut().enumerate().skip(1) {
            *z = rows[end - kx * count + lane];
        }
    }
}
