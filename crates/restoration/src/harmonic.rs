//! In-painting by the Laplace equation.

use crate::edges::Edges;
use ndarray::{Array2, ArrayView2};

/// Residual, relative to that of zeros, at which the iteration ends.
const RELATIVE: f64 = 1e-10;

/// Why nothing can be filled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HarmonicError {
    /// Mask and picture of two sizes.
    #[error("the mask has {mask:?} rows and columns and the picture {picture:?}")]
    Size {
        /// Of the mask.
        mask: [usize; 2],
        /// Of the picture.
        picture: [usize; 2],
    },
    /// Nothing to go by.
    #[error("every pixel is hidden: there is nothing to fill them from")]
    Everything,
}

/// `sum over neighbours (u_n - u) = 0` at every hidden pixel, with `u` given at the known ones and no flux through
/// closed edges: the smoothest surface, what in-painting by diffusion ends with.
///
/// ```
/// let x = ndarray::arr2(&[[1f32, 0.0, 0.0, 7.0]]);
/// let known = ndarray::arr2(&[[true, false, false, true]]);
/// let filled = foehn_restoration::harmonic(x.view(), known.view(), foehn_restoration::Edges::CLOSED)?;
/// assert!((filled[[0, 1]] - 3.0).abs() < 1e-5 && (filled[[0, 2]] - 5.0).abs() < 1e-5);
/// # Ok::<(), foehn_restoration::HarmonicError>(())
/// ```
///
/// # Shapes
/// `x` and `known`: (H, W); hidden values of `x` are not looked at.
///
/// # Errors
/// If the sizes differ, or nothing is known.
pub fn harmonic(
    x: ArrayView2<f32>,
    known: ArrayView2<bool>,
    edges: Edges,
) -> Result<Array2<f32>, HarmonicError> {
    let (size, mask) = (x.dim(), known.dim());
    if size != mask {
        return Err(HarmonicError::Size {
            mask: [mask.0, mask.1],
            picture: [size.0, size.1],
        });
    }
    if !known.iter().any(|known| *known) {
        return Err(HarmonicError::Everything);
    }
    let hidden = Hidden::new(known, edges);
    let solution = hidden.solve(x);
    let mut filled = x.to_owned();
    for (&(i, j), value) in hidden.cells.iter().zip(solution) {
        filled[[i, j]] = value as f32;
    }
    Ok(filled)
}

/// The unknowns and how they touch each other.
struct Hidden {
    cells: Vec<(usize, usize)>,
    /// Neighbours within the picture.
    degree: Vec<f64>,
    /// Neighbours that are unknown too.
    inner: Vec<Vec<usize>>,
    /// Neighbours that are known.
    outer: Vec<Vec<(usize, usize)>>,
}

impl Hidden {
    fn new(known: ArrayView2<bool>, edges: Edges) -> Self {
        let cells: Vec<_> = known
            .indexed_iter()
            .filter(|(_, known)| !**known)
            .map(|(at, _)| at)
            .collect();
        let mut number = Array2::from_elem(known.dim(), usize::MAX);
        for (k, &at) in cells.iter().enumerate() {
            number[at] = k;
        }
        let (mut degree, mut inner, mut outer) = (Vec::new(), Vec::new(), Vec::new());
        for &at in &cells {
            let near = neighbours(at, known.dim(), edges);
            degree.push(near.len() as f64);
            inner.push(
                near.iter()
                    .map(|at| number[*at])
                    .filter(|k| *k != usize::MAX)
                    .collect(),
            );
            outer.push(near.into_iter().filter(|at| known[*at]).collect());
        }
        Self {
            cells,
            degree,
            inner,
            outer,
        }
    }

    /// degree u - sum of unknown neighbours: symmetric, positive definite where every region touches a known pixel.
    fn apply(&self, u: &[f64]) -> Vec<f64> {
        let row =
            |k: usize| self.degree[k] * u[k] - self.inner[k].iter().map(|n| u[*n]).sum::<f64>();
        (0..u.len()).map(row).collect()
    }

