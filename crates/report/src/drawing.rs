//! A laid-out picture: rectangles, lines, areas, text and images in nominal units.

use image::RgbImage;

use crate::colour::Rgba;
use crate::error::FigureError;
use crate::font::{Font, Weight};

/// Pixels for each nominal unit.
pub(crate) const PIXELS: f64 = 2.0;

/// A laid-out picture, ready to become pixels or vectors.
#[derive(Clone)]
pub struct Drawing {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) font: Font,
    pub(crate) shapes: Vec<Shape>,
}

#[derive(Clone)]
pub(crate) enum Shape {
    Rect {
        area: Area,
        fill: Rgba,
    },
    Line {
        points: Vec<Point>,
        pen: Pen,
        clip: Area,
    },
    Polygon {
        points: Vec<Point>,
        fill: Rgba,
        clip: Area,
    },
    Text(Label),
    Image {
        left: f64,
        top: f64,
        pixels: RgbImage,
    },
}

pub(crate) type Point = (f64, f64);

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Area {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Area {
    pub fn new(left: f64, top: f64, width: f64, height: f64) -> Self {
        Self {
            left,
            top,
            width,
            height,
        }
    }

    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    pub fn middle(&self) -> Point {
        (self.left + self.width / 2.0, self.top + self.height / 2.0)
    }
}

/// How a line is broken up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stroke {
    /// Unbroken.
    #[default]
    Solid,
    /// Long dashes.
    Dashed,
    /// Dots.
    Dotted,
}

impl Stroke {
    pub(crate) fn pattern(self) -> &'static [f64] {
        match self {
            Self::Solid => &[],
            Self::Dashed => &[6.0, 3.5],
            Self::Dotted => &[1.6, 2.8],
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Pen {
    pub colour: Rgba,
    pub width: f64,
    pub stroke: Stroke,
}

/// Which point of a text its position names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// Reading direction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Level,
    Upward,
}

/// One line of text, centred across its reading direction on `at`.
#[derive(Clone)]
pub(crate) struct Label {
    pub text: String,
    pub at: Point,
    pub size: f64,
    pub weight: Weight,
    pub anchor: Anchor,
    pub turn: Turn,
    pub colour: Rgba,
}

impl Label {
    pub fn new(text: impl Into<String>, at: Point, size: f64) -> Self {
        Self {
            text: text.into(),
            at,
            size,
            weight: Weight::Regular,
            anchor: Anchor::Middle,
            turn: Turn::Level,
            colour: crate::colour::INK,
        }
    }

    pub fn bold(self) -> Self {
        Self {
            weight: Weight::Bold,
            ..self
        }
    }

    pub fn anchored(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    pub fn upward(self) -> Self {
        Self {
            turn: Turn::Upward,
            ..self
        }
    }

    pub fn coloured(self, colour: Rgba) -> Self {
        Self { colour, ..self }
    }

    /// Distance from the centre of the letters down to their baseline: half the height of a digit.
    pub fn drop(&self) -> f64 {
        0.357 * self.size
    }
}

impl Drawing {
    pub(crate) fn new(width: f64, height: f64, font: Font) -> Self {
        Self {
            width: width.ceil(),
            height: height.ceil(),
            font,
            shapes: Vec::new(),
        }
    }

    /// Nominal size (width, height); the PNG has twice as many pixels each way.
    pub fn size(&self) -> (f64, f64) {
        (self.width, self.height)
    }

    /// PNG bytes, two pixels for each nominal unit.
    ///
    /// # Errors
    /// When the picture is empty or too large to encode.
    pub fn png(&self) -> Result<Vec<u8>, FigureError> {
        crate::raster::png(self)
    }

    /// SVG document in nominal units; letters stay text, maps are embedded pixels.
    ///
    /// # Errors
    /// When an embedded map cannot be encoded.
    pub fn svg(&self) -> Result<String, FigureError> {
        crate::svg::document(self)
    }

    pub(crate) fn whole(&self) -> Area {
        Area::new(0.0, 0.0, self.width, self.height)
    }

    pub(crate) fn rect(&mut self, area: Area, fill: Rgba) {
        self.shapes.push(Shape::Rect { area, fill });
    }

    /// Horizontal or vertical hairline, one pixel wide and always sharp.
    pub(crate) fn hairline(&mut self, from: Point, to: Point, colour: Rgba) {
        let width = 1.0 / PIXELS;
        let snap = |v: f64| (v * PIXELS).floor() / PIXELS;
        let (left, top) = (snap(from.0.min(to.0)), snap(from.1.min(to.1)));
        let length = |a: f64, b: f64| (snap(a) - snap(b)).abs() + width;
        self.rect(
            Area::new(left, top, length(from.0, to.0), length(from.1, to.1)),
            colour,
        );
    }

    /// Hairline around an area, outside of it.
    pub(crate) fn outline(&mut self, area: Area, colour: Rgba) {
        let w = 1.0 / PIXELS;
        let (left, top, right, bottom) = (area.left - w, area.top - w, area.right(), area.bottom());
        self.hairline((left, top), (right, top), colour);
        self.hairline((left, bottom), (right, bottom), colour);
        self.hairline((left, top), (left, bottom), colour);
        self.hairline((right, top), (right, bottom), colour);
    }

    pub(crate) fn line(&mut self, points: Vec<Point>, pen: Pen, clip: Area) {
        self.shapes.push(Shape::Line { points, pen, clip });
    }

    pub(crate) fn polygon(&mut self, points: Vec<Point>, fill: Rgba, clip: Area) {
        self.shapes.push(Shape::Polygon { points, fill, clip });
    }

    pub(crate) fn text(&mut self, label: Label) {
        self.shapes.push(Shape::Text(label));
    }

    /// Several lines of text below each other, the first centred on the label's position.
    pub(crate) fn lines(&mut self, lines: &[String], first: &Label, spacing: f64) {
        for (i, line) in lines.iter().enumerate() {
            let offset = i as f64 * spacing;
            let at = match first.turn {
                Turn::Level => (first.at.0, first.at.1 + offset),
                Turn::Upward => (first.at.0 + offset, first.at.1),
            };
            self.text(Label {
                text: line.clone(),
                at,
                ..first.clone()
            });
        }
    }

    pub(crate) fn image(&mut self, left: f64, top: f64, pixels: RgbImage) {
        self.shapes.push(Shape::Image { left, top, pixels });
    }
}
