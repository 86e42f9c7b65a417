//! The work: from the reader's parts to the store.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;

use foehn_archive::{Mode, Store};
use ndarray::{Array3, Axis};
use rayon::prelude::*;
use rayon::{Scope, ThreadPool, Yield};

use crate::PrepareError;
use crate::preparation::Preparation;
use crate::queue::Queue;
use crate::reader::{Message, Reader, Sent};
use crate::statistics::Statistics;
use crate::work::Work;

/// Parts that wait while one is at work and another in the reader's hand.
const READ_AHEAD: usize = 2;

/// Told how many chunks are done; may stop the work.
pub(crate) type Watch<'a> = dyn FnMut(usize) -> ControlFlow<()> + Send + 'a;

impl Preparation {
    /// Writes everything into the store at `path` with some threads (0: one a core); `watch` is told of every chunk of states that is done (of
    /// [`Preparation::chunks_to_write`]) and may stop the work, which can then be resumed.
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
        pool(threads)?.install(|| self.write_here(path, mode, watch))
    }

    pub(crate) fn write_here(
        &self,
        path: &Path,
        mode: Mode,
        watch: &mut Watch<'_>,
    ) -> Result<(), PrepareError> {
        let store = self.create(path, mode)?;
        if store.is_done("statistics") {
            return self.write_anomalies(store, path, watch);
        }
        let blocks = 0..self.blocks();
        let done: Vec<bool> = blocks.map(|b| store.is_done(&item(b))).collect();
        let mut statistics = Statistics::new(self, path)?;
        self.stream(&store, &done, Some(&mut statistics), watch)?;
        statistics.write(&store)?;
        store.mark_done("statistics")?;
        self.write_anomalies(store, path, watch)
    }

    /// Writes the chunks of states that are not done. Statistics take up all of them, those that are done too.
    pub(crate) fn stream(
        &self,
        store: &Store,
        done: &[bool],
        mut statistics: Option<&mut Statistics<'_>>,
        watch: &mut Watch<'_>,
    ) -> Result<(), PrepareError> {
        let queue = Queue::new(store, self.written().map(|c| c.name.as_str()).collect());
        thread::scope(|scope| {
            let (sender, parts) = sync_channel::<Sent>(READ_AHEAD);
            let replay = statistics.is_some() && self.needs_statistics();
            let (statistics, queue, watch) = (&mut statistics, &queue, &mut *watch);
            scope.spawn(move || Reader::new(self, store.path()).send(done, replay, &sender));
            rayon::scope(move |scope| self.work(parts, statistics, queue, scope, watch))
        })?;
        // the last chunks were written after the last part had come
        tell(watch, queue.progress()?)
    }

    /// Takes up all parts that the reader sends, who ends where this ends early; full chunks go into the queue and the
    /// statistics.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the reader ends when this has gone"
    )]
    fn work<'s>(
        &self,
        parts: Receiver<Sent>,
        statistics: &mut Option<&mut Statistics<'_>>,
        queue: &'s Queue<'_>,
        scope: &Scope<'s>,
        watch: &mut Watch<'_>,
    ) -> Result<(), PrepareError> {
        let mut work = Work::new(self);
        while let Some(part) = next(&parts) {
            match part? {
                Message::Part(inputs, states) => {
                    for (at, values) in work.take_up(&inputs, &self.transformed(states)) {
                        queue.put(scope, item(at.start / self.chunk), &at, &values);
                        if let Some(statistics) = statistics {
                            statistics.add(&at, &values)?;
                        }
                    }
                }
                Message::Written(block, states) => {
                    if let Some(statistics) = statistics {
                        statistics.add(&self.block(block), &states)?;
                    }
                    tell(watch, 1)?;
                }
            }
            tell(watch, queue.progress()?)?;
        }
        Ok(())
    }

    /// The number of chunks, those of anomalies too, that [`Preparation::write`] tells of.
    pub fn chunks_to_write(&self) -> usize {
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
}

/// Threads to work on.
pub(crate) fn pool(threads: usize) -> Result<ThreadPool, PrepareError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|cause| PrepareError::Threads {
        threads,
        cause: cause.to_string(),
    })
}

/// The mark of a chunk of states.
pub(crate) fn item(block: usize) -> String {
    format!("block-{block:06}")
}

/// The next part; while there is none this thread of the pool writes what waits to be written.
fn next(parts: &Receiver<Sent>) -> Option<Sent> {
    loop {
        match parts.try_recv() {
            Ok(part) => return Some(part),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) if rayon::yield_now() == Some(Yield::Executed) => {}
            Err(TryRecvError::Empty) => return parts.recv().ok(),
        }
    }
}

pub(crate) fn tell(watch: &mut Watch<'_>, count: usize) -> Result<(), PrepareError> {
    if count == 0 {
        return Ok(());
    }
    match watch(count) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(PrepareError::Stopped),
    }
}