    /// Conjugate gradients with the diagonal as preconditioner.
    fn solve(&self, x: ArrayView2<f32>) -> Vec<f64> {
        let n = self.cells.len();
        let mut residual: Vec<f64> = self
            .outer
            .iter()
            .map(|near| near.iter().map(|at| f64::from(x[*at])).sum())
            .collect();
        let mut u = vec![0.0; n];
        let scaled =
            |r: &[f64]| -> Vec<f64> { r.iter().zip(&self.degree).map(|(r, d)| r / d).collect() };
        let mut direction = scaled(&residual);
        let mut energy = dot(&residual, &direction);
        let enough = energy * RELATIVE * RELATIVE;
        for _ in 0..10 * n.max(10) {
            if energy <= enough {
                break;
            }
            let image = self.apply(&direction);
            let step = energy / dot(&direction, &image);
            for k in 0..n {
                u[k] += step * direction[k];
                residual[k] -= step * image[k];
            }
            let next = scaled(&residual);
            let grown = dot(&residual, &next);
            let keep = grown / energy;
            direction
                .iter_mut()
                .zip(next)
                .for_each(|(d, z)| *d = z + keep * *d);
            energy = grown;
        }
        u
    }
}

fn neighbours((i, j): (usize, usize), (h, w): (usize, usize), edges: Edges) -> Vec<(usize, usize)> {
    let rows = edges.y.neighbours(i, h).into_iter().flatten();
    let columns = edges.x.neighbours(j, w).into_iter().flatten();
    rows.map(|i| (i, j))
        .chain(columns.map(|j| (i, j)))
        .collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_harmonic_function_is_found_again() {
        // x^2 - y^2 and x y are harmonic also for the five-point stencil
        let u = Array2::from_shape_fn((20, 30), |(i, j)| {
            (i * i) as f32 - (j * j) as f32 + (i * j) as f32
        });
        let known = Array2::from_shape_fn((20, 30), |(i, j)| {
            !(3..16).contains(&i) || !(5..25).contains(&j)
        });
        let hollow = Array2::from_shape_fn((20, 30), |at| if known[at] { u[at] } else { f32::NAN });
        let filled = harmonic(hollow.view(), known.view(), Edges::CLOSED).unwrap();
        for (a, b) in filled.iter().zip(&u) {
            assert!((a - b).abs() < 1e-3, "{a} {b}");
        }
    }

    #[test]
    fn no_flux_leaves_through_the_edges_and_nothing_known_is_refused() {
        let x = ndarray::arr2(&[[0f32, 0.0, 5.0], [0.0, 0.0, 0.0]]);
        let known = ndarray::arr2(&[[false, false, true], [false, false, false]]);
        let filled = harmonic(x.view(), known.view(), Edges::CLOSED).unwrap();
        assert!(filled.iter().all(|v| (v - 5.0).abs() < 1e-5));
        let none = Array2::from_elem((2, 3), false);
        assert_eq!(
            harmonic(x.view(), none.view(), Edges::CLOSED),
            Err(HarmonicError::Everything)
        );
        let all = Array2::from_elem((2, 3), true);
        assert_eq!(harmonic(x.view(), all.view(), Edges::CLOSED).unwrap(), x);
    }

    #[test]
    fn a_periodic_axis_is_filled_across_its_ends() {
        // cells 0 and 5 lie side by side between the values 2 (cell 4) and 5 (cell 1)
        let x = ndarray::arr2(&[[0f32, 5.0, 1.0, 1.0, 2.0, 0.0]]);
        let known = ndarray::arr2(&[[false, true, true, true, true, false]]);
        let edges = Edges {
            x: crate::Edge::Periodic,
            ..Edges::CLOSED
        };
        let filled = harmonic(x.view(), known.view(), edges).unwrap();
        assert!((filled[[0, 5]] - 3.0).abs() < 1e-5 && (filled[[0, 0]] - 4.0).abs() < 1e-5);
    }
}
