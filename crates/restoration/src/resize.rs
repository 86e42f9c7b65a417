//! Smaller by averages, larger by interpolation.

use crate::edges::{Edge, Edges};
use ndarray::{Array3, ArrayView3};
use serde::{Deserialize, Serialize};

/// How a picture is made larger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resampling {
    /// Each pixel becomes a block.
    Nearest,
    /// Linear between the centres of pixels.
    Bilinear,
    /// The cubic convolution of Keys (1981) with a = -1/2, exact for quadratics.
    #[default]
    Bicubic,
}

/// Means over blocks of `factor` x `factor` pixels; `None` where `factor` does not divide both sides.
///
/// ```
/// let x = ndarray::arr3(&[[[1f32, 2.0], [3.0, 6.0]]]);
/// assert_eq!(foehn_restoration::area_mean(x.view(), 2), Some(ndarray::arr3(&[[[3.0]]])));
/// assert_eq!(foehn_restoration::area_mean(x.view(), 3), None);
/// ```
///
/// # Shapes
/// (C, H, W) to (C, H / factor, W / factor).
pub fn area_mean(x: ArrayView3<f32>, factor: usize) -> Option<Array3<f32>> {
    let (channels, h, w) = x.dim();
    if factor == 0 || h % factor != 0 || w % factor != 0 {
        return None;
    }
    let mut sums = Array3::<f64>::zeros((channels, h / factor, w / factor));
    for ((c, i, j), value) in x.indexed_iter() {
        sums[[c, i / factor, j / factor]] += f64::from(*value);
    }
    let cells = (factor * factor) as f64;
    Some(sums.mapv(|sum| (sum / cells) as f32))
}

/// `factor` times larger along both axes; beyond a closed edge, pixels equal the outermost one.
///
/// ```
/// use foehn_restoration::{Edges, Resampling, enlarged};
/// let x = ndarray::arr3(&[[[0f32, 4.0]]]);
/// let row = |how| enlarged(x.view(), 2, how, Edges::CLOSED).slice(ndarray::s![0, 0, ..]).to_vec();
/// assert_eq!(row(Resampling::Nearest), [0.0, 0.0, 4.0, 4.0]);
/// assert_eq!(row(Resampling::Bilinear), [0.0, 1.0, 3.0, 4.0]);
/// ```
///
/// # Shapes
/// (C, H, W) to (C, factor H, factor W).
///
/// # Reference
/// Keys 1981, IEEE Transactions on Acoustics, Speech, and Signal Processing 29, doi:10.1109/TASSP.1981.1163711.
pub fn enlarged(x: ArrayView3<f32>, factor: usize, how: Resampling, edges: Edges) -> Array3<f32> {
    let (_, h, w) = x.dim();
    let rows = taps(h, factor, how, edges.y);
    combined(x, &rows, &taps(w, factor, how, edges.x))
}

/// The cells that a cell is made of, with their weights.
pub(crate) type Taps = Vec<(usize, f32)>;

/// Along x, then along y; only the cells that a cell is made of are looked at, however long an axis is.
pub(crate) fn combined(x: ArrayView3<f32>, rows: &[Taps], columns: &[Taps]) -> Array3<f32> {
    let (channels, h, _) = x.dim();
    let wide = Array3::from_shape_fn((channels, h, columns.len()), |(c, i, j)| {
        sum(&columns[j], |cell| x[[c, i, cell]])
    });
    Array3::from_shape_fn((channels, rows.len(), columns.len()), |(c, i, j)| {
        sum(&rows[i], |cell| wide[[c, cell, j]])
    })
}

fn sum(taps: &[(usize, f32)], value: impl Fn(usize) -> f32) -> f32 {
    taps.iter()
        .map(|(cell, weight)| weight * value(*cell))
        .sum()
}

/// What every cell of the larger axis is made of.
fn taps(n: usize, factor: usize, how: Resampling, edge: Edge) -> Vec<Taps> {
    let of = |i: usize| {
        if how == Resampling::Nearest {
            return vec![(i / factor, 1.0)];
        }
        let place = (i as f64 + 0.5) / factor as f64 - 0.5;
        let first = place.floor() as isize - 1;
        let tap = |k: isize| {
            let distance = (place - k as f64).abs();
            let weight = match how {
                Resampling::Bicubic => cubic(distance),
                _ => (1.0 - distance).max(0.0),
            };
            (edge.cell(k, n), weight as f32)
        };
        (first..first + 4).map(tap).collect()
    };
    (0..n * factor).map(of).collect()
}

/// Keys' kernel at a distance of `x` pixels.
fn cubic(x: f64) -> f64 {
    if x < 1.0 {
        (1.5 * x - 2.5) * x * x + 1.0
    } else if x < 2.0 {
        ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_mean_undoes_nearest_exactly_and_weights_sum_to_one() {
        let x = Array3::from_shape_fn((2, 3, 5), |(c, i, j)| (7 * c + 3 * i * i + j) as f32);
        let large = enlarged(x.view(), 4, Resampling::Nearest, Edges::CLOSED);
        assert_eq!(area_mean(large.view(), 4).unwrap(), x);
        for how in [
            Resampling::Nearest,
            Resampling::Bilinear,
            Resampling::Bicubic,
        ] {
            let flat = enlarged(Array3::ones((1, 1, 6)).view(), 3, how, Edges::CLOSED);
            assert!(flat.iter().all(|v| (v - 1.0).abs() < 1e-6), "{how:?}");
        }
    }

    #[test]
    fn bicubic_is_exact_for_quadratics_away_from_the_edges() {
        let at = |place: f64| 0.5 * place * place - place + 2.0;
        let x = Array3::from_shape_fn((1, 1, 8), |(_, _, j)| at(j as f64) as f32);
        let large = enlarged(x.view(), 4, Resampling::Bicubic, Edges::CLOSED);
        for j in 8..24 {
            let wanted = at((j as f64 + 0.5) / 4.0 - 0.5);
            assert!((f64::from(large[[0, 0, j]]) - wanted).abs() < 1e-5, "{j}");
        }
    }

    #[test]
    fn a_periodic_axis_goes_on_at_its_other_end_and_a_long_one_takes_no_more_memory_than_it_has() {
        let x = ndarray::arr3(&[[[0f32, 1.0, 0.0, 4.0]]]);
        let edges = Edges {
            x: Edge::Periodic,
            ..Edges::CLOSED
        };
        let large = enlarged(x.view(), 2, Resampling::Bilinear, edges);
        assert_eq!(large[[0, 0, 0]], 1.0);
        assert_eq!(large[[0, 0, 7]], 3.0);
        // a dense matrix would have 60000 x 240000 values
        let long = enlarged(
            Array3::ones((1, 1, 60_000)).view(),
            4,
            Resampling::Bicubic,
            Edges::CLOSED,
        );
        assert_eq!(long.dim(), (1, 4, 240_000));
    }
}
