//! Overlapping tiles of what is too large to be seen at once.

use ndarray::Array2;
use std::ops::Range;

/// Why there are no tiles.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TilingError {
    /// An overlap as wide as a tile.
    #[error("tiles of {side} pixels cannot overlap by {overlap}: give less than half of the side")]
    Overlap {
        /// Side of a tile.
        side: usize,
        /// Pixels that two tiles share.
        overlap: usize,
    },
}

/// One tile.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// Its rows.
    pub rows: Range<usize>,
    /// Its columns.
    pub columns: Range<usize>,
    /// Its share in every pixel of it; the shares of all tiles of a pixel sum to 1.
    ///
    /// # Shapes
    /// (rows, columns).
    pub share: Array2<f32>,
}

/// Tiles that cover a picture, neighbours overlapping, each fading out where the next fades in.
///
/// A velocity that is the mean of those of its tiles, weighted by their shares, is one velocity for the whole picture, and
/// its noise is drawn for the whole picture: no seam is left to hide afterwards.
///
/// # Reference
/// Bar-Tal, Yariv, Lipman, Dekel 2023, arXiv:2302.08113.
#[derive(Clone, Debug, PartialEq)]
pub struct Tiling {
    tiles: Vec<Tile>,
}

impl Tiling {
    /// Tiles of at most `side` x `side` pixels, neighbours sharing at least `overlap` pixels.
    ///
    /// ```
    /// use foehn_restoration::Tiling;
    /// let tiling = Tiling::new([64, 150], 64, 16)?;
    /// let columns: Vec<_> = tiling.tiles().iter().map(|tile| tile.columns.clone()).collect();
    /// assert_eq!(columns, [0..64, 43..107, 86..150]);
    /// # Ok::<(), foehn_restoration::TilingError>(())
    /// ```
    ///
    /// # Errors
    /// If the overlap is not less than half of the side.
    pub fn new(size: [usize; 2], side: usize, overlap: usize) -> Result<Self, TilingError> {
        if 2 * overlap >= side {
            return Err(TilingError::Overlap { side, overlap });
        }
        let [rows, columns] = size.map(|n| along(n, side, overlap));
        let mut sum = Array2::<f32>::zeros(size);
        let mut tiles = Vec::new();
        for rows in &rows {
            for columns in &columns {
                let share = Array2::from_shape_fn((rows.len(), columns.len()), |(i, j)| {
                    ramp(i, rows.len(), overlap) * ramp(j, columns.len(), overlap)
                });
                let mut part = sum.slice_mut(ndarray::s![rows.clone(), columns.clone()]);
                part += &share;
                tiles.push(Tile {
                    rows: rows.clone(),
                    columns: columns.clone(),
                    share,
                });
            }
        }
        for tile in &mut tiles {
            tile.share /= &sum.slice(ndarray::s![tile.rows.clone(), tile.columns.clone()]);
        }
        Ok(Self { tiles })
    }

    /// The tiles, row by row.
    pub fn tiles(&self) -> &[Tile] {
        &self.tiles
    }
}

/// As few ranges of `side` as cover `0..n` with the overlap, evenly spaced.
fn along(n: usize, side: usize, overlap: usize) -> Vec<Range<usize>> {
    if n <= side {
        return std::iter::once(0..n).collect();
    }
    let gaps = (n - side).div_ceil(side - overlap);
    (0..=gaps)
        .map(|k| k * (n - side) / gaps)
        .map(|begin| begin..begin + side)
        .collect()
}

/// Rises from the edge of a tile over the overlap, never zero.
fn ramp(i: usize, n: usize, overlap: usize) -> f32 {
    let inside = (i + 1).min(n - i).min(overlap + 1);
    inside as f32 / (overlap + 1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_one_and_neighbours_overlap() {
        for (size, side, overlap) in [
            ([28, 28], 28, 0),
            ([1, 1], 8, 3),
            ([3, 500], 32, 8),
            ([130, 97], 40, 12),
        ] {
            let tiling = Tiling::new(size, side, overlap).unwrap();
            let mut sum = Array2::<f32>::zeros(size);
            for tile in tiling.tiles() {
                assert!(tile.rows.len() <= side && tile.columns.len() <= side);
                let mut part = sum.slice_mut(ndarray::s![tile.rows.clone(), tile.columns.clone()]);
                part += &tile.share;
            }
            assert!(sum.iter().all(|s| (s - 1.0).abs() < 1e-6));
            let columns: Vec<_> = along(size[1], side, overlap);
            for pair in columns.windows(2) {
                assert!(pair[1].start + overlap <= pair[0].end, "{pair:?}");
            }
        }
        assert!(Tiling::new([9, 9], 8, 4).is_err());
    }
}
