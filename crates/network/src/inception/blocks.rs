//! The blocks of Inception v3, as steps and branches of steps.

use super::InceptionError;
use super::file::{Shape, Weights};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::module::{avg_pool2d, conv2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};

/// A convolution with bias; what is negative of its result is zero.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub weight: Tensor<4>,
    pub bias: Tensor<1>,
    pub stride: usize,
    pub padding: [usize; 2],
}

/// What is done to a tensor.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Unit(Box<Unit>),
    /// The largest of 3 x 3 with stride 2.
    Halved,
    /// The largest of 3 x 3 around each cell.
    Largest,
    /// The mean of 3 x 3 around each cell; what lies beyond the edges does not count.
    Mean,
    /// Several ways beside each other, whose channels are joined.
    Branches(Vec<Vec<Step>>),
}

fn unit(unit: Unit) -> Step {
    Step::Unit(Box::new(unit))
}

type Steps = Result<Vec<Step>, InceptionError>;

/// `x` after all steps.
pub(super) fn run(steps: &[Step], x: Tensor<4>) -> Tensor<4> {
    steps.iter().fold(x, |x, step| match step {
        Step::Unit(unit) => {
            let options = ConvOptions::new([unit.stride; 2], unit.padding, [1, 1], 1);
            relu(conv2d(
                x,
                unit.weight.clone(),
                Some(unit.bias.clone()),
                options,
            ))
        }
        Step::Halved => max_pool2d(x, MaxPoolOptions::new([3, 3]).with_stride([2, 2])),
        Step::Largest => {
            let options = MaxPoolOptions::new([3, 3]).with_stride([1, 1]);
            max_pool2d(x, options.with_padding([1, 1]))
        }
        Step::Mean => {
            let options = AvgPoolOptions::new([3, 3]).with_stride([1, 1]);
            let options = options.with_padding([1, 1]).with_count_include_pad(false);
            avg_pool2d(x, options)
        }
        Step::Branches(branches) => {
            let parts = branches.iter().map(|steps| run(steps, x.clone()));
            Tensor::cat(parts.collect(), 1)
        }
    })
}

/// The whole network up to its last pooling.
pub(super) fn all(weights: &Weights) -> Steps {
    let stem = Stem { weights };
    let mut steps = vec![
        stem.unit("Conv2d_1a_3x3", [3, 32], 3, 2, 0)?,
        stem.unit("Conv2d_2a_3x3", [32, 32], 3, 1, 0)?,
        stem.unit("Conv2d_2b_3x3", [32, 64], 3, 1, 1)?,
        Step::Halved,
        stem.unit("Conv2d_3b_1x1", [64, 80], 1, 1, 0)?,
        stem.unit("Conv2d_4a_3x3", [80, 192], 3, 1, 0)?,
        Step::Halved,
    ];
    let block = |name| Block { weights, name };
    for (name, inputs, pool) in [
        ("Mixed_5b", 192, 32),
        ("Mixed_5c", 256, 64),
        ("Mixed_5d", 288, 64),
    ] {
        steps.push(block(name).fives(inputs, pool)?);
    }
    steps.push(block("Mixed_6a").coarser_after_fives()?);
    for (name, inner) in [
        ("Mixed_6b", 128),
        ("Mixed_6c", 160),
        ("Mixed_6d", 160),
        ("Mixed_6e", 192),
    ] {
        steps.push(block(name).sevens(inner)?);
    }
    steps.push(block("Mixed_7a").coarser_after_sevens()?);
    steps.push(block("Mixed_7b").wide(1280, Step::Mean)?);
    steps.push(block("Mixed_7c").wide(2048, Step::Largest)?);
    Ok(steps)
}

struct Stem<'a> {
    weights: &'a Weights<'a>,
}

impl Stem<'_> {
    fn unit(
        &self,
        name: &str,
        channels: [usize; 2],
        side: usize,
        stride: usize,
        padding: usize,
    ) -> Result<Step, InceptionError> {
        let shape = Shape {
            channels,
            kernel: [side; 2],
            stride,
            padding: [padding; 2],
        };
        self.weights.unit(name, shape).map(unit)
    }
}

/// A block by its name in the file.
struct Block<'a> {
    weights: &'a Weights<'a>,
    name: &'a str,
}

