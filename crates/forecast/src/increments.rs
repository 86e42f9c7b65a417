//! What one step changes: the scale of increments and the correlation of the latent noise.

use crate::error::IncrementsError;
use crate::host::from_host;
use crate::interpolant_config::NoiseColour;
use burn::tensor::{Device, Tensor, TensorData};
use foehn_archive::write_whole;
use foehn_dataset::{Loader, Scale, Split};
use foehn_interpolant::Colour;
use nalgebra::DMatrix;
use ndarray::{Array2, Array3, ArrayView5, Axis, s};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::path::Path;

/// Added to the diagonal of the correlation matrix: white noise of 0.1 % of the variance, which keeps
/// the matrix positive where there are fewer samples than cells.
const RIDGE: f64 = 1e-3;
/// Values in a state up to which the full covariance is used: 4096 take 64 MiB.
const LARGEST: usize = 4096;
/// Windows read at a time.
const BLOCK: usize = 64;

/// Statistics of one-step increments of standardised states over the training part.
///
/// # Shapes
/// `scale`: [C, ny, nx]; `root`: [N, N], N = C ny nx, lower triangular; `None` for white noise.
#[derive(Clone, Debug, PartialEq)]
pub struct Increments {
    /// Root mean square; one value a variable or a cell, as the states are scaled.
    pub scale: Array3<f32>,
    /// Square root of the correlation of scaled increments.
    pub root: Option<Array2<f32>>,
}

impl Increments {
    /// Two passes over the training part.
    ///
    /// # Errors
    /// If data cannot be read, never change, or are too large for a full covariance.
    pub fn compute(loader: &Loader, colour: NoiseColour) -> Result<Self, IncrementsError> {
        let scale = scales(loader)?;
        let root = match colour {
            NoiseColour::White => None,
            NoiseColour::Increments => Some(root(loader, &scale)?),
        };
        Ok(Self { scale, root })
    }

    /// The scale as a tensor: [1, C, ny, nx].
    pub fn scale_on(&self, device: &Device) -> Tensor<4> {
        from_host(&self.scale.clone().insert_axis(Axis(0)), device)
    }

    /// The colour of the latent noise.
    pub fn colour_on(&self, device: &Device) -> Colour {
        match &self.root {
            None => Colour::white(),
            Some(root) => {
                let (n, m) = root.dim();
                let data = TensorData::new(root.iter().copied().collect::<Vec<f32>>(), [n, m]);
                Colour::from_root(Tensor::from_data(data, device))
            }
        }
    }

    /// Writes a safetensors file.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn save(&self, path: &Path) -> Result<(), IncrementsError> {
        let fail = |cause: String| IncrementsError::File {
            action: "write",
            path: path.to_owned(),
            cause,
        };
        let bytes = |values: &mut dyn Iterator<Item = &f32>| -> Vec<u8> {
            values.flat_map(|x| x.to_le_bytes()).collect()
        };
        let mut arrays = vec![(
            "scale",
            self.scale.shape().to_vec(),
            bytes(&mut self.scale.iter()),
        )];
        if let Some(root) = &self.root {
            arrays.push(("root", root.shape().to_vec(), bytes(&mut root.iter())));
        }
        let views = arrays.iter().map(|(name, shape, bytes)| {
            TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (*name, view))
        });
        let views = views
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| fail(e.to_string()))?;
        let file = safetensors::serialize(views, None).map_err(|e| fail(e.to_string()))?;
        write_whole(path, &file).map_err(|e| fail(e.to_string()))
    }

    /// Reads what [`Increments::save`] wrote.
    ///
    /// # Errors
    /// If the file cannot be read or holds something else.
    pub fn load(path: &Path) -> Result<Self, IncrementsError> {
        let fail = |cause: String| IncrementsError::File {
            action: "read",
            path: path.to_owned(),
            cause,
        };
        let bytes = std::fs::read(path).map_err(|e| fail(e.to_string()))?;
        let file = SafeTensors::deserialize(&bytes).map_err(|e| fail(e.to_string()))?;
        let values = |view: &TensorView| -> Vec<f32> {
            let words = view.data().chunks_exact(4);
            words
                .map(|w| f32::from_le_bytes([w[0], w[1], w[2], w[3]]))
                .collect()
        };
        let scale = file.tensor("scale").map_err(|e| fail(e.to_string()))?;
        let shape: [usize; 3] = scale
            .shape()
            .try_into()
            .map_err(|_| fail("scale is not three-dimensional".into()))?;
        let scale =
            Array3::from_shape_vec(shape, values(&scale)).map_err(|e| fail(e.to_string()))?;
        let root = match file.tensor("root") {
            Err(_) => None,
            Ok(root) => {
                let n = scale.len();
                let root = Array2::from_shape_vec((n, n), values(&root));
                Some(root.map_err(|e| fail(e.to_string()))?)
            }
        };
        Ok(Self { scale, root })
    }
}

