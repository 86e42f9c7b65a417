//! A small table, and settings of a training on it.

use super::Project;
use ndarray::Array2;
use ndarray_npy::{ReadNpyExt, WriteNpyExt};
use std::fs::File;

/// Settings of a small training.
pub const SMALL: [&str; 8] = [
    "--quiet",
    "--set",
    "train.steps=300",
    "--set",
    "model.network.width=32",
    "--set",
    "train.batch_size=128",
    "--set=train.micro_batch=64",
];

/// Points of two lines, x = -1 and x = 1: 2 y of the one, y + 3 of the other.
pub fn write_lines(project: &Project, name: &str) -> Array2<f64> {
    let table = Array2::from_shape_fn((600, 2), |(i, j)| {
        let along = (i as f64 * 0.618_034).fract();
        match (i % 2, j) {
            (0, 0) => -1.0,
            (0, _) => 2.0 * along,
            (_, 0) => 1.0,
            _ => along + 3.0,
        }
    });
    let file = File::create(project.path(name)).unwrap();
    table.write_npy(file).unwrap();
    table
}

/// The array in a file.
pub fn read(project: &Project, name: &str) -> Array2<f32> {
    Array2::read_npy(File::open(project.path(name)).unwrap()).unwrap()
}
