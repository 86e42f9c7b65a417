//! Range and colours that several maps share, and the bar that explains them.

use image::{Rgb, RgbImage};

use crate::axis::{Axis, Extent};
use crate::colour::{Colours, MISSING, RULE, SOFT};
use crate::drawing::{Anchor, Area, Drawing, Label, PIXELS};
use crate::error::FigureError;
use crate::font::{Font, Weight};
use crate::frame::{LABEL, LEADING, TICK};
use crate::ruler::{Ruler, Span, range, widened};

/// Values to colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Palette {
    pub colours: Colours,
    pub low: f64,
    pub high: f64,
    /// Whether values lie below or above the range.
    pub beyond: (bool, bool),
}

impl Palette {
    /// Range over the finite values; symmetric about zero for diverging colours.
    pub fn new(
        label: &str,
        colours: Colours,
        extent: Extent,
        values: impl Iterator<Item = f32>,
    ) -> Result<Self, FigureError> {
        let (mut below, mut above) = (f64::INFINITY, f64::NEG_INFINITY);
        let mut values = values.filter(|v| !v.is_nan()).map(|v| {
            (below, above) = (below.min(f64::from(v)), above.max(f64::from(v)));
            f64::from(v)
        });
        let finite = range(values.by_ref());
        let (low, high) = Self::limits(label, colours, extent, finite)?;
        Ok(Self {
            colours,
            low,
            high,
            beyond: (below < low, above > high),
        })
    }

    fn limits(
        label: &str,
        colours: Colours,
        extent: Extent,
        data: Option<(f64, f64)>,
    ) -> Result<(f64, f64), FigureError> {
        let refuse = |low, high, cause| {
            Err(FigureError::Limits {
                label: label.into(),
                low,
                high,
                cause,
            })
        };
        let (low, high) = data.unwrap_or((0.0, 1.0));
        match (extent, colours) {
            (Extent::Fixed(low, high), _)
                if !(low.is_finite() && high.is_finite() && low < high) =>
            {
                refuse(low, high, "give finite limits, the lower one first")
            }
            (Extent::Fixed(low, high), Colours::Diverging) if low != -high => refuse(
                low,
                high,
                "diverging colours are white at zero: give symmetric limits or other colours",
            ),
            (Extent::Fixed(low, high), _) => Ok((low, high)),
            (_, Colours::Diverging) => {
                let size = low.abs().max(high.abs());
                let size = if size > 0.0 { size } else { 1.0 };
                Ok((-size, size))
            }
            (Extent::FromZero, _) => Ok(widened(low.min(0.0), high.max(0.0))),
            (Extent::Data, _) => Ok(widened(low, high)),
        }
    }

    pub fn colour(&self, value: f32) -> [u8; 3] {
        if value.is_nan() {
            return MISSING;
        }
        self.colours
            .at((f64::from(value) - self.low) / (self.high - self.low))
    }
}

/// A bar with its ticks, upright.
pub(crate) struct ColourBar {
    palette: Palette,
    ruler: Ruler,
    /// Values at the ticks.
    pub levels: Vec<f64>,
}

const WIDTH: f64 = 12.0;
const TIP: f64 = 8.0;

impl ColourBar {
    pub fn new(
        palette: Palette,
        label: &str,
        unit: &str,
        height: f64,
    ) -> Result<Self, FigureError> {
        let axis = Axis::new(label, unit).between(palette.low, palette.high);
        let span = Span::new(&axis, std::iter::empty(), 0.0)?;
        let ruler = Ruler::new(&axis, span, height, 36.0, |_, _| 1.5 * TICK)?;
        let levels = ruler
            .major
            .iter()
            .map(|(f, _)| palette.low + f * (palette.high - palette.low))
            .collect();
        Ok(Self {
            palette,
            ruler,
            levels,
        })
    }

    /// Lines of the caption for a bar of this height.
    fn caption(&self, font: &Font, height: f64) -> Vec<String> {
        font.wrap(
            &self.ruler.caption,
            LABEL,
            Weight::Regular,
            height.max(90.0),
        )
    }

