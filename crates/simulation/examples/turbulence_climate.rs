//! Measures the statistics of METHOD O7, by default ten runs on the full 64 x 64 grid:
//! `cargo run --release -p foehn-simulation --example turbulence_climate [RUNS [DT [GRID [OUTPUT_GRID]]]]`

use std::{env, time::Instant};

use foehn_simulation::{Climate, TurbulenceConfig};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |at: usize, default: usize| arguments.get(at).map_or(Ok(default), |a| a.parse());
    let default = TurbulenceConfig::default();
    let grid = number(2, default.grid)?;
    let config = TurbulenceConfig {
        runs: number(0, default.runs as usize)? as u32,
        dt: arguments.get(1).map_or(Ok(default.dt), |a| a.parse())?,
        grid,
        output_grid: number(3, grid)?,
        ..default
    };
    println!("{config:?}");
    let start = Instant::now();
    let climate = Climate::measure(&config, &[0.5, 1.0, 2.0])?;
    let (rms, budget) = (climate.rms, climate.budget);
    println!("measured in {:.1?}", start.elapsed());
    println!(
        "rms               {:.4} +- {:.4}   (3.05 to 3.3)",
        rms.mean, rms.error
    );
    let windows = [".59 to .62", ".29 to .35", ".09 to .14"];
    for (lag, window) in climate.lags.iter().zip(windows) {
        let c = lag.correlation;
        println!(
            "correlation {:4.1}  {:.4} +- {:.4}   ({window})",
            lag.lag, c.mean, c.error
        );
    }
    println!(
        "budget            {:.4} +- {:.4}   (.95 to 1.05; worst run off by {:.3}, at most .2)",
        budget.mean, budget.error, climate.worst_budget
    );
    Ok(())
}
