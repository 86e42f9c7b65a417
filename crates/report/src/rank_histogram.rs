//! Rank histograms: how often the observation falls between which members.

use crate::axis::Axis;
use crate::colour::{INK, SHADE, SOFT, Tint};
use crate::drawing::{Anchor, Area, Drawing, Label, Pen, Stroke};
use crate::error::FigureError;
use crate::font::{Font, Weight};
use crate::frame::{self, Frame, LABEL, LEADING, Labels, MARGIN, TICK, TITLE};
use crate::legend::{Entry, Key, Legend};
use crate::ranks::Ranks;
use crate::ruler::{Ruler, Span};
use crate::{Extent, Figure};

/// Rank histograms side by side on one scale: bars, the flat line and its sampling band.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RankHistogram {
    /// Title; may be empty.
    pub title: String,
    /// One panel each, five in a row at most.
    pub histograms: Vec<Ranks>,
}

const GAP: f64 = 16.0;
const HEAD: f64 = 34.0;

struct Layout {
    width: f64,
    height: f64,
    title: Vec<String>,
    legend: Legend,
    top: f64,
    left: f64,
    columns: usize,
    panel: (f64, f64),
    y: Axis,
    span: Span,
    caption: String,
}

impl RankHistogram {
    fn layout(&self, font: &Font, bars: &[Vec<f64>]) -> Result<Layout, FigureError> {
        let columns = self.histograms.len().clamp(1, 5);
        let rows = self.histograms.len().div_ceil(columns);
        let width = if columns == 1 {
            560.0
        } else {
            (columns as f64 * 300.0).min(1000.0)
        };
        let tall = if columns == 1 { 240.0 } else { 180.0 };
        let title = font.wrap(&self.title, TITLE, Weight::Bold, width - 2.0 * MARGIN);
        let legend = Legend::new(font, entries(), width - 2.0 * MARGIN);
        let top = MARGIN + title.len() as f64 * TITLE * LEADING + 4.0 + legend.height + 6.0;
        let y = Axis {
            extent: Extent::FromZero,
            ..Axis::new("frequency, flat histogram = 1", "")
        };
        let edges = self.histograms.iter().map(|h| 1.0 + h.half_width());
        let span = Span::new(&y, bars.iter().flatten().copied().chain(edges), 0.05)?;
        let ruler = frame::vertical(&y, span, tall)?;
        let left = MARGIN + LABEL * LEADING + 4.0 + frame::label_width(font, &ruler);
        let wide = (width - left - MARGIN - (columns as f64 - 1.0) * GAP) / columns as f64;
        let height =
            top + rows as f64 * (HEAD + tall + frame::label_height()) + LABEL * LEADING + MARGIN;
        Ok(Layout {
            width,
            height,
            title,
            legend,
            top,
            left,
            columns,
            panel: (wide, tall),
            y,
            span,
            caption: ruler.caption,
        })
    }
}

impl Figure for RankHistogram {
    fn draw(&self) -> Result<Drawing, FigureError> {
        if self.histograms.is_empty() {
            let cause = "no histogram was given";
            return Err(FigureError::NothingToDraw {
                title: self.title.clone(),
                cause,
            });
        }
        let bars = self
            .histograms
            .iter()
            .map(Ranks::relative)
            .collect::<Result<Vec<_>, _>>()?;
        let font = Font::load()?;
        let l = self.layout(&font, &bars)?;
        let mut drawing = Drawing::new(l.width, l.height, font);
        let title = Label::new("", (MARGIN, MARGIN + TITLE / 2.0), TITLE)
            .bold()
            .anchored(Anchor::Start);
        drawing.lines(&l.title, &title, TITLE * LEADING);
        l.legend
            .draw(&mut drawing, MARGIN, l.top - 6.0 - l.legend.height);
        for (i, (ranks, bars)) in self.histograms.iter().zip(&bars).enumerate() {
            panel(
                &mut drawing,
                &l,
                ranks,
                bars,
                (i / l.columns, i % l.columns),
            )?;
        }
        captions(&mut drawing, &l);
        Ok(drawing)
    }
}

