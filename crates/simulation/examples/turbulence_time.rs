//! Times the solver for `tests/benchmarks/turbulence_numpy.py`, and prints what a noise-free flow becomes
//! so that the two can be seen to be the same scheme:
//! `cargo run --release -p foehn-simulation --example turbulence_time GRID DT RUNS STEPS`
//!
//! Waits for a line on standard input before each measurement, answers with one line, ends with the input.

use std::{env, f64::consts::TAU, io, ops::ControlFlow, time::Instant};

use foehn_simulation::{Turbulence, TurbulenceConfig, run_many};
use ndarray::Array2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [grid, dt, runs, steps] = arguments.as_slice() else {
        return Err("usage: turbulence_time GRID DT RUNS STEPS".into());
    };
    let (dt, steps): (f64, u32) = (dt.parse()?, steps.parse()?);
    let config = TurbulenceConfig {
        grid: grid.parse()?,
        dt,
        runs: runs.parse()?,
        spin_up: f64::from(steps) * dt,
        length: 0.0,
        save_every: dt,
        ..TurbulenceConfig::default()
    };
    let (enstrophy, energy) = quiet(&config, steps)?;
    println!("{enstrophy:.17e} {energy:.17e}");
    let all: Vec<u32> = (0..config.runs).collect();
    for line in io::stdin().lines() {
        line?;
        let start = Instant::now();
        let on = ControlFlow::Continue(());
        let end = run_many(&config, &all, |_, _| on, |_, _| on)?;
        assert!(end.is_continue());
        println!("{:.6}", start.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Enstrophy and energy of 3 sin(x + 2y) + 2 cos(3x - y) + 2 sin 2x after the steps without noise.
fn quiet(config: &TurbulenceConfig, steps: u32) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let n = config.grid;
    let config = TurbulenceConfig {
        amplitude: 0.0,
        ..config.clone()
    };
    let mut flow = Turbulence::new(&config)?;
    let field = Array2::from_shape_fn((n, n), |(y, x)| {
        let (y, x) = (TAU * y as f64 / n as f64, TAU * x as f64 / n as f64);
        3.0 * (x + 2.0 * y).sin() + 2.0 * (3.0 * x - y).cos() + 2.0 * (2.0 * x).sin()
    });
    flow.set_vorticity(&field)?;
    for _ in 0..steps {
        flow.step(&[0.0; Turbulence::NORMALS])?;
    }
    let moments = flow.moments();
    Ok((moments.enstrophy, moments.energy))
}
