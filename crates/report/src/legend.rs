//! Legend above the plot, in as many rows as it needs, so that it never covers data.

use crate::colour::{INK, Rgba};
use crate::drawing::{Anchor, Area, Drawing, Label, Pen, Point};
use crate::font::{Font, Weight};
use crate::frame::LEADING;

const SIZE: f64 = 11.5;
const SWATCH: f64 = 26.0;
const GAP: f64 = 18.0;

/// Shape of the points of a series: a second mark beside the colour.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
}

impl Marker {
    pub fn nth(index: usize) -> Self {
        [Self::Circle, Self::Square, Self::Triangle, Self::Diamond][index % 4]
    }

    /// Corners around a point, of equal area for all shapes.
    pub fn corners(self, (x, y): Point) -> Vec<Point> {
        let ring = |n: usize, radius: f64, start: f64| {
            let angle = move |i| (start + 360.0 * i as f64 / n as f64).to_radians();
            (0..n)
                .map(|i| (x + radius * angle(i).cos(), y + radius * angle(i).sin()))
                .collect()
        };
        match self {
            Self::Circle => ring(24, 3.0, 0.0),
            Self::Square => ring(4, 3.8, 45.0),
            Self::Triangle => ring(3, 4.4, -90.0),
            Self::Diamond => ring(4, 3.9, 0.0),
        }
    }
}

/// What stands before a label.
#[derive(Clone)]
pub(crate) enum Key {
    Line {
        pen: Pen,
        marker: Option<Marker>,
        band: Option<Rgba>,
    },
    Patch {
        fill: Rgba,
    },
}

pub(crate) struct Entry {
    pub label: String,
    pub key: Key,
}

/// Entries with their places.
pub(crate) struct Legend {
    placed: Vec<(Point, Vec<String>, Key)>,
    pub height: f64,
}

impl Legend {
    /// Fills rows of at most `width`; a label wider than a row is broken.
    pub fn new(font: &Font, entries: Vec<Entry>, width: f64) -> Self {
        let line = SIZE * LEADING;
        let mut placed = Vec::new();
        let (mut x, mut y, mut row) = (0.0, 0.0, 0.0_f64);
        for Entry { label, key } in entries {
            let lines = font.wrap(&label, SIZE, Weight::Regular, width - SWATCH - 6.0);
            let text = lines
                .iter()
                .map(|l| font.width(l, SIZE, Weight::Regular))
                .fold(0.0, f64::max);
            let full = SWATCH + 6.0 + text;
            if x > 0.0 && x + full > width {
                (x, y, row) = (0.0, y + row + 2.0, 0.0);
            }
            row = row.max(line * lines.len().max(1) as f64);
            placed.push(((x, y), lines, key));
            x += full + GAP;
        }
        Self {
            placed,
            height: y + row,
        }
    }

    pub fn draw(&self, drawing: &mut Drawing, left: f64, top: f64) {
        let line = SIZE * LEADING;
        for ((x, y), lines, key) in &self.placed {
            let (x, middle) = (left + x, top + y + line / 2.0);
            draw_key(drawing, key, Area::new(x, middle - 5.0, SWATCH, 10.0));
            let first = Label::new("", (x + SWATCH + 6.0, middle), SIZE)
                .anchored(Anchor::Start)
                .coloured(INK);
            drawing.lines(lines, &first, line);
        }
    }
}

fn draw_key(drawing: &mut Drawing, key: &Key, area: Area) {
    let whole = drawing.whole();
    match key {
        Key::Patch { fill } => drawing.rect(area, *fill),
        Key::Line { pen, marker, band } => {
            if let Some(fill) = band {
                drawing.rect(area, *fill);
            }
            let (x, y) = area.middle();
            drawing.line(vec![(area.left, y), (area.right(), y)], *pen, whole);
            if let Some(marker) = marker {
                drawing.polygon(marker.corners((x, y)), pen.colour, whole);
            }
        }
    }
}
