//! From values to positions along an axis, with the ticks that fit.

use crate::axis::{Axis, Extent, Scale, Ticks};
use crate::error::FigureError;
use crate::{number, ticks};

/// The part of the number line that an axis shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    pub scale: Scale,
    pub low: f64,
    pub high: f64,
}

impl Span {
    /// Limits of an axis that shows `values`, widened by `padding` of its length at each end.
    pub fn new(
        axis: &Axis,
        values: impl Iterator<Item = f64>,
        padding: f64,
    ) -> Result<Self, FigureError> {
        let scale = axis.scale;
        let refuse = |low, high, cause| {
            let label = axis.label.clone();
            Err(FigureError::Limits {
                label,
                low,
                high,
                cause,
            })
        };
        let placed = values.filter(|v| scale == Scale::Linear || *v > 0.0);
        let (low, high) = match (axis.extent, scale) {
            (Extent::Fixed(low, high), _)
                if !(low.is_finite() && high.is_finite() && low < high) =>
            {
                return refuse(low, high, "give finite limits, the lower one first");
            }
            (Extent::Fixed(low, high), Scale::Logarithmic) if low <= 0.0 => {
                return refuse(low, high, "a logarithmic axis needs positive limits");
            }
            (Extent::Fixed(low, high), _) => (low, high),
            (Extent::FromZero, Scale::Logarithmic) => {
                return refuse(
                    0.0,
                    f64::INFINITY,
                    "a logarithmic axis cannot start at zero",
                );
            }
            (Extent::FromZero, Scale::Linear) => from_zero(range(placed), padding),
            (Extent::Data, Scale::Linear) => around(range(placed), padding),
            (Extent::Data, Scale::Logarithmic) => ratio_around(range(placed), padding),
        };
        Ok(Self { scale, low, high })
    }

    /// Position of a value, 0 at the lower end and 1 at the upper; none where the axis has no place for it.
    pub fn fraction(&self, value: f64) -> Option<f64> {
        let fraction = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Logarithmic if value > 0.0 => {
                (value / self.low).ln() / (self.high / self.low).ln()
            }
            Scale::Logarithmic => return None,
        };
        fraction.is_finite().then_some(fraction)
    }
}

/// The data and zero; no padding beyond zero.
fn from_zero(data: Option<(f64, f64)>, padding: f64) -> (f64, f64) {
    let (low, high) = data.map_or((0.0, 0.0), |(low, high)| (low.min(0.0), high.max(0.0)));
    if low == high {
        return (0.0, 1.0);
    }
    let pad = padding * (high - low);
    (
        if low < 0.0 { low - pad } else { low },
        if high > 0.0 { high + pad } else { high },
    )
}

fn around(data: Option<(f64, f64)>, padding: f64) -> (f64, f64) {
    let (low, high) = data.map_or((0.0, 1.0), |(low, high)| widened(low, high));
    let pad = padding * (high - low);
    (low - pad, high + pad)
}

fn ratio_around(data: Option<(f64, f64)>, padding: f64) -> (f64, f64) {
    let (low, high) = data.unwrap_or((1.0, 1.0));
    let ratio = if high / low < 1.01 {
        2.0
    } else {
        (high / low).powf(padding)
    };
    (low / ratio, high * ratio)
}

/// Smallest and largest finite value.
pub(crate) fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values
        .filter(|v| v.is_finite())
        .fold(None, |range, v| match range {
            None => Some((v, v)),
            Some((low, high)) => Some((v.min(low), v.max(high))),
        })
}

/// Limits with room between them: a constant c becomes c ± |c|/100, zero becomes ± 1.
pub(crate) fn widened(low: f64, high: f64) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    if high - low > 1e-7 * size {
        return (low, high);
    }
    let half = if size > 0.0 { 0.01 * size } else { 1.0 };
    let middle = f64::midpoint(low, high);
    (middle - half, middle + half)
}

/// A span with its labelled ticks.
pub(crate) struct Ruler {
    pub span: Span,
    /// Position and label.
    pub major: Vec<(f64, String)>,
    /// Positions without label.
    pub minor: Vec<f64>,
    /// Name, power of ten and unit.
    pub caption: String,
}

impl Ruler {
    /// Ticks for an axis of `length` units, as many as stand apart by `room(label, next label)`.
    pub fn new(
        axis: &Axis,
        span: Span,
        length: f64,
        spacing: f64,
        room: impl Fn(&str, &str) -> f64,
    ) -> Result<Self, FigureError> {
        let most = (length / spacing).round().clamp(2.0, 12.0) as usize;
        let mut attempt = Self::attempt(axis, span, most, 1)?;
        for thinner in 2..=40 {
            let crowded = attempt
                .major
                .windows(2)
                .any(|w| (w[1].0 - w[0].0) * length < room(&w[0].1, &w[1].1));
            if !crowded {
                break;
            }
            attempt = Self::attempt(
                axis,
                span,
                (most + 1).saturating_sub(thinner).max(2),
                thinner,
            )?;
        }
        Ok(attempt)
    }

