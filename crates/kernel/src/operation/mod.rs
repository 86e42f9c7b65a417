//! The operations of a network, each with its gradient.

mod attention;
mod block;
mod plain;
mod resample;
mod token;

pub use attention::Attention;
pub use block::{Block, Shortcut};
pub use plain::{Convolution, Head};
pub use resample::{Halve, Rise};
pub use token::{TokenAttention, TokenPerceptron};

use crate::field::Field;
use std::fmt::Debug;

/// Numbers and their shape, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The numbers, in the order of the axes.
    pub values: &'a [f32],
    /// The shape.
    pub shape: &'a [usize],
}

/// Numbers and their shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// The numbers, in the order of the axes.
    pub values: Vec<f32>,
    /// The shape.
    pub shape: Vec<usize>,
}

impl Array {
    fn new(values: Vec<f32>, shape: &[usize]) -> Self {
        debug_assert_eq!(values.len(), shape.iter().product::<usize>());
        Self {
            values,
            shape: shape.to_vec(),
        }
    }

    /// The same, borrowed.
    pub fn view(&self) -> View<'_> {
        View {
            values: &self.values,
            shape: &self.shape,
        }
    }
}

impl<'a> View<'a> {
    fn field(self) -> Field<'a> {
        let [images, height, width, channels] = *self.shape else {
            panic!("a field has four axes, not {:?}", self.shape);
        };
        Field::new(self.values, [images, height, width, channels])
    }
}

/// A result, and what its gradient needs besides the inputs.
#[derive(Debug)]
pub struct Output {
    /// The result.
    pub y: Array,
    /// What the gradient needs.
    pub saved: Vec<Array>,
}

/// A differentiable function of arrays, with fields in the order [images, height, width, channels].
///
/// Results depend neither on the number of threads nor, image by image, on the other images. All functions
/// panic if the shapes do not fit each other.
pub trait Operation: Debug + Send + Sync {
    /// The result.
    fn forward(&self, inputs: &[View]) -> Output;

    /// The gradients of all inputs, given that of the result.
    fn backward(&self, inputs: &[View], saved: &[View], dy: View) -> Vec<Array>;
}

/// As many inputs as an operation takes.
fn exactly<'a, 'b, const N: usize>(inputs: &'b [View<'a>]) -> &'b [View<'a>; N] {
    inputs
        .try_into()
        .unwrap_or_else(|_| panic!("{N} inputs are needed, not {}", inputs.len()))
}