    /// Width of bar, labels and caption.
    pub fn width(&self, font: &Font, height: f64) -> f64 {
        let caption = self.caption(font, height).len() as f64 * LABEL * LEADING;
        WIDTH + 8.0 + self.label_width(font) + if caption > 0.0 { caption + 4.0 } else { 0.0 }
    }

    fn label_width(&self, font: &Font) -> f64 {
        self.ruler
            .major
            .iter()
            .map(|l| font.width(&l.1, TICK, Weight::Regular))
            .fold(0.0, f64::max)
    }

    pub fn draw(&self, drawing: &mut Drawing, left: f64, top: f64, height: f64) {
        let area = Area::new(left, top, WIDTH, height);
        let (wide, tall) = ((WIDTH * PIXELS) as u32, (height * PIXELS).round() as u32);
        let fraction = |y: u32| 1.0 - (f64::from(y) + 0.5) / f64::from(tall);
        drawing.image(
            left,
            top,
            RgbImage::from_fn(wide, tall, |_, y| Rgb(self.palette.colours.at(fraction(y)))),
        );
        drawing.outline(area, RULE);
        self.draw_tips(drawing, area);
        for (fraction, label) in &self.ruler.major {
            let y = area.bottom() - fraction * height;
            drawing.hairline((area.right(), y), (area.right() + 4.0, y), RULE);
            let at = (area.right() + 7.0, y);
            drawing.text(
                Label::new(label, at, TICK)
                    .anchored(Anchor::Start)
                    .coloured(SOFT),
            );
        }
        let lines = self.caption(&drawing.font, height);
        let x = area.right() + 11.0 + self.label_width(&drawing.font) + LABEL / 2.0;
        drawing.lines(
            &lines,
            &Label::new("", (x, area.middle().1), LABEL).upward(),
            LABEL * LEADING,
        );
    }

    /// Pointed ends where values lie beyond the range.
    fn draw_tips(&self, drawing: &mut Drawing, area: Area) {
        let mut tip = |base: f64, point: f64, end: f64| {
            let [r, g, b] = self.palette.colours.at(end);
            let corners = vec![
                (area.left, base),
                (area.right(), base),
                (area.middle().0, point),
            ];
            let whole = drawing.whole();
            drawing.polygon(corners, [r, g, b, 255], whole);
        };
        if self.palette.beyond.0 {
            tip(area.bottom() + 1.0, area.bottom() + 1.0 + TIP, 0.0);
        }
        if self.palette.beyond.1 {
            tip(area.top - 1.0, area.top - 1.0 - TIP, 1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn palette(colours: Colours, extent: Extent, values: &[f32]) -> Palette {
        Palette::new("p", colours, extent, values.iter().copied()).unwrap()
    }

    #[test]
    fn ranges_suit_their_colours() {
        let sequential = palette(
            Colours::Sequential,
            Extent::Data,
            &[990.0, f32::NAN, 1030.0],
        );
        assert_eq!(
            (sequential.low, sequential.high, sequential.beyond),
            (990.0, 1030.0, (false, false))
        );
        let diverging = palette(Colours::Diverging, Extent::Data, &[-1.0, 3.0]);
        assert_eq!((diverging.low, diverging.high), (-3.0, 3.0));
        assert_eq!(diverging.colour(0.0), Colours::Diverging.at(0.5));
        let fixed = palette(
            Colours::Magnitude,
            Extent::Fixed(0.0, 1.0),
            &[-0.5, f32::INFINITY],
        );
        assert_eq!(fixed.beyond, (true, true));
        assert!(
            Palette::new(
                "p",
                Colours::Diverging,
                Extent::Fixed(-1.0, 2.0),
                [].into_iter()
            )
            .is_err()
        );
    }

    #[test]
    fn constant_and_missing_data_have_a_range() {
        let constant = palette(Colours::Sequential, Extent::Data, &[5.0, 5.0]);
        assert_eq!((constant.low, constant.high), (4.95, 5.05));
        let zero = palette(Colours::Diverging, Extent::Data, &[0.0]);
        assert_eq!((zero.low, zero.high), (-1.0, 1.0));
        let none = palette(Colours::Sequential, Extent::Data, &[f32::NAN]);
        assert_eq!(
            (none.low, none.high, none.colour(f32::NAN)),
            (0.0, 1.0, MISSING)
        );
    }
}
