//! From fields to spectra.

use std::f64::consts::{PI, TAU};

use ndarray::{ArrayRef2, ArrayRef3, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::cosine::Cosine;
use crate::fourier::Fourier;
use crate::{Mean, MeanError, Spectrum, SpectrumError};

/// What the field's domain is, hence which modes it is made of.
///
/// Shell l holds the modes whose wavenumber rounds to l times the least one, `kappa_1`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Domain {
    /// A square, periodic along both axes: Fourier modes, `kappa_1 = 2 pi / period`, resolved up to N/2.
    Periodic {
        /// Length of a side.
        period: f64,
    },
    /// A limited area: cosine modes, `kappa_1 = pi / L` with L its shorter side, resolved up to half a
    /// wavelength of the wider spacing.
    Limited {
        /// Distance between neighbours along y and x.
        spacing: (f64, f64),
    },
}

/// Which quadratic quantity of the modes is summed over a shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// `Z = |w_k|^2 / 2`: enstrophy where w is vorticity, half the variance of any field.
    HalfSquare,
    /// `E = |w_k|^2 / (2 k^2) = Z / k^2`, mode by mode: kinetic energy where w is the vorticity of a
    /// periodic flow.
    KineticEnergy,
}

/// A plan that sums the modes of fields over isotropic shells.
///
/// Energies are averaged over fields first ([`Spectrometer::mean`] gives an additive [`Mean`]) and
/// compared afterwards ([`Spectrum::log_distance`]). The sum over all shells is `mean w^2 / 2` exactly
/// (Parseval); the modes in the corners lie in shells beyond the resolved ones.
///
/// # Reference
/// METHOD O6, O7: integer shells k = 1..N/2.
///
/// ```
/// use foehn_verification::{Domain, Quantity, Spectrometer};
/// use ndarray::Array2;
/// let domain = Domain::Periodic { period: std::f64::consts::TAU };
/// let plan = Spectrometer::new((8, 8), domain, Quantity::HalfSquare)?;
/// let wave = Array2::from_shape_fn((8, 8), |(_, x)| (x as f32 * std::f32::consts::TAU / 4.0).sin());
/// let energy = plan.energy(&wave)?;      // sin(2x): mean square 1/2, enstrophy 1/4 at k = 2
/// assert!((energy[2] - 0.25).abs() < 1e-12 && energy[1] < 1e-12);
/// # Ok::<(), foehn_verification::SpectrumError>(())
/// ```
pub struct Spectrometer {
    shape: (usize, usize),
    domain: Domain,
    quantity: Quantity,
    transform: Transform,
    /// Shell and weight of every mode, in the order of the transform.
    modes: Vec<(usize, f64)>,
    shells: usize,
}

enum Transform {
    Fourier(Fourier),
    Cosine(Cosine),
}

impl Spectrometer {
    /// Plans the spectra of fields of one shape (ny, nx).
    ///
    /// # Errors
    /// A periodic domain that is not square, lengths that are not positive, kinetic energy in a limited
    /// area.
    pub fn new(
        shape: (usize, usize),
        domain: Domain,
        quantity: Quantity,
    ) -> Result<Self, SpectrumError> {
        check(shape, domain, quantity)?;
        let (transform, numbers) = match domain {
            Domain::Periodic { .. } => {
                let plan = Fourier::new(shape.0);
                let k = |i| plan.wavenumber(i);
                let numbers = grid(shape, |i, j| k(i).hypot(k(j)));
                (Transform::Fourier(plan), numbers)
            }
            Domain::Limited { spacing } => {
                let sides = sides(shape, spacing);
                let least = sides.0.min(sides.1);
                let number = |i, j| (i as f64 / sides.0).hypot(j as f64 / sides.1) * least;
                (Transform::Cosine(Cosine::new(shape)), grid(shape, number))
            }
        };
        let unit = unit(shape, domain);
        let modes: Vec<(usize, f64)> = numbers
            .iter()
            .map(|&number| (number.round() as usize, weight(quantity, number * unit)))
            .collect();
        let shells = modes.iter().map(|mode| mode.0 + 1).max().unwrap_or(0);
        Ok(Self {
            shape,
            domain,
            quantity,
            transform,
            modes,
            shells,
        })
    }

