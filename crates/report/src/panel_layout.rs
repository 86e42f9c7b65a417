//! Places of the maps of a figure, from the titles and ticks that must fit around them.

use crate::colour_bar::{ColourBar, Palette};
use crate::drawing::Area;
use crate::error::FigureError;
use crate::field_panels::FieldPanels;
use crate::font::{Font, Weight};
use crate::frame::{LABEL, LEADING, MARGIN, TICK, TITLE};
use crate::map::Geometry;

/// Width that a figure of several columns fills.
const WIDTH: f64 = 1040.0;
const NARROWEST: f64 = 120.0;
const WIDEST: f64 = 380.0;
const TALLEST: f64 = 340.0;
const GAP: f64 = 10.0;
const GROUP_GAP: f64 = 22.0;

pub(crate) struct PanelLayout {
    pub width: f64,
    pub height: f64,
    pub title: Vec<String>,
    pub columns: Vec<Vec<String>>,
    pub rows: Vec<Vec<String>>,
    pub bars: Vec<ColourBar>,
    pub bar_left: f64,
    pub y_ticks: Vec<(f64, String)>,
    pub x_ticks: Vec<(f64, String)>,
    /// Captions of y and x.
    pub captions: (String, String),
    pub y_caption_left: f64,
    left: f64,
    tops: Vec<f64>,
    size: (f64, f64),
}

impl PanelLayout {
    pub fn new(
        font: &Font,
        figure: &FieldPanels,
        geometry: &Geometry,
        palettes: &[Palette],
    ) -> Result<Self, FigureError> {
        let titles = row_titles(font, figure, 60.0);
        // titles at the left, ticks and the colour bar at the right
        let around = title_room(&titles) + 46.0 + 90.0 + 2.0 * MARGIN;
        let size = panel_size(figure.columns.len(), geometry.aspect, WIDTH - around);
        let rows = row_titles(font, figure, size.1);
        let (y_target, captions) = (
            (size.1 / 42.0).round().clamp(2.0, 6.0),
            figure.axes.captions(geometry),
        );
        let y_ticks = figure.axes.y_ticks(&geometry.y, y_target as usize);
        let title_room = title_room(&rows);
        let caption_room = room(!captions.0.is_empty(), TICK * LEADING + 2.0);
        let widths = y_ticks
            .iter()
            .map(|l| font.width(&l.1, TICK, Weight::Regular));
        let tick_room = 4.0 + room(!y_ticks.is_empty(), widths.fold(5.0, |w, v| w.max(v + 5.0)));
        let left = (MARGIN + title_room + caption_room + tick_room).round();
        let n = figure.columns.len() as f64;
        let heads = figure
            .columns
            .iter()
            .map(|c| font.wrap(c, LABEL, Weight::Bold, size.0));
        let mut layout = Self {
            width: 0.0,
            height: 0.0,
            title: Vec::new(),
            columns: heads.collect(),
            rows,
            bars: Vec::new(),
            bar_left: (left + n * (size.0 + GAP) - GAP + 16.0).round(),
            y_ticks,
            x_ticks: fitting(font, figure, geometry, size.0),
            captions,
            y_caption_left: MARGIN + title_room + TICK / 2.0,
            left,
            tops: Vec::new(),
            size,
        };
        layout.add_bars(font, figure, palettes)?;
        layout.stack(font, figure);
        Ok(layout)
    }

    /// Colour bars of the height of their groups, and the width with them.
    fn add_bars(
        &mut self,
        font: &Font,
        figure: &FieldPanels,
        palettes: &[Palette],
    ) -> Result<(), FigureError> {
        let mut widest: f64 = 60.0;
        for (group, palette) in figure.groups.iter().zip(palettes) {
            let n = group.rows.len().max(1) as f64;
            let height = n * self.size.1 + (n - 1.0) * GAP;
            let bar = ColourBar::new(*palette, &group.label, &group.unit, height)?;
            widest = widest.max(bar.width(font, height));
            self.bars.push(bar);
        }
        self.width = self.bar_left + widest + MARGIN;
        Ok(())
    }