fn captions(drawing: &mut Drawing, l: &Layout) {
    let middle = (l.top + l.height - MARGIN - LABEL * LEADING) / 2.0;
    drawing.text(Label::new(&l.caption, (MARGIN + LABEL / 2.0, middle), LABEL).upward());
    let at = (
        (l.left + l.width - MARGIN) / 2.0,
        l.height - MARGIN - LABEL / 2.0 + 2.0,
    );
    drawing.text(Label::new("rank: members below the observation", at, LABEL).coloured(INK));
}

/// The flat line and the edges of its band.
const EDGE: Pen = Pen {
    colour: SOFT,
    width: 0.9,
    stroke: Stroke::Dashed,
};
const LINE: Pen = Pen {
    colour: INK,
    width: 1.1,
    stroke: Stroke::Solid,
};

fn entries() -> Vec<Entry> {
    let line = Key::Line {
        pen: LINE,
        marker: None,
        band: None,
    };
    vec![
        Entry {
            label: "observed".into(),
            key: Key::Patch {
                fill: Tint::Sky.rgba(),
            },
        },
        Entry {
            label: "flat".into(),
            key: line,
        },
        Entry {
            label: "holds 95 % of the bars of a flat histogram".into(),
            key: Key::Patch { fill: SHADE },
        },
    ]
}

fn panel(
    drawing: &mut Drawing,
    layout: &Layout,
    ranks: &Ranks,
    bars: &[f64],
    (row, column): (usize, usize),
) -> Result<(), FigureError> {
    let (wide, tall) = layout.panel;
    let left = layout.left + column as f64 * (wide + GAP);
    let top = layout.top + row as f64 * (HEAD + tall + frame::label_height()) + HEAD;
    let area = Area::new(left.round(), top.round(), wide.floor(), tall);
    let x = Axis::new("", "").between(-0.5, bars.len() as f64 - 0.5);
    let span = Span::new(&x, std::iter::empty(), 0.0)?;
    let mut x = frame::horizontal(&drawing.font, &x, span, area.width)?;
    whole_numbers(&mut x);
    let frame = Frame {
        area,
        x,
        y: frame::vertical(&layout.y, layout.span, tall)?,
    };
    frame.draw_grid(drawing);
    draw_bars(drawing, &frame, bars, ranks.half_width());
    let labels = if column == 0 {
        Labels::Shown
    } else {
        Labels::Hidden
    };
    frame.draw_axes(drawing, labels);
    let middle = area.middle().0;
    drawing.text(Label::new(&ranks.title, (middle, area.top - 23.0), LABEL).bold());
    let cases = format!("n = {}", crate::number::short(ranks.cases));
    drawing.text(Label::new(cases, (middle, area.top - 9.0), TICK).coloured(SOFT));
    Ok(())
}

/// Ranks are whole: no ticks between them in histograms of few members.
fn whole_numbers(x: &mut Ruler) {
    x.major
        .retain(|(_, label)| !label.contains('.') || label.ends_with(".0"));
    for (_, label) in &mut x.major {
        label.truncate(label.find('.').unwrap_or(label.len()));
    }
}

fn draw_bars(drawing: &mut Drawing, frame: &Frame, bars: &[f64], half_width: f64) {
    let area = frame.area;
    let height = |v: f64| {
        frame.y.span.fraction(v).map_or(area.bottom(), |f| {
            frame.top(f).clamp(area.top, area.bottom())
        })
    };
    let (low, high) = (height(1.0 - half_width), height(1.0 + half_width));
    drawing.rect(Area::new(area.left, high, area.width, low - high), SHADE);
    let step = area.width / bars.len() as f64;
    let gap = if step > 5.0 { 1.0 } else { 0.5 };
    for (rank, &bar) in bars.iter().enumerate() {
        let (left, top) = (area.left + rank as f64 * step, height(bar));
        let bar = Area::new(left + gap / 2.0, top, step - gap, area.bottom() - top);
        drawing.rect(bar, Tint::Sky.rgba());
    }
    for (top, pen) in [(low, EDGE), (high, EDGE), (height(1.0), LINE)] {
        drawing.line(vec![(area.left, top), (area.right(), top)], pen, area);
    }
}
