//! Tiles that fit the memory a run may use.

use super::apply::RestoreJob;
use super::drawing::{at_once, batch};
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

/// The memory of a run of which nobody says it. It is the same on every machine, since tiles depend on it, and samples on
/// tiles.
pub const USUAL: ByteSize = ByteSize(4 << 30);

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
    /// Whether the network goes on beyond an edge at the opposite one, along rows and along columns: such an axis is not
    /// cut.
    pub periodic: [bool; 2],
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
    // half of what is free is for one thread, and the other half for samples and more threads
    let all = usize::try_from(memory.0).unwrap_or(usize::MAX);
    let half = all.saturating_sub(fixed(0)) / 2;
    let parts = parts([h, w], load.periodic);
    let part = parts.iter().find(|(_, part)| worker(*part) <= half);
    let threads = part.map(|(_, part)| all.saturating_sub(fixed(load.held)) / worker(*part));
    match (part, threads) {
        (Some((tiles, _)), Some(threads)) if threads > 0 => Ok(Fit {
            tiles: *tiles,
            workers: threads.min(load.workers),
        }),
        _ => {
            let least = parts.last().map_or(0, |(_, part)| worker(*part));
            // where the samples take no more than half of it, any tiles that fit the other half leave room for them
            let enough = fixed(0) + 2 * least.max(fixed(load.held) - fixed(0));
            bail!(
                "{h} x {w} cells, of which {} values of samples are held at once, do not fit {memory}; {} will do: give that with \
                 --memory, or ask for fewer --samples",
                load.held,
                ByteSize(enough as u64)
            )
        }
    }
}

/// Side and overlap of tiles, if it is cut, and the part that a network sees at once.
type Part = (Option<[usize; 2]>, [usize; 2]);

/// How something of so many rows and columns may be seen, largest parts first.
fn parts([h, w]: [usize; 2], periodic: [bool; 2]) -> Vec<Part> {
    let may_cut = |side: usize| !(periodic[0] && h > side || periodic[1] && w > side);
    let sides = SIDES.iter().filter(|side| **side < h.max(w));
    let tiles = sides.filter(|side| may_cut(**side)).map(|side| {
        let part = [h.min(*side), w.min(*side)];
        (Some([*side, side / 4]), part)
    });
    [(None, [h, w])].into_iter().chain(tiles).collect()
}

/// The tiles of a picture or field, those asked for or the largest that fit the memory, and as many threads as do.
///
/// # Errors
/// If none do, or those asked for cannot be.
pub fn room(job: &RestoreJob, model: &Model, load: Load) -> Result<Fit> {
    if let Some(tiles) = job.tiles {
        refuse_seam(tiles, load)?;
        return Ok(Fit {
            tiles: Some(tiles),
            workers: load.workers,
        });
    }
    let memory = job.memory.unwrap_or(USUAL);
    fit(model.law.architecture(), load, memory)
}

/// How many fields are drawn before the next are begun, where the samples of one have so many values: these take at most a
/// quarter of the memory. No sample depends on it.
pub fn fields_at_once(job: &RestoreJob, values: usize) -> usize {
    let memory = job.memory.unwrap_or(USUAL).0 / 4;
    let most = memory as usize / (HELD * size_of::<f32>() * values.max(1));
    at_once(values).min(most).max(1)
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
fn refuse_seam([side, _]: [usize; 2], load: Load) -> Result<()> {
    let [_, h, w] = load.size;
    let [y, x] = load.periodic;
    for (axis, periodic, cells) in [("y", y, h), ("x", x, w)] {
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
            periodic: [false; 2],
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
            error.contains("do not fit 60 MiB") && error.contains("--samples"),
            "{error}"
        );
        // what an error asks for is enough
        let needed = error.split("; ").nth(1).unwrap();
        let needed: ByteSize = needed.split(" will do").next().unwrap().parse().unwrap();
        fit(&unet, load(8, 2), needed).unwrap();
    }

    #[test]
    fn large_pictures_are_cut_unless_the_network_goes_around_them() {
        let config = UNetConfig {
            channels: vec![48, 96],
            attention: vec![],
            ..UNetConfig::default()
        };
        let unet = Architecture::UNet {
            config,
            inputs: 6,
            outputs: 3,
        };
        let load = |side: usize, samples: usize, periodic: [bool; 2]| Load {
            size: [3, side, side],
            held: samples * 3 * side * side,
            kept: 0,
            workers: 2,
            periodic,
        };
        let tiles = |load| Ok::<_, anyhow::Error>(fit(&unet, load, USUAL)?.tiles);
        assert_eq!(tiles(load(512, 8, [false; 2])).unwrap(), None);
        assert_eq!(tiles(load(2048, 8, [false; 2])).unwrap(), Some([256, 64]));
        assert_eq!(parts([64, 300], [false, true]).len(), 1);
        assert_eq!(parts([64, 300], [true, false])[1].0, Some([256, 64]));
        let error = tiles(load(2048, 8, [true; 2])).unwrap_err().to_string();
        assert!(error.contains("do not fit 4 GiB"), "{error}");
    }
}
