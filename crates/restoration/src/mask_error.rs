//! Why a mask was refused.

/// Why a mask was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MaskError {
    /// A parameter out of its range.
    #[error("mask: {name} = {value} is not within {low} and {high}")]
    Range {
        /// The parameter.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The least allowed.
        low: f64,
        /// The largest allowed.
        high: f64,
    },
    /// A mask of another size than the picture.
    #[error(
        "the mask has {mask:?} rows and columns and the picture {picture:?}: give a mask of the picture's size"
    )]
    Size {
        /// Of the mask.
        mask: [usize; 2],
        /// Of the picture.
        picture: [usize; 2],
    },
    /// Values between black and white.
    #[error(
        "the mask has {count} pixels that are neither black (known) nor white (to restore): reduce it to two values, and \
         store it as PNG"
    )]
    Grey {
        /// How many.
        count: usize,
    },
    /// Nothing to do.
    #[error("the mask hides nothing: paint white what is to be restored")]
    Nothing,
    /// Nothing to go by.
    #[error(
        "the mask hides every pixel: there is nothing to restore from; leave some of the picture black"
    )]
    Everything,
}
