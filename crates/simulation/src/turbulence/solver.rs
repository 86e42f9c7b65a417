//! One flow and its time step.

use std::fmt;

use ndarray::{Array2, ArrayRef2, ArrayViewMut2};
use rustfft::num_complex::Complex64;
use thiserror::Error;

use super::{
    advection::Advection,
    config::{ConfigError, TurbulenceConfig},
    forcing::{self, Forcing},
    modes::Modes,
    moments::Moments,
    plane::Plane,
};

/// The flow dw + u.grad w dt = nu Lap w dt - a w dt + eps dEta, u = (-dpsi/dy, dpsi/dx), Lap psi = w.
///
/// Pseudo-spectral with the 2/3 rule. The deterministic part is stepped by the classical Runge-Kutta
/// scheme of order four under the integrating factor exp(-(nu k^2 + a) t), so the linear part is exact;
/// noise of the exact variance of the linear part goes in half before and half after the step.
/// Everything is in double precision: transforms in single precision would take half the time, but leave
/// 1e-7 where advection now conserves energy and enstrophy to round-off. A step allocates nothing.
///
/// # Shapes
/// Fields are `(y, x)` on the points 2 pi (0, 1, .., n-1)/n.
///
/// # Reference
/// Lawson (1967) for the integrating factor, doi 10.1137/0704033.
///
/// ```
/// use foehn_simulation::{Turbulence, TurbulenceConfig};
/// let config = TurbulenceConfig { amplitude: 0.0, ..TurbulenceConfig::default() };
/// let mut flow = Turbulence::new(&config)?;
/// // one wave is a steady Euler flow: it only decays, by exp(-(nu k^2 + a) t)
/// let wave = |(_, x)| (3.0 * std::f64::consts::TAU * x as f64 / 64.0).cos();
/// flow.set_vorticity(&ndarray::Array2::from_shape_fn((64, 64), wave))?;
/// for _ in 0..50 {
///     flow.step(&[0.0; Turbulence::NORMALS])?;
/// }
/// let decay: f64 = (-(1e-3 * 9.0 + 0.1) * 1.0_f64).exp();
/// assert!((flow.vorticity()[[7, 0]] - decay).abs() < 1e-14);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Turbulence {
    config: TurbulenceConfig,
    modes: Modes,
    advection: Advection,
    forcing: Forcing,
    /// exp(-(nu k^2 + a) dt/2) and its square.
    half_decay: Vec<f64>,
    full_decay: Vec<f64>,
    w: Vec<Complex64>,
    stage: Vec<Complex64>,
    tendency: Vec<Complex64>,
    sum: Vec<Complex64>,
    plane: Plane,
    steps: u32,
}

impl fmt::Debug for Turbulence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turbulence")
            .field("config", &self.config)
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}

/// Why a flow cannot go on.
#[derive(Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum StepError {
    /// The state is no longer a number.
    #[error("the vorticity is not finite at step {step} (dt = {dt}, time {time}): lower dt")]
    NotFinite {
        /// Step that was being taken, counted from 0.
        step: u32,
        /// Time step.
        dt: f64,
        /// Time at the start of the step.
        time: f64,
    },
    /// The flow is too fast for the step.
    #[error(
        "step {step} (dt = {dt}, time {time}) is unstable: the flow reaches speed {speed:.3}; dt must be at most {limit:.2e}"
    )]
    Courant {
        /// Step that was being taken, counted from 0.
        step: u32,
        /// Time step.
        dt: f64,
        /// Time at the start of the step.
        time: f64,
        /// Largest |u| on the grid.
        speed: f64,
        /// Largest stable dt at this speed.
        limit: f64,
    },
    /// A field of another size was given.
    #[error("the field has shape {found:?}, the grid is {grid} x {grid}")]
    Shape {
        /// Shape of the given field.
        found: (usize, usize),
        /// Points along a side.
        grid: usize,
    },
}

/// Stable |omega| dt of the Runge-Kutta scheme on the imaginary axis, 2 sqrt 2.
const STABLE: f64 = 2.0 * std::f64::consts::SQRT_2;

impl Turbulence {
    /// Standard normal numbers that a step takes: two for each forced wave.
    pub const NORMALS: usize = 2 * forcing::WAVES;

    /// The flow at rest.
    ///
    /// # Errors
    /// When the configuration is not valid.
    pub fn new(config: &TurbulenceConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let modes = Modes::new(config.grid);
        let (nu, a, dt) = (config.viscosity, config.damping, config.dt);
        let rate = move |kx: f64, ky: f64| nu * (kx * kx + ky * ky) + a;
        let decay = |h: f64| {
            modes
                .waves()
                .map(|(kx, ky)| (-rate(kx, ky) * h).exp())
                .collect()
        };
        let zeros = || vec![Complex64::default(); modes.len()];
        Ok(Self {
            modes,
            advection: Advection::new(config.grid),
            forcing: Forcing::new(modes, config.amplitude, dt, rate),
            half_decay: decay(dt / 2.0),
            full_decay: decay(dt),
            w: zeros(),
            stage: zeros(),
            tendency: zeros(),
            sum: zeros(),
            plane: Plane::new(config.grid),
            steps: 0,
            config: config.clone(),
        })
    }

