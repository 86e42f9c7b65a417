//! One series drawn into a frame.

use crate::colour::{Rgba, Tint, faded};
use crate::drawing::{Drawing, Pen, Point};
use crate::frame::Frame;
use crate::legend::{Entry, Key, Marker};

use crate::ruler::Span;
use crate::series::{Series, Uncertainty};

/// Series with more points than this are drawn without markers.
const MARKED: usize = 30;
/// Series with more points than this are drawn thinner, because noise would make them a blot.
const DENSE: usize = 300;

fn colour(series: &Series, index: usize) -> Rgba {
    series.tint.unwrap_or(Tint::nth(index)).rgba()
}

fn pen(series: &Series, index: usize) -> Pen {
    Pen {
        colour: colour(series, index),
        width: if series.x.len() > DENSE { 0.9 } else { 1.8 },
        stroke: series.stroke,
    }
}

fn marker(series: &Series, index: usize) -> Option<Marker> {
    (series.x.len() <= MARKED).then(|| Marker::nth(index))
}

/// Entry of the legend; says so when the series has nothing that can be drawn.
pub(crate) fn entry(series: &Series, index: usize, x: Span, y: Span) -> Entry {
    let drawn = |(a, b): (&f64, &f64)| x.fraction(*a).and(y.fraction(*b)).is_some();
    let any = series.x.iter().zip(&series.y).any(drawn);
    let label = if any {
        series.label.clone()
    } else {
        format!("{} (no values)", series.label)
    };
    let band = matches!(series.uncertainty, Uncertainty::Band { .. })
        .then(|| faded(colour(series, index), BAND));
    Entry {
        label,
        key: Key::Line {
            pen: pen(series, index),
            marker: marker(series, index),
            band,
        },
    }
}

const BAND: u8 = 0x38;

pub(crate) fn draw(drawing: &mut Drawing, frame: &Frame, series: &Series, index: usize) {
    let points: Vec<Option<Point>> = series
        .x
        .iter()
        .zip(&series.y)
        .map(|(x, y)| frame.point(*x, *y))
        .collect();
    let pen = pen(series, index);
    match &series.uncertainty {
        Uncertainty::None => {}
        Uncertainty::Band { lower, upper } => band(
            drawing,
            frame,
            &series.x,
            lower,
            upper,
            faded(pen.colour, BAND),
        ),
        Uncertainty::Bars { lower, upper } => bars(drawing, frame, &series.x, lower, upper, pen),
    }
    let marker = marker(series, index);
    for run in points.split(Option::is_none) {
        let run: Vec<Point> = run.iter().copied().flatten().collect();
        let marked = marker.or((run.len() == 1).then_some(Marker::Circle));
        if let Some(marker) = marked {
            let inside = run.iter().filter(|p| within(frame, **p));
            inside.for_each(|p| drawing.polygon(marker.corners(*p), pen.colour, drawing.whole()));
        }
        if run.len() > 1 {
            drawing.line(run, pen, frame.area);
        }
    }
}

/// Markers stand whole or not at all.
fn within(frame: &Frame, (x, y): Point) -> bool {
    let a = frame.area;
    (a.left - 0.5..=a.right() + 0.5).contains(&x) && (a.top - 0.5..=a.bottom() + 0.5).contains(&y)
}

/// Height of a lower or upper value; zero on a logarithmic axis is far below it.
fn edge(frame: &Frame, x: f64, y: f64) -> Option<Point> {
    let left = frame.left(frame.x.span.fraction(x)?);
    let fraction = frame.y.span.fraction(y).or(y.is_finite().then_some(-1.0))?;
    Some((left, frame.top(fraction)))
}

fn band(drawing: &mut Drawing, frame: &Frame, x: &[f64], lower: &[f64], upper: &[f64], fill: Rgba) {
    let pair = |i: usize| Some((edge(frame, x[i], lower[i])?, edge(frame, x[i], upper[i])?));
    let pairs: Vec<Option<(Point, Point)>> = (0..x.len()).map(pair).collect();
    for run in pairs.split(Option::is_none) {
        let (mut low, mut high): (Vec<Point>, Vec<Point>) = run.iter().copied().flatten().unzip();
        if let ([a], [b]) = (&mut low[..], &mut high[..]) {
            // a lone point keeps its band, a few units wide
            let (left, right) = (a.0 - 3.0, a.0 + 3.0);
            (low, high) = (
                vec![(left, a.1), (right, a.1)],
                vec![(left, b.1), (right, b.1)],
            );
        }
        let corners = low.into_iter().chain(high.into_iter().rev()).collect();
        drawing.polygon(corners, fill, frame.area);
    }
}

fn bars(drawing: &mut Drawing, frame: &Frame, x: &[f64], lower: &[f64], upper: &[f64], pen: Pen) {
    let pen = Pen {
        width: 1.0,
        stroke: crate::drawing::Stroke::Solid,
        ..pen
    };
    for i in 0..x.len() {
        let (Some(low), Some(high)) = (edge(frame, x[i], lower[i]), edge(frame, x[i], upper[i]))
        else {
            continue;
        };
        drawing.line(vec![low, high], pen, frame.area);
        for (left, top) in [low, high] {
            drawing.line(vec![(left - 3.0, top), (left + 3.0, top)], pen, frame.area);
        }
    }
}
