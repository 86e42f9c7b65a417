//! What a solver's step costs beyond its calls to the network.
//!
//! `cargo run --release -p foehn-dynamics --example step_time -- [STEPS]`: for a U-Net on 64 x 64 cells,
//! milliseconds a step, and the share of it that is not the network's: noise, sums, the watch for states
//! that leave the numbers.

use burn::tensor::{Device, Distribution, Tensor};
use foehn_dynamics::{
    Diffusion, ExponentialSde, FollmerProcess, Sampler, Solver, TimeGrid, WienerNoise,
};
use foehn_interpolant::{Follmer, FollmerBeta};
use foehn_network::{UNet, UNetConfig};
use foehn_noise::{Key, Purpose};
use std::cell::Cell;
use std::time::{Duration, Instant};

const SIZE: usize = 64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let steps = std::env::args()
        .nth(1)
        .map_or(Ok(10), |text| text.parse())?;
    let device = Device::flex();
    let network = UNetConfig::default().init(1, 1, &device)?;
    for batch in [1, 4] {
        let x0 = Tensor::random(
            [batch, 1, SIZE, SIZE],
            Distribution::Normal(0.0, 1.0),
            &device,
        );
        for solver in [
            Some(Solver::EulerMaruyama),
            Some(Solver::StochasticHeun),
            Some(Solver::Sra1),
            None,
        ] {
            report(&network, &x0, solver, steps)?;
        }
    }
    Ok(())
}

/// Times one solve after one to warm up; without a solver, exponential steps.
fn report(
    network: &UNet,
    x0: &Tensor<4>,
    solver: Option<Solver>,
    steps: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let batch = x0.dims()[0];
    let spent = Cell::new(Duration::ZERO);
    let drift = |t: f64, x: Tensor<4>| {
        let start = Instant::now();
        let times = Tensor::full([batch], t, &x.device());
        let y = network.forward(x, times);
        spent.set(spent.get() + start.elapsed());
        y
    };
    let path = Follmer::new(FollmerBeta::Linear, 1.0)?;
    let process = FollmerProcess::new(path, Diffusion::Follmer, drift, x0.clone());
    let grid = TimeGrid::uniform(steps)?;
    let key = Key::new(1, Purpose::Sample);
    let mut total = Duration::ZERO;
    for _ in 0..2 {
        spent.set(Duration::ZERO);
        let mut noise = WienerNoise::new((0..batch as u32).map(|m| key.member(m)).collect());
        let start = Instant::now();
        let grid = grid.clone();
        match solver {
            Some(solver) => {
                Sampler { solver, grid }.sample(&process, x0.clone(), &mut noise)?;
            }
            None => {
                ExponentialSde { grid }.sample(&process, &mut noise)?;
            }
        }
        total = start.elapsed();
    }
    let milliseconds = |d: Duration| d.as_secs_f64() * 1e3 / steps as f64;
    let share = 100.0 * (1.0 - spent.get().as_secs_f64() / total.as_secs_f64());
    let name = solver.map_or("ExponentialSde".to_owned(), |solver| format!("{solver:?}"));
    println!(
        "batch {batch}, {name:<15} {:8.2} ms a step, {:.3} ms ({share:.2} %) beyond the network",
        milliseconds(total),
        milliseconds(total.saturating_sub(spent.get())),
    );
    Ok(())
}
