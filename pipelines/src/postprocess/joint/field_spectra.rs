//! Spectra of members and observations on a grid.

use anyhow::Result;
use foehn_calibration::Layout;
use foehn_verification::{Domain, Mean, Quantity, Spectrometer};
use ndarray::{Array1, Array2, Array3};
use std::sync::Arc;

/// Mean spectra while members are scored.
#[derive(Clone)]
pub(crate) struct FieldSpectra {
    plan: Arc<Spectrometer>,
    shape: (usize, usize),
    members: Option<Mean>,
    truth: Option<Mean>,
}

impl FieldSpectra {
    /// Of a grid of two dimensions: Fourier modes where both are periodic and as long, else cosines in cells.
    pub(crate) fn of(layout: &Layout) -> Option<Self> {
        let [ny, nx] = layout.shape[..] else {
            return None;
        };
        let period = |dim: &String| {
            let variable = layout.coordinates.iter().find(|v| v.name == *dim)?;
            variable.attributes.get("period")?.number()
        };
        let periods = [period(&layout.dims[0]), period(&layout.dims[1])];
        let domain = match periods {
            [Some(y), Some(x)] if (y - x).abs() < 1e-9 * y.abs() && ny == nx => {
                Domain::Periodic { period: y }
            }
            _ => Domain::Limited {
                spacing: (1.0, 1.0),
            },
        };
        let plan = Spectrometer::new((ny, nx), domain, Quantity::HalfSquare).ok()?;
        Some(Self {
            plan: Arc::new(plan),
            shape: (ny, nx),
            members: None,
            truth: None,
        })
    }

    /// Adds members (members, cases) and observations of one date and lead; a field with gaps has no spectrum.
    pub(crate) fn add(
        &mut self,
        members: &Array2<f64>,
        truth: &Array1<f64>,
        places: &[usize],
    ) -> Result<()> {
        let (ny, nx) = self.shape;
        if places.len() != ny * nx {
            return Ok(());
        }
        let fields = |count: usize, value: &dyn Fn(usize, usize) -> f64| {
            let mut fields = Array3::<f32>::zeros((count, ny, nx));
            for (case, &place) in places.iter().enumerate() {
                for m in 0..count {
                    fields[[m, place / nx, place % nx]] = value(m, case) as f32;
                }
            }
            fields
        };
        let members = fields(members.nrows(), &|m, case| members[[m, case]]);
        let truth = fields(1, &|_, case| truth[case]);
        if members.iter().chain(&truth).any(|x| !x.is_finite()) {
            return Ok(());
        }
        for (sum, fields) in [(&mut self.members, members), (&mut self.truth, truth)] {
            let mean = self.plan.mean(&fields)?;
            match sum {
                Some(sum) => sum.merge(&mean)?,
                None => *sum = Some(mean),
            }
        }
        Ok(())
    }

    /// `mean |log10 E/E_true|`; none without fields or power.
    pub(crate) fn log_distance(&self) -> Option<f64> {
        let of = |mean: &Option<Mean>| self.plan.spectrum(mean.as_ref()?).ok();
        of(&self.members)?.log_distance(&of(&self.truth)?).ok()
    }
}
