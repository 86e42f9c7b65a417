//! What can be wrong with the data of a figure or a page.

/// Why a figure could not be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FigureError {
    /// A series without points.
    #[error("series `{label}` is empty: give it at least one point or leave it out")]
    EmptySeries {
        /// Label of the series.
        label: String,
    },
    /// Two arrays that belong together differ in length.
    #[error("`{label}`: {what} has {found} values where {expected} are needed")]
    Length {
        /// Label of the series, row or axis.
        label: String,
        /// Which array.
        what: &'static str,
        /// Length that is needed.
        expected: usize,
        /// Length that was given.
        found: usize,
    },
    /// No part of the figure holds a value that can be drawn.
    #[error("figure `{title}` has nothing to draw: {cause}")]
    NothingToDraw {
        /// Title of the figure.
        title: String,
        /// Why, and what to change.
        cause: &'static str,
    },
    /// A map has another shape than the axes.
    #[error(
        "map of row `{row}`, column {column} has shape {found:?}, the axes have {expected:?} (rows, columns)"
    )]
    Shape {
        /// Title of the row.
        row: String,
        /// Number of the column, from 0.
        column: usize,
        /// Shape of the axes.
        expected: (usize, usize),
        /// Shape of the map.
        found: (usize, usize),
    },
    /// A coordinate that is not finite or does not rise or fall all along.
    #[error(
        "coordinate `{axis}` must be finite and strictly ascending or descending: value {index} is {value}"
    )]
    Coordinate {
        /// Name of the coordinate.
        axis: &'static str,
        /// Where it breaks.
        index: usize,
        /// The value there.
        value: f64,
    },
    /// Limits that do not span a range.
    #[error("limits {low} to {high} of `{label}`: {cause}")]
    Limits {
        /// Label of the axis or colour bar.
        label: String,
        /// Lower limit.
        low: f64,
        /// Upper limit.
        high: f64,
        /// What is wrong with them.
        cause: &'static str,
    },
    /// A step or position of ticks that cannot be used.
    #[error("ticks of `{label}`: {cause}")]
    Ticks {
        /// Label of the axis.
        label: String,
        /// What is wrong with them.
        cause: &'static str,
    },
    /// Counts that are not a histogram.
    #[error("rank histogram `{title}`: {cause}")]
    Histogram {
        /// Title of the histogram.
        title: String,
        /// What is wrong, with the value.
        cause: String,
    },
    /// The picture is larger than can be encoded.
    #[error(
        "picture of {width} x {height} pixels is empty or too large: use fewer panels or a smaller size"
    )]
    Size {
        /// Width in pixels.
        width: f64,
        /// Height in pixels.
        height: f64,
    },
    /// The built-in font does not parse.
    #[error("the built-in font cannot be read: {0}")]
    Font(#[from] ttf_parser::FaceParsingError),
    /// The PNG encoder failed.
    #[error("the PNG encoder failed: {0}")]
    Encode(#[from] image::ImageError),
}

/// Why a page could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// A table row with another number of cells than the table has columns.
    #[error("table `{table}`, row {row} has {found} cells, the table has {expected} columns")]
    RowLength {
        /// Caption of the table.
        table: String,
        /// Number of the row, from 0.
        row: usize,
        /// Number of columns.
        expected: usize,
        /// Number of cells.
        found: usize,
    },
    /// Bytes given as a figure that are not a PNG.
    #[error("figure `{caption}` is not a PNG: give the bytes of `Figure::png`")]
    NotPng {
        /// Caption of the figure.
        caption: String,
    },
}
