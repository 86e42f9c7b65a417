//! One run: a flow, its noise and the times at which it is saved.

use std::ops::ControlFlow;

use foehn_noise::{Key, Purpose};
use ndarray::{Array2, Array3, ArrayView2, Axis};
use rayon::prelude::*;
use thiserror::Error;

use super::{
    config::{ConfigError, TurbulenceConfig},
    plane::Plane,
    solver::{StepError, Turbulence},
};

/// Why a run ended early.
#[derive(Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum RunError {
    /// The configuration cannot be run.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The flow left what the scheme can follow.
    #[error("run {run}: {source}")]
    Step {
        /// Index of the run.
        run: u32,
        /// What happened.
        source: StepError,
    },
}

/// A flow started at rest and driven by the noise of one run.
///
/// Step k of run r takes the normals of `Key::new(seed, Simulate).init(r).step(k)`, so a run is the
/// same alone or among others, whatever the threads, and a longer run begins like a shorter one.
pub struct Trajectory {
    flow: Turbulence,
    key: Key,
    run: u32,
    next: usize,
    plane: Plane,
    frame: Array2<f32>,
}

impl Trajectory {
    /// Run `run` of the set, at rest.
    ///
    /// # Errors
    /// When the configuration is not valid.
    pub fn new(config: &TurbulenceConfig, run: u32) -> Result<Self, ConfigError> {
        let flow = Turbulence::new(config)?;
        Ok(Self {
            plane: flow.output_plane(),
            flow,
            key: Key::new(config.seed, Purpose::Simulate).init(i64::from(run)),
            run,
            next: 0,
            frame: Array2::zeros((config.output_grid, config.output_grid)),
        })
    }

    /// Integrates to the next saved frame and returns its number, or `None` past the last.
    ///
    /// # Errors
    /// When the flow stops being finite or outruns dt.
    pub fn next_frame(&mut self) -> Result<Option<usize>, RunError> {
        let config = self.flow.config();
        if self.next == config.frames() {
            return Ok(None);
        }
        let steps = match self.next {
            0 => config.spin_up_steps(),
            _ => config.steps_per_frame(),
        };
        self.integrate(steps).map_err(|source| RunError::Step {
            run: self.run,
            source,
        })?;
        self.next += 1;
        Ok(Some(self.next - 1))
    }

    fn integrate(&mut self, steps: u32) -> Result<(), StepError> {
        let mut normals = [0.0; Turbulence::NORMALS];
        for _ in 0..steps {
            self.key.step(self.flow.steps()).normals_f64(&mut normals);
            self.flow.step(&normals)?;
        }
        Ok(())
    }

    /// The vorticity truncated to the saved grid, `(y, x)`.
    pub fn frame(&mut self) -> ArrayView2<'_, f32> {
        self.flow.write(&mut self.plane, self.frame.view_mut());
        self.frame.view()
    }

    /// The flow as it stands.
    pub fn flow(&self) -> &Turbulence {
        &self.flow
    }
}

/// Integrates one run and hands over each saved frame, numbered from 0, at time
/// `spin_up + number x save_every`. `Break` from `on_frame` ends the run and is returned.
///
/// # Shapes
/// A frame is `(output_grid, output_grid)`, `(y, x)`, vorticity.
///
/// # Errors
/// When the configuration is not valid, or the flow stops being finite or outruns dt.
pub fn run(
    config: &TurbulenceConfig,
    run: u32,
    mut on_frame: impl FnMut(usize, ArrayView2<f32>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, RunError> {
    let mut trajectory = Trajectory::new(config, run)?;
    while let Some(number) = trajectory.next_frame()? {
        if on_frame(number, trajectory.frame()).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Integrates several runs in parallel on the current rayon pool and hands over each when it is whole.
///
/// `on_frame(run, number)` is told of every frame, for progress and interruption; `on_run` receives
/// the frames of a finished run, in the order in which runs finish. `Break` from either ends all.
///
/// # Shapes
/// The frames of a run are `(frame, y, x)`.
///
/// # Errors
/// As [`run`]; the first error ends all runs.
pub fn run_many(
    config: &TurbulenceConfig,
    runs: &[u32],
    on_frame: impl Fn(u32, usize) -> ControlFlow<()> + Sync,
    on_run: impl Fn(u32, Array3<f32>) -> ControlFlow<()> + Sync,
) -> Result<ControlFlow<()>, RunError> {
    config.validate()?;
    let side = config.output_grid;
    let outcome = runs.par_iter().try_for_each(|&index| {
        let mut frames = Array3::zeros((config.frames(), side, side));
        let end = run(config, index, |number, frame| {
            frames.index_axis_mut(Axis(0), number).assign(&frame);
            on_frame(index, number)
        })
        .map_err(Some)?;
        match end {
            ControlFlow::Continue(()) if on_run(index, frames).is_continue() => Ok(()),
            _ => Err(None),
        }
    });
    match outcome {
        Ok(()) => Ok(ControlFlow::Continue(())),
        Err(None) => Ok(ControlFlow::Break(())),
        Err(Some(error)) => Err(error),
    }
}
