//! The nearest picture that reduces to a coarse one.

use crate::picture::{Depth, Picture};
use ndarray::{Array3, ArrayView3};

/// Halvings of the bracket of a shift: below a thousandth of an integer of 16 bits.
const HALVINGS: usize = 40;

/// The picture of `depth` nearest to `sample` whose means over blocks of `factor` x `factor` pixels are those of `coarse`,
/// as near as integers allow (exactly where `coarse` is of integers, or of means of them).
///
/// Within a block the nearest values of a given sum between black and white are `clamp(x + s)` with one shift s; they are
/// rounded down, and those that lose most by it are rounded up until the sum is right. `None` unless blocks of `sample`
/// are the pixels of `coarse`.
///
/// ```
/// use foehn_restoration::{Depth, projected};
/// // 0, 0, 255 and 255 of mean 64: what is black already cannot become darker
/// let sample = ndarray::arr3(&[[[-1f32, -1.0], [1.0, 1.0]]]);
/// let coarse = ndarray::arr3(&[[[2.0 * 64.0 / 255.0 - 1.0]]]);
/// let picture = projected(sample.view(), coarse.view(), 2, Depth::Eight).unwrap();
/// assert_eq!(picture.values(), &ndarray::arr3(&[[[0, 0], [128, 128]]]));
/// ```
///
/// # Shapes
/// `sample`: (C, factor H, factor W), `coarse`: (C, H, W), both in [-1, 1].
pub fn projected(
    sample: ArrayView3<f32>,
    coarse: ArrayView3<f32>,
    factor: usize,
    depth: Depth,
) -> Option<Picture> {
    let (channels, h, w) = coarse.dim();
    if factor == 0 || sample.dim() != (channels, factor * h, factor * w) {
        return None;
    }
    let largest = f64::from(depth.largest());
    let scaled = |v: f32| (f64::from(v) + 1.0) * 0.5 * largest;
    let cells = factor * factor;
    let mut values = Array3::<u16>::zeros(sample.dim());
    for ((c, i, j), mean) in coarse.indexed_iter() {
        let at = |k: usize| (c, i * factor + k / factor, j * factor + k % factor);
        let block: Vec<f64> = (0..cells).map(|k| scaled(sample[at(k)])).collect();
        let sum = (scaled(*mean) * cells as f64).round();
        let sum = sum.clamp(0.0, largest * cells as f64);
        for (k, value) in integers(&block, sum, largest).into_iter().enumerate() {
            values[at(k)] = value;
        }
    }
    Picture::new(values, depth).ok()
}

/// The nearest integers in `0..=largest` to `block` that add up to `sum`.
fn integers(block: &[f64], sum: f64, largest: f64) -> Vec<u16> {
    let shifted = |s: f64| block.iter().map(move |x| (x + s).clamp(0.0, largest));
    let (least, most) = block
        .iter()
        .fold((f64::MAX, f64::MIN), |(a, b), x| (a.min(*x), b.max(*x)));
    // all black, all white
    let (mut low, mut high) = (-most, largest - least);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if shifted(middle).sum::<f64>() > sum {
            high = middle;
        } else {
            low = middle;
        }
    }
    let exact: Vec<f64> = shifted(low).collect();
    let mut values: Vec<f64> = exact.iter().map(|x| x.floor()).collect();
    let mut order: Vec<usize> = (0..block.len()).collect();
    let lost = |k: &usize| exact[*k] - exact[*k].floor();
    order.sort_by(|a, b| lost(b).total_cmp(&lost(a)));
    let mut left = sum - values.iter().sum::<f64>();
    while left >= 1.0 {
        for k in &order {
            if left >= 1.0 && values[*k] < largest {
                values[*k] += 1.0;
                left -= 1.0;
            }
        }
    }
    values.into_iter().map(|v| v as u16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use foehn_noise::{Key, Purpose};

    #[test]
    fn sums_of_blocks_are_those_asked_for_whatever_the_sample() {
        const FACTOR: usize = 4;
        const H: usize = 6;
        const W: usize = 5;
        for depth in [Depth::Eight, Depth::Sixteen] {
            let mut z = vec![0f32; 3 * FACTOR * H * FACTOR * W];
            // half of the values lie beyond black and white
            Key::new(1, Purpose::Sample).normals(&mut z);
            let sample = Array3::from_shape_vec((3, FACTOR * H, FACTOR * W), z).unwrap();
            let levels = u32::from(depth.largest());
            let coarse = Array3::from_shape_fn((3, H, W), |(c, i, j)| {
                ((c * 7919 + i * 104_729 + j * 1299) as u32 % (levels + 1)) as u16
            });
            let wanted = Picture::new(coarse, depth).unwrap();
            let unit = wanted.unit();
            let found = projected((1.5 * &sample).view(), unit.view(), FACTOR, depth).unwrap();
            for ((c, i, j), value) in wanted.values().indexed_iter() {
                let (i, j) = (i * FACTOR, j * FACTOR);
                let block = ndarray::s![c, i..i + FACTOR, j..j + FACTOR];
                let sum: u32 = found
                    .values()
                    .slice(block)
                    .iter()
                    .map(|v| u32::from(*v))
                    .sum();
                assert_eq!(sum, u32::from(*value) * (FACTOR * FACTOR) as u32);
            }
        }
    }

    #[test]
    fn a_picture_that_reduces_to_its_blocks_already_stays_as_it_is() {
        let picture = Array3::from_shape_fn((1, 4, 4), |(_, i, j)| (61 * i + 13 * j) as u16);
        let picture = Picture::new(picture, Depth::Eight).unwrap();
        let unit = picture.unit();
        let coarse = crate::area_mean(unit.view(), 2).unwrap();
        let again = projected(unit.view(), coarse.view(), 2, Depth::Eight).unwrap();
        assert_eq!(again, picture);
        assert!(projected(unit.view(), coarse.view(), 4, Depth::Eight).is_none());
    }
}
