//! Independent pieces of work, side by side.

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Threads that each run whole pieces of work.
///
/// Every worker owns a pool of one thread, which also takes the parallel loops inside tensor
/// operations. A piece is therefore computed the same way on any machine, and small networks, whose
/// single operations are too small to share, still use every core.
pub struct Workers {
    pools: Vec<ThreadPool>,
}

impl Workers {
    /// `count` workers; zero asks for one a core.
    ///
    /// # Errors
    /// If the system refuses the threads.
    pub fn new(count: usize) -> Result<Self, ThreadPoolBuildError> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let count = if count == 0 { cores() } else { count };
        Self::of_threads(count, 1)
    }

    /// `count` workers of `threads` threads each, for pieces that are large: the loops inside tensor
    /// operations are shared among the threads of a worker. Pieces and memory at once are fewer than
    /// with as many workers as threads.
    ///
    /// # Errors
    /// If the system refuses the threads.
    pub fn of_threads(count: usize, threads: usize) -> Result<Self, ThreadPoolBuildError> {
        let pool = |i| {
            ThreadPoolBuilder::new()
                .num_threads(threads)
                .thread_name(move |_| format!("worker {i}"))
                .build()
        };
        let pools = (0..count).map(pool).collect::<Result<_, _>>()?;
        Ok(Self { pools })
    }

    /// The number of workers.
    pub fn count(&self) -> usize {
        self.pools.len()
    }

    /// `work(i)` for `i` in `0..pieces`, in order of `i`, each piece on the first free worker.
    ///
    /// The first error (by piece) is returned; pieces not begun by then are not begun.
    ///
    /// # Errors
    /// As `work`.
    pub fn map<T, E, F>(&self, pieces: usize, work: F) -> Result<Vec<T>, E>
    where
        T: Send,
        E: Send,
        F: Fn(usize) -> Result<T, E> + Sync,
    {
        let mut results = Vec::with_capacity(pieces);
        self.map_in_order(pieces, work, |result| results.push(result))?;
        Ok(results)
    }

    /// As [`Workers::map`], but `take` is handed each result, in order of `i`, as soon as it was handed those before it:
    /// only results that came too early wait.
    ///
    /// ```
    /// let workers = foehn_compute::Workers::new(2)?;
    /// let mut digits = String::new();
    /// workers.map_in_order(4, |i| Ok::<_, ()>(i * i), |square| digits += &square.to_string()).unwrap();
    /// assert_eq!(digits, "0149");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As `work`.
    pub fn map_in_order<T, E, F, G>(&self, pieces: usize, work: F, take: G) -> Result<(), E>
    where
        T: Send,
        E: Send,
        F: Fn(usize) -> Result<T, E> + Sync,
        G: FnMut(T) + Send,
    {
        let next = AtomicUsize::new(0);
        let queue = Mutex::new(Queue::new(take));
        let toil = || {
            loop {
                let piece = next.fetch_add(1, Ordering::Relaxed);
                if piece >= pieces {
                    return;
                }
                let result = work(piece);
                if result.is_err() {
                    next.store(pieces, Ordering::Relaxed);
                }
                if let Ok(mut queue) = queue.lock() {
                    queue.put(piece, result);
                }
            }
        };
        std::thread::scope(|scope| {
            for pool in &self.pools {
                scope.spawn(|| pool.install(toil));
            }
        });
        let queue = queue.into_inner().unwrap_or_else(PoisonError::into_inner);
        queue.error.map_or(Ok(()), |(_, error)| Err(error))
    }
}

/// Results on their way to whoever takes them in order.
struct Queue<T, E, G> {
    take: G,
    /// The piece that is taken next, and those that came before it was.
    next: usize,
    early: BTreeMap<usize, T>,
    /// That of the first piece that failed.
    error: Option<(usize, E)>,
}

impl<T, E, G: FnMut(T)> Queue<T, E, G> {
    fn new(take: G) -> Self {
        Self {
            take,
            next: 0,
            early: BTreeMap::new(),
            error: None,
        }
    }

    fn put(&mut self, piece: usize, result: Result<T, E>) {
        match result {
            Ok(result) => {
                self.early.insert(piece, result);
            }
            Err(error) => {
                if self.error.as_ref().is_none_or(|(first, _)| piece < *first) {
                    self.error = Some((piece, error));
                }
            }
        }
        while let Some(result) = self.early.remove(&self.next) {
            (self.take)(result);
            self.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_whatever_the_number_of_workers() {
        for count in [1, 2, 5] {
            let workers = Workers::new(count).unwrap();
            let squares = workers.map(100, |i| Ok::<_, ()>(i * i)).unwrap();
            assert_eq!(squares, (0..100).map(|i| i * i).collect::<Vec<_>>());
        }
    }

    #[test]
    fn results_are_taken_in_order_though_they_come_in_another() {
        let workers = Workers::new(2).unwrap();
        let mut taken = Vec::new();
        let slow_first = |i: usize| {
            std::thread::sleep(std::time::Duration::from_millis(if i == 0 {
                20
            } else {
                0
            }));
            Ok::<_, ()>(i)
        };
        workers
            .map_in_order(50, slow_first, |i| taken.push(i))
            .unwrap();
        assert_eq!(taken, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn the_first_error_ends_the_work() {
        let workers = Workers::new(2).unwrap();
        let begun = AtomicUsize::new(0);
        let result = workers.map(1000, |i| {
            begun.fetch_add(1, Ordering::Relaxed);
            if i == 3 { Err(i) } else { Ok(i) }
        });
        assert_eq!(result, Err(3));
        assert!(begun.into_inner() < 1000);
    }

    #[test]
    fn loops_inside_a_piece_are_shared_by_the_threads_of_its_worker() {
        let workers = Workers::of_threads(2, 3).unwrap();
        assert_eq!(workers.count(), 2);
        let threads = workers.map(2, |_| Ok::<_, ()>(rayon::current_num_threads()));
        assert_eq!(threads, Ok(vec![3, 3]));
    }

    #[test]
    fn loops_inside_a_piece_stay_on_its_thread() {
        let workers = Workers::new(3).unwrap();
        let threads = workers.map(3, |_| Ok::<_, ()>(rayon::current_num_threads()));
        assert_eq!(threads, Ok(vec![1, 1, 1]));
    }
}
