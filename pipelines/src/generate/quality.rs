//! How far samples are from data.

use ndarray::{Array2, ArrayView1, s};

/// Rows of each table that are compared.
const MOST: usize = 2000;

/// The energy distance `2 E|X - Y| - E|X - X'| - E|Y - Y'|` between two laws, from rows of each (unbiased,
/// so that equal laws scatter around 0); the first 2000 of each at most.
///
/// # Shapes
/// `x`: (N, d), N at least 2; `y`: (M, d), M at least 2.
///
/// # Reference
/// Székely, Rizzo 2013, J. Stat. Plan. Inference 143, 1249, doi:10.1016/j.jspi.2013.03.018.
pub fn energy_distance(x: &Array2<f32>, y: &Array2<f32>) -> f64 {
    let first = |table: &Array2<f32>| table.slice(s![..table.nrows().min(MOST), ..]).to_owned();
    let (x, y) = (first(x), first(y));
    2.0 * across(&x, &y) - within(&x) - within(&y)
}

fn across(x: &Array2<f32>, y: &Array2<f32>) -> f64 {
    let mut sum = 0.0;
    for a in x.rows() {
        sum += y.rows().into_iter().map(|b| distance(&a, &b)).sum::<f64>();
    }
    sum / (x.nrows() * y.nrows()) as f64
}

fn within(x: &Array2<f32>) -> f64 {
    let n = x.nrows();
    let mut sum = 0.0;
    for i in 0..n {
        for j in 0..i {
            sum += distance(&x.row(i), &x.row(j));
        }
    }
    2.0 * sum / (n * n.saturating_sub(1)) as f64
}

fn distance(a: &ArrayView1<f32>, b: &ArrayView1<f32>) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
    squares.sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use foehn_noise::{Key, Purpose};

    /// Of two points and two points, by hand: 2 (1 + 2 + 0 + 1)/4 - 1 - 1 = 0 for {0, 1} and {1, 2}.
    #[test]
    fn small_tables_by_hand() {
        let table = |values: [f32; 2]| Array2::from_shape_fn((2, 1), |(i, _)| values[i]);
        assert_eq!(energy_distance(&table([0.0, 1.0]), &table([1.0, 2.0])), 0.0);
        assert_eq!(
            energy_distance(&table([0.0, 1.0]), &table([10.0, 11.0])),
            18.0
        );
    }

    /// Between N(0, 1) and N(m, 1): `2 E|X - Y|` with X - Y ~ N(m, 2), less `2 sqrt(4 / pi)`.
    #[test]
    fn normal_laws_have_their_known_distance() {
        let draw = |member: u32, shift: f32| {
            let mut z = vec![0f32; 2000];
            Key::new(4, Purpose::Sample).member(member).normals(&mut z);
            Array2::from_shape_fn((2000, 1), |(i, _)| z[i] + shift)
        };
        // m = 2: 2 [2 exp(-1) / sqrt(pi) + 2 erf(1)] - 4 / sqrt(pi)
        let root = std::f64::consts::PI.sqrt();
        let exact = 2.0 * (2.0 * (-1f64).exp() / root + 2.0 * 0.842_700_792_9) - 4.0 / root;
        let found = energy_distance(&draw(0, 0.0), &draw(1, 2.0));
        // standard error of the mean of 2000 distances, doubled: about 2 * 1.2 / sqrt(2000) * sqrt(2)
        assert!((found - exact).abs() < 4.0 * 0.076, "{found} {exact}");
        assert!(energy_distance(&draw(0, 0.0), &draw(2, 0.0)).abs() < 0.01);
    }
}
