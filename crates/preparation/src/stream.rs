//! The work: from the reader's parts to the store.

use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread;

use foehn_archive::{Mode, Store, open};
use ndarray::{Array2, Array3, Axis, Ix2, Ix3};
use rayon::prelude::*;

use crate::PrepareError;
use crate::preparation::Preparation;
use crate::reader::{Message, Reader, Sent};
use crate::resample::Reducer;
use crate::statistics::{Statistics, climatology_name};

/// Told how many pieces are done; may stop the work.
type Watch<'a> = dyn FnMut(usize) -> ControlFlow<()> + Send + 'a;

impl Preparation {
    /// Writes everything into the store at `path` with some threads (0: one a core); `watch` is told of every chunk of states that is done (of
    /// [`Preparation::pieces_of_work`]) and may stop the work, which can then be resumed.
    ///
    /// # Errors
    /// [`PrepareError`]: what cannot be read or written; what was written stays.
    pub fn write(
        &self,
        path: &Path,
        mode: Mode,
        threads: usize,
        watch: &mut (dyn FnMut(usize) -> ControlFlow<()> + Send),
    ) -> Result<(), PrepareError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|cause| PrepareError::Threads {
            threads,
            cause: cause.to_string(),
        })?;
        pool.install(|| self.write_here(path, mode, watch))
    }

    fn write_here(
        &self,
        path: &Path,
        mode: Mode,
        watch: &mut Watch<'_>,
    ) -> Result<(), PrepareError> {
        let store = self.create(path, mode)?;
        let done: Vec<bool> = (0..self.blocks())
            .map(|b| store.is_done(&item(b)))
            .collect();
        if store.is_done("statistics") {
            return self.write_anomalies(store, path, watch);
        }
        let mut statistics = Statistics::new(self, path)?;
        let replay = self.needs_statistics();
        thread::scope(|scope| {
            // one part at work, one waiting, one in the reader's hand
            let (sender, parts) = sync_channel::<Sent>(1);
            let read = &done;
            scope.spawn(move || Reader::new(self, path).send(read, replay, &sender));
            let mut work = Work::new(self, &store, &mut statistics);
            for part in parts {
                match part? {
                    Message::Piece(inputs, states) => {
                        work.take_up(&inputs, &self.transformed(states), watch)?;
                    }
                    Message::Written(block, states) => {
                        work.statistics.add(&self.block(block), &states)?;
                        tell(watch, 1)?;
                    }
                }
            }
            Ok::<_, PrepareError>(())
        })?;
        statistics.write(&store)?;
        store.mark_done("statistics")?;
        self.write_anomalies(store, path, watch)
    }

    /// The number of pieces that [`Preparation::write`] tells of.
    pub fn pieces_of_work(&self) -> usize {
        self.blocks() * if self.anomalies.is_empty() { 1 } else { 2 }
    }

    /// Regrids, derives, and leaves what is written.
    fn transformed(&self, states: Vec<Array3<f32>>) -> Vec<Array3<f32>> {
        let mut states: Vec<Array3<f32>> = match &self.regridder {
            None => states,
            Some(regridder) => {
                let (ny, nx) = regridder.shape();
                let regridded = |from: Array3<f32>| {
                    let mut to = Array3::zeros((from.len_of(Axis(0)), ny, nx));
                    let planes = to
                        .axis_iter_mut(Axis(0))
                        .into_par_iter()
                        .zip(from.axis_iter(Axis(0)).into_par_iter());
                    planes.for_each(|(to, from)| regridder.apply_into(&from, to));
                    to
                };
                states.into_iter().map(regridded).collect()
            }
        };
        for derivation in &self.derivations {
            states.push(derivation.apply(&states));
        }
        let mut states: Vec<Option<Array3<f32>>> = states.into_iter().map(Some).collect();
        self.outputs
            .iter()
            .filter_map(|k| states[*k].take())
            .collect()
    }

    /// Anomalies, from what is written, and the end of the store.
    fn write_anomalies(
        &self,
        store: Store,
        path: &Path,
        watch: &mut Watch<'_>,
    ) -> Result<(), PrepareError> {
        let archive = open(path)?;
        let (ny, nx) = self.grid.shape();
        let names: Vec<_> = self.written().collect();
        for block in 0..self.blocks() {
            let (item, states) = (format!("anomalies-{block:06}"), self.block(block));
            if self.anomalies.is_empty() || store.is_done(&item) {
                continue;
            }
            for (channel, of) in &self.anomalies {
                let values = archive
                    .read(&names[*of].name, &[states.clone(), 0..ny, 0..nx])?
                    .values;
                let mut values = values.into_dimensionality::<Ix3>().unwrap_or_default();
                let mut known: Option<(usize, Array2<f32>)> = None;
                for (k, mut state) in states.clone().zip(values.outer_iter_mut()) {
                    let day = self.times.calendar.day_of_year(self.times.instants[k]) as usize;
                    let mean = match known.take() {
                        Some((of, mean)) if of == day => mean,
                        _ => {
                            let mean = archive.read(
                                &climatology_name(names[*of]),
                                &[day..day + 1, 0..ny, 0..nx],
                            )?;
                            let mean = mean.values.index_axis_move(Axis(0), 0);
                            mean.into_dimensionality::<Ix2>().unwrap_or_default()
                        }
                    };
                    state -= &mean;
                    known = Some((day, mean));
                }
                store.write_f32(
                    &channel.name,
                    &[states.start as u64, 0, 0],
                    values.view().into_dyn(),
                )?;
            }
            store.mark_done(&item)?;
            tell(watch, 1)?;
        }
        Ok(store.finish()?)
    }
}

