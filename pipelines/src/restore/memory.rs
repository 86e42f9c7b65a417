//! Tiles that fit the memory a run may use.

use super::apply::RestoreJob;
use super::drawing::batch;
use super::folder::Model;
use anyhow::{Result, bail};
use foehn_compute::Workers;
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
    /// Values of all samples that are held at once.
    pub held: usize,
    /// Bytes of what was read and is kept.
    pub kept: usize,
    /// Threads that may draw at the same time.
    pub workers: usize,
}

/// How a run keeps within its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Side of the tiles and how far they overlap; none where the whole fits. It depends on the size, the network and the
    /// memory alone, since samples depend on it.
    pub tiles: Option<[usize; 2]>,
    /// Threads that draw at the same time.
    pub workers: usize,
}

/// The largest tiles that fit, and as many threads as then do.
///
/// # Errors
/// If not even the smallest does.
pub fn fit(architecture: &Architecture, load: Load, memory: ByteSize) -> Result<Fit> {
    let [c, h, w] = load.size;
    let values = c * h * w;
    let weights = WEIGHTS * size_of::<f32>() * architecture.parameter_count();
    let fixed = |held: usize| PROGRAM + weights + load.kept + HELD * size_of::<f32>() * held;
    // small pictures pass through the network together
    let drawn = batch([h, w]);
    let worker = |[h, w]: [usize; 2]| {
        architecture.buffer_bytes()
            + drawn * (DRAWN * size_of::<f32>() * values + architecture.call_bytes(h, w))
    };
    let cut = |side: usize| [h.min(side), w.min(side)];
    // half of what is free is for one thread, and the other half for samples and more threads
    let half = (memory.0 as usize).saturating_sub(fixed(0)) / 2;
    let fits = |part: [usize; 2]| worker(part) <= half;
    let whole = fits([h, w]).then_some(None);
    let mut smaller = SIDES.iter().filter(|side| **side < h.max(w));
    let tiles = whole.or_else(|| smaller.find(|side| fits(cut(**side))).map(Some));
    let part = match tiles {
        Some(None) => Some([h, w]),
        Some(Some(side)) => Some(cut(*side)),
        None => None,
    };
    let room = |part| (memory.0 as usize).saturating_sub(fixed(load.held)) / worker(part);
    match (tiles, part.map(room)) {
        (Some(tiles), Some(workers)) if workers > 0 => Ok(Fit {
            tiles: tiles.map(|side| [*side, side / 4]),
            workers: workers.min(load.workers),
        }),
        _ => bail!(
            "--memory {memory}: {h} x {w} cells, of which {} values of samples are held at once, need at least {}: give that \
             or ask for fewer --samples",
            load.held,
            ByteSize((fixed(0) + 2 * worker(cut(32)).max(fixed(load.held) - fixed(0))) as u64)
        ),
    }
}

/// The tiles of a picture or field, those asked for or the largest that fit the memory, and as many threads as do.
///
/// # Errors
/// If none do.
pub fn room(job: &RestoreJob, model: &Model, load: Load) -> Result<Fit> {
    match (job.tiles, job.memory) {
        (None, Some(memory)) => fit(model.law.architecture(), load, memory),
        (tiles, _) => Ok(Fit {
            tiles,
            workers: load.workers,
        }),
    }
}

/// Fewer threads, where memory is short.
///
/// # Errors
/// If the system refuses them.
pub fn fewer(room: Fit, workers: &Workers) -> Result<Option<Workers>> {
    let fewer = (room.workers < workers.count()).then(|| Workers::new(room.workers));
    Ok(fewer.transpose()?)
}

/// Refuses tiles of a network that goes on beyond an edge at the opposite one: those of a tile are not neighbours.
///
/// # Errors
/// If it does, along an axis that is cut.
pub fn refuse_seam(model: &Model, tiles: Option<[usize; 2]>, size: [usize; 2]) -> Result<()> {
    let Some([side, _]) = tiles else {
        return Ok(());
    };
    let [y, x] = model.config.network.periodic();
    for (axis, periodic, cells) in [("y", y, size[0]), ("x", x, size[1])] {
        if periodic && cells > side {
            bail!(
                "tiles of {side} cells: the network is periodic along {axis}, where there are {cells} cells, and the edges of \
                 a tile are no neighbours: restore it whole, or train with network.unet.padding.{axis} = \"zero\""
            );
        }
    }
    Ok(())
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
        let load = |samples: usize, workers: usize| Load {
            size: [1, 512, 512],
            held: samples * 512 * 512,
            kept: 0,
            workers,
        };
        let fits = |mib: u64| fit(&unet, load(8, 2), ByteSize(mib << 20));
        let side = |mib: u64| fits(mib).map(|found| found.tiles.map(|tiles| tiles[0]));
        assert_eq!(side(1 << 20).unwrap(), None);
        let sides: Vec<usize> = [900, 600, 400, 300]
            .into_iter()
            .map(|mib| side(mib).unwrap().unwrap_or(512))
            .collect();
        assert!(
            sides.is_sorted_by(|a, b| a >= b) && sides[0] > sides[3],
            "{sides:?}"
        );
        // samples depend on the tiles, and tiles neither on the threads nor on how many samples there are
        for (samples, workers) in [(1, 1), (2, 16), (8, 1)] {
            let other = fit(&unet, load(samples, workers), ByteSize(400 << 20)).unwrap();
            assert_eq!(other.tiles, fits(400).unwrap().tiles);
            assert!((1..=workers).contains(&other.workers));
        }
        let error = side(60).unwrap_err().to_string();
        assert!(
            error.contains("--memory 60 MiB") && error.contains("--samples"),
            "{error}"
        );
    }
}
