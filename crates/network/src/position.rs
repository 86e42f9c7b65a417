//! Where a token lies, as features.

use burn::tensor::{Device, Tensor, TensorData};

/// The longest wave, in tokens, over 2 pi.
const LONGEST: f64 = 1e4;

/// sin(w i) and cos(w i) of the row i, then of the column, at `width / 4` angular frequencies w each, from 1 downwards to
/// nearly 1 / 10 000, spaced evenly in log w.
///
/// # Shapes
/// [rows x columns, width].
///
/// # Reference
/// Vaswani et al. (2017), arXiv:1706.03762, section 3.5, for each of two axes.
pub(crate) fn features([rows, columns]: [usize; 2], width: usize, device: &Device) -> Tensor<2> {
    let quarter = width / 4;
    let axis = |n: usize| -> Vec<Vec<f32>> {
        let of = |i: usize| {
            let angle = |k: usize| i as f64 * LONGEST.powf(-(k as f64) / quarter as f64);
            let sines = (0..quarter).map(|k| angle(k).sin() as f32);
            sines
                .chain((0..quarter).map(|k| angle(k).cos() as f32))
                .collect()
        };
        (0..n).map(of).collect()
    };
    let (down, across) = (axis(rows), axis(columns));
    let mut values = Vec::with_capacity(rows * columns * width);
    for row in &down {
        for column in &across {
            values.extend_from_slice(row);
            values.extend_from_slice(column);
        }
    }
    Tensor::from_data(TensorData::new(values, [rows * columns, width]), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_columns_have_waves_of_their_own() {
        let f: Vec<f32> = features([2, 3], 8, &Device::flex())
            .try_into_vec_as()
            .unwrap();
        // row 1, column 2; frequencies 1 and 1 / 100
        let wanted = [1.0, 0.01, 2.0, 0.02].map(f32::sin);
        let cosines = [1.0, 0.01, 2.0, 0.02].map(f32::cos);
        let token = &f[5 * 8..];
        let order = [
            wanted[0], wanted[1], cosines[0], cosines[1], wanted[2], wanted[3], cosines[2],
            cosines[3],
        ];
        for (a, b) in token.iter().zip(order) {
            assert!((a - b).abs() < 1e-6);
        }
    }
}
