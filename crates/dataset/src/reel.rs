//! The states of a series in their files, read in blocks of times.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use foehn_field::{Attributes, Grid, TimeAxis};
use ndarray::{Array2, Array3, Axis};

use crate::join::{Track, join};
use crate::quality::{Origin, admit};
use crate::source::{Slab, Source};
use crate::{DataConfig, DataError, Frame, Missing};

/// Bytes of a block: few enough that one forecast does not read a whole series, and that HDF5, which keeps an
/// object for every chunk of a selection, stays small.
const BLOCK: usize = 512 << 10;

/// Bytes of a block where memory does not hold all states: random windows use few of a block before it is forgotten.
const SMALL_BLOCK: usize = 64 << 10;

/// Files, joined along time and over variables.
#[derive(Debug)]
pub(crate) struct Reel {
    sources: Vec<Source>,
    tracks: Vec<Track>,
    pub(crate) times: TimeAxis,
    missing: Missing,
    /// Positions in time that are read together.
    blocks: Vec<Range<usize>>,
}

impl Reel {
    pub(crate) fn open(config: &DataConfig, paths: &[PathBuf]) -> Result<Self, DataError> {
        let (sources, tracks, times) = join(paths, &config.variables)?;
        let missing = config.missing;
        let blocks = Vec::new();
        let mut reel = Self {
            sources,
            tracks,
            times,
            missing,
            blocks,
        };
        reel.blocks = reel.plan(usize::try_from(config.memory.0).unwrap_or(usize::MAX));
        Ok(reel)
    }

    /// Any file: they share the grid.
    pub(crate) fn first(&self) -> &Source {
        &self.sources[0]
    }

    pub(crate) fn grid(&self) -> &Grid {
        &self.first().grid
    }

    /// Bytes of one state in memory.
    pub(crate) fn frame_bytes(&self) -> usize {
        let (ny, nx) = self.grid().shape();
        let mask = usize::from(self.missing == Missing::Mask);
        self.tracks.len() * ny * nx * (size_of::<f32>() + mask)
    }

    pub(crate) fn attributes(&self, channel: usize) -> Attributes {
        let track = &self.tracks[channel];
        let first = track.parts.first();
        first
            .map(|(source, _)| self.sources[*source].attributes(&track.name))
            .unwrap_or_default()
    }

    /// The block that holds a position in time, and where it begins and ends.
    pub(crate) fn block_of(&self, index: usize) -> Option<(usize, Range<usize>)> {
        let block = self.blocks.partition_point(|range| range.end <= index);
        let range = self.blocks.get(block)?;
        Some((block, range.clone()))
    }

    /// Cuts the axis where a file ends, then into pieces of whole chunks that fit the memory several times.
    fn plan(&self, memory: usize) -> Vec<Range<usize>> {
        let frame = self.frame_bytes().max(1);
        let layouts = self
            .sources
            .iter()
            .flat_map(|source| source.layouts.values());
        let chunk = layouts.map(|layout| layout.chunk).max().unwrap_or(1);
        let block = if frame.saturating_mul(self.times.len()) <= memory {
            BLOCK
        } else {
            SMALL_BLOCK
        };
        let length = (block / frame).max(1).next_multiple_of(chunk);
        let length = length.min(memory / 4 / frame).max(1);
        let parts = self.tracks.iter().flat_map(|track| &track.parts);
        let mut cuts: Vec<usize> = parts
            .flat_map(|(_, range)| [range.start, range.end])
            .collect();
        cuts.sort_unstable();
        cuts.dedup();
        let pieces = cuts.windows(2).map(|cut| cut[0]..cut[1]);
        pieces
            .flat_map(|piece| {
                let end = piece.end;
                piece
                    .step_by(length)
                    .map(move |start| start..(start + length).min(end))
            })
            .collect()
    }

    /// Reads a block that lies within one file of every variable.
    pub(crate) fn read(&self, block: &Range<usize>) -> Result<Vec<Arc<Frame>>, DataError> {
        let (ny, nx) = self.grid().shape();
        let shape = (self.tracks.len(), ny, nx);
        let empty = || Frame {
            values: Array3::zeros(shape),
            missing: None,
        };
        let mut frames: Vec<Frame> = block.clone().map(|_| empty()).collect();
        for (channel, track) in self.tracks.iter().enumerate() {
            let slab = self.slab(track, block)?;
            for (at, frame) in frames.iter_mut().enumerate() {
                let values = slab.values.index_axis(Axis(0), at);
                frame
                    .values
                    .index_axis_mut(Axis(0), channel)
                    .assign(&values);
                let Some(mask) = slab
                    .missing
                    .as_ref()
                    .map(|mask| mask.index_axis(Axis(0), at))
                else {
                    continue;
                };
                if mask.iter().any(|m| *m) {
                    let whole = frame
                        .missing
                        .get_or_insert_with(|| Array3::from_elem(shape, false));
                    whole.index_axis_mut(Axis(0), channel).assign(&mask);
                }
            }
        }
        Ok(frames.into_iter().map(Arc::new).collect())
    }

    fn slab(&self, track: &Track, block: &Range<usize>) -> Result<Slab, DataError> {
        let part = track
            .parts
            .partition_point(|(_, range)| range.end <= block.start);
        let lost = || DataError::NoState {
            index: block.start,
            count: self.times.len(),
        };
        let (number, range) = track.parts.get(part).ok_or_else(lost)?;
        let source = &self.sources[*number];
        let mut slab = source.read(
            &track.name,
            &(block.start - range.start..block.end - range.start),
        )?;
        let origin = Origin {
            file: source.path(),
            variable: &track.name,
            calendar: self.times.calendar,
            instants: &self.times.instants[block.clone()],
            grid: self.grid(),
        };
        admit(&mut slab, self.missing, &origin)?;
        Ok(slab)
    }

    /// A variable without time, from the first file that has it; NaN where missing.
    pub(crate) fn read_static(&self, name: &str) -> Result<Array2<f32>, DataError> {
        for source in &self.sources {
            let Some(mut slab) = source.read_static(name)? else {
                continue;
            };
            let origin = Origin {
                file: source.path(),
                variable: name,
                calendar: self.times.calendar,
                instants: &[],
                grid: self.grid(),
            };
            admit(&mut slab, self.missing, &origin)?;
            return Ok(slab.values.index_axis_move(Axis(0), 0));
        }
        Err(self.first().lacks(name))
    }
}
