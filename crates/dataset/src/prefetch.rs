//! A thread that makes batches ahead of their use.

use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

use crate::{Batch, DataError};

/// Batches in the order of their steps, made while the ones before are used. Dropping it ends its thread.
#[derive(Debug)]
pub struct Prefetch {
    steps: Range<u64>,
    ready: Option<Receiver<Result<Batch, DataError>>>,
    thread: Option<JoinHandle<()>>,
}

impl Prefetch {
    pub(crate) fn start(
        steps: Range<u64>,
        depth: usize,
        make: impl Fn(u64) -> Result<Batch, DataError> + Send + 'static,
    ) -> Result<Self, DataError> {
        let (give, ready) = sync_channel(depth);
        let todo = steps.clone();
        let work = move || {
            for step in todo {
                let batch = make(step);
                let failed = batch.is_err();
                // nobody waits any more once the other end is dropped
                if give.send(batch).is_err() || failed {
                    return;
                }
            }
        };
        let thread = thread::Builder::new()
            .name("foehn-prefetch".into())
            .spawn(work);
        let thread = thread.map_err(|cause| DataError::Prefetch {
            cause: cause.to_string(),
        })?;
        Ok(Self {
            steps,
            ready: Some(ready),
            thread: Some(thread),
        })
    }
}

impl Iterator for Prefetch {
    type Item = Result<Batch, DataError>;

    /// The next batch; nothing after the last one or after an error.
    fn next(&mut self) -> Option<Self::Item> {
        self.steps.next()?;
        let gone = || DataError::Prefetch {
            cause: "it panicked".into(),
        };
        let batch = self.ready.as_ref()?.recv().unwrap_or_else(|_| Err(gone()));
        if batch.is_err() {
            self.ready = None;
        }
        Some(batch)
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        // a thread that waits for room gives up once nobody can take its batch
        self.ready = None;
        if let Some(thread) = self.thread.take() {
            // a panic was reported by the thread itself
            let _ = thread.join();
        }
    }
}
