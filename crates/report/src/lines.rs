//! Curves: scores against lead, loss against step, spectra.

use crate::axis::Axis;
use crate::colour::{INK, SHADE, SOFT};
use crate::drawing::{Area, Drawing, Label, Pen, Stroke};
use crate::error::FigureError;
use crate::font::{Font, Weight};
use crate::frame::{self, Frame, LABEL, LEADING, Labels, MARGIN, TITLE};
use crate::legend::{Entry, Key, Legend};
use crate::ruler::Span;
use crate::series::Series;
use crate::{Figure, curve};

/// A value of y that curves are held against.
#[derive(Clone, Debug, PartialEq)]
pub enum Reference {
    /// A thin dashed line.
    Line {
        /// Value of y.
        value: f64,
        /// Name in the legend.
        label: String,
    },
    /// A shaded strip: the target range of a score.
    Band {
        /// Lower edge.
        low: f64,
        /// Upper edge.
        high: f64,
        /// Name in the legend.
        label: String,
    },
}

/// Labelled curves in one frame, with the legend above it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// Title; may be empty.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// Curves, the first drawn on top.
    pub series: Vec<Series>,
    /// Lines and strips behind the curves.
    pub references: Vec<Reference>,
    /// Nominal width and height; grows downwards when the legend leaves too little room.
    pub size: (f64, f64),
}

impl Default for Lines {
    fn default() -> Self {
        let (series, references) = (Vec::new(), Vec::new());
        Self {
            title: String::new(),
            x: Axis::default(),
            y: Axis::default(),
            series,
            references,
            size: (530.0, 350.0),
        }
    }
}

impl Figure for Lines {
    fn draw(&self) -> Result<Drawing, FigureError> {
        self.series.iter().try_for_each(Series::check)?;
        let (x, y) = self.spans()?;
        let font = Font::load()?;
        let layout = self.layout(&font, x, y)?;
        let mut drawing = Drawing::new(layout.width, layout.height, font);
        drawing.lines(
            &layout.title,
            &Label::new("", (MARGIN, MARGIN + TITLE / 2.0), TITLE)
                .bold()
                .anchored(crate::drawing::Anchor::Start),
            TITLE * LEADING,
        );
        layout.legend.draw(&mut drawing, MARGIN, layout.legend_top);
        let frame = &layout.frame;
        frame.draw_grid(&mut drawing);
        self.references
            .iter()
            .for_each(|r| draw_reference(&mut drawing, frame, r));
        for (i, series) in self.series.iter().enumerate().rev() {
            curve::draw(&mut drawing, frame, series, i);
        }
        frame.draw_axes(&mut drawing, Labels::Shown);
        draw_captions(&mut drawing, &layout);
        Ok(drawing)
    }
}

/// Where everything goes.
struct Layout {
    width: f64,
    height: f64,
    title: Vec<String>,
    legend: Legend,
    legend_top: f64,
    frame: Frame,
    x_caption: Vec<String>,
    y_caption: Vec<String>,
}

impl Lines {
    /// Limits of both axes over what will be drawn.
    fn spans(&self) -> Result<(Span, Span), FigureError> {
        let x = Span::new(
            &self.x,
            self.series.iter().flat_map(|s| s.x.iter().copied()),
            0.02,
        )?;
        let references = self.references.iter().flat_map(|r| match *r {
            Reference::Line { value, .. } => [value, value],
            Reference::Band { low, high, .. } => [low, high],
        });
        let ordinates = self
            .series
            .iter()
            .flat_map(Series::ordinates)
            .chain(references);
        let y = Span::new(&self.y, ordinates, 0.05)?;
        let drawn = |s: &Series| {
            s.x.iter()
                .zip(&s.y)
                .any(|(a, b)| x.fraction(*a).and(y.fraction(*b)).is_some())
        };
        if !self.series.iter().any(drawn) {
            let cause = "no series has a finite point (a positive one on logarithmic axes)";
            return Err(FigureError::NothingToDraw {
                title: self.title.clone(),
                cause,
            });
        }
        Ok((x, y))
    }

