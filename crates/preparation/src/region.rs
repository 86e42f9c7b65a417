//! The part of a grid that is read.

use std::ops::Range;

use foehn_field::Grid;

use crate::{PrepareConfig, PrepareError};

/// Slack at the ends of a region, degrees: coordinates stored as f32 count as what was meant.
const SLACK: f64 = 1e-4;

/// Rows, columns in one or (where the region crosses the file's seam) two parts, and their grid.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Region {
    pub(crate) rows: Range<usize>,
    pub(crate) columns: Vec<Range<usize>>,
    pub(crate) grid: Grid,
}

impl Region {
    /// Cuts the configured region out of a grid.
    pub(crate) fn of(grid: &Grid, config: &PrepareConfig) -> Result<Self, PrepareError> {
        let (ny, nx) = grid.shape();
        let whole = Self {
            rows: 0..ny,
            columns: std::iter::once(0..nx).collect(),
            grid: grid.clone(),
        };
        if config.latitude.is_none() && config.longitude.is_none() {
            return Ok(whole);
        }
        let Grid::Rectilinear {
            latitude,
            longitude,
        } = grid
        else {
            let problem =
                "a region needs 1-D latitudes and longitudes, which these files do not have";
            return Err(PrepareError::config("latitude", problem));
        };
        let rows = config
            .latitude
            .map_or(Ok(0..ny), |ends| rows(latitude, ends))?;
        let all = || (whole.columns.clone(), longitude.clone());
        let (columns, longitude) = match config.longitude {
            Some(ends) => columns(longitude, ends)?,
            None => all(),
        };
        let latitude = latitude[rows.clone()].to_vec();
        let grid = Grid::Rectilinear {
            latitude,
            longitude,
        };
        Ok(Self {
            rows,
            columns,
            grid,
        })
    }
}

fn rows(latitude: &[f64], [south, north]: [f64; 2]) -> Result<Range<usize>, PrepareError> {
    let inside = |phi: &f64| *phi >= south - SLACK && *phi <= north + SLACK;
    let first = latitude.iter().position(inside);
    let last = latitude.iter().rposition(inside);
    match first.zip(last) {
        Some((first, last)) if south < north => Ok(first..last + 1),
        _ => {
            let problem = format!(
                "no row lies between {south} and {north} (southern end first); {}",
                reach(latitude)
            );
            Err(PrepareError::config("latitude", problem))
        }
    }
}

/// The columns from west eastward, and their longitudes counted from west.
fn columns(
    longitude: &[f64],
    [west, east]: [f64; 2],
) -> Result<(Vec<Range<usize>>, Vec<f64>), PrepareError> {
    let turn = |x: f64| x.rem_euclid(360.0);
    let width = if (east - west).abs() >= 360.0 - SLACK {
        360.0
    } else {
        turn(east - west)
    };
    // distance east of the western end, a little beyond it counting as at it
    let east_of = |lambda: f64| turn(lambda - west + SLACK) - SLACK;
    let inside = |k: &usize| {
        let distance = east_of(longitude[*k]);
        distance <= width + SLACK && distance < 360.0 - SLACK
    };
    let chosen: Vec<usize> = (0..longitude.len()).filter(inside).collect();
    let Some((&first, &last)) = chosen.first().zip(chosen.last()) else {
        let problem = format!(
            "no column lies between {west} and {east} (western end first); {}",
            reach(longitude)
        );
        return Err(PrepareError::config("longitude", problem));
    };
    if let Some((a, b)) = repeated(longitude, &chosen) {
        let problem = format!("the files have the longitude {a} again as {b}: cut one of them off");
        return Err(PrepareError::config("longitude", problem));
    }
    let seam = |pair: &[usize]| {
        pair[1] != pair[0] + 1
            || (east_of(longitude[pair[1]]) - east_of(longitude[pair[0]])).abs() > 180.0
    };
    let columns = match chosen.windows(2).position(seam) {
        None => std::iter::once(first..last + 1).collect(),
        Some(at) => vec![chosen[at + 1]..last + 1, first..chosen[at] + 1],
    };
    let longitudes = columns.iter().cloned().flatten();
    // whole turns only, so that the file's digits stay
    let longitudes = longitudes.map(|k| {
        let east = west + east_of(longitude[k]);
        longitude[k] + 360.0 * ((east - longitude[k]) / 360.0).round()
    });
    let longitudes = longitudes.collect();
    Ok((columns, longitudes))
}

/// Where an axis begins and ends, in words.
fn reach(axis: &[f64]) -> String {
    let ends = axis.first().zip(axis.last());
    ends.map_or("the files have none".to_owned(), |(first, last)| {
        format!("the files go from {first} to {last}")
    })
}

/// Two columns at one place, whole turns apart.
fn repeated(longitude: &[f64], chosen: &[usize]) -> Option<(f64, f64)> {
    let place = |k: &usize| (longitude[*k] + SLACK).rem_euclid(360.0);
    let mut sorted = chosen.to_vec();
    sorted.sort_by(|a, b| place(a).total_cmp(&place(b)));
    let pair = sorted
        .windows(2)
        .find(|pair| place(&pair[1]) - place(&pair[0]) < SLACK / 2.0)?;
    let (a, b) = (longitude[pair[0]], longitude[pair[1]]);
    Some((a.min(b), a.max(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globe(first: f64) -> Vec<f64> {
        (0..8).map(|k| first + 45.0 * f64::from(k)).collect()
    }

    #[test]
    fn a_region_may_cross_the_seam_of_either_convention() {
        let (parts, values) = columns(&globe(0.0), [-50.0, 100.0]).unwrap();
        assert_eq!(parts, [7..8, 0..3]);
        assert_eq!(values, [-45.0, 0.0, 45.0, 90.0]);
        let (parts, values) = columns(&globe(-180.0), [130.0, 230.0]).unwrap();
        assert_eq!(parts, [7..8, 0..2]);
        assert_eq!(values, [135.0, 180.0, 225.0]);
        let (parts, values) = columns(&globe(0.0), [-180.0, 180.0]).unwrap();
        assert_eq!(parts, [4..8, 0..4]);
        assert_eq!(values, globe(-180.0));
        let (parts, _) = columns(&globe(0.0), [0.0, 360.0]).unwrap();
        assert!(matches!(&parts[..], [all] if *all == (0..8)));
    }

    #[test]
    fn descending_rows_and_empty_regions() {
        let latitude = [60.0, 30.0, 0.0, -30.0];
        assert_eq!(rows(&latitude, [0.0, 30.0]).unwrap(), 1..3);
        assert!(rows(&latitude, [40.0, 20.0]).is_err());
        assert!(rows(&latitude, [70.0, 80.0]).is_err());
        assert!(columns(&[10.0, 20.0], [30.0, 40.0]).is_err());
        let said = columns(&[0.0, 120.0, 240.0, 360.0], [-10.0, 20.0]).unwrap_err();
        assert!(said.to_string().contains("longitude 0 again as 360"));
    }
}
