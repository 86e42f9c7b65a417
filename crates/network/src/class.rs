//! The class of a sample as a condition.

use crate::{NetworkError, weights};
use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor, TensorData};

/// The class of each sample of a batch, or that it is not told, for networks with `classes`.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use foehn_network::{Classes, UNetConfig};
/// let device = Device::flex();
/// let config = UNetConfig { classes: Some(10), ..UNetConfig::default() };
/// let network = config.init(1, 1, &device)?;
/// let classes = Classes::new(&[Some(9), None], 10, &device)?;
/// let (x, t) = (Tensor::<4>::ones([2, 1, 8, 8], &device), Tensor::<1>::zeros([2], &device));
/// assert_eq!(network.forward_given(x, t, Some(&classes)).dims(), [2, 1, 8, 8]);
/// let error = Classes::new(&[Some(10)], 10, &device).unwrap_err().to_string();
/// assert_eq!(error, "class 10 is not among the 10 classes, 0 to 9: give one of them");
/// # Ok::<(), foehn_network::NetworkError>(())
/// ```
///
/// # Shapes
/// (B).
#[derive(Clone, Debug)]
pub struct Classes {
    rows: Tensor<1, Int>,
}

impl Classes {
    /// Classes, counted from 0, of which there are `count`; `None` where the class is not told.
    ///
    /// # Errors
    /// If one is not below `count`.
    pub fn new(
        classes: &[Option<usize>],
        count: usize,
        device: &Device,
    ) -> Result<Self, NetworkError> {
        if let Some(class) = classes.iter().flatten().find(|class| **class >= count) {
            return Err(NetworkError::NoSuchClass {
                class: *class,
                count,
            });
        }
        // the row after the last class stands for none
        let rows = classes.iter().map(|class| class.unwrap_or(count) as i64);
        let rows = TensorData::new(rows.collect::<Vec<_>>(), [classes.len()]);
        Ok(Self {
            rows: Tensor::from_data(rows, device),
        })
    }

    /// Those of samples `from..from + count`.
    #[must_use]
    pub fn part(&self, from: usize, count: usize) -> Self {
        Self {
            rows: self.rows.clone().narrow(0, from, count),
        }
    }
}

/// A row for each class, and one for a class that is not told.
///
/// # Shapes
/// [classes + 1, width].
#[derive(Module, Debug)]
pub(crate) struct ClassEmbedding {
    table: Param<Tensor<2>>,
}

impl ClassEmbedding {
    pub(crate) fn new(classes: usize, width: usize, device: &Device) -> Self {
        Self {
            table: weights::uniform([classes + 1, width], 1, device),
        }
    }

    /// # Shapes
    /// [B, width], or [1, width] where no class is told.
    pub(crate) fn forward(&self, classes: Option<&Classes>) -> Tensor<2> {
        let table = self.table.val();
        if let Some(classes) = classes {
            table.select(0, classes.rows.clone())
        } else {
            let last = table.dims()[0] - 1;
            table.narrow(0, last, 1)
        }
    }
}
