//! Batches in random order, every window once an epoch, by random access.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use foehn_noise::{Key, Purpose};

use crate::{Batch, DataError, Loader, Prefetch, Split, Window};

/// The batches of a period: number `step` is the same whatever was asked before, so resuming needs no state.
///
/// Samples are counted through all epochs; sample `p` of `n` windows is entry `p mod n` of the random order of
/// epoch `p / n`, which the seed alone decides. A batch may hold the end of one epoch and the start of the next.
#[derive(Debug)]
pub struct Batches {
    loader: Arc<Loader>,
    windows: Vec<Window>,
    horizon: usize,
    seed: u64,
    /// The orders of the two epochs that were used last.
    orders: Mutex<Vec<(u64, Arc<Vec<usize>>)>>,
}

impl Batches {
    /// All windows of a period with `horizon` states after x0.
    ///
    /// # Errors
    /// [`DataError::NoWindows`] where there is none.
    pub fn new(
        loader: Arc<Loader>,
        split: Split,
        horizon: usize,
        seed: u64,
    ) -> Result<Self, DataError> {
        let series = loader.series();
        let windows = series.windows(split, horizon);
        if windows.is_empty() {
            return Err(DataError::NoWindows {
                split,
                states: series.range(split).len(),
                history: series.history(),
                horizon,
                step: series.config().step.clone(),
            });
        }
        Ok(Self {
            loader,
            windows,
            horizon,
            seed,
            orders: Mutex::default(),
        })
    }

    /// The number of windows: samples in an epoch.
    pub fn samples(&self) -> usize {
        self.windows.len()
    }

    /// The windows in the order of time.
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// What the batches are made by.
    pub fn loader(&self) -> &Arc<Loader> {
        &self.loader
    }

    /// The windows of a batch.
    pub fn windows_at(&self, step: u64, batch_size: usize) -> Vec<Window> {
        let (n, size) = (self.windows.len() as u64, batch_size as u64);
        let samples = step.saturating_mul(size)..(step + 1).saturating_mul(size);
        samples
            .map(|sample| self.windows[self.order(sample / n)[(sample % n) as usize]])
            .collect()
    }

    /// Batch number `step`, counted from 0, of `batch_size` windows.
    ///
    /// # Errors
    /// [`DataError`] where a state cannot be read.
    pub fn batch_at(&self, step: u64, batch_size: usize) -> Result<Batch, DataError> {
        self.loader
            .load(&self.windows_at(step, batch_size), self.horizon)
    }

    /// The batches of some steps, made ahead by a thread; at most `depth` of them wait.
    ///
    /// # Errors
    /// [`DataError::Prefetch`] where the system gives no thread.
    pub fn prefetch(
        self: &Arc<Self>,
        steps: Range<u64>,
        batch_size: usize,
        depth: usize,
    ) -> Result<Prefetch, DataError> {
        let batches = Arc::clone(self);
        Prefetch::start(steps, depth, move |step| batches.batch_at(step, batch_size))
    }

    fn order(&self, epoch: u64) -> Arc<Vec<usize>> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, order)) = orders.iter().find(|(known, _)| *known == epoch) {
            return Arc::clone(order);
        }
        let key = Key::new(self.seed, Purpose::Shuffle).init(epoch as i64);
        let order = Arc::new(key.permutation(self.windows.len()));
        orders.insert(0, (epoch, Arc::clone(&order)));
        orders.truncate(2);
        order
    }
}
