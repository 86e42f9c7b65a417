//! One store by several writers: each its share of the chunks, and one who ends it.

use std::ops::ControlFlow;
use std::path::Path;

use foehn_archive::{
    Compression, Format, Mode, Shard, WriteError, Writing, check_whole, is_shared,
};

use crate::PrepareError;
use crate::anomalies::item as anomalies;
use crate::preparation::Preparation;
use crate::stream::{item, pool};

impl Preparation {
    /// Writes the share of one of several writers, who need not run at once: chunks of states side by side, as many for
    /// each. What is done of it stays. [`Preparation::merge`] ends the store. For `threads` and `watch` see
    /// [`Preparation::write`].
    ///
    /// # Errors
    /// [`PrepareError`]: what cannot be read or written; a store that was begun from other data or keys.
    pub fn write_share(
        &self,
        path: &Path,
        shard: Shard,
        threads: usize,
        watch: &mut (dyn FnMut(usize) -> ControlFlow<()> + Send),
    ) -> Result<(), PrepareError> {
        let how = Writing {
            mode: Mode::Resume,
            format: Format::default(),
            compression: Compression::default(),
            shard: Some(shard),
        };
        pool(threads)?.install(|| {
            let store = self.create(path, how)?;
            store.expect(&self.items())?;
            let share = shard.share(self.blocks());
            let blocks = 0..self.blocks();
            let done: Vec<bool> = blocks
                .map(|block| !share.contains(&block) || store.is_done(&item(block)))
                .collect();
            self.stream(&store, &done, None, watch)
        })
    }

    /// Ends a store whose chunks several writers have written: takes statistics of the values as they are there, in the
    /// order of time, and writes anomalies. What results is that of one writer, byte for byte. Broken off, it is
    /// called again.
    ///
    /// # Errors
    /// [`WriteError::Incomplete`] naming chunks that are not done; a store that several writers did not begin;
    /// else as [`Preparation::write`].
    pub fn merge(
        &self,
        path: &Path,
        threads: usize,
        watch: &mut (dyn FnMut(usize) -> ControlFlow<()> + Send),
    ) -> Result<(), PrepareError> {
        if !is_shared(path) {
            let why = "is not a store that several writers began: there is nothing to merge";
            let (path, why) = (path.to_path_buf(), why.to_owned());
            return Err(WriteError::Plan { path, why }.into());
        }
        pool(threads)?.install(|| {
            let store = self.create(path, Mode::Resume)?;
            let missing = (0..self.blocks()).map(item);
            let missing: Vec<String> = missing.filter(|item| !store.is_done(item)).collect();
            if !missing.is_empty() {
                let planned = self.blocks();
                return Err(PrepareError::from(WriteError::Incomplete {
                    path: path.to_path_buf(),
                    done: planned - missing.len(),
                    planned,
                    missing: missing.into_iter().take(5).collect(),
                }));
            }
            check_whole(path, self.written().map(|label| &*label.name))?;
            self.write_here(path, Mode::Resume, watch)
        })
    }

    /// The chunks that a writer has to do.
    pub fn chunks_of_share(&self, shard: Shard) -> usize {
        shard.share(self.blocks()).len()
    }

    /// All that is marked before the store is whole.
    fn items(&self) -> Vec<String> {
        let end = if self.anomalies.is_empty() {
            0
        } else {
            self.blocks()
        };
        let blocks = (0..self.blocks()).map(item);
        let statistics = ["coordinates", "statistics"].map(str::to_owned);
        blocks
            .chain(statistics)
            .chain((0..end).map(anomalies))
            .collect()
    }
}