    fn layout(&self, font: &Font, x: Span, y: Span) -> Result<Layout, FigureError> {
        let width = self.size.0.max(200.0);
        let inner = width - 2.0 * MARGIN;
        let title = font.wrap(&self.title, TITLE, Weight::Bold, inner);
        let legend = Legend::new(font, self.entries(x, y), inner);
        let legend_top = MARGIN
            + title.len() as f64 * TITLE * LEADING
            + if title.is_empty() { 0.0 } else { 4.0 };
        let top = legend_top + legend.height + 10.0;
        let x_caption = font.wrap(&self.x.caption(-10), LABEL, Weight::Regular, inner - 80.0);
        let below = frame::label_height() + caption_room(&x_caption) + MARGIN - 4.0;
        let height = self.size.1.max(top + below + 200.0);
        let tall = height - top - below;
        let y_ruler = frame::vertical(&self.y, y, tall)?;
        let y_caption = font.wrap(&y_ruler.caption, LABEL, Weight::Regular, tall);
        let left = MARGIN - 4.0 + caption_room(&y_caption) + frame::label_width(font, &y_ruler);
        let wide = width - left - MARGIN - 6.0;
        let x_ruler = frame::horizontal(font, &self.x, x, wide)?;
        let x_caption = font.wrap(&x_ruler.caption, LABEL, Weight::Regular, inner - 80.0);
        let frame = Frame {
            area: Area::new(left, top, wide, tall),
            x: x_ruler,
            y: y_ruler,
        };
        Ok(Layout {
            width,
            height,
            title,
            legend,
            legend_top,
            frame,
            x_caption,
            y_caption,
        })
    }

    fn entries(&self, x: Span, y: Span) -> Vec<Entry> {
        let series = self
            .series
            .iter()
            .enumerate()
            .map(|(i, s)| curve::entry(s, i, x, y));
        let references = self.references.iter().map(|r| match r {
            Reference::Line { label, .. } => Entry {
                label: label.clone(),
                key: Key::Line {
                    pen: THIN,
                    marker: None,
                    band: None,
                },
            },
            Reference::Band { label, .. } => Entry {
                label: label.clone(),
                key: Key::Patch { fill: SHADE },
            },
        });
        // one curve that the title or the axis names needs no legend
        series
            .chain(references)
            .filter(|e| !e.label.is_empty())
            .collect()
    }
}

const THIN: Pen = Pen {
    colour: SOFT,
    width: 1.1,
    stroke: Stroke::Dashed,
};

fn caption_room(lines: &[String]) -> f64 {
    lines.len() as f64 * LABEL * LEADING + 4.0
}

fn draw_captions(drawing: &mut Drawing, layout: &Layout) {
    let area = layout.frame.area;
    let (x, y) = area.middle();
    let step = LABEL * LEADING;
    let below = area.bottom() + frame::label_height() + step / 2.0;
    drawing.lines(
        &layout.x_caption,
        &Label::new("", (x, below), LABEL).coloured(INK),
        step,
    );
    drawing.lines(
        &layout.y_caption,
        &Label::new("", (MARGIN - 4.0 + step / 2.0, y), LABEL).upward(),
        step,
    );
}

fn draw_reference(drawing: &mut Drawing, frame: &Frame, reference: &Reference) {
    let area = frame.area;
    let top = |v: f64| frame.y.span.fraction(v).map(|f| frame.top(f));
    match *reference {
        Reference::Line { value, .. } => {
            if let Some(top) = top(value) {
                drawing.line(vec![(area.left, top), (area.right(), top)], THIN, area);
            }
        }
        Reference::Band { low, high, .. } => {
            if let (Some(bottom), Some(top)) = (top(low), top(high)) {
                let corners = [
                    (area.left, top),
                    (area.right(), top),
                    (area.right(), bottom),
                    (area.left, bottom),
                ];
                drawing.polygon(corners.to_vec(), SHADE, area);
            }
        }
    }
}
