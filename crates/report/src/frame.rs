//! The box that curves and bars stand in: grid, axes, ticks and their labels.

use crate::axis::{Axis, Scale};
use crate::colour::{GRID, RULE, SOFT};
use crate::drawing::{Anchor, Area, Drawing, Label, Point};
use crate::error::FigureError;
use crate::font::{Font, Weight};
use crate::ruler::{Ruler, Span};

/// Sizes of text.
pub(crate) const TITLE: f64 = 14.0;
pub(crate) const LABEL: f64 = 12.0;
pub(crate) const TICK: f64 = 11.0;
/// Height of a line of text against its size.
pub(crate) const LEADING: f64 = 1.32;
/// Free border of every figure.
pub(crate) const MARGIN: f64 = 12.0;

const TICK_LENGTH: f64 = 4.0;

/// Plot area with its two rulers.
pub(crate) struct Frame {
    pub area: Area,
    pub x: Ruler,
    pub y: Ruler,
}

/// Rulers for axes that run along the area.
pub(crate) fn horizontal(
    font: &Font,
    axis: &Axis,
    span: Span,
    length: f64,
) -> Result<Ruler, FigureError> {
    let half = |t: &str| font.width(t, TICK, Weight::Regular) / 2.0;
    Ruler::new(
        axis,
        span,
        length,
        if length < 250.0 { 45.0 } else { 75.0 },
        |a, b| half(a) + half(b) + 9.0,
    )
}

pub(crate) fn vertical(axis: &Axis, span: Span, length: f64) -> Result<Ruler, FigureError> {
    Ruler::new(axis, span, length, 45.0, |_, _| 1.5 * TICK)
}

/// Width that the labels of a vertical axis take, its ticks with them.
pub(crate) fn label_width(font: &Font, ruler: &Ruler) -> f64 {
    let width = |l: &(f64, String)| font.width(&l.1, TICK, Weight::Regular);
    ruler.major.iter().map(width).fold(0.0, f64::max) + TICK_LENGTH + 4.0
}

/// Height that the labels of a horizontal axis take.
pub(crate) fn label_height() -> f64 {
    TICK_LENGTH + 4.0 + TICK * LEADING
}

impl Frame {
    /// Where a pair of values lies; none where an axis has no place for it.
    pub fn point(&self, x: f64, y: f64) -> Option<Point> {
        Some((
            self.left(self.x.span.fraction(x)?),
            self.top(self.y.span.fraction(y)?),
        ))
    }

    pub fn left(&self, fraction: f64) -> f64 {
        self.area.left + fraction * self.area.width
    }

    pub fn top(&self, fraction: f64) -> f64 {
        self.area.bottom() - fraction * self.area.height
    }

    /// Light lines at the ticks: of the y axis, and of a logarithmic x axis.
    pub fn draw_grid(&self, drawing: &mut Drawing) {
        let a = self.area;
        for (fraction, _) in &self.y.major {
            let top = self.top(*fraction);
            drawing.hairline((a.left, top), (a.right(), top), GRID);
        }
        if self.x.span.scale == Scale::Logarithmic {
            for (fraction, _) in &self.x.major {
                let left = self.left(*fraction);
                drawing.hairline((left, a.top), (left, a.bottom()), GRID);
            }
        }
    }

    /// Axis lines with ticks; the numbers of y may be left to the neighbour on the left.
    pub fn draw_axes(&self, drawing: &mut Drawing, y_labels: Labels) {
        let a = self.area;
        drawing.hairline((a.left, a.top), (a.left, a.bottom()), RULE);
        drawing.hairline((a.left, a.bottom()), (a.right(), a.bottom()), RULE);
        for fraction in &self.x.minor {
            let left = self.left(*fraction);
            drawing.hairline(
                (left, a.bottom()),
                (left, a.bottom() + TICK_LENGTH / 2.0),
                RULE,
            );
        }
        for fraction in &self.y.minor {
            let top = self.top(*fraction);
            drawing.hairline((a.left - TICK_LENGTH / 2.0, top), (a.left, top), RULE);
        }
        for (fraction, label) in &self.x.major {
            let left = self.left(*fraction);
            drawing.hairline((left, a.bottom()), (left, a.bottom() + TICK_LENGTH), RULE);
            let at = (left, a.bottom() + TICK_LENGTH + 3.0 + TICK / 2.0);
            drawing.text(Label::new(label, at, TICK).coloured(SOFT));
        }
        for (fraction, label) in &self.y.major {
            let top = self.top(*fraction);
            drawing.hairline((a.left - TICK_LENGTH, top), (a.left, top), RULE);
            if y_labels == Labels::Shown {
                let at = (a.left - TICK_LENGTH - 4.0, top);
                drawing.text(
                    Label::new(label, at, TICK)
                        .anchored(Anchor::End)
                        .coloured(SOFT),
                );
            }
        }
    }
}

/// Whether the ticks of an axis carry numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Labels {
    Shown,
    Hidden,
}
