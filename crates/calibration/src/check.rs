//! Whether columns make a table.

use std::collections::HashMap;

use crate::{Columns, Station, TableError};

/// Every check of [`crate::Table::new`].
pub(crate) fn columns(columns: &Columns) -> Result<(), TableError> {
    check_lengths(columns)?;
    check_units(columns)?;
    check_stations(columns)?;
    check_rows(columns)?;
    check_values(columns)
}

fn check_lengths(columns: &Columns) -> Result<(), TableError> {
    let rows = columns.dates.len();
    for (column, found) in [
        ("leads", columns.leads.len()),
        ("station", columns.station.len()),
        ("members", columns.members.nrows()),
        ("observations", columns.observations.len()),
        ("covariates", columns.covariates.nrows()),
    ] {
        if found != rows {
            return Err(TableError::Length {
                column,
                found,
                rows,
            });
        }
    }
    let (names, found) = (columns.covariate_names.len(), columns.covariates.ncols());
    if names == found {
        Ok(())
    } else {
        Err(TableError::Names { names, found })
    }
}

fn check_units(columns: &Columns) -> Result<(), TableError> {
    let (forecast, observation) = (columns.units.trim(), columns.observation_units.trim());
    if forecast == observation {
        return Ok(());
    }
    Err(TableError::Units {
        forecast: forecast.to_owned(),
        observation: observation.to_owned(),
    })
}

fn check_stations(columns: &Columns) -> Result<(), TableError> {
    let stations = &columns.stations;
    if let Some(row) = columns.station.iter().position(|&s| s >= stations.len()) {
        return Err(TableError::NoStation {
            row,
            index: columns.station[row],
            stations: stations.len(),
        });
    }
    if let Some(index) = stations.iter().position(|s| s.name.trim().is_empty()) {
        return Err(TableError::NoName(index));
    }
    let mut names: Vec<&str> = stations.iter().map(|s| s.name.as_str()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(TableError::StationTwice(twice[0].to_owned()));
    }
    for station in stations {
        for altitude in [station.altitude, station.model_altitude]
            .into_iter()
            .flatten()
        {
            if !Station::is_ground(altitude) {
                return Err(TableError::Altitude {
                    station: station.name.clone(),
                    altitude,
                });
            }
        }
    }
    Ok(())
}

/// Every station, date and lead once: a second row would count twice in fits and scores.
fn check_rows(columns: &Columns) -> Result<(), TableError> {
    let mut seen = HashMap::with_capacity(columns.dates.len());
    for (second, &station) in columns.station.iter().enumerate() {
        let (date, lead) = (columns.dates[second], columns.leads[second]);
        if let Some(first) = seen.insert((station, date, lead), second) {
            return Err(TableError::Twice {
                first,
                second,
                station: columns.stations[station].name.clone(),
                date: columns.calendar.date(foehn_field::Instant(date)),
                lead,
            });
        }
    }
    Ok(())
}

fn check_values(columns: &Columns) -> Result<(), TableError> {
    let width = columns.members.ncols();
    let covariates = columns.covariates.ncols();
    let found = infinite("a member", columns.members.iter(), width)
        .or_else(|| infinite("an observation", columns.observations.iter(), 1))
        .or_else(|| infinite("a covariate", columns.covariates.iter(), covariates));
    found.map_or(Ok(()), Err)
}

fn infinite<'a>(
    what: &'static str,
    mut values: impl Iterator<Item = &'a f64>,
    width: usize,
) -> Option<TableError> {
    let at = values.position(|x| x.is_infinite())?;
    Some(TableError::Infinite {
        what,
        row: at / width.max(1),
    })
}
