//! The same members and gradients on a GPU as on the CPU, in f32 and in bf16; says SKIPPED where there is no GPU.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};
use foehn_compute::DeviceChoice;
use foehn_dynamics::{Diffusion, Drift, FollmerProcess, Sampler, Solver, TimeGrid, WienerNoise};
use foehn_interpolant::{Follmer, FollmerBeta};
use foehn_network::{Padding, Paddings, Precision, UNet, UNetConfig};
use foehn_noise::{Key, Purpose};

/// Products on a GPU may round their factors to 10 bits of mantissa, 5e-4 each; values are of order 1.
const TOLERANCE: f32 = 2e-2;

/// The same in bf16, which rounds to 2e-3 some fifty times in a row.
const HALF_TOLERANCE: f32 = 0.1;

fn gpu() -> Option<Device> {
    let device = DeviceChoice::Cuda(0).open();
    if let Err(why) = &device {
        println!("SKIPPED: {why}");
    }
    device.ok()
}

/// A U-Net with all of its parts, and weights that are not zero anywhere.
fn network(precision: Precision) -> UNet {
    let config = UNetConfig {
        channels: vec![16, 32],
        attention: vec![1],
        patch: 2,
        padding: Paddings {
            y: Padding::Zero,
            x: Padding::Periodic,
        },
        precision,
        ..UNetConfig::default()
    };
    let device = Device::flex();
    device.seed(3);
    let network = config.init(2, 1, &device).unwrap();
    network.map(&mut Stirred)
}

/// Adds noise to every weight, because a new network is zero.
struct Stirred;

impl burn::module::ModuleMapper for Stirred {
    fn map_float<const D: usize>(
        &mut self,
        weight: burn::module::Param<Tensor<D>>,
    ) -> burn::module::Param<Tensor<D>> {
        weight.map(|w| w.random_like(Distribution::Normal(0.0, 0.05)) + w)
    }
}

struct Conditioned<'a>(&'a UNet, Tensor<4>);

impl Drift<4> for Conditioned<'_> {
    fn drift(&self, t: f64, x: Tensor<4>) -> Tensor<4> {
        let times = Tensor::full([x.dims()[0]], t, &x.device());
        self.0
            .forward(Tensor::cat(vec![x, self.1.clone()], 1), times)
    }
}

fn members(network: &UNet, x0: Tensor<4>) -> Vec<f32> {
    let path = Follmer::new(FollmerBeta::Linear, 0.7).unwrap();
    let drift = Conditioned(network, x0.clone());
    let process = FollmerProcess::new(path, Diffusion::Follmer, drift, x0.clone());
    let sampler = Sampler {
        solver: Solver::EulerMaruyama,
        grid: TimeGrid::uniform(5).unwrap(),
    };
    let key = Key::new(1, Purpose::Sample);
    let keys = (0..x0.dims()[0] as u32).map(|m| key.member(m)).collect();
    let run = sampler.sample(&process, x0, &mut WienerNoise::new(keys));
    run.unwrap().x.try_into_vec_as().unwrap()
}

/// The derivative of the mean square of the result with respect to the input.
fn gradient(network: &UNet, x: Tensor<4>) -> Vec<f32> {
    let x = x.autodiff().require_grad();
    let t = Tensor::full([x.dims()[0]], 0.3, &x.device());
    let gradients = network
        .clone()
        .train()
        .forward(x.clone(), t)
        .square()
        .sum()
        .backward();
    x.grad(&gradients).unwrap().try_into_vec_as().unwrap()
}

fn assert_alike(what: &str, cpu: &[f32], gpu: &[f32], tolerance: f32) {
    assert_eq!(cpu.len(), gpu.len());
    let scale = cpu.iter().fold(1f32, |a, x| a.max(x.abs()));
    let worst = cpu
        .iter()
        .zip(gpu)
        .fold(0f32, |a, (x, y)| a.max((x - y).abs()));
    assert!(
        worst < tolerance * scale,
        "{what}: off by {worst}, values up to {scale}"
    );
}

#[test]
fn members_and_gradients_are_those_of_the_cpu() {
    let Some(gpu) = gpu() else { return };
    let cpu = Device::flex();
    let here = network(Precision::F32);
    for (precision, tolerance) in [
        (Precision::F32, TOLERANCE),
        (Precision::Bf16, HALF_TOLERANCE),
    ] {
        let there = network(precision).fork(&gpu);
        cpu.seed(5);
        let x = Tensor::<4>::random([3, 1, 17, 24], Distribution::Normal(0.0, 1.0), &cpu);
        let moved = Tensor::from_data(x.to_data(), &gpu);
        let (ours, theirs) = (members(&here, x.clone()), members(&there, moved.clone()));
        assert_alike(
            &format!("members in {precision:?}"),
            &ours,
            &theirs,
            tolerance,
        );
        let wide = |x: &Tensor<4>| Tensor::cat(vec![x.clone(), x.clone() * 0.5], 1);
        let (ours, theirs) = (gradient(&here, wide(&x)), gradient(&there, wide(&moved)));
        assert_alike(
            &format!("gradient in {precision:?}"),
            &ours,
            &theirs,
            tolerance,
        );
    }
}
