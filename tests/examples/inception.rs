//! Our side of `tests/benchmarks/inception.sh`: features of pictures by weights from a file.
//!
//! Arguments: a safetensors file of weights, one that holds `x` [N, C, H, W] in [-1, 1], and where the features go, a
//! safetensors file that holds `y` [N, 2048]. Prints the seconds of one pass over all pictures.

use burn::tensor::{Device, Tensor, TensorData};
use foehn_network::Inception;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize_to_file};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [weights, pictures, features] = arguments.as_slice() else {
        return Err("usage: inception WEIGHTS PICTURES FEATURES".into());
    };
    let device = Device::flex();
    let network = Inception::read(Path::new(weights), &device)?;
    let bytes = std::fs::read(pictures)?;
    let x = SafeTensors::deserialize(&bytes)?;
    let x = x.tensor("x")?;
    let words = x.data().chunks_exact(4);
    let values: Vec<f32> = words
        .map(|w| f32::from_le_bytes([w[0], w[1], w[2], w[3]]))
        .collect();
    let x = Tensor::<4>::from_data(TensorData::new(values, x.shape().to_vec()), &device);
    let begin = Instant::now();
    let y = network.features(x);
    let (shape, data) = (y.dims().to_vec(), y.into_data());
    println!("{}", begin.elapsed().as_secs_f64());
    let bytes: Vec<u8> = data.iter::<f32>().flat_map(f32::to_le_bytes).collect();
    let view = TensorView::new(Dtype::F32, shape, &bytes)?;
    serialize_to_file([("y", view)], None, Path::new(features))?;
    Ok(())
}