/// Hands every increment of the training part to `visit`, with the mask of cells that have one.
fn each(
    loader: &Loader,
    mut visit: impl FnMut(Array3<f32>, Array3<bool>),
) -> Result<(), IncrementsError> {
    let history = loader.series().history();
    let windows = loader.series().windows(Split::Train, 1);
    for block in windows.chunks(BLOCK) {
        let batch = loader.load(block, 1)?;
        let states: ArrayView5<f32> = batch.states.view();
        for (sample, weights) in batch.weights.outer_iter().enumerate() {
            let x0 = states.slice(s![sample, history - 1, .., .., ..]);
            let x1 = states.slice(s![sample, history, .., .., ..]);
            visit(&x1 - &x0, weights.mapv(|w| w > 0.0));
        }
    }
    Ok(())
}

fn scales(loader: &Loader) -> Result<Array3<f32>, IncrementsError> {
    let shape = loader.series().shape();
    let mut squares = Array3::<f64>::zeros(shape);
    let mut counts = Array3::<f64>::zeros(shape);
    each(loader, |increment, valid| {
        ndarray::Zip::from(&mut squares)
            .and(&mut counts)
            .and(&increment)
            .and(&valid)
            .for_each(|square, count, &d, &valid| {
                if valid {
                    *square += f64::from(d).powi(2);
                    *count += 1.0;
                }
            });
    })?;
    if loader.series().config().scale == Scale::Variable {
        for (mut square, mut count) in squares.outer_iter_mut().zip(counts.outer_iter_mut()) {
            let (s, c) = (square.sum(), count.sum());
            square.fill(s);
            count.fill(c);
        }
    }
    let mut scale = (&squares / &counts.mapv(|c| c.max(1.0))).mapv(f64::sqrt);
    for (channel, mut plane) in loader
        .series()
        .variables()
        .iter()
        .zip(scale.outer_iter_mut())
    {
        let largest = plane.iter().copied().fold(0.0, f64::max);
        if largest <= 0.0 {
            return Err(IncrementsError::Constant(channel.name.clone()));
        }
        // cells without data, and cells that hardly move, keep a scale that can be divided by
        plane.mapv_inplace(|s| s.max(1e-3 * largest));
    }
    Ok(scale.mapv(|s| s as f32))
}

fn root(loader: &Loader, scale: &Array3<f32>) -> Result<Array2<f32>, IncrementsError> {
    let n = scale.len();
    if n > LARGEST {
        return Err(IncrementsError::TooLarge {
            values: n,
            largest: LARGEST,
        });
    }
    let mut sum = Array2::<f32>::zeros((n, n));
    let mut total = Array2::<f64>::zeros((n, n));
    let mut rows: Vec<f32> = Vec::with_capacity(BLOCK * n);
    let mut count = 0usize;
    let mut flush = |rows: &mut Vec<f32>, total: &mut Array2<f64>| {
        let samples = rows.len() / n;
        if let Ok(d) = Array2::from_shape_vec((samples, n), std::mem::take(rows)) {
            ndarray::linalg::general_mat_mul(1.0, &d.t(), &d, 0.0, &mut sum);
            total.zip_mut_with(&sum, |t, s| *t += f64::from(*s));
        }
    };
    each(loader, |increment, valid| {
        let scaled = &increment / scale * &valid.mapv(|v| f32::from(u8::from(v)));
        rows.extend(scaled.iter());
        count += 1;
        if rows.len() >= BLOCK * n {
            flush(&mut rows, &mut total);
        }
    })?;
    flush(&mut rows, &mut total);
    let matrix = DMatrix::from_fn(n, n, |i, j| {
        let ridge = if i == j { RIDGE } else { 0.0 };
        total[(i, j)] / count as f64 / (1.0 + RIDGE) + ridge
    });
    let cholesky = nalgebra::Cholesky::new(matrix).ok_or(IncrementsError::NotPositive(count))?;
    let lower = cholesky.unpack();
    Ok(Array2::from_shape_fn((n, n), |(i, j)| lower[(i, j)] as f32))
}
