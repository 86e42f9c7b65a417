//! The mean of each cell for each day of the year.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ndarray::{Array3, ArrayView2};

use crate::day_sums::{Counts, Slab, add, from_bytes, mean, to_bytes};
use crate::room::Room;

/// Where the sums are kept.
#[derive(Debug)]
enum Shelf {
    /// Day after day.
    Memory(Room, Vec<Counts>),
    /// In a file without a name, which ends with the process; and which days are there.
    File(Mutex<File>, Vec<bool>),
}

/// Sums of one variable for each day of the year. States come in the order of time, so that only one day is at work;
/// where all together take too much memory the others wait in a file.
#[derive(Debug)]
pub(crate) struct Climatology {
    shape: (usize, usize),
    days: usize,
    shelf: Shelf,
    /// The day of a file that is at work.
    open: Option<(usize, Vec<f64>, Counts)>,
}

impl Climatology {
    /// Bytes a cell and day in a file, and in memory where values are missing.
    const BYTES: usize = size_of::<f64>() + size_of::<u32>();

    /// Bytes of all sums in memory, where no value is missing.
    pub(crate) fn bytes(shape: (usize, usize), days: usize) -> usize {
        shape.0 * shape.1 * days * size_of::<f64>()
    }

    /// Sums in memory where they fit into `memory` bytes, else in a file in `folder`.
    pub(crate) fn new(
        shape: (usize, usize),
        days: usize,
        memory: usize,
        folder: &Path,
    ) -> io::Result<Self> {
        let shelf = if Self::bytes(shape, days) <= memory {
            let room = Room::of(shape.0 * shape.1 * days)?;
            Shelf::Memory(room, vec![Counts::Same(0); days])
        } else {
            let file = tempfile::tempfile_in(folder)?;
            Shelf::File(Mutex::new(file), vec![false; days])
        };
        Ok(Self {
            shape,
            days,
            shelf,
            open: None,
        })
    }

    fn cells(&self) -> usize {
        self.shape.0 * self.shape.1
    }

    /// Takes up a state on a day of the year, from 0.
    pub(crate) fn add(&mut self, day: usize, state: &ArrayView2<'_, f32>) -> io::Result<()> {
        let state = state.as_standard_layout();
        let state = state.as_slice().unwrap_or_default();
        let cells = self.cells();
        if let Shelf::Memory(room, counts) = &mut self.shelf {
            let sums = &mut room.values_mut()[day * cells..][..cells];
            add(sums, &mut counts[day], state);
            return Ok(());
        }
        if self.open.as_ref().is_none_or(|(open, ..)| *open != day) {
            self.settle()?;
            let slab = self.slab(day)?;
            let (sums, counts) = (slab.sums.into_owned(), slab.counts.into_owned());
            self.open = Some((day, sums, counts));
        }
        if let Some((_, sums, counts)) = &mut self.open {
            add(sums, counts, state);
        }
        Ok(())
    }

