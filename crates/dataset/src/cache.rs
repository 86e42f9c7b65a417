//! Blocks of states that were read, the least recently used forgotten first.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Frame;

/// The states of one block.
pub(crate) type Block = Arc<Vec<Arc<Frame>>>;

/// Blocks up to a number of bytes; those that somebody still holds live on outside.
#[derive(Debug)]
pub(crate) struct Cache {
    cap: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Block, bytes, and when it was used last.
    blocks: HashMap<usize, (Block, usize, u64)>,
    /// Blocks by when they were used last.
    order: BTreeMap<u64, usize>,
    bytes: usize,
    clock: u64,
}

impl Cache {
    pub(crate) fn new(cap: usize) -> Self {
        Self {
            cap,
            kept: Mutex::default(),
        }
    }

    pub(crate) fn get(&self, number: usize) -> Option<Block> {
        let mut kept = self.lock();
        let kept = &mut *kept;
        kept.clock += 1;
        let (block, _, used) = kept.blocks.get_mut(&number)?;
        kept.order.remove(used);
        kept.order.insert(kept.clock, number);
        *used = kept.clock;
        Some(Arc::clone(block))
    }

    /// Keeps a block and forgets others until the cap holds; a block larger than the cap stays alone.
    pub(crate) fn put(&self, number: usize, block: Block, bytes: usize) {
        let mut kept = self.lock();
        let kept = &mut *kept;
        kept.clock += 1;
        if let Some((_, before, used)) = kept.blocks.insert(number, (block, bytes, kept.clock)) {
            kept.bytes -= before;
            kept.order.remove(&used);
        }
        kept.order.insert(kept.clock, number);
        kept.bytes += bytes;
        while kept.bytes > self.cap && kept.blocks.len() > 1 {
            let Some((_, oldest)) = kept.order.pop_first() else {
                break;
            };
            if let Some((_, bytes, _)) = kept.blocks.remove(&oldest) {
                kept.bytes -= bytes;
            }
        }
    }

    /// A thread that panicked while it held the lock left whole blocks behind.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_block_goes_first_and_the_cap_holds() {
        let cache = Cache::new(300);
        let block = || Arc::new(Vec::new());
        for number in 0..3 {
            cache.put(number, block(), 100);
        }
        assert!(cache.get(0).is_some());
        cache.put(3, block(), 100);
        assert!(cache.get(1).is_none());
        assert!(cache.get(0).is_some() && cache.get(2).is_some() && cache.get(3).is_some());
        cache.put(4, block(), 1000);
        assert!(cache.get(4).is_some() && cache.get(3).is_none());
        assert_eq!(cache.lock().bytes, 1000);
    }
}
