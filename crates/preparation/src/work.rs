//! From the states of the input to whole chunks of the output.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array3, Axis};
use rayon::prelude::*;

use crate::preparation::Preparation;
use crate::resample::Reducer;

/// States of a chunk, one array a variable.
pub(crate) type Chunk = (Range<usize>, Arc<Vec<Array3<f32>>>);

/// The chunk of states that is being filled.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    plan: &'a Preparation,
    reducers: Vec<Reducer>,
    chunk: Option<(Range<usize>, Vec<Array3<f32>>)>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(plan: &'a Preparation) -> Self {
        let (ny, nx) = plan.grid.shape();
        let several = plan.config.resample.as_ref();
        let reducer = several.map(|config| Reducer::new(config, plan.joined.step, ny * nx));
        Self {
            plan,
            reducers: reducer.map_or(Vec::new(), |reducer| vec![reducer; plan.outputs.len()]),
            chunk: None,
        }
    }

    /// Takes up states of the input; gives every chunk that they fill.
    pub(crate) fn take_up(&mut self, inputs: &Range<usize>, states: &[Array3<f32>]) -> Vec<Chunk> {
        let steps = &self.plan.steps;
        let first = steps.partition_point(|step| step.inputs.end <= inputs.start);
        let here = steps[first..]
            .iter()
            .enumerate()
            .take_while(|(_, step)| step.inputs.start < inputs.end);
        let mut full = Vec::new();
        for (number, step) in here.map(|(k, step)| (first + k, step)) {
            let part = step.inputs.start.max(inputs.start)..step.inputs.end.min(inputs.end);
            let local = part.start - inputs.start..part.end - inputs.start;
            let complete = part.end == step.inputs.end;
            self.reduce(number, states, local, complete);
            if complete && self.ends_chunk(number) {
                full.extend(self.chunk.take().map(|(at, values)| (at, Arc::new(values))));
            }
        }
        full
    }

    /// Adds some input states to an output state, which is put into the chunk once it is complete.
    fn reduce(
        &mut self,
        number: usize,
        states: &[Array3<f32>],
        local: Range<usize>,
        complete: bool,
    ) {
        let plan = self.plan;
        let (_, chunk) = self.chunk.get_or_insert_with(|| {
            let states = plan.block(number / plan.chunk);
            let (ny, nx) = plan.grid.shape();
            let empty = || Array3::zeros((states.len(), ny, nx));
            let arrays = (0..plan.outputs.len()).map(|_| empty()).collect();
            (states, arrays)
        });
        let place = number % plan.chunk;
        if self.reducers.is_empty() {
            for (to, from) in chunk.iter_mut().zip(states) {
                to.index_axis_mut(Axis(0), place)
                    .assign(&from.index_axis(Axis(0), local.start));
            }
            return;
        }
        let each = self.reducers.par_iter_mut().zip(chunk.par_iter_mut());
        each.zip(states).for_each(|((reducer, to), from)| {
            reducer.add(&from.slice(ndarray::s![local.clone(), .., ..]));
            if complete {
                reducer.finish(to.index_axis_mut(Axis(0), place));
            }
        });
    }

    fn ends_chunk(&self, number: usize) -> bool {
        (number + 1).is_multiple_of(self.plan.chunk) || number + 1 == self.plan.steps.len()
    }
}
