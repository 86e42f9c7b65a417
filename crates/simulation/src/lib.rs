//! Stochastic Navier-Stokes turbulence, and laws with exact answers.
//!
//! [`Turbulence`] is the solver: it takes normal numbers as an argument and knows nothing of seeds,
//! runs or files. [`Trajectory`] drives it with the keyed noise of one run, [`run`] hands out the
//! saved frames of one run, [`run_many`] spreads runs over threads. [`laws`] holds the processes
//! whose transition law is known in closed form, against which samplers are tested.
//!
//! ```
//! use foehn_simulation::{TurbulenceConfig, run};
//! use std::ops::ControlFlow;
//! let config = TurbulenceConfig { spin_up: 1.0, length: 1.0, ..TurbulenceConfig::default() };
//! let mut frames = 0;
//! let end = run(&config, 0, |_, vorticity| {
//!     assert_eq!(vorticity.dim(), (32, 32));
//!     frames += 1;
//!     ControlFlow::Continue(())
//! })?;
//! assert!(end.is_continue());
//! assert_eq!(frames, 3); // at 1.0, 1.5 and 2.0 time units
//! # Ok::<(), foehn_simulation::RunError>(())
//! ```

pub mod laws;
mod turbulence;

pub use turbulence::climate::{Climate, ClimateError, Estimate, Lag};
pub use turbulence::config::{ConfigError, TurbulenceConfig};
pub use turbulence::moments::{Moments, pattern_correlation};
pub use turbulence::solver::{StepError, Turbulence};
pub use turbulence::trajectory::{RunError, Trajectory, run, run_many};
