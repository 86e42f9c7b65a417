//! Clouds of points side by side on one scale: samples beside data.

use crate::axis::Axis;
use crate::colour::{Rgba, Tint, faded};
use crate::drawing::{Anchor, Area, Drawing, Label, Pen, Stroke};
use crate::error::FigureError;
use crate::font::{Font, Weight};
use crate::frame::{self, Frame, LABEL, LEADING, Labels, MARGIN, TITLE};
use crate::ruler::Span;
use crate::{Extent, Figure};

/// One panel of points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cloud {
    /// Title of the panel.
    pub title: String,
    /// Points (x, y); those that are not finite are left out.
    pub points: Vec<(f64, f64)>,
    /// Pairs of points joined by a thin line, drawn below the points.
    pub links: Vec<[(f64, f64); 2]>,
}

/// Clouds of points in panels of one scale, four in a row at most.
#[derive(Clone, Debug, PartialEq)]
pub struct Scatter {
    /// Title; may be empty.
    pub title: String,
    /// Horizontal axis of every panel.
    pub x: Axis,
    /// Vertical axis of every panel.
    pub y: Axis,
    /// The panels.
    pub clouds: Vec<Cloud>,
}

const COLUMNS: usize = 4;
const WIDTH: f64 = 1000.0;
const LARGEST: f64 = 380.0;
const GAP: f64 = 18.0;
/// Side of a point, for few and for many of them.
const POINT: (f64, f64) = (2.4, 1.4);
const MANY: usize = 2000;
const LINK: u8 = 0x50;

struct Layout {
    title: Vec<String>,
    columns: usize,
    side: f64,
    left: f64,
    top: f64,
    /// Height of a row with its title and tick labels.
    stride: f64,
    head: f64,
}

impl Scatter {
    /// Limits over all panels.
    fn span(
        &self,
        axis: &Axis,
        of: impl Fn(&(f64, f64)) -> f64 + Copy,
    ) -> Result<Span, FigureError> {
        let points = self
            .clouds
            .iter()
            .flat_map(|cloud| cloud.points.iter().chain(cloud.links.iter().flatten()));
        Span::new(axis, points.map(of).filter(|value| value.is_finite()), 0.03)
    }

    fn layout(&self, font: &Font, y: Span) -> Result<Layout, FigureError> {
        let columns = self.clouds.len().clamp(1, COLUMNS);
        let count = columns as f64;
        let ruler = frame::vertical(&self.y, y, 200.0)?;
        let left = MARGIN + LABEL * LEADING + 4.0 + frame::label_width(font, &ruler);
        let room = WIDTH - left - MARGIN - (count - 1.0) * GAP;
        let side = (room / count).min(LARGEST).floor();
        let width = left + count * (side + GAP) - GAP + MARGIN;
        let title = font.wrap(&self.title, TITLE, Weight::Bold, width - 2.0 * MARGIN);
        let heads = self
            .clouds
            .iter()
            .map(|cloud| font.wrap(&cloud.title, LABEL, Weight::Bold, side).len());
        let head = heads.max().unwrap_or(0) as f64 * LABEL * LEADING + 6.0;
        Ok(Layout {
            columns,
            side,
            left,
            top: MARGIN + title.len() as f64 * TITLE * LEADING + 4.0,
            stride: head + side + frame::label_height() + 8.0,
            head,
            title,
        })
    }
}

impl Figure for Scatter {
    fn draw(&self) -> Result<Drawing, FigureError> {
        if self.clouds.is_empty() {
            let cause = "no points were given";
            let title = self.title.clone();
            return Err(FigureError::NothingToDraw { title, cause });
        }
        let (x, y) = (
            self.span(&self.x, |point| point.0)?,
            self.span(&self.y, |point| point.1)?,
        );
        let font = Font::load()?;
        let l = self.layout(&font, y)?;
        let rows = self.clouds.len().div_ceil(l.columns) as f64;
        let width = l.left + l.columns as f64 * (l.side + GAP) - GAP + MARGIN;
        let height = l.top + rows * l.stride + LABEL * LEADING + MARGIN;
        let mut drawing = Drawing::new(width, height, font.clone());
        let title = Label::new("", (MARGIN, MARGIN + TITLE / 2.0), TITLE)
            .bold()
            .anchored(Anchor::Start);
        drawing.lines(&l.title, &title, TITLE * LEADING);
        let fixed = |axis: &Axis, span: Span| Axis {
            extent: Extent::Fixed(span.low, span.high),
            ..axis.clone()
        };
        let (x_axis, y_axis) = (fixed(&self.x, x), fixed(&self.y, y));
        let most = self.clouds.iter().map(|cloud| cloud.points.len()).max();
        let (few, many) = POINT;
        let side = if most.unwrap_or(0) > MANY { many } else { few };
        for (i, cloud) in self.clouds.iter().enumerate() {
            let (row, column) = (i / l.columns, i % l.columns);
            let left = l.left + column as f64 * (l.side + GAP);
            let top = l.top + row as f64 * l.stride;
            let frame = Frame {
                area: Area::new(left, top + l.head, l.side, l.side),
                x: frame::horizontal(&font, &x_axis, x, l.side)?,
                y: frame::vertical(&y_axis, y, l.side)?,
            };
            let lines = font.wrap(&cloud.title, LABEL, Weight::Bold, l.side);
            let at = (left + l.side / 2.0, top + LABEL / 2.0);
            drawing.lines(&lines, &Label::new("", at, LABEL).bold(), LABEL * LEADING);
            let labels = if column == 0 {
                Labels::Shown
            } else {
                Labels::Hidden
            };
            draw_cloud(&mut drawing, &frame, cloud, (side, Tint::nth(i).rgba()));
            frame.draw_axes(&mut drawing, labels);
        }
        let middle = l.top + rows * l.stride / 2.0;
        let y_at = (MARGIN + LABEL / 2.0, middle);
        drawing.text(Label::new(self.y.caption(0), y_at, LABEL).upward());
        let x_at = (
            (l.left + width - MARGIN) / 2.0,
            height - MARGIN - LABEL / 2.0,
        );
        drawing.text(Label::new(self.x.caption(0), x_at, LABEL));
        Ok(drawing)
    }
}

fn draw_cloud(drawing: &mut Drawing, frame: &Frame, cloud: &Cloud, (side, colour): (f64, Rgba)) {
    let pen = Pen {
        colour: faded(colour, LINK),
        width: 0.6,
        stroke: Stroke::Solid,
    };
    for [from, to] in &cloud.links {
        let ends = [frame.point(from.0, from.1), frame.point(to.0, to.1)];
        if let [Some(from), Some(to)] = ends {
            drawing.line(vec![from, to], pen, frame.area);
        }
    }
    let a = frame.area;
    for (x, y) in &cloud.points {
        if let Some((left, top)) = frame.point(*x, *y)
            && (a.left..=a.right()).contains(&left)
            && (a.top..=a.bottom()).contains(&top)
        {
            drawing.rect(
                Area::new(left - side / 2.0, top - side / 2.0, side, side),
                colour,
            );
        }
    }
}
