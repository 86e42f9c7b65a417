//! What describes a set of turbulence runs.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{forcing, modes::Modes};

/// A set of runs of dw + u.grad w dt = nu Lap w dt - a w dt + eps dEta on [0, 2 pi]^2.
///
/// # Units
/// Nondimensional. Lengths are in units where the square has side 2 pi.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TurbulenceConfig {
    /// Points of the collocation grid along each side, a power of two; wavenumbers up to (grid - 1)/3 are kept.
    pub grid: usize,
    /// Points along each side of the saved state, which is truncated in wavenumber, not averaged.
    pub output_grid: usize,
    /// nu, the viscosity.
    pub viscosity: f64,
    /// a, the rate of linear damping.
    pub damping: f64,
    /// eps, the amplitude of the noise.
    pub amplitude: f64,
    /// Time step. The default suits 64 x 64; scale it with 64/grid.
    pub dt: f64,
    /// Time from the state of rest to the first saved frame.
    pub spin_up: f64,
    /// Time from the first saved frame to the last.
    pub length: f64,
    /// Time between saved frames.
    pub save_every: f64,
    /// Number of independent runs.
    pub runs: u32,
    /// Seed of the noise; run `r` depends on (seed, r) only.
    pub seed: u64,
}

impl Default for TurbulenceConfig {
    fn default() -> Self {
        Self {
            grid: 64,
            output_grid: 32,
            viscosity: 1e-3,
            damping: 0.1,
            amplitude: 1.0,
            dt: 0.02,
            spin_up: 30.0,
            length: 60.0,
            save_every: 0.5,
            runs: 10,
            seed: 0,
        }
    }
}

/// Why a [`TurbulenceConfig`] cannot be run.
#[derive(Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// The grid cannot hold the forcing.
    #[error("grid = {grid} is too coarse: the forcing reaches wavenumber {forced}, which needs grid >= {}", 3 * forced + 2)]
    Coarse {
        /// The configured grid.
        grid: usize,
        /// The highest forced wavenumber along an axis.
        forced: usize,
    },
    /// The transforms cannot take the grid.
    #[error("grid = {grid} is not a power of two; the nearest are {} and {}", grid.next_power_of_two() / 2, grid.next_power_of_two())]
    NotPowerOfTwo {
        /// The configured grid.
        grid: usize,
    },
    /// The saved grid is not coarser than the simulated one.
    #[error("output_grid = {output_grid} must lie between 4 and grid = {grid}")]
    OutputGrid {
        /// The configured saved grid.
        output_grid: usize,
        /// The configured grid.
        grid: usize,
    },
    /// A number that must be finite and not negative is not.
    #[error("{key} = {value} must be finite and at least 0")]
    Negative {
        /// Configuration key.
        key: &'static str,
        /// Its value.
        value: f64,
    },
    /// A number that must be finite and positive is not.
    #[error("{key} = {value} must be finite and above 0")]
    NotPositive {
        /// Configuration key.
        key: &'static str,
        /// Its value.
        value: f64,
    },
    /// A time is not a whole number of shorter times.
    #[error("{key} = {value} is not a whole multiple of {unit_key} = {unit}; the nearest is {}", (value / unit).round() * unit)]
    NotMultiple {
        /// Configuration key.
        key: &'static str,
        /// Its value.
        value: f64,
        /// Key of the shorter time.
        unit_key: &'static str,
        /// Its value.
        unit: f64,
    },
    /// There is nothing to run.
    #[error("runs = 0: ask for at least one run")]
    NoRuns,
    /// The step counter would overflow.
    #[error(
        "one run would take {steps} steps, more than {}: raise dt or shorten the run",
        u32::MAX
    )]
    TooLong {
        /// Number of steps asked for.
        steps: f64,
    },
}

