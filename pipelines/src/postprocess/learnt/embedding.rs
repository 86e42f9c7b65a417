//! A perceptron that knows its station.

use anyhow::Result;
use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor, TensorData};
use foehn_network::{Mlp, MlpConfig};

/// A perceptron of rows and of a learnt vector of their station, an entity embedding.
///
/// All vectors begin at zero, and weight decay draws them there: what is not known of a station is that of all. That of
/// stations unseen, the first, is never moved.
///
/// # Reference
/// Rasp and Lerch 2018, arXiv:1805.09091, for embeddings of stations.
#[derive(Module, Debug)]
pub(crate) struct Embedded {
    /// [stations + 1, numbers].
    vectors: Option<Param<Tensor<2>>>,
    network: Mlp,
}

impl Embedded {
    /// A network with weights from the generator of the device, for rows of so many numbers and so many stations.
    ///
    /// # Errors
    /// If the network is impossible.
    pub(crate) fn init(
        config: &MlpConfig,
        [inputs, outputs]: [usize; 2],
        [stations, numbers]: [usize; 2],
        device: &Device,
    ) -> Result<Self> {
        let zero = || Param::from_tensor(Tensor::zeros([stations + 1, numbers], device));
        Ok(Self {
            vectors: (numbers > 0).then(zero),
            network: config.init(inputs + numbers, outputs, device)?,
        })
    }

    /// # Shapes
    /// `rows`: [B, inputs]; `stations`: (B), 0 for one unseen, else its index and one. Result: [B, outputs].
    pub(crate) fn forward(&self, rows: Tensor<2>, stations: &[usize]) -> Tensor<2> {
        let t = Tensor::<1>::zeros([stations.len()], &rows.device());
        let Some(vectors) = &self.vectors else {
            return self.network.forward(rows, t);
        };
        let vectors = vectors.val();
        let at: Vec<i32> = stations.iter().map(|&s| s as i32).collect();
        let at = TensorData::new(at, [stations.len()]);
        let at = Tensor::<1, Int>::from_data(at, &vectors.device());
        let rows = Tensor::cat(vec![rows, vectors.select(0, at)], 1);
        self.network.forward(rows, t)
    }
}