    /// Puts the day at work back: to be called when the last state is taken up.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        let place = self.open.as_ref().map(|(day, ..)| self.offset(*day));
        let (Some((day, sums, counts)), Some(place)) = (self.open.take(), place) else {
            return Ok(());
        };
        if let Shelf::File(file, there) = &mut self.shelf {
            let file = file.get_mut().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(place))?;
            file.write_all(&to_bytes(&sums, &counts))?;
            there[day] = true;
        }
        Ok(())
    }

    /// The means of some days, (day, y, x); NaN where there was no value.
    pub(crate) fn means(&self, days: Range<usize>) -> io::Result<Array3<f32>> {
        let mut means = Vec::with_capacity(days.len() * self.cells());
        for day in days.clone() {
            let Slab { sums, counts } = self.slab(day)?;
            match counts.as_ref() {
                Counts::Same(count) => means.extend(sums.iter().map(|sum| mean(*sum, *count))),
                Counts::Each(counts) => {
                    let each = sums.iter().zip(counts);
                    means.extend(each.map(|(sum, count)| mean(*sum, *count)));
                }
            }
        }
        self.cube(days.len(), means)
    }

    /// The mean over `window` days to either side of each day (over the turn of the year too), every value weighing the
    /// same: told to `take` in parts of some days.
    pub(crate) fn each_window<E>(
        &self,
        window: usize,
        part: usize,
        mut take: impl FnMut(usize, Array3<f32>) -> Result<(), E>,
    ) -> io::Result<Result<(), E>> {
        let window = window.min((self.days - 1) / 2);
        let mut sums = vec![0.0; self.cells()];
        let mut counts = vec![0; self.cells()];
        let around = |day: usize, back: usize| (day + self.days - back) % self.days;
        for k in 0..=2 * window {
            self.slab(around(k, window))?
                .add_to(&mut sums, &mut counts, 1.0);
        }
        let mut means = Vec::new();
        for day in 0..self.days {
            if day > 0 {
                let (gone, come) = (around(day - 1, window), (day + window) % self.days);
                self.slab(gone)?.add_to(&mut sums, &mut counts, -1.0);
                self.slab(come)?.add_to(&mut sums, &mut counts, 1.0);
            }
            let each = sums.iter().zip(&counts);
            means.extend(each.map(|(sum, count)| mean(*sum, *count)));
            if (day + 1).is_multiple_of(part) || day + 1 == self.days {
                let start = day / part * part;
                let taken = take(
                    start,
                    self.cube(day + 1 - start, std::mem::take(&mut means))?,
                );
                if taken.is_err() {
                    return Ok(taken);
                }
            }
        }
        Ok(Ok(()))
    }

    fn cube(&self, days: usize, values: Vec<f32>) -> io::Result<Array3<f32>> {
        let shape = (days, self.shape.0, self.shape.1);
        Array3::from_shape_vec(shape, values).map_err(io::Error::other)
    }

    fn offset(&self, day: usize) -> u64 {
        (day * self.cells() * Self::BYTES) as u64
    }

    fn slab(&self, day: usize) -> io::Result<Slab<'_>> {
        let cells = self.cells();
        match &self.shelf {
            Shelf::Memory(room, counts) => Ok(Slab {
                sums: Cow::Borrowed(&room.values()[day * cells..][..cells]),
                counts: Cow::Borrowed(&counts[day]),
            }),
            Shelf::File(_, there) if !there[day] => Ok(Slab {
                sums: Cow::Owned(vec![0.0; cells]),
                counts: Cow::Owned(Counts::Same(0)),
            }),
            Shelf::File(file, _) => {
                let mut bytes = vec![0; cells * Self::BYTES];
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(self.offset(day)))?;
                file.read_exact(&mut bytes)?;
                Ok(from_bytes(&bytes, cells))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis};

    use super::*;

    fn filled(memory: usize) -> Climatology {
        let folder = tempfile::tempdir().unwrap();
        let mut sums = Climatology::new((2, 3), 5, memory, folder.path()).unwrap();
        for k in 0..23usize {
            let mut state = Array2::from_shape_fn((2, 3), |(j, i)| (k * 7 + j * 2 + i) as f32);
            if k == 8 {
                state[[1, 1]] = f32::NAN;
            }
            sums.add(k / 2 % 4, &state.view()).unwrap();
        }
        sums.settle().unwrap();
        sums
    }

    fn windows(of: &Climatology, window: usize) -> Vec<Array2<f32>> {
        let mut all = Vec::new();
        let take = |start: usize, part: Array3<f32>| {
            assert_eq!(start, all.len());
            all.extend(part.axis_iter(Axis(0)).map(|mean| mean.to_owned()));
            Ok::<_, io::Error>(())
        };
        of.each_window(window, 2, take).unwrap().unwrap();
        all
    }

    #[test]
    fn a_file_gives_what_memory_gives() {
        let (memory, file) = (filled(1 << 20), filled(0));
        let bits = |of: &Climatology| of.means(0..5).unwrap().mapv(f32::to_bits);
        assert_eq!(bits(&memory), bits(&file));
        for window in [0, 1, 9] {
            for (a, b) in windows(&memory, window).iter().zip(&windows(&file, window)) {
                assert_eq!(a.mapv(f32::to_bits), b.mapv(f32::to_bits));
            }
        }
        let means = memory.means(0..5).unwrap();
        // day 0: k = 0 1 8 9 16 17, mean 8.5 times 7; one of them is missing in a cell
        assert_eq!(means[[0, 0, 0]], 59.5);
        assert_eq!(means[[0, 1, 1]], (43.0 * 7.0) / 5.0 + 3.0);
        assert!(means[[4, 0, 0]].is_nan(), "day 4 has no state");
    }

    #[test]
    fn windows_weigh_every_value_the_same_and_go_round_the_year() {
        let sums = filled(1 << 20);
        let alone = windows(&sums, 0);
        assert_eq!(
            alone[0],
            sums.means(0..1).unwrap().index_axis_move(Axis(0), 0)
        );
        assert!(alone[4].iter().all(|x| x.is_nan()));
        // around day 0: day 4 has nothing, day 0 has k = 0 1 8 9 16 17, day 1 has 2 3 10 11 18 19
        let around = windows(&sums, 1);
        assert_eq!(around[0][[0, 0]], 7.0 * (51.0 + 63.0) / 12.0);
        assert_eq!(around[0][[1, 1]], 7.0 * (43.0 + 63.0) / 11.0 + 3.0);
        // the longest window holds every day, whatever it is asked for
        assert_eq!(windows(&sums, 400)[3][[0, 0]], 77.0);
    }
}
