//! What a reader is told about one axis: name, unit, scale, limits, ticks.

/// How values spread along an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equally long.
    #[default]
    Linear,
    /// Equal ratios are equally long; values that are not positive are not drawn.
    Logarithmic,
}

/// Where an axis begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Extent {
    /// Just beyond the data.
    #[default]
    Data,
    /// The data and zero: for scores, so that ratios can be seen. Linear axes only.
    FromZero,
    /// From the first value to the second; data beyond is cut off.
    Fixed(f64, f64),
}

/// Where an axis is labelled.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Ticks {
    /// At round numbers.
    #[default]
    Round,
    /// At multiples of a step (24 for leads in hours), or of a multiple of it where they would touch.
    Every(f64),
    /// At these values.
    At(Vec<f64>),
}

/// One axis of a figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// Name of the quantity.
    pub label: String,
    /// Its unit; empty when it has none.
    pub unit: String,
    /// How values spread.
    pub scale: Scale,
    /// Where it begins and ends.
    pub extent: Extent,
    /// Where it is labelled.
    pub ticks: Ticks,
}

impl Axis {
    /// Linear axis over the data, with ticks at round numbers.
    pub fn new(label: impl Into<String>, unit: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            unit: unit.into(),
            ..Self::default()
        }
    }

    /// The same axis, logarithmic.
    #[must_use]
    pub fn logarithmic(self) -> Self {
        Self {
            scale: Scale::Logarithmic,
            ..self
        }
    }

    /// The same axis, with zero on it.
    #[must_use]
    pub fn from_zero(self) -> Self {
        Self {
            extent: Extent::FromZero,
            ..self
        }
    }

    /// The same axis from `low` to `high`.
    #[must_use]
    pub fn between(self, low: f64, high: f64) -> Self {
        Self {
            extent: Extent::Fixed(low, high),
            ..self
        }
    }

    /// The same axis with ticks at multiples of `step`.
    #[must_use]
    pub fn every(self, step: f64) -> Self {
        Self {
            ticks: Ticks::Every(step),
            ..self
        }
    }

    /// Name, power of ten and unit: `vorticity (×10⁻⁵ s⁻¹)`.
    pub(crate) fn caption(&self, exponent: i32) -> String {
        let factor = match exponent {
            0 => String::new(),
            e => format!("×10{}", crate::number::superscript(e)),
        };
        let inner = [factor.as_str(), self.unit.as_str()].join(" ");
        match (self.label.is_empty(), inner.trim()) {
            (_, "") => self.label.clone(),
            (true, inner) => inner.to_owned(),
            (false, inner) => format!("{} ({inner})", self.label),
        }
    }
}
