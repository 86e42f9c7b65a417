//! The shapes of masks: whether each pixel is known.

use crate::mask::Side;
use foehn_noise::Key;
use ndarray::{Array2, s};
use std::f64::consts::TAU;

/// Straight parts of a stroke.
const BENDS: usize = 4;

fn uniforms(key: &Key, count: usize) -> Vec<f64> {
    let mut u = vec![0.0; count];
    key.uniforms(&mut u);
    u
}

pub(crate) fn tiles(key: &Key, [h, w]: [usize; 2], across: usize, hidden: f64) -> Array2<bool> {
    let u = uniforms(key, across * across);
    let tile = |i: usize, n: usize| i * across / n;
    Array2::from_shape_fn([h, w], |(i, j)| {
        u[tile(i, h) * across + tile(j, w)] >= hidden
    })
}

pub(crate) fn boxes(
    key: &Key,
    [h, w]: [usize; 2],
    count: usize,
    [least, most]: [f64; 2],
) -> Array2<bool> {
    let mut known = Array2::from_elem([h, w], true);
    for u in uniforms(key, 4 * count).chunks_exact(4) {
        // the side, and where it begins so that the whole of it is inside
        let along = |n: usize, side: f64, at: f64| {
            let side = ((least + (most - least) * side) * n as f64).round() as usize;
            let side = side.clamp(1, n);
            let begin = (at * (n - side + 1) as f64) as usize;
            begin..begin + side
        };
        let (rows, columns) = (along(h, u[0], u[1]), along(w, u[2], u[3]));
        known.slice_mut(s![rows, columns]).fill(false);
    }
    known
}

pub(crate) fn strokes(key: &Key, [h, w]: [usize; 2], count: usize, width: f64) -> Array2<bool> {
    let shorter = h.min(w) as f64;
    let radius = (width * shorter / 2.0).max(0.5);
    let mut known = Array2::from_elem([h, w], true);
    for u in uniforms(key, count * (2 + 2 * BENDS)).chunks_exact(2 + 2 * BENDS) {
        let mut from = [u[0] * h as f64, u[1] * w as f64];
        for bend in u[2..].chunks_exact(2) {
            let (angle, length) = (TAU * bend[0], shorter * (0.1 + 0.3 * bend[1]));
            let to = [
                from[0] + length * angle.sin(),
                from[1] + length * angle.cos(),
            ];
            for ((i, j), known) in known.indexed_iter_mut() {
                let pixel = [i as f64 + 0.5, j as f64 + 0.5];
                *known &= distance(pixel, from, to) > radius;
            }
            from = to;
        }
    }
    known
}

/// From a point to a segment.
fn distance(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (ab, ap) = ([b[0] - a[0], b[1] - a[1]], [p[0] - a[0], p[1] - a[1]]);
    let square = ab[0] * ab[0] + ab[1] * ab[1];
    let along = ((ab[0] * ap[0] + ab[1] * ap[1]) / square.max(1e-12)).clamp(0.0, 1.0);
    (ap[0] - along * ab[0]).hypot(ap[1] - along * ab[1])
}

pub(crate) fn half([h, w]: [usize; 2], side: Side) -> Array2<bool> {
    Array2::from_shape_fn([h, w], |(i, j)| match side {
        Side::Top => i >= h / 2,
        Side::Bottom => i < h.div_ceil(2),
        Side::Left => j >= w / 2,
        Side::Right => j < w.div_ceil(2),
    })
}

pub(crate) fn pixels(key: &Key, size: [usize; 2], hidden: f64) -> Array2<bool> {
    let u = uniforms(key, size[0] * size[1]);
    Array2::from_shape_fn(size, |(i, j)| u[i * size[1] + j] >= hidden)
}
