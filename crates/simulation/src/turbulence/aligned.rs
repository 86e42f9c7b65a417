//! Memory for vectors.

use std::ops::{Deref, DerefMut};

/// Zeros that begin on a cache line, so that no vector straddles two.
pub struct Aligned<T> {
    values: Vec<T>,
    first: usize,
    len: usize,
}

impl<T: Copy + Default> Aligned<T> {
    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        const CACHE_LINE: usize = 64;
        let spare = CACHE_LINE / size_of::<T>();
        let values = vec![T::default(); len + spare];
        let first = values.as_ptr().align_offset(CACHE_LINE).min(spare);
        Self { values, first, len }
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        &self.values[self.first..self.first + self.len]
    }
}

impl<T> DerefMut for Aligned<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.first..self.first + self.len]
    }
}