impl TurbulenceConfig {
    /// Checks every value.
    ///
    /// # Errors
    /// The first value that cannot be run, with what to change.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_grids()?;
        for (key, value) in [
            ("viscosity", self.viscosity),
            ("damping", self.damping),
            ("amplitude", self.amplitude),
            ("spin_up", self.spin_up),
            ("length", self.length),
        ] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(ConfigError::Negative { key, value });
            }
        }
        for (key, value) in [("dt", self.dt), ("save_every", self.save_every)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(ConfigError::NotPositive { key, value });
            }
        }
        if self.runs == 0 {
            return Err(ConfigError::NoRuns);
        }
        let steps = (self.spin_up + self.length) / self.dt;
        if steps > f64::from(u32::MAX) {
            return Err(ConfigError::TooLong { steps });
        }
        multiple("save_every", self.save_every, "dt", self.dt)?;
        multiple("spin_up", self.spin_up, "dt", self.dt)?;
        multiple("length", self.length, "save_every", self.save_every)
    }

    fn validate_grids(&self) -> Result<(), ConfigError> {
        let (grid, output_grid) = (self.grid, self.output_grid);
        let forced = forcing::HIGHEST;
        if grid == 0 || Modes::new(grid).k_max() < forced {
            return Err(ConfigError::Coarse { grid, forced });
        }
        if !grid.is_power_of_two() {
            return Err(ConfigError::NotPowerOfTwo { grid });
        }
        if !(4..=grid).contains(&output_grid) {
            return Err(ConfigError::OutputGrid { output_grid, grid });
        }
        Ok(())
    }

    /// Saved frames of one run: `length / save_every + 1`, both ends included.
    pub fn frames(&self) -> usize {
        (self.length / self.save_every).round() as usize + 1
    }

    /// Steps between two saved frames.
    pub fn steps_per_frame(&self) -> u32 {
        (self.save_every / self.dt).round() as u32
    }

    /// Steps from rest to the first saved frame.
    pub fn spin_up_steps(&self) -> u32 {
        (self.spin_up / self.dt).round() as u32
    }
}

fn multiple(
    key: &'static str,
    value: f64,
    unit_key: &'static str,
    unit: f64,
) -> Result<(), ConfigError> {
    let count = value / unit;
    if (count - count.round()).abs() <= 1e-6 {
        return Ok(());
    }
    Err(ConfigError::NotMultiple {
        key,
        value,
        unit_key,
        unit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(text: &str) -> String {
        let config: TurbulenceConfig = toml::from_str(text).unwrap();
        config.validate().unwrap_err().to_string()
    }

    #[test]
    fn every_key_has_a_default_and_no_other_is_taken() {
        let config: TurbulenceConfig = toml::from_str("grid = 128\ndt = 0.01").unwrap();
        assert_eq!(config.output_grid, 32);
        assert_eq!(config.validate(), Ok(()));
        let unknown = toml::from_str::<TurbulenceConfig>("gird = 64").unwrap_err();
        assert!(unknown.to_string().contains("unknown field `gird`"));
    }

    #[test]
    fn errors_name_the_value_and_the_remedy() {
        assert_eq!(
            error_of("grid = 24"),
            "grid = 24 is too coarse: the forcing reaches wavenumber 8, which needs grid >= 26"
        );
        assert_eq!(
            error_of("save_every = 0.25\ndt = 0.02"),
            "save_every = 0.25 is not a whole multiple of dt = 0.02; the nearest is 0.26"
        );
        assert_eq!(
            error_of("grid = 96"),
            "grid = 96 is not a power of two; the nearest are 64 and 128"
        );
        assert!(error_of("output_grid = 65").contains("between 4 and grid = 64"));
        assert!(error_of("dt = nan").contains("dt = NaN"));
        assert!(error_of("viscosity = -1.0").contains("viscosity = -1 must"));
        assert!(error_of("runs = 0").contains("at least one run"));
        assert!(error_of("length = 1e9").contains("steps"));
    }
}
