//! What a transformer does beside its matrix products: norms of single cells, gates and GELU.

mod curve;
mod gated;
mod layer;

pub(crate) use curve::{gelu, times_slope};
pub(crate) use gated::Gated;
pub(crate) use layer::Layer;

/// Cells that are worked on at once. The same whatever the threads: it decides the order of the sums.
const CELLS: usize = 64;

/// Cells of images, cut into pieces.
#[derive(Clone, Copy)]
pub(crate) struct Pieces {
    pub(crate) images: usize,
    pub(crate) cells: usize,
    pub(crate) channels: usize,
}

/// One piece: the image it belongs to, and its numbers in a field [images, cells, channels].
struct Piece {
    image: usize,
    at: usize,
    length: usize,
}

impl Pieces {
    /// Of each image.
    fn each(self) -> usize {
        self.cells.div_ceil(CELLS)
    }

    fn count(self) -> usize {
        self.images * self.each()
    }

    fn piece(self, i: usize) -> Piece {
        let (image, first) = (i / self.each(), i % self.each() * CELLS);
        Piece {
            image,
            at: (image * self.cells + first) * self.channels,
            length: CELLS.min(self.cells - first) * self.channels,
        }
    }

    /// # Panics
    /// If `field` is not [images, cells, channels] or `factor` not [images, channels].
    fn check(self, field: &[f32], factor: &[f32]) {
        let length = self.images * self.channels;
        assert_eq!(field.len(), length * self.cells, "field");
        assert_eq!(factor.len(), length, "numbers of images and channels");
    }
}
