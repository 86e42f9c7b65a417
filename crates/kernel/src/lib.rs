//! What networks spend their time on, for the vectors of the processor at hand.
//!
//! Fields lie in memory with the channels of a cell side by side: [images, height, width, channels]. Every
//! [`Operation`] comes with its gradient, knows nothing of tensors or graphs, and shares its loops among the
//! threads of the [rayon] pool it is called in. Sums have a fixed order, so that no result depends on the
//! number of threads.
//!
//! 3x3 convolutions are computed by Winograd's F(4x4, 3x3) with what lies beyond the [`Edges`] and the norm and
//! nonlinearity before it folded in: the activated field is never written. The inner loops are generic over
//! vectors of AVX-512, AVX2 with FMA, NEON or none, which is asked at run time.
//!
//! ```
//! use foehn_kernel::{Array, Axis, Convolution, Edges, Operation};
//!
//! // the mean over three neighbours on a ring of four cells
//! let edges = Edges { rows: Axis::new(1, None, None), columns: Axis::new(4, Some(3), Some(0)) };
//! let x = Array { values: vec![3.0, 0.0, 0.0, 6.0], shape: vec![1, 1, 4, 1] };
//! let w = Array { values: [0.0, 1.0 / 3.0, 0.0].repeat(3), shape: vec![3, 1, 3, 1] };
//! let b = Array { values: vec![0.5], shape: vec![1] };
//! let output = Convolution { edges }.forward(&[x.view(), w.view(), b.view()]);
//! for (y, wanted) in output.y.values.iter().zip([3.5, 1.5, 2.5, 3.5]) {
//!     assert!((y - wanted).abs() < 1e-5);
//! }
//! ```

mod adamw;
mod attention;
mod axis;
mod convolution;
mod field;
mod matrix;
mod memory;
mod norm;
mod operation;
mod pointwise;
mod processor;
mod product;
mod resample;
mod sum;
mod token;
mod vector;
mod winograd;

pub use adamw::{AdamW, State, square_sum};
pub use axis::Axis;
pub use convolution::Edges;
pub use matrix::multiply;
pub use operation::{
    Array, Attention, Block, Convolution, Halve, Head, Operation, Output, Rise, Shortcut,
    TokenAttention, TokenPerceptron, View,
};
pub use processor::Processor;