    /// Ticks at about `target` round numbers, or each `stride`-th of the given ones.
    fn attempt(axis: &Axis, span: Span, target: usize, stride: usize) -> Result<Self, FigureError> {
        let (low, high) = (span.low, span.high);
        let refuse = |cause| {
            let label = axis.label.clone();
            Err(FigureError::Ticks { label, cause })
        };
        let values = match &axis.ticks {
            Ticks::Round if span.scale == Scale::Logarithmic => {
                return Ok(Self::logarithmic(axis, span, target));
            }
            Ticks::Round => ticks::linear(low, high, target),
            Ticks::Every(step) if *step > 0.0 && step.is_finite() => {
                ticks::every(step * stride as f64, low, high)
            }
            Ticks::Every(_) => return refuse("the step must be positive and finite"),
            Ticks::At(values) if values.iter().all(|v| v.is_finite()) => {
                let inside = values.iter().filter(|v| (low..=high).contains(*v));
                inside.step_by(stride).copied().collect()
            }
            Ticks::At(_) => return refuse("the positions must be finite"),
        };
        let (labels, exponent) = number::labels(&values);
        let places = values.iter().zip(labels);
        let major = places
            .filter_map(|(v, label)| Some((span.fraction(*v)?, label)))
            .collect();
        Ok(Self {
            span,
            major,
            minor: Vec::new(),
            caption: axis.caption(exponent),
        })
    }

    fn logarithmic(axis: &Axis, span: Span, target: usize) -> Self {
        let ticks = ticks::logarithmic(span.low, span.high, target);
        let major = ticks.major.into_iter();
        let major = major
            .filter_map(|(v, label)| Some((span.fraction(v)?, label)))
            .collect();
        let minor = ticks
            .minor
            .into_iter()
            .filter_map(|v| span.fraction(v))
            .collect();
        Self {
            span,
            major,
            minor,
            caption: axis.caption(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_data_get_room_and_zero_stays_on_the_axis() {
        let axis = Axis::new("p", "hPa");
        let span = Span::new(&axis, [1000.0, f64::NAN, 1000.0].into_iter(), 0.0).unwrap();
        assert_eq!(
            (span.low, span.high, span.fraction(1000.0)),
            (990.0, 1010.0, Some(0.5))
        );
        let span = Span::new(&axis.from_zero(), [2.0, 4.0].into_iter(), 0.05).unwrap();
        assert_eq!((span.low, span.high), (0.0, 4.2));
        let none = Span::new(&Axis::new("", ""), [0.0, 0.0].into_iter(), 0.0).unwrap();
        assert_eq!((none.low, none.high), (-1.0, 1.0));
    }

    #[test]
    fn logarithmic_axes_place_ratios_and_refuse_zero() {
        let axis = Axis::new("E", "").logarithmic();
        let span = Span::new(&axis, [0.0, -2.0, 1e-4, 1.0].into_iter(), 0.0).unwrap();
        assert_eq!((span.low, span.high, span.fraction(0.0)), (1e-4, 1.0, None));
        assert!((span.fraction(1e-2).unwrap() - 0.5).abs() < 1e-12);
        assert!(Span::new(&axis.clone().from_zero(), [1.0].into_iter(), 0.0).is_err());
        assert!(Span::new(&axis.between(0.0, 1.0), [1.0].into_iter(), 0.0).is_err());
    }

    #[test]
    fn the_power_of_ten_goes_to_the_caption() {
        let axis = Axis::new("vorticity", "s⁻¹");
        let span = Span::new(&axis, [0.0, 4e-5].into_iter(), 0.0).unwrap();
        let ruler = Ruler::new(&axis, span, 400.0, 80.0, |_, _| 20.0).unwrap();
        assert_eq!(ruler.caption, "vorticity (×10⁻⁵ s⁻¹)");
        assert_eq!(
            ruler.major.iter().map(|m| m.1.as_str()).collect::<Vec<_>>(),
            ["0", "1", "2", "3", "4"]
        );
    }

    #[test]
    fn ticks_that_would_touch_are_thinned() {
        let axis = Axis::new("lead", "h").every(1.0);
        let span = Span::new(&axis, [0.0, 240.0].into_iter(), 0.0).unwrap();
        let ruler = Ruler::new(&axis, span, 400.0, 80.0, |a, b| {
            4.0 * (a.len() + b.len()) as f64
        })
        .unwrap();
        assert!(
            ruler.major.len() > 8 && ruler.major.len() < 24,
            "{:?}",
            ruler.major
        );
    }
}
