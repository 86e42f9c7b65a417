//! What lies beyond the ends of an axis.

/// An axis of n cells with one more at either end: which cell each of the n + 2 repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    sources: Vec<Option<usize>>,
}

impl Axis {
    /// n cells, and at the ends the cells `first` and `last`, or zero for `None`.
    ///
    /// # Panics
    /// If `first` or `last` is not one of the n cells.
    pub fn new(n: usize, first: Option<usize>, last: Option<usize>) -> Self {
        assert!(
            first.is_none_or(|c| c < n) && last.is_none_or(|c| c < n),
            "the ends of an axis of {n} cells cannot repeat cells {first:?} and {last:?}"
        );
        let inside = (0..n).map(Some);
        let sources = std::iter::once(first).chain(inside).chain([last]).collect();
        Self { sources }
    }

    /// The number of cells of the result of a 3x3 convolution.
    pub(crate) fn outputs(&self) -> usize {
        self.sources.len() - 2
    }

    /// The cell that stands at place `i`, counted from the one before the first.
    #[inline(always)]
    pub(crate) fn source(&self, i: usize) -> Option<usize> {
        self.sources.get(i).copied().flatten()
    }

    /// Whether the adjoint of a convolution along this axis is a convolution along the same axis: zero
    /// beyond the ends, or periodic.
    pub(crate) fn is_its_own_adjoint(&self) -> bool {
        let n = self.outputs();
        let ends = (self.sources[0], self.sources[n + 1]);
        ends == (None, None) || (n > 0 && ends == (Some(n - 1), Some(0)))
    }

    /// The axis whose convolutions give n + 2 cells, zero beyond the n.
    pub(crate) fn extended(&self) -> Self {
        let n = self.outputs();
        let inside = (0..n).map(Some);
        let none = [None, None];
        Self {
            sources: none.into_iter().chain(inside).chain(none).collect(),
        }
    }
}
