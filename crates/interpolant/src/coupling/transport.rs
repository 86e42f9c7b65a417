//! Minibatch optimal transport: the pairs of a batch are chosen so that paths are short.

use super::{Pair, Sinkhorn, assign};
use burn::tensor::{DType, Int, Tensor, TensorData};
use foehn_noise::Key;

/// How the pairs of a batch are chosen.
///
/// Rows of `x1` (and the condition that belongs to them) stay where they are; `x0` is re-ordered. After
/// that `x0` is not independent of `x1`, so that scores need latent noise in the path:
/// [`Known::GaussianStart`](crate::Known::GaussianStart) does not hold.
///
/// # Reference
/// Tong et al. 2023, arXiv:2302.00482; Pooladian et al. 2023, arXiv:2304.14772.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MinibatchTransport {
    /// The assignment of least total cost.
    Exact,
    /// Drawn from the plan of entropic transport.
    Entropic(Sinkhorn),
}

/// Why a batch could not be paired.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TransportError {
    /// A cost is infinite or not a number.
    #[error(
        "the cost of pairing x0[{row}] with x1[{column}] is {value}: the batch holds values that are not finite"
    )]
    NotFinite {
        /// Index of `x0`.
        row: usize,
        /// Index of `x1`.
        column: usize,
        /// The cost.
        value: f64,
    },
    /// The table of costs is not square.
    #[error("a table of costs must be square: it has {rows} rows, and a row of {columns}")]
    NotSquare {
        /// Its rows.
        rows: usize,
        /// The length of the offending row.
        columns: usize,
    },
    /// A scale that must be positive is not.
    #[error("regularisation and condition weight must be positive and finite, not {value}")]
    NotPositive {
        /// The value given.
        value: f64,
    },
    /// Sinkhorn's iterations ran out.
    #[error(
        "after {iterations} Sinkhorn iterations a marginal is off by a factor 1 +- {error:.1e}: allow more, or raise \
         the regularisation"
    )]
    NotConverged {
        /// Iterations spent.
        iterations: usize,
        /// The largest relative error of a marginal.
        error: f64,
    },
    /// The tensors could not be read.
    #[error("the batch could not be read on the host: {reason}")]
    Unreadable {
        /// What the tensor library says.
        reason: String,
    },
}

impl MinibatchTransport {
    /// The pairs for the cost `|x0_i - x1_j|^2`. Only for models without condition; with one, see
    /// [`MinibatchTransport::couple_given`].
    ///
    /// # Shapes
    /// `batch`: [B, ...]; `keys`: (B).
    ///
    /// # Errors
    /// See [`TransportError`].
    pub fn couple<const D: usize>(
        &self,
        batch: Pair<D>,
        keys: &[Key],
    ) -> Result<Pair<D>, TransportError> {
        let cost = transport_cost(&batch.x0, &batch.x1)?;
        self.reorder(batch, &cost, keys)
    }

    /// The pairs for the cost `|x0_i - x1_j|^2 + weight |c_i - c_j|^2`, `c_i` the condition of row `i`.
    ///
    /// Without the second term the law of `x0` given the condition is no longer the one that sampling
    /// starts from, and conditional samples are biased; as the weight grows that bias vanishes, and with
    /// it the choice among rows of different conditions.
    ///
    /// # Shapes
    /// `batch`: [B, ...]; `condition`: [B, ...]; `keys`: (B).
    ///
    /// # Errors
    /// See [`TransportError`].
    ///
    /// # Reference
    /// Chemseddine, Hagemann, Steidl, Wald 2024, arXiv:2403.18705.
    pub fn couple_given<const D: usize, const C: usize>(
        &self,
        batch: Pair<D>,
        condition: &Tensor<C>,
        weight: f64,
        keys: &[Key],
    ) -> Result<Pair<D>, TransportError> {
        if !(weight > 0.0 && weight.is_finite()) {
            return Err(TransportError::NotPositive { value: weight });
        }
        let mut cost = transport_cost(&batch.x0, &batch.x1)?;
        let apart = transport_cost(condition, condition)?;
        for (row, more) in cost.iter_mut().zip(&apart) {
            for (cost, more) in row.iter_mut().zip(more) {
                *cost += weight * more;
            }
        }
        self.reorder(batch, &cost, keys)
    }

    fn reorder<const D: usize>(
        &self,
        batch: Pair<D>,
        cost: &[Vec<f64>],
        keys: &[Key],
    ) -> Result<Pair<D>, TransportError> {
        let rows = match self {
            Self::Exact => assign(cost)?,
            Self::Entropic(sinkhorn) => sinkhorn.plan(cost)?.sample(keys),
        };
        let rows: Vec<i64> = rows.into_iter().map(|i| i as i64).collect();
        let count = rows.len();
        let index = Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), &batch.x0.device());
        Ok(Pair {
            x0: batch.x0.select(0, index),
            x1: batch.x1,
        })
    }
}

/// `|x_i - y_j|^2` for all pairs of rows, in double precision on the host.
///
/// # Shapes
/// `x`, `y`: [B, ...]; result: B rows of B.
///
/// # Errors
/// If the tensors cannot be read.
pub fn transport_cost<const D: usize>(
    x: &Tensor<D>,
    y: &Tensor<D>,
) -> Result<Vec<Vec<f64>>, TransportError> {
    let (x, y) = (rows(x)?, rows(y)?);
    let square = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
    Ok(x.iter()
        .map(|a| y.iter().map(|b| square(a, b)).collect())
        .collect())
}

fn rows<const D: usize>(x: &Tensor<D>) -> Result<Vec<Vec<f64>>, TransportError> {
    let count = x.dims()[0];
    let data = x.clone().into_data().convert_dtype(DType::F64);
    let values = data
        .try_to_vec::<f64>()
        .map_err(|error| TransportError::Unreadable {
            reason: format!("{error:?}"),
        })?;
    let length = values.len() / count.max(1);
    Ok(values.chunks(length.max(1)).map(<[f64]>::to_vec).collect())
}

/// The least and the largest of the costs of a square table.
pub(super) fn range(cost: &[Vec<f64>]) -> Result<[f64; 2], TransportError> {
    let rows = cost.len();
    let [mut low, mut high] = [f64::INFINITY, f64::NEG_INFINITY];
    for (row, costs) in cost.iter().enumerate() {
        let columns = costs.len();
        if columns != rows {
            return Err(TransportError::NotSquare { rows, columns });
        }
        for (column, &value) in costs.iter().enumerate() {
            if !value.is_finite() {
                return Err(TransportError::NotFinite { row, column, value });
            }
            low = low.min(value);
            high = high.max(value);
        }
    }
    Ok([low, high])
}
