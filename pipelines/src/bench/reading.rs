//! How fast states are read.

use super::{ROUNDS, ReadingRate, times};
use crate::config::RunConfig;
use anyhow::Result;
use foehn_dataset::{DataError, Series, Split};
use std::path::Path;
use std::time::Instant;

/// About how much is read in a round, if there is as much.
const BYTES: usize = 1 << 28;

/// The run's data, if all its files are there.
pub fn open_if_there(config: &RunConfig) -> Result<Option<Series>> {
    let there = config.data.path.as_slice().iter().all(|path| path.exists());
    let series = || Series::open(&config.data, Path::new(""));
    Ok(there.then(series).transpose()?)
}

/// Training states from the first on, decoded to 32-bit floats. The files are opened anew in every round, so that
/// nothing but the system remembers them; to open them is not counted.
pub fn rate(config: &RunConfig) -> Result<ReadingRate> {
    let mut read = (0, 0);
    let times = times(ROUNDS, || {
        let series = Series::open(&config.data, Path::new(""))?;
        let (channels, ny, nx) = series.shape();
        let size = 4 * channels * ny * nx;
        let range = series.range(Split::Train);
        let states = range.len().min((BYTES / size).max(1));
        let begin = Instant::now();
        for index in range.take(states) {
            series.frame(index)?;
        }
        read = (states, states * size);
        Ok::<_, DataError>(begin.elapsed().as_secs_f64())
    })?;
    let ((states, bytes), seconds) = (read, times[ROUNDS / 2]);
    Ok(ReadingRate {
        states,
        gb_per_second: 1e-9 * bytes as f64 / seconds,
        states_per_second: states as f64 / seconds,
    })
}
