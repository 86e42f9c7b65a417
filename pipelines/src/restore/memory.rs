//! Tiles that fit the memory a run may use.

use anyhow::{Result, bail};
use foehn_dataset::ByteSize;
use foehn_network::Architecture;

/// The program and its libraries.
const PROGRAM: usize = 44 << 20;
/// Copies of the weights: as read, and in use.
const WEIGHTS: usize = 2;
/// Numbers of every value of all samples: drawn, collected, in the units of the file, written, and as pictures.
const HELD: usize = 6;
/// Numbers of every value of the sample that a worker draws: state, condition, velocity, noise and what steps leave.
const DRAWN: usize = 12;
/// Sides that are tried, largest first; the time of attention grows with the square of a tile's cells.
const SIDES: [usize; 6] = [256, 192, 128, 96, 64, 32];

/// What is restored at once.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Channels, rows and columns of a picture or field.
    pub size: [usize; 3],
    /// Samples of it.
    pub samples: usize,
    /// Samples that are drawn at the same time, one a worker.
    pub workers: usize,
}

/// The largest side of tiles that fits, with how far they overlap; none where the whole fits.
///
/// # Errors
/// If not even the smallest does.
pub fn tiles(
    architecture: &Architecture,
    load: Load,
    memory: ByteSize,
) -> Result<Option<[usize; 2]>> {
    let [c, h, w] = load.size;
    let values = size_of::<f32>() * c * h * w;
    let workers = load.workers.min(load.samples).max(1);
    let weights = WEIGHTS * size_of::<f32>() * architecture.parameter_count();
    let fixed = PROGRAM
        + weights
        + HELD * load.samples * values
        + workers * (architecture.buffer_bytes() + DRAWN * values);
    let needs = |h: usize, w: usize| (fixed + workers * architecture.call_bytes(h, w)) as u64;
    if needs(h, w) <= memory.0 {
        return Ok(None);
    }
    let mut smaller = SIDES.iter().filter(|side| **side < h.max(w));
    let fits = |side: &&usize| needs(h.min(**side), w.min(**side)) <= memory.0;
    match smaller.find(fits) {
        Some(side) => Ok(Some([*side, side / 4])),
        None => bail!(
            "--memory {memory}: {} samples of {h} x {w} cells need at least {}: ask for fewer --samples or --threads",
            load.samples,
            ByteSize(needs(h.min(32), w.min(32)))
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foehn_network::UNetConfig;

    #[test]
    fn less_memory_means_smaller_tiles_until_nothing_fits() {
        let config = UNetConfig {
            channels: vec![48, 96],
            attention: vec![],
            ..UNetConfig::default()
        };
        let unet = Architecture::UNet {
            config,
            inputs: 2,
            outputs: 1,
        };
        let load = Load {
            size: [1, 512, 512],
            samples: 8,
            workers: 2,
        };
        let side =
            |mib: u64| tiles(&unet, load, ByteSize(mib << 20)).map(|found| found.map(|t| t[0]));
        assert_eq!(side(1 << 20).unwrap(), None);
        let sides: Vec<usize> = [600, 400, 250, 200]
            .into_iter()
            .map(|mib| side(mib).unwrap().unwrap())
            .collect();
        assert!(
            sides.is_sorted_by(|a, b| a >= b) && sides[0] > sides[3],
            "{sides:?}"
        );
        let error = side(60).unwrap_err().to_string();
        assert!(
            error.contains("--memory 60 MiB") && error.contains("--samples"),
            "{error}"
        );
    }
}
