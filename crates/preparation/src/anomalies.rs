//! Anomalies: what is written, less its mean around the day of the year.

use std::ops::Range;

use foehn_archive::{Archive, Store, open};
use ndarray::{Array2, Array3, Axis, Ix2, Ix3};
use std::path::Path;

use crate::PrepareError;
use crate::derive::Anomaly;
use crate::preparation::Preparation;
use crate::stream::{Watch, tell};

/// The mark of the anomalies of a chunk of states.
pub(crate) fn item(block: usize) -> String {
    format!("anomalies-{block:06}")
}

impl Preparation {
    /// Writes the anomalies, from what is written, and ends the store.
    pub(crate) fn write_anomalies(
        &self,
        store: Store,
        path: &Path,
        watch: &mut Watch<'_>,
    ) -> Result<(), PrepareError> {
        let archive = open(path)?;
        for block in 0..self.blocks() {
            let (item, states) = (item(block), self.block(block));
            if self.anomalies.is_empty() || store.is_done(&item) {
                continue;
            }
            for anomaly in &self.anomalies {
                let values = self.anomaly(anomaly, &archive, &states)?;
                let start = [states.start as u64, 0, 0];
                store.write_f32(&anomaly.label.name, &start, values.view().into_dyn())?;
            }
            store.mark_done(&item)?;
            tell(watch, 1)?;
        }
        Ok(store.finish()?)
    }

    /// An anomaly at some states of the output.
    fn anomaly(
        &self,
        anomaly: &Anomaly,
        archive: &Archive,
        states: &Range<usize>,
    ) -> Result<Array3<f32>, PrepareError> {
        let (ny, nx) = self.grid.shape();
        let name = self.written().nth(anomaly.of).map_or("", |c| &c.name);
        let values = archive.read(name, &[states.clone(), 0..ny, 0..nx])?.values;
        let mut values = values.into_dimensionality::<Ix3>().unwrap_or_default();
        let mut known: Option<(usize, Array2<f32>)> = None;
        for (k, mut state) in states.clone().zip(values.outer_iter_mut()) {
            let day = self.times.calendar.day_of_year(self.times.instants[k]) as usize;
            let mean = match known.take() {
                Some((of, mean)) if of == day => mean,
                _ => {
                    let region = [day..day + 1, 0..ny, 0..nx];
                    let mean = archive.read(&anomaly.reference(), &region)?.values;
                    let mean = mean.index_axis_move(Axis(0), 0);
                    mean.into_dimensionality::<Ix2>().unwrap_or_default()
                }
            };
            state -= &mean;
            known = Some((day, mean));
        }
        Ok(values)
    }
}
