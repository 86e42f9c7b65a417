//! Rates of the convolutions on one thread, in processor time, which other work on the machine disturbs least.
//!
//! `RAYON_NUM_THREADS=1 cargo run --release -p foehn-kernel --example rates`

use foehn_kernel::{Array, Axis, Block, Edges, Operation, Shortcut, View};
use std::fs;

fn main() {
    let sizes = [
        [8, 64, 64],
        [8, 32, 128],
        [8, 16, 128],
        [8, 32, 32],
        [8, 16, 256],
    ];
    for [b, side, c] in sizes {
        let axis = Axis::new(side, None, None);
        let block = Block {
            groups: [8, 8],
            edges: Edges {
                rows: axis.clone(),
                columns: axis,
            },
            shortcut: Shortcut::Identity,
            keep: None,
        };
        let shapes: [&[usize]; 7] = [
            &[b, side, side, c],
            &[c],
            &[c],
            &[3, c, 3, c],
            &[c],
            &[c],
            &[3, c, 3, c],
        ];
        let inputs = shapes.map(array);
        let inputs = inputs.each_ref().map(Array::view);
        let output = block.forward(&inputs);
        let saved: Vec<View> = output.saved.iter().map(Array::view).collect();
        let forward = seconds(|| drop(block.forward(&inputs)));
        let dy = array(shapes[0]);
        let backward = seconds(|| drop(block.backward(&inputs, &saved, dy.view())));
        let flops = 2.0 * 18.0 * (b * side * side * c * c) as f64 / 1e9;
        println!(
            "{b} x {side} x {side} x {c}: forward {:6.2} ms {:4.0} GFLOP/s, backward {:6.2} ms {:4.0} GFLOP/s",
            1e3 * forward,
            flops / forward,
            1e3 * backward,
            2.0 * flops / backward
        );
    }
}

fn array(shape: &[usize]) -> Array {
    let length = shape.iter().product::<usize>();
    let value = |i: usize| (i * 7919 % 10_007) as f32 / 10_007.0 - 0.5;
    Array {
        values: (0..length).map(value).collect(),
        shape: shape.to_vec(),
    }
}

/// The least processor time of eleven calls.
fn seconds(call: impl Fn()) -> f64 {
    let once = |_| {
        let begin = processor_time();
        call();
        processor_time() - begin
    };
    (0..11).map(once).fold(f64::MAX, f64::min)
}

/// Seconds that the threads of this process have run.
fn processor_time() -> f64 {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten();
    let nanoseconds = |entry: fs::DirEntry| {
        let text = fs::read_to_string(entry.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    tasks.flatten().filter_map(nanoseconds).sum::<f64>() * 1e-9
}