fn item(block: usize) -> String {
    format!("block-{block:06}")
}

fn tell(watch: &mut Watch<'_>, count: usize) -> Result<(), PrepareError> {
    match watch(count) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(PrepareError::Stopped),
    }
}

/// The chunk of states that is being filled.
struct Work<'a, 'b> {
    plan: &'a Preparation,
    store: &'a Store,
    statistics: &'b mut Statistics<'a>,
    reducers: Vec<Reducer>,
    /// The states of the chunk, one array a variable.
    chunk: Option<(Range<usize>, Vec<Array3<f32>>)>,
}

impl<'a, 'b> Work<'a, 'b> {
    fn new(plan: &'a Preparation, store: &'a Store, statistics: &'b mut Statistics<'a>) -> Self {
        let (ny, nx) = plan.grid.shape();
        let several = plan.config.resample.as_ref();
        let reducer = several.map(|config| Reducer::new(config, plan.joined.step, ny * nx));
        Self {
            plan,
            store,
            statistics,
            reducers: reducer.map_or(Vec::new(), |reducer| vec![reducer; plan.outputs.len()]),
            chunk: None,
        }
    }

    /// Takes up states of the input; writes every chunk that they fill.
    fn take_up(
        &mut self,
        inputs: &Range<usize>,
        states: &[Array3<f32>],
        watch: &mut Watch<'_>,
    ) -> Result<(), PrepareError> {
        let steps = &self.plan.steps;
        let first = steps.partition_point(|step| step.inputs.end <= inputs.start);
        let here = steps[first..]
            .iter()
            .enumerate()
            .take_while(|(_, step)| step.inputs.start < inputs.end);
        for (number, step) in here.map(|(k, step)| (first + k, step)) {
            let part = step.inputs.start.max(inputs.start)..step.inputs.end.min(inputs.end);
            let local = part.start - inputs.start..part.end - inputs.start;
            self.reduce(number, states, local, part.end == step.inputs.end);
            if part.end == step.inputs.end && self.ends_chunk(number) {
                let block = self.write_chunk()?;
                self.store.mark_done(&item(block))?;
                tell(watch, 1)?;
            }
        }
        Ok(())
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

    /// Writes the chunk and takes it up into the statistics at the same time.
    fn write_chunk(&mut self) -> Result<usize, PrepareError> {
        let Some((states, values)) = self.chunk.take() else {
            return Err(PrepareError::config("chunk", "nothing to write"));
        };
        let names: Vec<_> = self.plan.written().collect();
        let (store, statistics) = (self.store, &mut *self.statistics);
        let write = || {
            let each = names.par_iter().zip(&values);
            each.try_for_each(|(channel, values)| {
                store.write_f32(
                    &channel.name,
                    &[states.start as u64, 0, 0],
                    values.view().into_dyn(),
                )
            })
        };
        let (written, added) = rayon::join(write, || statistics.add(&states, &values));
        written?;
        added?;
        Ok(states.start / self.plan.chunk)
    }
}
