//! Power spectra of members and truth while a forecast is scored.

use crate::scores::SpectraScores;
use anyhow::Result;
use foehn_dataset::Series;
use foehn_field::Grid;
use foehn_verification::{Domain, Mean, Quantity, Spectrometer};
use ndarray::{ArrayView2, ArrayView3, Axis};

/// Mean spectra of members and truth, still being added up.
pub struct Spectra {
    members: Mean,
    truth: Mean,
}

impl Spectra {
    /// Those of one case.
    ///
    /// # Shapes
    /// `members`: (M, ny, nx); `truth`: (ny, nx).
    ///
    /// # Errors
    /// If a value is missing or the grid is another one.
    pub fn of(
        plan: &Spectrometer,
        members: &ArrayView3<f32>,
        truth: &ArrayView2<f32>,
    ) -> Result<Self> {
        Ok(Self {
            members: plan.mean(members)?,
            truth: plan.mean(&truth.insert_axis(Axis(0)))?,
        })
    }

    /// Adds the cases of `other`.
    ///
    /// # Errors
    /// If they are of another grid.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.members.merge(&other.members)?;
        self.truth.merge(&other.truth)?;
        Ok(())
    }

    /// The spectra and their distance.
    ///
    /// # Errors
    /// If they have no power to compare.
    pub fn scores(&self, plan: &Spectrometer) -> Result<SpectraScores> {
        let (forecast, truth) = (plan.spectrum(&self.members)?, plan.spectrum(&self.truth)?);
        let log_distance = forecast.log_distance(&truth)?;
        Ok(SpectraScores {
            forecast,
            truth,
            log_distance,
        })
    }
}

/// The modes of the grid: Fourier where it is periodic, cosines in a limited area; none where there are too few cells.
pub fn spectrometer(series: &Series) -> Option<Spectrometer> {
    let shape = series.grid().shape();
    let spacing = |axis: &[f64]| {
        axis.windows(2)
            .map(|w| (w[1] - w[0]).abs())
            .next()
            .unwrap_or(1.0)
    };
    let (domain, quantity) = match series.grid() {
        Grid::Cartesian {
            period: Some((y, x)),
            ..
        } if (y - x).abs() < 1e-9 * y.abs() => {
            let vorticity = series
                .variables()
                .iter()
                .all(|c| c.name.contains("vorticity"));
            let quantity = if vorticity {
                Quantity::KineticEnergy
            } else {
                Quantity::HalfSquare
            };
            (Domain::Periodic { period: *y }, quantity)
        }
        Grid::Cartesian { y, x, .. } => (
            Domain::Limited {
                spacing: (spacing(y), spacing(x)),
            },
            Quantity::HalfSquare,
        ),
        Grid::Rectilinear {
            latitude,
            longitude,
        } => {
            // degrees of latitude; longitudes shrunk by the cosine of the middle latitude
            let middle = latitude.iter().sum::<f64>() / latitude.len().max(1) as f64;
            let dx = spacing(longitude) * middle.to_radians().cos();
            (
                Domain::Limited {
                    spacing: (spacing(latitude), dx),
                },
                Quantity::HalfSquare,
            )
        }
        Grid::Curvilinear { .. } => (
            Domain::Limited {
                spacing: (1.0, 1.0),
            },
            Quantity::HalfSquare,
        ),
    };
    Spectrometer::new(shape, domain, quantity).ok()
}
