//! Chunks on their way to the disk, compressed while the next states are read and worked on.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use foehn_archive::Store;
use ndarray::Array3;
use rayon::{Scope, Yield};

use crate::PrepareError;

/// How long a thread rests that finds nothing to do.
const REST: Duration = Duration::from_micros(100);

/// Chunks that wait for a thread of the pool, or are at work in one.
#[derive(Debug)]
pub(crate) struct Queue<'a> {
    store: &'a Store,
    names: Vec<&'a str>,
    /// Arrays that are not written yet.
    waiting: AtomicUsize,
    /// Chunks written and marked that nobody was told of yet.
    written: AtomicUsize,
    failed: Mutex<Option<PrepareError>>,
}

impl<'a> Queue<'a> {
    pub(crate) fn new(store: &'a Store, names: Vec<&'a str>) -> Self {
        Self {
            store,
            names,
            waiting: AtomicUsize::new(0),
            written: AtomicUsize::new(0),
            failed: Mutex::new(None),
        }
    }

    /// Puts a chunk of every variable into the queue; `item` is marked done when all are written. Waits, and helps,
    /// while more than two chunks are under way.
    pub(crate) fn put<'s>(
        &'s self,
        scope: &Scope<'s>,
        item: String,
        states: &Range<usize>,
        values: &Arc<Vec<Array3<f32>>>,
    ) {
        let item = Arc::new((item, AtomicUsize::new(values.len())));
        for place in 0..values.len() {
            let (values, item, start) = (Arc::clone(values), Arc::clone(&item), states.start);
            self.waiting.fetch_add(1, Ordering::AcqRel);
            scope.spawn(move |_| {
                let region = values[place].view().into_dyn();
                let start = [start as u64, 0, 0];
                let written = self.store.write_f32(self.names[place], &start, region);
                drop(values);
                // the last of the chunk's variables ends it; one that fails leaves it unmarked
                let ended = written.and_then(|()| match item.1.fetch_sub(1, Ordering::AcqRel) {
                    1 => self.store.mark_done(&item.0).map(|()| 1),
                    _ => Ok(0),
                });
                match ended {
                    Ok(chunks) => _ = self.written.fetch_add(chunks, Ordering::AcqRel),
                    Err(error) => self.fail(error.into()),
                }
                self.waiting.fetch_sub(1, Ordering::AcqRel);
            });
        }
        while self.waiting.load(Ordering::Acquire) > 2 * self.names.len() {
            help();
        }
    }

    fn fail(&self, error: PrepareError) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get_or_insert(error);
    }

    /// How many chunks were written since the last call.
    ///
    /// # Errors
    /// The first failure.
    pub(crate) fn progress(&self) -> Result<usize, PrepareError> {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        match failed.take() {
            Some(error) => Err(error),
            None => Ok(self.written.swap(0, Ordering::AcqRel)),
        }
    }
}

/// Works on what waits in the pool, or rests.
fn help() {
    if rayon::yield_now() != Some(Yield::Executed) {
        thread::sleep(REST);
    }
}
