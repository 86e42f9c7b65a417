//! Square patches of cells as channels.

use crate::Paddings;
use burn::tensor::Tensor;

/// Each p x p patch becomes one cell with p^2 times the channels; grown to multiples of p first.
///
/// # Shapes
/// [B, C, H, W] to [B, C p^2, ceil(H / p), ceil(W / p)].
pub(crate) fn folded(x: Tensor<4>, p: usize, padding: Paddings) -> Tensor<4> {
    if p == 1 {
        return x;
    }
    let x = padding.up_to_multiple(x, p);
    let [b, c, h, w] = x.dims();
    let x = x.reshape([b, c, h / p, p, w / p, p]);
    x.permute([0, 1, 3, 5, 2, 4])
        .reshape([b, c * p * p, h / p, w / p])
}

/// The inverse, cropped to `h` x `w`.
///
/// # Shapes
/// [B, C p^2, ceil(h / p), ceil(w / p)] to [B, C, h, w].
pub(crate) fn unfolded(x: Tensor<4>, p: usize, h: usize, w: usize) -> Tensor<4> {
    if p == 1 {
        return x;
    }
    let [b, c, rows, columns] = x.dims();
    let c = c / (p * p);
    let x = x
        .reshape([b, c, p, p, rows, columns])
        .permute([0, 1, 4, 2, 5, 3]);
    let x = x.reshape([b, c, rows * p, columns * p]);
    x.narrow(2, 0, h).narrow(3, 0, w)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Distribution};

    #[test]
    fn unfolding_undoes_folding() {
        let x = Tensor::<4>::random([2, 3, 5, 7], Distribution::Default, &Device::flex());
        let folded = folded(x.clone(), 3, Paddings::default());
        assert_eq!(folded.dims(), [2, 27, 2, 3]);
        assert_eq!(unfolded(folded, 3, 5, 7).into_data(), x.into_data());
    }
}