    /// Moves on by dt with the given standard normal numbers.
    ///
    /// # Errors
    /// When the state stops being finite, or sqrt(2) `k_max` max|u| dt exceeds the stability limit
    /// 2 sqrt 2 of the scheme; both name the step and dt.
    pub fn step(&mut self, normals: &[f64; Self::NORMALS]) -> Result<(), StepError> {
        let (before, after) = normals.split_at(forcing::WAVES);
        self.forcing.push_before(&mut self.w, before);
        let speed = self.advance();
        self.forcing.push_after(&mut self.w, after);
        self.check(speed)?;
        self.steps += 1;
        Ok(())
    }

    /// The deterministic step (Lawson's integrating factor, RK4); returns the speed at its start.
    fn advance(&mut self) -> f64 {
        let dt = self.config.dt;
        // equal lengths that the compiler can see: no bounds are checked below
        let count = self.w.len();
        let (w, n) = (&mut self.w[..count], &mut self.tendency[..count]);
        let (stage, sum) = (&mut self.stage[..count], &mut self.sum[..count]);
        let (half, full) = (&self.half_decay[..count], &self.full_decay[..count]);
        let speed = self.advection.tendency(w, n);
        for i in 0..count {
            sum[i] = (w[i] + n[i] * (dt / 6.0)) * full[i];
            stage[i] = (w[i] + n[i] * (dt / 2.0)) * half[i];
        }
        self.advection.tendency(stage, n);
        for i in 0..count {
            sum[i] += n[i] * (half[i] * (dt / 3.0));
            stage[i] = w[i] * half[i] + n[i] * (dt / 2.0);
        }
        self.advection.tendency(stage, n);
        for i in 0..count {
            sum[i] += n[i] * (half[i] * (dt / 3.0));
            stage[i] = w[i] * full[i] + n[i] * (half[i] * dt);
        }
        self.advection.tendency(stage, n);
        for i in 0..count {
            w[i] = sum[i] + n[i] * (dt / 6.0);
        }
        speed
    }

    fn check(&self, speed: f64) -> Result<(), StepError> {
        let (step, dt, time) = (self.steps, self.config.dt, self.time());
        if !self.w.iter().all(|c| c.is_finite()) {
            return Err(StepError::NotFinite { step, dt, time });
        }
        // |k.u| <= k_max (|u| + |v|) <= sqrt 2 k_max |u|
        let limit = STABLE / (std::f64::consts::SQRT_2 * self.modes.k_max() as f64 * speed);
        if dt > limit {
            return Err(StepError::Courant {
                step,
                dt,
                time,
                speed,
                limit,
            });
        }
        Ok(())
    }

    /// What the flow was built from.
    pub fn config(&self) -> &TurbulenceConfig {
        &self.config
    }

    /// Time since the start, steps x dt.
    pub fn time(&self) -> f64 {
        f64::from(self.steps) * self.config.dt
    }

    /// Steps taken since the start.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// The vorticity w on the grid, `(y, x)`.
    pub fn vorticity(&mut self) -> Array2<f64> {
        let n = self.config.grid;
        let mut values = self.plane.synthesise(self.modes, &self.w);
        Array2::from_shape_simple_fn((n, n), || values.next().unwrap_or(f64::NAN))
    }

    /// Puts the flow into the state of a vorticity field; modes beyond the 2/3 rule are dropped.
    ///
    /// # Errors
    /// When the field is not `(grid, grid)`.
    pub fn set_vorticity(&mut self, field: &ArrayRef2<f64>) -> Result<(), StepError> {
        let grid = self.config.grid;
        if field.dim() != (grid, grid) {
            return Err(StepError::Shape {
                found: field.dim(),
                grid,
            });
        }
        self.plane.analyse(self.modes, field, &mut self.w);
        Ok(())
    }

    /// Energy, enstrophy and palinstrophy.
    pub fn moments(&self) -> Moments {
        Moments::of(self.modes, &self.w)
    }

    /// a <w^2> + nu <|grad w|^2>, half the rate at which damping and viscosity take <w^2> away.
    pub fn dissipation(&self) -> f64 {
        let moments = self.moments();
        2.0 * (self.config.damping * moments.enstrophy
            + self.config.viscosity * moments.palinstrophy)
    }

    /// Half the mean rate at which the noise adds <w^2>: eps^2/2 x sum over 8 waves <f^2> = 2 eps^2.
    pub fn injection(&self) -> f64 {
        0.5 * self.config.amplitude.powi(2) * (forcing::WAVES as f64 * 0.5)
    }

    pub(super) fn output_plane(&self) -> Plane {
        Plane::new(self.config.output_grid)
    }

    /// The vorticity truncated to the modes that the grid of `out` resolves.
    pub(super) fn write(&self, plane: &mut Plane, mut out: ArrayViewMut2<f32>) {
        let values = plane.synthesise(self.modes, &self.w);
        out.iter_mut()
            .zip(values)
            .for_each(|(out, value)| *out = value as f32);
    }
}

#[cfg(test)]
mod tests;
