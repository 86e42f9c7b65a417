//! One labelled curve and what is known of its uncertainty.

use crate::colour::Tint;
use crate::drawing::Stroke;
use crate::error::FigureError;

/// What is known of the uncertainty of a series: lower and upper values, as long as the series.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Uncertainty {
    /// Nothing.
    #[default]
    None,
    /// A shaded band.
    Band {
        /// Lower edge.
        lower: Vec<f64>,
        /// Upper edge.
        upper: Vec<f64>,
    },
    /// A bar at every point.
    Bars {
        /// Lower ends.
        lower: Vec<f64>,
        /// Upper ends.
        upper: Vec<f64>,
    },
}

/// One labelled curve. Points that are not finite (or not positive on a logarithmic axis) break it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Name in the legend.
    pub label: String,
    /// Abscissae.
    pub x: Vec<f64>,
    /// Ordinates.
    pub y: Vec<f64>,
    /// Band or bars.
    pub uncertainty: Uncertainty,
    /// Dashes.
    pub stroke: Stroke,
    /// Colour; by default the next of the palette.
    pub tint: Option<Tint>,
}

impl Series {
    /// Unbroken line in the next colour of the palette.
    pub fn new(label: impl Into<String>, x: Vec<f64>, y: Vec<f64>) -> Self {
        Self {
            label: label.into(),
            x,
            y,
            ..Self::default()
        }
    }

    /// The same series within a shaded band.
    #[must_use]
    pub fn band(self, lower: Vec<f64>, upper: Vec<f64>) -> Self {
        Self {
            uncertainty: Uncertainty::Band { lower, upper },
            ..self
        }
    }

    /// The same series with bars at its points.
    #[must_use]
    pub fn bars(self, lower: Vec<f64>, upper: Vec<f64>) -> Self {
        Self {
            uncertainty: Uncertainty::Bars { lower, upper },
            ..self
        }
    }

    /// The same series with another stroke and colour: baselines dashed, truth black.
    #[must_use]
    pub fn styled(self, stroke: Stroke, tint: Tint) -> Self {
        Self {
            stroke,
            tint: Some(tint),
            ..self
        }
    }

    pub(crate) fn check(&self) -> Result<(), FigureError> {
        if self.x.is_empty() {
            return Err(FigureError::EmptySeries {
                label: self.label.clone(),
            });
        }
        let expected = self.x.len();
        let check = |what, found: usize| match found {
            found if found == expected => Ok(()),
            found => Err(FigureError::Length {
                label: self.label.clone(),
                what,
                expected,
                found,
            }),
        };
        check("y", self.y.len())?;
        if let Uncertainty::Band { lower, upper } | Uncertainty::Bars { lower, upper } =
            &self.uncertainty
        {
            check("lower", lower.len())?;
            check("upper", upper.len())?;
        }
        Ok(())
    }

    /// Ordinates with those of the band or bars.
    pub(crate) fn ordinates(&self) -> impl Iterator<Item = f64> {
        let none: &[f64] = &[];
        let (lower, upper) = match &self.uncertainty {
            Uncertainty::None => (none, none),
            Uncertainty::Band { lower, upper } | Uncertainty::Bars { lower, upper } => {
                (&lower[..], &upper[..])
            }
        };
        self.y.iter().chain(lower).chain(upper).copied()
    }
}
