//! Maps in rows and columns: truth, mean, members and spread against lead.

use ndarray::Array2;

use crate::Figure;
use crate::axis::Extent;
use crate::colour::{Colours, MISSING, RULE, SOFT};
use crate::colour_bar::Palette;
use crate::drawing::{Anchor, Area, Drawing, Label, PIXELS};
use crate::error::FigureError;
use crate::font::Font;
use crate::frame::{LABEL, LEADING, MARGIN, TICK, TITLE};
use crate::map::{Geometry, MapAxes};
use crate::panel_layout::PanelLayout;
use crate::shade::{self, Isolines, Shading};

/// One row of maps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PanelRow {
    /// Title at the left.
    pub title: String,
    /// One map for each column; none leaves the place free. NaN is missing and drawn in grey; values
    /// beyond the colour range, infinite ones too, take the colour of its end.
    ///
    /// # Shapes
    /// Each map (rows, columns) as the axes have it.
    pub fields: Vec<Option<Array2<f32>>>,
}

/// Rows that share one colour range and its bar.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PanelGroup {
    /// Name of the quantity.
    pub label: String,
    /// Its unit; may be empty.
    pub unit: String,
    /// How values become colours.
    pub colours: Colours,
    /// Range of the colours; made symmetric about zero for diverging ones.
    pub extent: Extent,
    /// Thin lines of equal value.
    pub isolines: Isolines,
    /// Rows from top to bottom.
    pub rows: Vec<PanelRow>,
}

/// Maps in rows and columns with shared colour bars.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldPanels {
    /// Title; may be empty.
    pub title: String,
    /// Titles of the columns, such as leads; as many as each row has maps.
    pub columns: Vec<String>,
    /// Coordinates of all maps.
    pub axes: MapAxes,
    /// How the space between cell centres is filled.
    pub shading: Shading,
    /// Rows, grouped by colour range.
    pub groups: Vec<PanelGroup>,
}

impl FieldPanels {
    fn check(&self) -> Result<(), FigureError> {
        let expected = self.axes.shape();
        for row in self.groups.iter().flat_map(|g| &g.rows) {
            if row.fields.len() != self.columns.len() {
                return Err(FigureError::Length {
                    label: row.title.clone(),
                    what: "row",
                    expected: self.columns.len(),
                    found: row.fields.len(),
                });
            }
            for (column, field) in row.fields.iter().enumerate() {
                if let Some(found) = field.as_ref().map(Array2::dim).filter(|f| *f != expected) {
                    return Err(FigureError::Shape {
                        row: row.title.clone(),
                        column,
                        expected,
                        found,
                    });
                }
            }
        }
        if self.fields().next().is_none() {
            let cause = "give at least one group with one row and one map";
            return Err(FigureError::NothingToDraw {
                title: self.title.clone(),
                cause,
            });
        }
        Ok(())
    }

    fn fields(&self) -> impl Iterator<Item = &Array2<f32>> {
        self.groups
            .iter()
            .flat_map(|g| &g.rows)
            .flat_map(|r| r.fields.iter().flatten())
    }

    pub(crate) fn has_missing(&self) -> bool {
        self.fields().flatten().any(|v| v.is_nan())
    }

    fn palettes(&self) -> Result<Vec<Palette>, FigureError> {
        let palette = |group: &PanelGroup| {
            let values = group
                .rows
                .iter()
                .flat_map(|r| r.fields.iter().flatten())
                .flatten()
                .copied();
            Palette::new(&group.label, group.colours, group.extent, values)
        };
        self.groups.iter().map(palette).collect()
    }
}

impl Figure for FieldPanels {
    fn draw(&self) -> Result<Drawing, FigureError> {
        self.check()?;
        let geometry = self.axes.geometry()?;
        let palettes = self.palettes()?;
        let font = Font::load()?;
        let layout = PanelLayout::new(&font, self, &geometry, &palettes)?;
        let mut drawing = Drawing::new(layout.width, layout.height, font);
        draw_titles(&mut drawing, &layout);
        let mut row = 0;
        for ((group, palette), bar) in self.groups.iter().zip(&palettes).zip(&layout.bars) {
            let levels = if group.isolines == Isolines::AtTicks {
                &bar.levels[..]
            } else {
                &[]
            };
            if let (Some((top, bottom)), false) =
                (layout.extent(row, group.rows.len()), group.rows.is_empty())
            {
                bar.draw(&mut drawing, layout.bar_left, top, bottom - top);
            }
            for fields in group.rows.iter().map(|r| &r.fields) {
                for (column, field) in fields.iter().enumerate() {
                    if let Some(field) = field {
                        let place = Place {
                            area: layout.panel(row, column),
                            geometry: &geometry,
                        };
                        draw_map(&mut drawing, field, &place, self.shading, palette, levels);
                    }
                }
                row += 1;
            }
        }
        draw_ticks(&mut drawing, &layout);
        if self.has_missing() {
            draw_missing_key(&mut drawing, &layout);
        }
        Ok(drawing)
    }
}

