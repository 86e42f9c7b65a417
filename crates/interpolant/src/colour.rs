//! Coloured noise: latents whose cells are correlated as those of the target are.

use burn::tensor::Tensor;

/// The square root of the covariance of the latent noise: `z = S^(1/2) w`, `w` white.
///
/// With white noise the large scales of a smooth field are decided within the first instants of the
/// path, where the network sees nothing but noise; with the covariance of the data every scale is
/// decided at the same time, and few steps suffice. The drift and the law at t = 1 keep their formulas;
/// what the formulas call score becomes `S` times the score.
///
/// # Reference
/// Albergo, Boffi, Vanden-Eijnden 2023, arXiv:2303.08797.
#[derive(Clone, Debug, Default)]
pub struct Colour {
    root: Option<Tensor<2>>,
}

impl Colour {
    /// Independent cells.
    pub fn white() -> Self {
        Self::default()
    }

    /// The colour with this lower-triangular (or any) square root of its covariance.
    ///
    /// # Shapes
    /// `root`: [N, N], N the number of values in a sample.
    pub fn from_root(root: Tensor<2>) -> Self {
        Self { root: Some(root) }
    }

    /// Whether cells are independent.
    pub fn is_white(&self) -> bool {
        self.root.is_none()
    }

    /// `S^(1/2) w` for every sample of the batch.
    ///
    /// # Shapes
    /// `w`: [B, ...], N values a sample.
    pub fn apply<const D: usize>(&self, w: Tensor<D>) -> Tensor<D> {
        let Some(root) = &self.root else { return w };
        let shape = w.dims();
        let [values, _] = root.dims();
        let rows = w.reshape([shape[0], values]);
        rows.matmul(root.clone().transpose()).reshape(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn root_mixes_the_values_of_a_sample() {
        let root = Tensor::<2>::from_floats([[2.0, 0.0], [1.0, 3.0]], &Device::flex());
        let w = Tensor::<3>::from_floats([[[1.0], [10.0]], [[0.0], [1.0]]], &Device::flex());
        let z = Colour::from_root(root).apply(w.clone());
        assert_eq!(
            z.into_data().try_to_vec::<f32>().unwrap(),
            [2.0, 31.0, 0.0, 3.0]
        );
        assert_eq!(Colour::white().apply(w.clone()).into_data(), w.into_data());
    }
}