impl Block<'_> {
    /// A convolution that keeps the size.
    fn same(
        &self,
        name: &str,
        channels: [usize; 2],
        kernel: [usize; 2],
    ) -> Result<Step, InceptionError> {
        let shape = Shape {
            channels,
            kernel,
            stride: 1,
            padding: kernel.map(|k| k / 2),
        };
        let name = format!("{}.{name}", self.name);
        self.weights.unit(&name, shape).map(unit)
    }

    /// A convolution of stride 2 without padding.
    fn halving(&self, name: &str, channels: [usize; 2]) -> Result<Step, InceptionError> {
        let shape = Shape {
            channels,
            kernel: [3, 3],
            stride: 2,
            padding: [0, 0],
        };
        let name = format!("{}.{name}", self.name);
        self.weights.unit(&name, shape).map(unit)
    }

    fn pooled(&self, pool: Step, channels: [usize; 2]) -> Steps {
        Ok(vec![pool, self.same("branch_pool", channels, [1, 1])?])
    }

    fn fives(&self, inputs: usize, pool: usize) -> Result<Step, InceptionError> {
        Ok(Step::Branches(vec![
            vec![self.same("branch1x1", [inputs, 64], [1, 1])?],
            vec![
                self.same("branch5x5_1", [inputs, 48], [1, 1])?,
                self.same("branch5x5_2", [48, 64], [5, 5])?,
            ],
            vec![
                self.same("branch3x3dbl_1", [inputs, 64], [1, 1])?,
                self.same("branch3x3dbl_2", [64, 96], [3, 3])?,
                self.same("branch3x3dbl_3", [96, 96], [3, 3])?,
            ],
            self.pooled(Step::Mean, [inputs, pool])?,
        ]))
    }

    fn coarser_after_fives(&self) -> Result<Step, InceptionError> {
        Ok(Step::Branches(vec![
            vec![self.halving("branch3x3", [288, 384])?],
            vec![
                self.same("branch3x3dbl_1", [288, 64], [1, 1])?,
                self.same("branch3x3dbl_2", [64, 96], [3, 3])?,
                self.halving("branch3x3dbl_3", [96, 96])?,
            ],
            vec![Step::Halved],
        ]))
    }

    fn sevens(&self, inner: usize) -> Result<Step, InceptionError> {
        let (row, column) = ([1, 7], [7, 1]);
        Ok(Step::Branches(vec![
            vec![self.same("branch1x1", [768, 192], [1, 1])?],
            vec![
                self.same("branch7x7_1", [768, inner], [1, 1])?,
                self.same("branch7x7_2", [inner, inner], row)?,
                self.same("branch7x7_3", [inner, 192], column)?,
            ],
            vec![
                self.same("branch7x7dbl_1", [768, inner], [1, 1])?,
                self.same("branch7x7dbl_2", [inner, inner], column)?,
                self.same("branch7x7dbl_3", [inner, inner], row)?,
                self.same("branch7x7dbl_4", [inner, inner], column)?,
                self.same("branch7x7dbl_5", [inner, 192], row)?,
            ],
            self.pooled(Step::Mean, [768, 192])?,
        ]))
    }

    fn coarser_after_sevens(&self) -> Result<Step, InceptionError> {
        Ok(Step::Branches(vec![
            vec![
                self.same("branch3x3_1", [768, 192], [1, 1])?,
                self.halving("branch3x3_2", [192, 320])?,
            ],
            vec![
                self.same("branch7x7x3_1", [768, 192], [1, 1])?,
                self.same("branch7x7x3_2", [192, 192], [1, 7])?,
                self.same("branch7x7x3_3", [192, 192], [7, 1])?,
                self.halving("branch7x7x3_4", [192, 192])?,
            ],
            vec![Step::Halved],
        ]))
    }

    fn wide(&self, inputs: usize, pool: Step) -> Result<Step, InceptionError> {
        let both = |name: &str| {
            Ok::<_, InceptionError>(Step::Branches(vec![
                vec![self.same(&format!("{name}a"), [384, 384], [1, 3])?],
                vec![self.same(&format!("{name}b"), [384, 384], [3, 1])?],
            ]))
        };
        Ok(Step::Branches(vec![
            vec![self.same("branch1x1", [inputs, 320], [1, 1])?],
            vec![
                self.same("branch3x3_1", [inputs, 384], [1, 1])?,
                both("branch3x3_2")?,
            ],
            vec![
                self.same("branch3x3dbl_1", [inputs, 448], [1, 1])?,
                self.same("branch3x3dbl_2", [448, 384], [3, 3])?,
                both("branch3x3dbl_3")?,
            ],
            self.pooled(pool, [inputs, 192])?,
        ]))
    }
}
