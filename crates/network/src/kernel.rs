//! The operations of `foehn_kernel` on tensors of burn's CPU backend, recorded for gradients.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Autodiff, AutodiffBackend, Backend, BackendTensor, Dispatch, DispatchAutodiffContext,
    DispatchTensor, DispatchTensorKind, ExtensionType, Flex, FlexDevice, backend_extension,
};
use burn::tensor::{Tensor, TensorData};
use foehn_kernel::{Array, Operation, View};
use std::sync::Arc;

/// Tensors of a backend, as many as an operation has.
pub(crate) struct Tensors<B: Backend>(Vec<FloatTensor<B>>);

impl<B: Backend> ExtensionType<B> for Tensors<B> {
    type Target = Tensors<Dispatch>;

    fn map_to_dispatch<F>(self, map_kind: F, autodiff: DispatchAutodiffContext) -> Tensors<Dispatch>
    where
        F: Fn(BackendTensor<B>) -> DispatchTensorKind,
    {
        let tensors = self.0.into_iter().map(|tensor| DispatchTensor {
            kind: map_kind(BackendTensor::Float(tensor)),
            autodiff,
        });
        Tensors(tensors.collect())
    }

    fn map_from_dispatch<F>(target: Tensors<Dispatch>, unwrap_kind: F) -> Self
    where
        F: Fn(DispatchTensor) -> BackendTensor<B>,
    {
        let tensors = target.0.into_iter();
        Self(tensors.map(|tensor| unwrap_kind(tensor).float()).collect())
    }

    fn routing_tensor(target: &Tensors<Dispatch>) -> Option<&DispatchTensor> {
        target.0.first()
    }

    fn routing_float_tensor(target: &Tensors<Dispatch>) -> Option<&DispatchTensor> {
        target.0.first()
    }

    fn autodiff_context(target: &Tensors<Dispatch>) -> DispatchAutodiffContext {
        let contexts = target.0.iter().map(|tensor| tensor.autodiff);
        contexts.fold(
            DispatchAutodiffContext::Disabled,
            DispatchAutodiffContext::merge,
        )
    }
}

/// What a backend needs to run an operation of `foehn_kernel`.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait Kernels: Backend {
    /// The result, then what its gradient needs.
    fn run_operation(
        operation: Arc<dyn Operation>,
        #[extension_type] inputs: Tensors<Self>,
    ) -> Tensors<Self>;

    /// The gradients of the inputs; `tensors` are the inputs, of which there are `count`, what was saved, and
    /// the gradient of the result.
    fn run_gradient(
        operation: Arc<dyn Operation>,
        #[extension_type] tensors: Tensors<Self>,
        count: usize,
    ) -> Tensors<Self>;
}

/// The result of `operation`.
pub(crate) fn run<const D: usize>(operation: Arc<dyn Operation>, inputs: Inputs) -> Tensor<D> {
    let mut outputs = <Dispatch as Kernels>::run_operation(operation, inputs.0).0;
    Tensor::from_dispatch(outputs.swap_remove(0))
}

/// The inputs of an operation.
pub(crate) struct Inputs(Tensors<Dispatch>);

impl Inputs {
    pub(crate) fn of<const D: usize>(x: Tensor<D>) -> Self {
        Self(Tensors(vec![x.into_dispatch()]))
    }

    pub(crate) fn and<const D: usize>(mut self, x: Tensor<D>) -> Self {
        self.0.0.push(x.into_dispatch());
        self
    }
}

/// A tensor whose numbers lie in the order of its axes.
struct Dense {
    tensor: FloatTensor<Flex>,
    shape: Vec<usize>,
}

impl Dense {
    fn new(tensor: FloatTensor<Flex>) -> Self {
        let tensor = match tensor.as_slice::<f32>() {
            Some(_) => tensor,
            None => tensor.to_contiguous(),
        };
        let shape = tensor.layout().shape().to_vec();
        Self { tensor, shape }
    }

    fn view(&self) -> View<'_> {
        // dense by now; only a tensor of another type is not f32, and such a network takes the other path
        let values = self.tensor.as_slice::<f32>().unwrap_or_default();
        View {
            values,
            shape: &self.shape,
        }
    }
}

