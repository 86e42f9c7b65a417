//! What a pass holds at once, counted by the allocator, against what an architecture says.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use common::field;
use foehn_compute::Workers;
use foehn_network::{Architecture, FieldNet, Padding, Paddings, TransformerConfig, UNetConfig};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// The estimate may be this much too small or too large.
const LEAST: f64 = 0.9;
const MOST: f64 = 1.6;

#[derive(Clone, Copy, Debug)]
enum Pass {
    Call,
    Gradient,
}

/// The most bytes alive during a pass of `batch` samples, beyond those before it.
fn peak(network: &FieldNet, shape: [usize; 4], pass: Pass) -> usize {
    let profiler = dhat::Profiler::builder().testing().build();
    let x = field(shape, 1);
    let t = Tensor::full([shape[0]], 0.4, &Device::flex());
    match pass {
        Pass::Call => drop(network.forward(x, t)),
        Pass::Gradient => {
            let y = network.forward(x.autodiff(), t.autodiff());
            drop(y.powi_scalar(2).mean().backward());
        }
    }
    let peak = dhat::HeapStats::get().max_bytes;
    drop(profiler);
    peak
}

fn compare(architecture: &Architecture, [ny, nx]: [usize; 2]) {
    let (inputs, device) = (architecture.inputs(), Device::flex());
    let network = architecture.field_net(&device).unwrap();
    for pass in [Pass::Call, Pass::Gradient] {
        let network = match pass {
            Pass::Call => network.clone(),
            Pass::Gradient => network.clone().train(),
        };
        // a first pass makes the buffers that threads keep
        peak(&network, [24, inputs, ny, nx], pass);
        let of = |batch| peak(&network, [batch, inputs, ny, nx], pass) as f64;
        // from so many samples on, the buffers of a thread grow no more
        let counted = (of(24) - of(16)) / 8.0;
        let said = match pass {
            Pass::Call => architecture.call_bytes(ny, nx),
            Pass::Gradient => architecture.gradient_bytes(ny, nx),
        };
        let ratio = said as f64 / counted;
        println!("{pass:?}: counted {counted:.0} bytes a sample, said {said}, ratio {ratio:.2}");
        assert!(
            (LEAST..MOST).contains(&ratio),
            "{}",
            architecture.describe()
        );
    }
}

#[test]
fn the_bytes_of_a_sample_are_as_many_as_said() {
    let periodic = Paddings {
        y: Padding::Periodic,
        x: Padding::Periodic,
    };
    let config = UNetConfig {
        channels: vec![32, 64],
        blocks: 1,
        attention: vec![],
        patch: 2,
        padding: periodic,
        ..UNetConfig::default()
    };
    let alone = Workers::new(1).unwrap();
    let measure = |architecture: &Architecture, shape| {
        // one thread, as a worker has: stolen work would hold buffers of its own
        let done = alone.map(1, |_| {
            compare(architecture, shape);
            Ok::<_, ()>(())
        });
        done.map(drop).unwrap();
    };
    let run = |config: &UNetConfig, inputs, shape| {
        let (config, outputs) = (config.clone(), 1);
        measure(
            &Architecture::UNet {
                config,
                inputs,
                outputs,
            },
            shape,
        );
    };
    run(&config, 2, [32, 32]);
    let deep = UNetConfig {
        channels: vec![16, 32, 32],
        blocks: 2,
        attention: vec![2],
        patch: 1,
        ..config.clone()
    };
    run(&deep, 5, [32, 32]);
    let plain = UNetConfig {
        channels: vec![32, 48],
        attention: vec![1],
        patch: 2,
        padding: Paddings::default(),
        ..config
    };
    run(&plain, 8, [17, 33]);
    let config = TransformerConfig {
        width: 64,
        depth: 3,
        ..TransformerConfig::default()
    };
    let transformer = Architecture::Transformer {
        config,
        inputs: 3,
        outputs: 1,
    };
    measure(&transformer, [32, 48]);
}
