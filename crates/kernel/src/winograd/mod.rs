//! 3x3 convolution by F(4x4, 3x3): 36 products for every 4 x 4 cells where 144 are written.
//!
//! A tile of 4 x 4 results depends on 6 x 6 inputs: y = A' [(G g G') * (B' d B)] A, with * entry by entry.
//! Summed over channels, each of the 36 entries is a matrix product of tiles x inputs and inputs x outputs.
//! The weight gradient is the adjoint: G' [sum over tiles of (B' d B) * (A y A')] G.
//!
//! # Reference
//! Lavin and Gray (2016), arXiv:1509.09308.

mod forward;
mod gradient;
mod transform;
mod weights;

pub(crate) use forward::{Addend, convolve};
pub(crate) use gradient::weight_gradient;
pub(crate) use weights::{Orientation, Weights};

/// Entries of a transformed tile.
const ENTRIES: usize = 36;

/// The tiles of a field of `height` x `width` results.
#[derive(Clone, Copy)]
struct Tiles {
    height: usize,
    width: usize,
}

impl Tiles {
    fn rows(self) -> usize {
        self.height.div_ceil(4)
    }

    fn columns(self) -> usize {
        self.width.div_ceil(4)
    }
}

/// Rows of tiles, counted through all images, cut where an image ends: (image, first row, rows, tiles before).
fn runs(first: usize, last: usize, tiles: Tiles) -> impl Iterator<Item = Run> {
    let rows = tiles.rows();
    let mut next = first;
    std::iter::from_fn(move || {
        if next >= last {
            return None;
        }
        let (image, row) = (next / rows, next % rows);
        let count = (rows - row).min(last - next);
        let before = (next - first) * tiles.columns();
        next += count;
        Some(Run {
            image,
            row,
            count,
            before,
        })
    })
}

/// Neighbouring rows of tiles of one image.
#[derive(Clone, Copy)]
struct Run {
    image: usize,
    row: usize,
    count: usize,
    /// Tiles of the block before these.
    before: usize,
}
