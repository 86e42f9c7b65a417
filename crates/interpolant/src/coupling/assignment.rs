//! The exact assignment of least cost.

use super::transport::TransportError;
use pathfinding::prelude::{Matrix, kuhn_munkres_min};

/// Costs are rounded to this many steps of their range, so that they are ordered numbers.
const STEPS: f64 = (1u64 << 40) as f64;

/// For each column, the row that a permutation of least total cost gives it: the Hungarian algorithm of
/// Kuhn and Munkres, O(n^3). Costs are rounded to `2^-40` of their range.
///
/// # Shapes
/// `cost`: n rows of n.
///
/// # Errors
/// If a cost is not finite or the table not square.
///
/// ```
/// use foehn_interpolant::assign;
/// // columns 0, 1, 2 take the rows that cost 1, 2 and 2
/// let rows = assign(&[vec![4.0, 2.0, 8.0], vec![4.0, 3.0, 2.0], vec![1.0, 9.0, 9.0]])?;
/// assert_eq!(rows, [2, 0, 1]);
/// # Ok::<(), foehn_interpolant::TransportError>(())
/// ```
pub fn assign(cost: &[Vec<f64>]) -> Result<Vec<usize>, TransportError> {
    let n = cost.len();
    let [low, high] = super::transport::range(cost)?;
    if n < 2 || high <= low {
        return Ok((0..n).collect());
    }
    let scale = STEPS / (high - low);
    let columns = (0..n).map(|j| (0..n).map(move |i| ((cost[i][j] - low) * scale) as i64));
    let weights = Matrix::from_vec(n, n, columns.flatten().collect()).map_err(|_| {
        TransportError::NotSquare {
            rows: n,
            columns: 0,
        }
    })?;
    Ok(kuhn_munkres_min(&weights).1)
}
