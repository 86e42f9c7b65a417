//! A module's weights as one flat vector.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};

/// Names, shapes and places of a module's weights in one flat vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    entries: Vec<Entry>,
    length: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub name: String,
    pub shape: Vec<usize>,
    pub start: usize,
}

impl Entry {
    pub(crate) fn end(&self) -> usize {
        self.start + self.shape.iter().product::<usize>()
    }
}

/// Why weights and layout do not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// A weight of the module is not in the layout.
    #[error("the network has no weight called {0} of that shape")]
    Unknown(String),
}

impl Layout {
    /// The layout of `module`, in the order in which it visits its weights.
    pub fn of<M: Module>(module: &M) -> Self {
        let mut visitor = Names::default();
        module.visit(&mut visitor);
        let length = visitor.entries.last().map_or(0, Entry::end);
        Self {
            entries: visitor.entries,
            length,
        }
    }

    /// The number of weights.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether the module has no weights.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// All weights, (N), without autodiff.
    pub fn weights<M: Module>(&self, module: &M) -> Tensor<1> {
        let mut visitor = Collect::default();
        module.visit(&mut visitor);
        Tensor::cat(visitor.parts, 0)
    }

    /// The gradient of all weights, (N); zero where a weight took no part.
    pub fn gradient<M: Module>(&self, module: &M, gradients: &Gradients) -> Tensor<1> {
        let mut visitor = Collect {
            gradients: Some(gradients),
            parts: Vec::with_capacity(self.entries.len()),
        };
        module.visit(&mut visitor);
        Tensor::cat(visitor.parts, 0)
    }

    /// `module` with the weights `flat`: fresh leaves that record gradients where `recording` says so.
    ///
    /// # Errors
    /// If a weight of `module` is not in this layout.
    pub fn install<M: Module>(
        &self,
        module: M,
        flat: &Tensor<1>,
        recording: Recording,
    ) -> Result<M, LayoutError> {
        let mut mapper = Install {
            layout: self,
            flat,
            recording,
            path: Vec::new(),
            next: 0,
            missing: None,
        };
        let module = module.map(&mut mapper);
        mapper
            .missing
            .map_or(Ok(module), |name| Err(LayoutError::Unknown(name)))
    }

    /// 1 where weight decay applies (two or more dimensions), else 0: (N).
    pub(crate) fn decayed(&self) -> Vec<f32> {
        let mut mask = vec![0f32; self.length];
        for entry in self.entries.iter().filter(|e| e.shape.len() >= 2) {
            mask[entry.start..entry.end()].fill(1.0);
        }
        mask
    }
}

/// Whether installed weights record gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// Leaves of an autodiff graph.
    Gradients,
    /// Plain tensors, for inference.
    Nothing,
}

#[derive(Default)]
struct Names {
    path: Vec<String>,
    entries: Vec<Entry>,
}

impl ModuleVisitor for Names {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let start = self.entries.last().map_or(0, Entry::end);
        self.entries.push(Entry {
            name: self.path.join("."),
            shape: param.val().dims().to_vec(),
            start,
        });
    }
}

#[derive(Default)]
struct Collect<'a> {
    gradients: Option<&'a Gradients>,
    parts: Vec<Tensor<1>>,
}

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let length = value.dims().iter().product::<usize>();
        let part = match self.gradients {
            None => value.inner(),
            Some(gradients) => value
                .grad(gradients)
                .unwrap_or_else(|| value.inner().zeros_like()),
        };
        self.parts.push(part.reshape([length]));
    }
}

struct Install<'a> {
    layout: &'a Layout,
    flat: &'a Tensor<1>,
    recording: Recording,
    path: Vec<String>,
    next: usize,
    missing: Option<String>,
}

impl ModuleMapper for Install<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, old, mapper) = param.consume();
        let (name, shape) = (self.path.join("."), old.dims());
        let entry = self.layout.entries.get(self.next);
        self.next += 1;
        let value = match entry {
            Some(entry) if entry.name == name && entry.shape == shape => self
                .flat
                .clone()
                .slice(entry.start..entry.end())
                .reshape(shape),
            _ => {
                self.missing.get_or_insert(name);
                old
            }
        };
        let value = match self.recording {
            Recording::Gradients => value.autodiff().detach().require_grad(),
            Recording::Nothing => value.inner(),
        };
        Param::from_mapped_value(id, value, mapper)
    }
}
