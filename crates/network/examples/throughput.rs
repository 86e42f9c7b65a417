//! Milliseconds a sample of a pass forward, and of a pass forward and backward.
//!
//! `cargo run --release -p foehn-network --example throughput -- [WORKERS] [SECONDS A LINE]`

use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};
use foehn_compute::Workers;
use foehn_network::{UNet, UNetConfig};
use std::time::Instant;

const INPUTS: usize = 4;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let workers = Workers::new(arguments.next().map_or(Ok(1), |text| text.parse())?)?;
    let seconds: f64 = arguments.next().map_or(Ok(2.0), |text| text.parse())?;
    println!("{} worker(s), a batch each; ms per sample", workers.count());
    let config = |channels: &[usize], blocks: usize, patch: usize| UNetConfig {
        channels: channels.to_vec(),
        blocks,
        patch,
        attention: vec![channels.len() - 1],
        ..UNetConfig::default()
    };
    let three = config(&[32, 64, 96], 2, 1);
    let cases = [
        (three.clone(), [32, 32], 1),
        (three.clone(), [32, 32], 2),
        (three.clone(), [32, 32], 4),
        (three.clone(), [32, 32], 16),
        (three, [17, 33], 4),
        (config(&[32, 64], 2, 1), [32, 32], 4),
        (config(&[32, 64], 1, 1), [32, 32], 4),
        (config(&[64, 96], 2, 2), [32, 32], 4),
        (config(&[32, 64], 1, 2), [32, 32], 4),
        (config(&[16, 32, 64], 1, 1), [32, 32], 4),
        (config(&[32, 64, 96], 2, 1), [64, 64], 1),
    ];
    for (config, size, batch) in cases {
        let network = config.init(INPUTS, 1, &Device::flex())?;
        let training = network.clone().train();
        let forward = time(&workers, seconds, batch, size, |x, t| {
            drop(network.forward(x, t));
        });
        let both = time(&workers, seconds, batch, size, |x, t| step(&training, x, t));
        let weights = config.parameter_count(INPUTS, 1);
        let shape = format!("{:?} x{} /{}", config.channels, config.blocks, config.patch);
        println!(
            "{shape:<20} {weights:>8} weights {size:?} batch {batch:>2}: forward {forward:6.2}, with backward {both:6.2}"
        );
    }
    Ok(())
}

fn step(network: &UNet, x: Tensor<4>, t: Tensor<1>) {
    let y = network.forward(x.clone(), t);
    let error = y - x.narrow(1, 0, 1);
    drop((error.clone() * error).mean().backward());
}

/// The fastest of many rounds, so that what else runs on the machine matters little.
fn time<F>(workers: &Workers, seconds: f64, batch: usize, size: [usize; 2], pass: F) -> f64
where
    F: Fn(Tensor<4>, Tensor<1>) + Sync,
{
    let device = Device::flex();
    let law = Distribution::Normal(0.0, 1.0);
    let x = Tensor::<4>::random([batch, INPUTS, size[0], size[1]], law, &device);
    let t = Tensor::<1>::random([batch], Distribution::Default, &device);
    let round = |_| {
        pass(x.clone(), t.clone());
        Ok::<(), ()>(())
    };
    let (begin, mut best) = (Instant::now(), f64::INFINITY);
    while begin.elapsed().as_secs_f64() < seconds {
        let start = Instant::now();
        drop(workers.map(workers.count(), round));
        best = best.min(start.elapsed().as_secs_f64());
    }
    1e3 * best / (batch * workers.count()) as f64
}
