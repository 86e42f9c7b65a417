//! Figures and one self-contained HTML page.
//!
//! Everything goes in as plain arrays, series and labels and comes out as bytes: no files are read,
//! no fonts of the machine are used (letters are Noto Sans, built in under the SIL Open Font Licence), and the same input gives the same picture anywhere.
//!
//! - [`FieldPanels`]: maps in rows and columns with shared colour bars;
//! - [`Lines`]: scores against lead, loss curves, spectra;
//! - [`RankHistogram`]: bars against the sampling band of a flat histogram;
//! - [`Scatter`]: clouds of points side by side, samples beside data;
//! - [`Page`]: text, tables and figures in one HTML file without scripts or network.
//!
//! Every figure is a [`Figure`]: `png()` gives pixels at twice the nominal size, `svg()` vectors.
//!
//! ```
//! use foehn_report::{Axis, Figure, Lines, Page, Series};
//!
//! let figure = Lines {
//!     title: "Fair CRPS".into(),
//!     x: Axis::new("lead", "h").every(24.0),
//!     y: Axis::new("CRPS", "hPa").from_zero(),
//!     series: vec![Series::new("forecast", vec![24.0, 48.0], vec![1.8, 3.2])],
//!     ..Lines::default()
//! };
//! let png = figure.png()?;
//! assert_eq!(&png[1..4], b"PNG");
//! let html = Page::new("Sea level pressure").figure("Scores", png).render()?;
//! assert!(html.starts_with("<!DOCTYPE html>"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod axis;
mod colour;
mod colour_bar;
mod curve;
mod drawing;
mod error;
mod field_panels;
#[cfg(test)]
mod fit;
mod font;
mod frame;
mod legend;
mod lines;
mod map;
mod number;
mod page;
mod panel_layout;
mod rank_histogram;
mod ranks;
mod raster;
mod ruler;
mod scatter;
mod series;
mod shade;
mod side;
mod svg;
mod table;
mod ticks;

pub use axis::{Axis, Extent, Scale, Ticks};
pub use colour::{Colours, MISSING, Tint};
pub use drawing::{Drawing, Stroke};
pub use error::{FigureError, PageError};
pub use field_panels::{FieldPanels, PanelGroup, PanelRow};
pub use lines::{Lines, Reference};
pub use map::{MapAxes, RowOrder};
pub use page::Page;
pub use rank_histogram::RankHistogram;
pub use ranks::Ranks;
pub use scatter::{Cloud, Scatter};
pub use series::{Series, Uncertainty};
pub use shade::{Isolines, Shading};
pub use table::{Cell, Column, Precision, Table};

/// A picture that can be drawn: plain data in, bytes out.
pub trait Figure {
    /// Lays the picture out.
    ///
    /// # Errors
    /// Says which part of the data cannot be drawn, with its label and what to change.
    fn draw(&self) -> Result<Drawing, FigureError>;

    /// PNG bytes at two pixels for each nominal unit.
    ///
    /// # Errors
    /// As [`Figure::draw`], or when the picture is too large to encode.
    fn png(&self) -> Result<Vec<u8>, FigureError> {
        self.draw()?.png()
    }

    /// The same picture as an SVG document, text as text.
    ///
    /// # Errors
    /// As [`Figure::draw`].
    fn svg(&self) -> Result<String, FigureError> {
        self.draw()?.svg()
    }
}
