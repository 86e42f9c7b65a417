//! What may be in the data: numbers, and what is declared missing.

use std::path::Path;

use foehn_field::{Calendar, Grid, Instant};
use ndarray::Array3;

use crate::source::Slab;
use crate::{DataError, Missing, places};

/// Where a slab comes from, to say so in errors.
pub(crate) struct Origin<'a> {
    pub(crate) file: &'a Path,
    pub(crate) variable: &'a str,
    pub(crate) calendar: Calendar,
    /// One instant a state of the slab; none for a variable without time.
    pub(crate) instants: &'a [Instant],
    pub(crate) grid: &'a Grid,
}

impl Origin<'_> {
    fn time(&self, state: usize) -> String {
        let instant = self.instants.get(state);
        instant.map_or_else(
            || "all times".to_owned(),
            |t| self.calendar.date(*t).to_string(),
        )
    }

    fn when(&self) -> String {
        match self.instants {
            [] => "at all times".to_owned(),
            [_] => format!("at {}", self.time(0)),
            [.., _] => format!(
                "from {} to {}",
                self.time(0),
                self.time(self.instants.len() - 1)
            ),
        }
    }
}

/// The value that NetCDF gives to cells never written: 15 2^119. Files that declare another fill value still hold it.
const NEVER_WRITTEN: f32 = f32::from_bits(0x7cf0_0000);

/// Refuses what the rule does not allow; under [`Missing::Mask`] NaN and cells never written join the mask.
pub(crate) fn admit(slab: &mut Slab, rule: Missing, origin: &Origin) -> Result<(), DataError> {
    if rule == Missing::Refuse {
        refuse_declared(slab, origin)?;
    }
    let odd = |x: &f32| !x.is_finite() || *x == NEVER_WRITTEN;
    if !slab.values.iter().any(odd) {
        return Ok(());
    }
    let nothing = || Array3::from_elem(slab.values.dim(), false);
    let mut missing = slab.missing.take().unwrap_or_else(nothing);
    for (at, value) in slab.values.indexed_iter_mut().filter(|(_, x)| odd(x)) {
        if missing[at] {
            continue;
        }
        if rule == Missing::Refuse || value.is_infinite() {
            return Err(undeclared(origin, at, *value));
        }
        missing[at] = true;
        *value = f32::NAN;
    }
    slab.missing = Some(missing);
    Ok(())
}

fn undeclared(origin: &Origin, at: (usize, usize, usize), value: f32) -> DataError {
    let remedy = if value.is_infinite() {
        "declare a valid_range in the file, or write it again without infinities"
    } else {
        "declare _FillValue (or valid_range) in the file, or set data.missing = \"mask\" to train around such cells"
    };
    DataError::Undeclared {
        file: origin.file.to_path_buf(),
        variable: origin.variable.to_owned(),
        value,
        time: origin.time(at.0),
        cell: places::cell(origin.grid, at.1, at.2),
        remedy,
    }
}

fn refuse_declared(slab: &Slab, origin: &Origin) -> Result<(), DataError> {
    let Some(mask) = &slab.missing else {
        return Ok(());
    };
    let count = mask.iter().filter(|m| **m).count();
    let Some((at, _)) = mask.indexed_iter().find(|(_, m)| **m) else {
        return Ok(());
    };
    Err(DataError::DeclaredMissing {
        file: origin.file.to_path_buf(),
        variable: origin.variable.to_owned(),
        percent: 100.0 * count as f64 / mask.len() as f64,
        when: origin.when(),
        cell: format!(
            "{}, {}",
            origin.time(at.0),
            places::cell(origin.grid, at.1, at.2)
        ),
    })
}
