//! Reads random windows of a store, `window_time STORE COUNT SEED`, and prints the seconds that it took.
//!
//! The other side of the comparison is `tests/benchmarks/windows_xarray.py`.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use foehn_dataset::{ByteSize, DataConfig, OneOrMany, Series, Split};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || {
        arguments
            .next()
            .ok_or("usage: window_time STORE COUNT SEED")
    };
    let (store, count, seed) = (next()?, next()?.parse::<usize>()?, next()?.parse::<u64>()?);
    let dates = |from: &str, to: &str| [from.to_owned(), to.to_owned()];
    let config = DataConfig {
        path: OneOrMany::One(store.into()),
        variables: vec!["t".to_owned()],
        step: "6 hours".to_owned(),
        train: dates("2000-01-01", "2002-06-01"),
        validation: dates("2002-06-02", "2002-08-01"),
        test: dates("2002-08-02", "2002-09-01"),
        memory: ByteSize(64 << 20),
        ..DataConfig::default()
    };
    let series = Series::open(&config, Path::new(""))?;
    let windows = series.windows(Split::Train, 1);
    // a linear congruential generator (Knuth, The Art of Computer Programming, volume 2, MMIX) is random enough
    let mut state = seed;
    let begin = Instant::now();
    for _ in 0..count {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let window = &windows[(state >> 33) as usize % windows.len()];
        black_box(series.frame(window.index)?);
        black_box(series.frame(window.index + series.stride())?);
    }
    println!("{}", begin.elapsed().as_secs_f64());
    Ok(())
}
