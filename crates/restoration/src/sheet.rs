//! Pictures side by side.

use crate::picture::{Depth, Picture};
use crate::picture_error::PictureError;
use ndarray::{Array3, s};

/// Pixels between two pictures.
const GAP: usize = 4;
/// The side up to which small pictures are enlarged.
const SIDE: usize = 96;

/// Why a sheet was refused.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// Nothing on it.
    #[error("a contact sheet needs at least one picture")]
    Empty,
    /// Pictures of several sizes.
    #[error("the pictures of a contact sheet have {0:?} and {1:?} rows and columns")]
    Sizes([usize; 2], [usize; 2]),
    /// It is no picture.
    #[error(transparent)]
    Picture(#[from] PictureError),
}

/// Rows of pictures of one size on white.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    rows: Vec<Vec<Picture>>,
}

impl Sheet {
    /// The sheet of these rows, if there are any and all pictures have one size.
    pub fn of_one_size(rows: Vec<Vec<Picture>>) -> Option<Self> {
        let mut sizes = rows.iter().flatten().map(Picture::size);
        let first = sizes.next()?;
        sizes.all(|size| size == first).then_some(Self { rows })
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<Picture>) {
        self.rows.push(row);
    }

    /// The whole as one picture of 8 bits; small pictures are enlarged by a whole factor, large ones stay as they are.
    ///
    /// # Errors
    /// If there is nothing on it, or pictures differ in size.
    pub fn picture(&self) -> Result<Picture, SheetError> {
        let all = || self.rows.iter().flatten();
        let first = all().next().ok_or(SheetError::Empty)?;
        let size = first.size();
        if let Some(other) = all().find(|picture| picture.size() != size) {
            return Err(SheetError::Sizes(size, other.size()));
        }
        let channels = all().map(Picture::channels).max().unwrap_or(1);
        let zoom = (SIDE / size[0].max(size[1])).max(1);
        let [h, w] = size.map(|n| n * zoom + GAP);
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let whole = (channels, self.rows.len() * h + GAP, columns * w + GAP);
        let mut values = Array3::from_elem(whole, Depth::Eight.largest());
        for (r, row) in self.rows.iter().enumerate() {
            for (c, picture) in row.iter().enumerate() {
                let (top, left) = (GAP + r * h, GAP + c * w);
                let mut place = values.slice_mut(s![.., top..top + h - GAP, left..left + w - GAP]);
                place.indexed_iter_mut().for_each(|((k, i, j), value)| {
                    *value = eight_bits(picture, [k, i / zoom, j / zoom]);
                });
            }
        }
        Ok(Picture::new(values, Depth::Eight)?)
    }
}

/// Grey is shown in every channel.
fn eight_bits(picture: &Picture, [c, i, j]: [usize; 3]) -> u16 {
    let value = picture.values()[[c.min(picture.channels() - 1), i, j]];
    match picture.depth() {
        Depth::Eight => value,
        Depth::Sixteen => value / 257,
    }
}