    /// Tops of the rows and the height of it all.
    fn stack(&mut self, font: &Font, figure: &FieldPanels) {
        self.title = font.wrap(
            &figure.title,
            TITLE,
            Weight::Bold,
            self.width - 2.0 * MARGIN,
        );
        let heads = self.columns.iter().map(Vec::len).max().unwrap_or(0);
        let mut top = MARGIN
            + self.title.len() as f64 * TITLE * LEADING
            + heads as f64 * LABEL * LEADING
            + 8.0;
        for group in figure.groups.iter().filter(|g| !g.rows.is_empty()) {
            for _ in &group.rows {
                self.tops.push(top.round());
                top = top.round() + self.size.1 + GAP;
            }
            top += GROUP_GAP - GAP;
        }
        let ticks = room(!self.x_ticks.is_empty(), 8.0 + TICK * LEADING);
        let caption = room(!self.captions.1.is_empty(), TICK * LEADING);
        let key = room(figure.has_missing(), 18.0);
        self.height = top - GROUP_GAP + (ticks + caption).max(key) + MARGIN;
    }

    pub fn panel(&self, row: usize, column: usize) -> Area {
        let left = self.left + column as f64 * (self.size.0 + GAP);
        let top = self.tops.get(row).copied().unwrap_or(MARGIN);
        Area::new(left, top, self.size.0, self.size.1)
    }

    /// Top and bottom of `count` rows from `first`.
    pub fn extent(&self, first: usize, count: usize) -> Option<(f64, f64)> {
        let last = self.tops.get(first + count.max(1) - 1)?;
        Some((*self.tops.get(first)?, last + self.size.1))
    }
}

/// Room for what is there, none for what is not.
fn room(there: bool, size: f64) -> f64 {
    if there { size } else { 0.0 }
}

fn title_room(titles: &[Vec<String>]) -> f64 {
    let most = titles.iter().map(Vec::len).max().unwrap_or(0);
    room(most > 0, most as f64 * LABEL * LEADING + 4.0)
}

/// Size of a map, in whole units so that all are drawn alike.
fn panel_size(columns: usize, aspect: f64, room: f64) -> (f64, f64) {
    let n = columns.max(1) as f64;
    let width = ((room - (n - 1.0) * GAP) / n)
        .clamp(NARROWEST, WIDEST)
        .min(TALLEST / aspect)
        .max(40.0);
    (width.floor(), (width.floor() * aspect).round().max(12.0))
}

fn row_titles(font: &Font, figure: &FieldPanels, height: f64) -> Vec<Vec<String>> {
    let rows = figure.groups.iter().flat_map(|g| &g.rows);
    rows.map(|r| font.wrap(&r.title, LABEL, Weight::Bold, height.max(60.0)))
        .collect()
}

/// As many x ticks as stand apart, without those that reach into the next map.
fn fitting(
    font: &Font,
    figure: &FieldPanels,
    geometry: &Geometry,
    width: f64,
) -> Vec<(f64, String)> {
    let half = |label: &str| font.width(label, TICK, Weight::Regular) / 2.0;
    let most = (width / 50.0).round().clamp(2.0, 7.0) as usize;
    let mut ticks = Vec::new();
    for target in (2..=most).rev() {
        ticks = figure.axes.x_ticks(&geometry.x, target);
        let inside = |(f, label): &(f64, String)| {
            let (left, half) = (f * width, half(label));
            left - half >= -GAP / 2.0 && left + half <= width + GAP / 2.0
        };
        ticks.retain(inside);
        let apart =
            |w: &[(f64, String)]| (w[1].0 - w[0].0) * width >= half(&w[0].1) + half(&w[1].1) + 7.0;
        if ticks.windows(2).all(apart) {
            return ticks;
        }
    }
    ticks.truncate(1);
    ticks
}
