//! A finished spectrum and its distance from another.

use serde::{Deserialize, Serialize};

use crate::{Domain, Quantity, SpectrumError};

/// Mean energy by shell, with how it was made.
///
/// # Units
/// `wavenumber` in radians per unit of length; `energy` in squared units of the field (times length
/// squared for kinetic energy), summed over the shell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spectrum {
    /// The domain, which says what the modes and shells are.
    pub domain: Domain,
    /// What is summed.
    pub quantity: Quantity,
    /// Wavenumber of every shell 0, 1, 2, ...
    pub wavenumber: Vec<f64>,
    /// Energy of every shell.
    pub energy: Vec<f64>,
    /// The last shell that the grid resolves in every direction.
    pub resolved: usize,
    /// Number of fields averaged.
    pub samples: u64,
}

impl Spectrum {
    /// `mean over shells 1..=resolved of |log10 (E / E_true)|`, energies averaged over fields before.
    ///
    /// # Errors
    /// Spectra of different plans; a shell without energy.
    pub fn log_distance(&self, truth: &Self) -> Result<f64, SpectrumError> {
        let ratios = self.log_ratios(truth)?;
        Ok(ratios.iter().map(|ratio| ratio.abs()).sum::<f64>() / ratios.len() as f64)
    }

    /// `log10 (E / E_true)` of the shells 1..=resolved: where energy is lacking (negative) or too much.
    ///
    /// # Errors
    /// Spectra of different plans; a shell without energy.
    pub fn log_ratios(&self, truth: &Self) -> Result<Vec<f64>, SpectrumError> {
        let plan = |s: &Self| (s.domain, s.quantity, s.energy.len(), s.resolved);
        if plan(self) != plan(truth) {
            return Err(SpectrumError::Differ {
                left: format!("{:?}", plan(self)),
                right: format!("{:?}", plan(truth)),
            });
        }
        (1..=self.resolved)
            .map(|shell| {
                let (model, truth) = (self.energy[shell], truth.energy[shell]);
                let ratio = (model / truth).log10();
                if ratio.is_finite() {
                    Ok(ratio)
                } else {
                    Err(SpectrumError::Empty {
                        shell,
                        model,
                        truth,
                    })
                }
            })
            .collect()
    }
}
