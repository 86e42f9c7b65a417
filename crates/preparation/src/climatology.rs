//! The mean of each cell for each day of the year.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use ndarray::{Array2, ArrayView2};

/// Sums of one variable on one day of the year.
#[derive(Debug, Clone)]
struct Slab {
    sums: Vec<f64>,
    counts: Counts,
}

/// How many values each sum has.
#[derive(Debug, Clone)]
enum Counts {
    /// The same number: nothing was missing.
    Same(u32),
    Each(Vec<u32>),
}

/// Where slabs are kept.
#[derive(Debug)]
enum Shelf {
    Memory(Vec<Option<Slab>>),
    /// All of them in a file without a name, which ends with the process; and which are there.
    File(File, Vec<bool>),
}

/// Sums of each variable for each day of the year. States come in the order of time, so that only the slabs of one
/// day are at work; where all together take too much memory the others wait in a file.
#[derive(Debug)]
pub(crate) struct Climatology {
    shape: (usize, usize),
    days: usize,
    shelf: Shelf,
    /// The day at work, with a slab for each variable.
    open: Option<(usize, Vec<Slab>)>,
    variables: usize,
}

impl Climatology {
    /// Bytes a cell, variable and day, in a file, and in memory where values are missing.
    const BYTES: usize = size_of::<f64>() + size_of::<u32>();

    /// Bytes of all slabs in memory, where no value is missing.
    pub(crate) fn bytes(shape: (usize, usize), days: usize, variables: usize) -> usize {
        shape.0 * shape.1 * days * variables * size_of::<f64>()
    }

    /// Sums in memory where they fit into `memory` bytes, else in a file in `folder`.
    pub(crate) fn new(
        shape: (usize, usize),
        days: usize,
        variables: usize,
        memory: usize,
        folder: &Path,
    ) -> io::Result<Self> {
        let shelf = if Self::bytes(shape, days, variables) <= memory {
            Shelf::Memory(vec![None; days * variables])
        } else {
            Shelf::File(
                tempfile::tempfile_in(folder)?,
                vec![false; days * variables],
            )
        };
        Ok(Self {
            shape,
            days,
            shelf,
            open: None,
            variables,
        })
    }

