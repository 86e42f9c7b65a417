//! The parts in which the input is read, and the memory that they take.

use std::ops::Range;

use crate::climatology::Climatology;
use crate::join::Part;
use crate::moments::Moments;
use crate::preparation::Preparation;
use crate::statistics::days_in;

/// Bytes that are read at a time where stored chunks allow it: with what is made of them they stay in a processor's cache.
const PART_BYTES: usize = 1 << 20;

impl Preparation {
    /// Bytes of the values of one input state, as read.
    fn state_bytes(&self) -> usize {
        let (ny, nx) = self.region.grid.shape();
        let planes: usize = self.levels.iter().map(|levels| levels.len().max(1)).sum();
        4 * planes * ny * nx
    }

    /// The parts in which the input of some chunks is read: no part lies in two files.
    pub(crate) fn input_parts(&self, blocks: Range<usize>) -> Vec<Range<usize>> {
        let (first, last) = (
            self.block(blocks.start).start,
            self.block(blocks.end - 1).end,
        );
        let inputs = self.steps[first].inputs.start..self.steps[last - 1].inputs.end;
        let tracks = self.joined.tracks.iter();
        let mut cuts: Vec<usize> = tracks
            .flat_map(|t| t.parts.iter().map(|part| part.axis.start))
            .collect();
        cuts.push(inputs.start);
        cuts.push(inputs.end);
        cuts.retain(|cut| inputs.contains(cut) || *cut == inputs.end);
        cuts.sort_unstable();
        cuts.dedup();
        let in_file = cuts.windows(2).map(|cut| cut[0]..cut[1]);
        let cut = |part: Range<usize>| {
            let (longest, end) = (self.longest(part.start), part.end);
            // every part but the first begins where a stored chunk may begin
            let first = part.start + longest - self.place(part.start) % longest;
            let mut ends: Vec<usize> = (first..end).step_by(longest).collect();
            ends.push(end);
            let mut start = part.start;
            ends.into_iter()
                .map(move |end| std::mem::replace(&mut start, end)..end)
        };
        in_file.flat_map(cut).collect()
    }

    /// The part of the first variable that holds an input state.
    fn part(&self, state: usize) -> Option<&Part> {
        let parts = &self.joined.tracks.first()?.parts;
        parts.iter().find(|part| part.axis.contains(&state))
    }

    /// The place of an input state in its file.
    fn place(&self, state: usize) -> usize {
        self.part(state)
            .map_or(0, |part| part.offset + state - part.axis.start)
    }

    /// States that are read at a time: whole stored chunks, as many as fit into a cache, within the memory.
    fn longest(&self, state: usize) -> usize {
        let stride = self
            .part(state)
            .map_or(1, |part| self.joined.variable(part).stride);
        let bytes = self.state_bytes().max(1);
        // while one part is read and unpacked, another is worked on: about ten copies in all
        let most = (self.memory() / 10 / bytes).max(1);
        match (PART_BYTES / bytes).max(1).next_multiple_of(stride) {
            whole if whole <= most => whole,
            _ if stride <= most => stride,
            _ => most,
        }
    }

    /// Memory for the sums of the climatology.
    pub(crate) fn climatology_memory(&self) -> usize {
        self.memory() / 4 * 3
    }

    /// Estimated peak memory, bytes.
    pub(crate) fn estimate(&self) -> u64 {
        let cells = self.grid.shape().0 * self.grid.shape().1;
        let states = (10 * self.longest(0)).min(self.joined.times.len());
        // being filled, being added up, and twice as many being written
        let block = 4 * 4 * self.chunk.min(self.steps.len()) * cells * self.outputs.len();
        let sums = if self.needs_moments() {
            Moments::BYTES * cells * self.outputs.len()
        } else {
            0
        };
        let reducers = if self.config.resample.is_some() {
            16 * cells * self.outputs.len()
        } else {
            0
        };
        let kept = (0..self.outputs.len()).filter(|k| self.needs_climatology_of(*k));
        let days = days_in(self.times.calendar);
        let climatology = kept.count() * Climatology::bytes(self.grid.shape(), days);
        let climatology = climatology.min(self.climatology_memory());
        (states * self.state_bytes() + block + sums + reducers + climatology) as u64
    }
}
