//! The rate of a large matrix product: what all else is measured by.

use super::{MatrixRate, times};
use anyhow::{Context, Result};
use burn::tensor::{Device, Distribution, Tensor};
use foehn_compute::Workers;
use std::time::Instant;

/// Rows and columns on the CPU, where a worker has a product of its own.
const SIDE: usize = 1024;
/// On other devices.
const DEVICE_SIDE: usize = 8192;
/// Rounds, the fastest of which counts: other work on the machine must not lower what others are measured by.
const ROUNDS: usize = 21;

/// With 1, 2, 4, ... and at last `threads` threads; on a device other than the CPU one rate, that of the device.
pub fn rates(device: &Device, threads: usize) -> Result<Vec<MatrixRate>> {
    if *device != Device::flex() {
        let gflops = of_device(device)?;
        return Ok(vec![MatrixRate { threads, gflops }]);
    }
    let powers = (0..).map(|k| 1 << k).take_while(|count| *count < threads);
    let rate = |threads| {
        let gflops = of_threads(threads)?;
        Ok(MatrixRate { threads, gflops })
    };
    powers.chain([threads]).map(rate).collect()
}

fn of_threads(threads: usize) -> Result<f64> {
    let workers =
        Workers::new(threads).with_context(|| format!("cannot start {threads} threads"))?;
    let value = |i: usize| (i % 17) as f32 - 8.0;
    let a: Vec<f32> = (0..SIDE * SIDE).map(value).collect();
    let seconds = least(|| {
        let product = |_| {
            let c = foehn_kernel::multiply(&a, &a, [SIDE; 3]);
            c.map(drop).context("a matrix lost its shape")
        };
        workers.map(threads, product).map(drop)
    })?;
    Ok(gflops(SIDE, threads, seconds))
}

fn of_device(device: &Device) -> Result<f64> {
    let law = Distribution::Normal(0.0, 1.0);
    let a = Tensor::<2>::random([DEVICE_SIDE, DEVICE_SIDE], law, device);
    let seconds = least(|| {
        let product = a.clone().matmul(a.clone());
        // one number is asked for, so that the device must be done
        let corner = product
            .narrow(0, 0, 1)
            .narrow(1, 0, 1)
            .try_into_vec_as::<f32>();
        corner
            .map(drop)
            .context("the device failed at a matrix product")
    })?;
    Ok(gflops(DEVICE_SIDE, 1, seconds))
}

fn least(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let times = times(ROUNDS, || {
        let begin = Instant::now();
        work()?;
        Ok::<_, anyhow::Error>(begin.elapsed().as_secs_f64())
    })?;
    Ok(times[0])
}

fn gflops(side: usize, count: usize, seconds: f64) -> f64 {
    2e-9 * (side as f64).powi(3) * count as f64 / seconds
}