    /// Takes up a state of one variable on a day of the year, from 0.
    pub(crate) fn add(
        &mut self,
        day: usize,
        variable: usize,
        state: &ArrayView2<'_, f32>,
    ) -> io::Result<()> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != day) {
            self.put_back()?;
            let slabs = (0..self.variables).map(|v| self.take(v * self.days + day));
            let slabs = slabs.collect::<io::Result<Vec<_>>>()?;
            self.open = Some((day, slabs));
        }
        if let Some((_, slabs)) = &mut self.open {
            let slab = &mut slabs[variable];
            slab.add(state);
        }
        Ok(())
    }

    /// The mean of one variable on one day; NaN where there was none.
    pub(crate) fn mean(&mut self, day: usize, variable: usize) -> io::Result<Array2<f32>> {
        self.put_back()?;
        let slab = self.take(variable * self.days + day)?;
        let values = match &slab.counts {
            Counts::Same(count) => slab.sums.iter().map(|sum| mean(*sum, *count)).collect(),
            Counts::Each(counts) => {
                let values = slab.sums.iter().zip(counts);
                values.map(|(sum, count)| mean(*sum, *count)).collect()
            }
        };
        Array2::from_shape_vec(self.shape, values).map_err(io::Error::other)
    }

    fn put_back(&mut self) -> io::Result<()> {
        let Some((day, slabs)) = self.open.take() else {
            return Ok(());
        };
        for (variable, slab) in slabs.into_iter().enumerate() {
            let place = variable * self.days + day;
            match &mut self.shelf {
                Shelf::Memory(slabs) => slabs[place] = Some(slab),
                Shelf::File(file, there) => {
                    file.seek(SeekFrom::Start(offset(self.shape, place)))?;
                    file.write_all(&slab.to_bytes())?;
                    there[place] = true;
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, place: usize) -> io::Result<Slab> {
        let cells = self.shape.0 * self.shape.1;
        let empty = || Slab {
            sums: vec![0.0; cells],
            counts: Counts::Same(0),
        };
        match &mut self.shelf {
            Shelf::Memory(slabs) => Ok(slabs[place].take().unwrap_or_else(empty)),
            Shelf::File(_, there) if !there[place] => Ok(empty()),
            Shelf::File(file, _) => {
                let mut bytes = vec![0; cells * Self::BYTES];
                file.seek(SeekFrom::Start(offset(self.shape, place)))?;
                file.read_exact(&mut bytes)?;
                Ok(Slab::from_bytes(&bytes, cells))
            }
        }
    }
}

fn offset(shape: (usize, usize), place: usize) -> u64 {
    (place * shape.0 * shape.1 * Climatology::BYTES) as u64
}

fn mean(sum: f64, count: u32) -> f32 {
    (sum / f64::from(count)) as f32
}

impl Slab {
    fn add(&mut self, state: &ArrayView2<'_, f32>) {
        let whole = state.fold(true, |whole, x| whole & !x.is_nan());
        match &mut self.counts {
            Counts::Same(count) if whole => {
                for (sum, &x) in self.sums.iter_mut().zip(state) {
                    *sum += f64::from(x);
                }
                *count += 1;
            }
            Counts::Same(count) => {
                self.counts = Counts::Each(vec![*count; self.sums.len()]);
                self.add(state);
            }
            Counts::Each(counts) => {
                for ((sum, count), &x) in self.sums.iter_mut().zip(counts).zip(state) {
                    let known = !x.is_nan();
                    *sum += if known { f64::from(x) } else { 0.0 };
                    *count += u32::from(known);
                }
            }
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let cells = self.sums.len();
        let mut bytes = vec![0; cells * Climatology::BYTES];
        let (sums, counts) = bytes.split_at_mut(cells * size_of::<f64>());
        for (to, x) in sums.as_chunks_mut::<8>().0.iter_mut().zip(&self.sums) {
            *to = x.to_ne_bytes();
        }
        for (k, to) in counts.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let count = match &self.counts {
                Counts::Same(count) => *count,
                Counts::Each(counts) => counts[k],
            };
            *to = count.to_ne_bytes();
        }
        bytes
    }

    fn from_bytes(bytes: &[u8], cells: usize) -> Self {
        let (sums, counts) = bytes.split_at(cells * size_of::<f64>());
        let (sums, counts) = (sums.as_chunks::<8>().0, counts.as_chunks::<4>().0);
        let counts: Vec<u32> = counts.iter().map(|b| u32::from_ne_bytes(*b)).collect();
        let first = counts.first().copied().unwrap_or(0);
        let same = counts.iter().all(|count| *count == first);
        Self {
            sums: sums.iter().map(|b| f64::from_ne_bytes(*b)).collect(),
            counts: if same {
                Counts::Same(first)
            } else {
                Counts::Each(counts)
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn a_file_gives_what_memory_gives() {
        let folder = tempfile::tempdir().unwrap();
        let made = |memory| {
            let mut sums = Climatology::new((2, 3), 5, 2, memory, folder.path()).unwrap();
            for k in 0..23usize {
                for variable in 0..2 {
                    let mut state = Array2::from_shape_fn((2, 3), |(j, i)| {
                        (k * 7 + variable * 3 + j * 2 + i) as f32
                    });
                    if k == 8 {
                        state[[1, 1]] = f32::NAN;
                    }
                    sums.add(k / 2 % 4, variable, &state.view()).unwrap();
                }
            }
            let all = (0..10).map(|k| sums.mean(k / 2, k % 2).unwrap());
            all.collect::<Vec<_>>()
        };
        let (memory, file) = (made(1 << 20), made(0));
        for (a, b) in memory.iter().zip(&file) {
            assert_eq!(a.mapv(f32::to_bits), b.mapv(f32::to_bits));
        }
        // day 0: k = 0 1 8 9 16 17, mean 8.5 times 7; one of them is missing in a cell
        assert_eq!(memory[0][[0, 0]], 59.5);
        assert_eq!(memory[0][[1, 1]], (43.0 * 7.0) / 5.0 + 3.0);
        assert!(memory[8][[0, 0]].is_nan(), "day 4 has no state");
    }
}
