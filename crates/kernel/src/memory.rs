//! Memory that is written in parts by several threads, and memory that is used again.

use std::cell::RefCell;

/// A place that several threads write to, each its own part.
#[derive(Clone, Copy)]
pub(crate) struct Place(*mut f32);

// SAFETY: a pointer alone does nothing; whoever writes through it upholds that the parts are disjoint
unsafe impl Send for Place {}
// SAFETY: as above
unsafe impl Sync for Place {}

impl Place {
    pub(crate) fn new(values: &mut [f32]) -> Self {
        Self(values.as_mut_ptr())
    }

    /// The address `offset` numbers on.
    ///
    /// # Safety
    /// The offset must lie within the memory that this place was made of, or at its end.
    #[inline(always)]
    pub(crate) unsafe fn at(self, offset: usize) -> *mut f32 {
        // SAFETY: within the allocation by contract
        unsafe { self.0.add(offset) }
    }

    /// The `length` numbers from `offset` on.
    ///
    /// # Safety
    /// They must lie within the memory that this place was made of, must have been written before, and no
    /// other thread may use them while the slice lives.
    #[inline(always)]
    pub(crate) unsafe fn part<'a>(self, offset: usize, length: usize) -> &'a mut [f32] {
        // SAFETY: valid and exclusive by contract
        unsafe { std::slice::from_raw_parts_mut(self.0.add(offset), length) }
    }
}

/// `length` numbers, all of which `write` has written.
///
/// # Safety
/// `write` must write every one of the `length` numbers, and read none before it has.
pub(crate) unsafe fn written(length: usize, write: impl FnOnce(Place)) -> Vec<f32> {
    let mut values = Vec::<f32>::with_capacity(length);
    write(Place(values.as_mut_ptr()));
    // SAFETY: the capacity is there and all is written by contract
    unsafe { values.set_len(length) };
    values
}

thread_local! {
    static USED: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Numbers of no particular value, given back for the next use when dropped.
pub(crate) struct Scratch {
    values: Vec<f32>,
    length: usize,
}

impl Scratch {
    pub(crate) fn new(length: usize) -> Self {
        let mut values = USED.with_borrow_mut(|used| {
            // the smallest that is large enough, else the largest
            let fits = (0..used.len())
                .filter(|i| used[*i].len() >= length)
                .min_by_key(|i| used[*i].len());
            let largest = || (0..used.len()).max_by_key(|i| used[*i].len());
            fits.or_else(largest)
                .map_or_else(Vec::new, |i| used.swap_remove(i))
        });
        if values.len() < length {
            // not resized: what it holds need not be copied
            values = vec![0.0; length];
        }
        Self { values, length }
    }
}

impl std::ops::Deref for Scratch {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.values[..self.length]
    }
}

impl std::ops::DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[..self.length]
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.values);
        // a thread that ends has no use for it
        let _ = USED.try_with(|used| used.borrow_mut().push(values));
    }
}
