//! Reads the input part by part, in the order of time, ahead of the one who works on it.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::mpsc::SyncSender;

use foehn_archive::{Archive, open};
use ndarray::{Array3, ArrayD, Axis, Ix3};

use crate::PrepareError;
use crate::join::Part;
use crate::preparation::Preparation;

/// What comes from the reader.
pub(crate) enum Message {
    /// States of the input, (time, y, x) for each variable and level.
    Part(Range<usize>, Vec<Array3<f32>>),
    /// A chunk of the output that an earlier run wrote.
    Written(usize, Vec<Array3<f32>>),
}

/// What is sent: a part, or why there is none.
pub(crate) type Sent = Result<Message, PrepareError>;

pub(crate) struct Reader<'a> {
    plan: &'a Preparation,
    output: &'a Path,
    files: HashMap<usize, Archive>,
    /// The output, where some of it is read back.
    back: Option<Archive>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(plan: &'a Preparation, output: &'a Path) -> Self {
        Self {
            plan,
            output,
            files: HashMap::new(),
            back: None,
        }
    }

    /// Sends everything; ends early where nobody listens any more. Chunks of the output that are done are read
    /// back if `replay`, else left out.
    pub(crate) fn send(mut self, done: &[bool], replay: bool, to: &SyncSender<Sent>) {
        let mut block = 0;
        while block < done.len() {
            if done[block] {
                if replay && to.send(self.written(block)).is_err() {
                    return;
                }
                block += 1;
                continue;
            }
            let end = (block..done.len()).find(|b| done[*b]).unwrap_or(done.len());
            for part in self.plan.input_parts(block..end) {
                let states = self.part(&part);
                let failed = states.is_err();
                if to.send(states.map(|s| Message::Part(part, s))).is_err() || failed {
                    return;
                }
            }
            block = end;
        }
    }

    fn written(&mut self, block: usize) -> Sent {
        let archive = match &mut self.back {
            Some(archive) => archive,
            none => none.insert(open(self.output)?),
        };
        let states = self.plan.block(block);
        let (ny, nx) = self.plan.grid.shape();
        let read = |label: &crate::derive::Label| {
            let field = archive.read(&label.name, &[states.clone(), 0..ny, 0..nx])?;
            Ok::<_, PrepareError>(cube(field.values))
        };
        let planes = self.plan.written().map(read).collect::<Result<_, _>>()?;
        Ok(Message::Written(block, planes))
    }

    fn part(&mut self, piece: &Range<usize>) -> Result<Vec<Array3<f32>>, PrepareError> {
        let plan = self.plan;
        let mut result = Vec::new();
        let mut used = Vec::new();
        for (track, levels) in plan.joined.tracks.iter().zip(&plan.levels) {
            let part = track
                .parts
                .iter()
                .find(|part| part.axis.contains(&piece.start));
            let Some(part) = part else { continue };
            used.push(part.file);
            let offset = part.offset + piece.start - part.axis.start;
            let times = offset..offset + piece.len();
            result.extend(self.read(part, &times, levels)?);
        }
        // files are many; only those at work stay open
        self.files.retain(|file, _| used.contains(file));
        Ok(result)
    }

    fn read(
        &mut self,
        part: &Part,
        times: &Range<usize>,
        levels: &[usize],
    ) -> Result<Vec<Array3<f32>>, PrepareError> {
        let plan = self.plan;
        let variable = plan.joined.variable(part);
        let archive = match self.files.entry(part.file) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(open(&plan.joined.files[part.file].path)?)
            }
        };
        variable
            .axes
            .read(archive, &variable.name, times, levels, plan)
    }
}

/// Values of rank three.
fn cube(values: ArrayD<f32>) -> Array3<f32> {
    let cube = values.into_dimensionality::<Ix3>().unwrap_or_default();
    debug_assert!(cube.len_of(Axis(0)) > 0);
    cube
}