fn tensor(array: Array) -> FloatTensor<Flex> {
    let data = TensorData::new(array.values, array.shape);
    Flex::float_from_data(data, &FlexDevice)
}

impl Kernels for Flex {
    fn run_operation(operation: Arc<dyn Operation>, inputs: Tensors<Self>) -> Tensors<Self> {
        let inputs: Vec<_> = inputs.0.into_iter().map(Dense::new).collect();
        let views: Vec<_> = inputs.iter().map(Dense::view).collect();
        let output = operation.forward(&views);
        let arrays = std::iter::once(output.y).chain(output.saved);
        Tensors(arrays.map(tensor).collect())
    }

    fn run_gradient(
        operation: Arc<dyn Operation>,
        tensors: Tensors<Self>,
        count: usize,
    ) -> Tensors<Self> {
        let tensors: Vec<_> = tensors.0.into_iter().map(Dense::new).collect();
        let views: Vec<_> = tensors.iter().map(Dense::view).collect();
        let (inputs, rest) = views.split_at(count);
        let (saved, dy) = rest.split_at(rest.len() - 1);
        let gradients = operation.backward(inputs, saved, dy[0]);
        Tensors(gradients.into_iter().map(tensor).collect())
    }
}

/// An operation in the graph, of N inputs.
#[derive(Debug)]
struct Recorded<const N: usize>;

impl<B: Kernels, const N: usize> Backward<B, N> for Recorded<N> {
    type State = (Arc<dyn Operation>, Vec<FloatTensor<B>>);

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let (operation, mut tensors) = ops.state;
        tensors.push(gradients.consume::<B>(&ops.node));
        let results = B::run_gradient(operation, Tensors(tensors), N).0;
        for (parent, gradient) in ops.parents.into_iter().zip(results) {
            if let Some(parent) = parent {
                gradients.register::<B>(parent.id, gradient);
            }
        }
    }
}

impl<B: Kernels, C: CheckpointStrategy> Kernels for Autodiff<B, C> {
    fn run_operation(operation: Arc<dyn Operation>, inputs: Tensors<Self>) -> Tensors<Self> {
        let y = match inputs.0.len() {
            3 => record::<B, C, 3>(operation, inputs),
            4 => record::<B, C, 4>(operation, inputs),
            5 => record::<B, C, 5>(operation, inputs),
            7 => record::<B, C, 7>(operation, inputs),
            8 => record::<B, C, 8>(operation, inputs),
            9 => record::<B, C, 9>(operation, inputs),
            count => unreachable!("no operation has {count} inputs"),
        };
        Tensors(vec![y])
    }

    /// Second derivatives are not recorded.
    fn run_gradient(
        operation: Arc<dyn Operation>,
        tensors: Tensors<Self>,
        count: usize,
    ) -> Tensors<Self> {
        let tensors = tensors.0.into_iter().map(Self::inner).collect();
        let results = B::run_gradient(operation, Tensors(tensors), count).0;
        Tensors(results.into_iter().map(Self::from_inner).collect())
    }
}

fn record<B: Kernels, C: CheckpointStrategy, const N: usize>(
    operation: Arc<dyn Operation>,
    inputs: Tensors<Autodiff<B, C>>,
) -> FloatTensor<Autodiff<B, C>> {
    let guards = std::array::from_fn(|i| inputs.0[i].node());
    let inputs = inputs.0.into_iter();
    let inputs: Vec<_> = inputs
        .map(<FloatTensor<Autodiff<B, C>>>::into_primitive)
        .collect();
    let copies = Tensors(inputs.clone());
    match Recorded::<N>
        .prepare::<C>(guards)
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(prepared) => {
            let mut outputs = B::run_operation(operation.clone(), copies).0;
            let y = outputs.remove(0);
            let state = (operation, inputs.into_iter().chain(outputs).collect());
            prepared.finish(state, y)
        }
        OpsKind::UnTracked(prepared) => {
            let mut outputs = B::run_operation(operation, copies).0;
            prepared.finish(outputs.swap_remove(0))
        }
    }
}