struct Place<'a> {
    area: Area,
    geometry: &'a Geometry,
}

fn draw_map(
    drawing: &mut Drawing,
    field: &Array2<f32>,
    place: &Place,
    shading: Shading,
    palette: &Palette,
    levels: &[f64],
) {
    let area = place.area;
    let size = (
        (area.width * PIXELS).round() as u32,
        (area.height * PIXELS).round() as u32,
    );
    let pixels = shade::image(field, place.geometry, size, shading, palette, levels);
    drawing.image(area.left, area.top, pixels);
    drawing.outline(area, RULE);
}

fn draw_titles(drawing: &mut Drawing, layout: &PanelLayout) {
    let title = Label::new("", (MARGIN, MARGIN + TITLE / 2.0), TITLE)
        .bold()
        .anchored(Anchor::Start);
    drawing.lines(&layout.title, &title, TITLE * LEADING);
    let step = LABEL * LEADING;
    for (column, lines) in layout.columns.iter().enumerate() {
        let area = layout.panel(0, column);
        // the last line stands next to the map
        let top = area.top - 5.0 - (lines.len() as f64 - 0.5) * step;
        drawing.lines(
            lines,
            &Label::new("", (area.middle().0, top), LABEL).bold(),
            step,
        );
    }
    for (row, lines) in layout.rows.iter().enumerate() {
        let middle = layout.panel(row, 0).middle().1;
        drawing.lines(
            lines,
            &Label::new("", (MARGIN + LABEL / 2.0, middle), LABEL)
                .bold()
                .upward(),
            step,
        );
    }
}

/// Ticks and labels left of the first column and below the last row.
fn draw_ticks(drawing: &mut Drawing, layout: &PanelLayout) {
    let last = layout.rows.len().saturating_sub(1);
    for row in 0..layout.rows.len() {
        let area = layout.panel(row, 0);
        for (fraction, label) in &layout.y_ticks {
            let top = area.bottom() - fraction * area.height;
            drawing.hairline((area.left - 4.0, top), (area.left - 1.0, top), RULE);
            let label = Label::new(label, (area.left - 7.0, top), TICK).anchored(Anchor::End);
            drawing.text(label.coloured(SOFT));
        }
        if !layout.captions.0.is_empty() {
            let at = (layout.y_caption_left, area.middle().1);
            drawing.text(
                Label::new(&layout.captions.0, at, TICK)
                    .upward()
                    .coloured(SOFT),
            );
        }
    }
    for column in 0..layout.columns.len() {
        let area = layout.panel(last, column);
        for (fraction, label) in &layout.x_ticks {
            let left = area.left + fraction * area.width;
            drawing.hairline(
                (left, area.bottom() + 0.5),
                (left, area.bottom() + 3.5),
                RULE,
            );
            drawing.text(
                Label::new(label, (left, area.bottom() + 6.0 + TICK / 2.0), TICK).coloured(SOFT),
            );
        }
        if !layout.captions.1.is_empty() {
            let at = (area.middle().0, area.bottom() + 9.0 + TICK * 1.8);
            drawing.text(Label::new(&layout.captions.1, at, TICK).coloured(SOFT));
        }
    }
}

fn draw_missing_key(drawing: &mut Drawing, layout: &PanelLayout) {
    let [r, g, b] = MISSING;
    let middle = layout.height - MARGIN;
    let swatch = Area::new(layout.bar_left, middle - 5.0, 12.0, 10.0);
    drawing.rect(swatch, [r, g, b, 255]);
    let at = (swatch.right() + 7.0, middle);
    drawing.text(
        Label::new("missing", at, TICK)
            .anchored(Anchor::Start)
            .coloured(SOFT),
    );
}