    /// The energy of one field in every shell 0, 1, 2, ...
    ///
    /// # Shapes
    /// (ny, nx) -> (shells).
    ///
    /// # Errors
    /// Another shape than planned, a value that is not finite.
    pub fn energy(&self, field: &ArrayRef2<f32>) -> Result<Vec<f64>, SpectrumError> {
        if field.dim() != self.shape {
            return Err(SpectrumError::Shape {
                expected: self.shape,
                found: field.dim(),
            });
        }
        if let Some((point, &value)) = field.indexed_iter().find(|(_, w)| !w.is_finite()) {
            return Err(SpectrumError::NotFinite { value, point });
        }
        let power = match &self.transform {
            Transform::Fourier(plan) => plan.power(field),
            Transform::Cosine(plan) => plan.power(field),
        };
        let mut energy = vec![0.0; self.shells];
        for (&(shell, weight), power) in self.modes.iter().zip(power) {
            energy[shell] += weight * power;
        }
        Ok(energy)
    }

    /// The mean energy of many fields, in parallel; means of more fields merge into it.
    ///
    /// # Shapes
    /// (samples, ny, nx).
    ///
    /// # Errors
    /// As [`Spectrometer::energy`].
    pub fn mean(&self, fields: &ArrayRef3<f32>) -> Result<Mean, SpectrumError> {
        let energies: Vec<Vec<f64>> = (0..fields.len_of(Axis(0)))
            .into_par_iter()
            .map(|i| self.energy(&fields.index_axis(Axis(0), i)))
            .collect::<Result<_, _>>()?;
        let mut mean = Mean::new(self.shells);
        for energy in &energies {
            mean.add(energy, 1.0)?;
        }
        Ok(mean)
    }

    /// The spectrum that a mean of [`Spectrometer::mean`] stands for.
    ///
    /// # Errors
    /// When no field was added or the mean is of another plan.
    pub fn spectrum(&self, mean: &Mean) -> Result<Spectrum, SpectrumError> {
        let energy = mean.values().ok_or(SpectrumError::Nothing)?;
        if energy.len() != self.shells {
            return Err(SpectrumError::Mean(MeanError {
                expected: self.shells,
                found: energy.len(),
            }));
        }
        let unit = unit(self.shape, self.domain);
        Ok(Spectrum {
            domain: self.domain,
            quantity: self.quantity,
            wavenumber: (0..self.shells).map(|shell| shell as f64 * unit).collect(),
            energy,
            resolved: self.resolved(),
            samples: mean.count(),
        })
    }

    /// The last shell that the grid resolves in every direction.
    pub fn resolved(&self) -> usize {
        match self.domain {
            Domain::Periodic { .. } => self.shape.0 / 2,
            Domain::Limited { spacing } => {
                let sides = sides(self.shape, spacing);
                // The last cosine mode of an axis of n points is n - 1, one short of its side/spacing.
                let last = |n: usize, side: f64| (n - 1) as f64 / side * sides.0.min(sides.1);
                last(self.shape.0, sides.0).min(last(self.shape.1, sides.1)) as usize
            }
        }
    }
}

fn check(shape: (usize, usize), domain: Domain, quantity: Quantity) -> Result<(), SpectrumError> {
    if shape.0 < 2 || shape.1 < 2 {
        return Err(SpectrumError::TooSmall(shape));
    }
    let lengths = match domain {
        Domain::Periodic { period } => [period, period],
        Domain::Limited { spacing } => [spacing.0, spacing.1],
    };
    if lengths.iter().any(|l| !l.is_finite() || *l <= 0.0) {
        return Err(SpectrumError::Length(domain));
    }
    match domain {
        Domain::Periodic { .. } if shape.0 != shape.1 => Err(SpectrumError::NotSquare(shape)),
        Domain::Limited { .. } if quantity == Quantity::KineticEnergy => {
            Err(SpectrumError::Energy(domain))
        }
        _ => Ok(()),
    }
}

fn sides(shape: (usize, usize), spacing: (f64, f64)) -> (f64, f64) {
    (shape.0 as f64 * spacing.0, shape.1 as f64 * spacing.1)
}

/// `kappa_1`: the angular wavenumber of shell 1.
fn unit(shape: (usize, usize), domain: Domain) -> f64 {
    match domain {
        Domain::Periodic { period } => TAU / period,
        Domain::Limited { spacing } => {
            let sides = sides(shape, spacing);
            PI / sides.0.min(sides.1)
        }
    }
}

fn grid(shape: (usize, usize), number: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    (0..shape.0 * shape.1)
        .map(|i| number(i / shape.1, i % shape.1))
        .collect()
}

fn weight(quantity: Quantity, wavenumber: f64) -> f64 {
    match quantity {
        Quantity::HalfSquare => 0.5,
        // A mean vorticity moves nothing.
        Quantity::KineticEnergy if wavenumber == 0.0 => 0.0,
        Quantity::KineticEnergy => 0.5 / (wavenumber * wavenumber),
    }
}
