//! Rows of text tables, one by one.

use std::collections::HashMap;

use csv::StringRecord;
use foehn_field::Calendar;
use ndarray::Array2;

use crate::lead::whole_lead;
use crate::{ColumnMap, Columns, CsvError, Station};

/// Indices of the columns.
pub(crate) struct Places {
    names: Vec<String>,
    station: usize,
    date: usize,
    lead: Option<usize>,
    members: Vec<usize>,
    observation: usize,
    /// Latitude, longitude, altitude, model altitude.
    ground: [Option<usize>; 4],
    covariates: Vec<usize>,
}

impl Places {
    pub(crate) fn find(map: &ColumnMap, header: &StringRecord) -> Result<Self, CsvError> {
        let names: Vec<String> = header.iter().map(str::to_owned).collect();
        let absent = |name: &str| CsvError::NoColumn {
            name: name.to_owned(),
            known: names.clone(),
        };
        let one = |name: &String| {
            names
                .iter()
                .position(|n| n == name)
                .ok_or_else(|| absent(name))
        };
        let maybe = |name: &Option<String>| name.as_ref().map(one).transpose();
        let mut members = Vec::new();
        for name in &map.members {
            let Some(start) = name.strip_suffix('*') else {
                members.push(one(name)?);
                continue;
            };
            let before = members.len();
            members.extend((0..names.len()).filter(|&i| names[i].starts_with(start)));
            if members.len() == before {
                return Err(absent(name));
            }
        }
        let places = Self {
            station: one(&map.station)?,
            date: one(&map.date)?,
            lead: maybe(&map.lead_hours)?,
            members,
            observation: one(&map.observation)?,
            ground: [
                maybe(&map.latitude)?,
                maybe(&map.longitude)?,
                maybe(&map.altitude)?,
                maybe(&map.model_altitude)?,
            ],
            covariates: map.covariates.iter().map(one).collect::<Result<_, _>>()?,
            names,
        };
        places.check()?;
        Ok(places)
    }

    /// The columns that are used, and what as.
    fn uses(&self) -> Vec<(&'static str, usize)> {
        let ground = ["latitude", "longitude", "altitude", "model_altitude"];
        let mut uses = vec![
            ("station", self.station),
            ("date", self.date),
            ("observation", self.observation),
        ];
        uses.extend(self.lead.map(|column| ("lead_hours", column)));
        uses.extend(self.members.iter().map(|&column| ("members", column)));
        let placed = ground.into_iter().zip(self.ground);
        uses.extend(placed.filter_map(|(role, column)| Some((role, column?))));
        uses.extend(self.covariates.iter().map(|&column| ("covariates", column)));
        uses
    }

    /// The columns that are used.
    pub(crate) fn columns(&self) -> Vec<usize> {
        self.uses().into_iter().map(|(_, column)| column).collect()
    }

    /// Every column has one role, and a name of its own.
    fn check(&self) -> Result<(), CsvError> {
        let mut roles: Vec<Option<&'static str>> = vec![None; self.names.len()];
        for (role, column) in self.uses() {
            let name = &self.names[column];
            let mut same = (0..self.names.len()).filter(|&i| self.names[i] == *name);
            if let (Some(first), Some(second)) = (same.next(), same.next()) {
                return Err(CsvError::HeaderTwice {
                    name: name.clone(),
                    first: first + 1,
                    second: second + 1,
                });
            }
            if let Some(first) = roles[column].replace(role) {
                return Err(CsvError::TwoRoles {
                    name: name.clone(),
                    first,
                    second: role,
                });
            }
        }
        Ok(())
    }

    /// The lead of a row, whole seconds.
    fn lead(&self, record: &StringRecord) -> Result<i64, CsvError> {
        let Some(column) = self.lead else {
            return Ok(0);
        };
        let hours = self.number(record, column)?;
        whole_lead(hours * 3600.0).ok_or_else(|| CsvError::NoLead {
            line: line(record),
            column: self.names[column].clone(),
            text: record.get(column).unwrap_or("").to_owned(),
        })
    }

    /// A cell as a number, NaN where missing.
    fn number(&self, record: &StringRecord, column: usize) -> Result<f64, CsvError> {
        let text = record.get(column).unwrap_or("");
        if text.is_empty() || text == "NA" {
            return Ok(f64::NAN);
        }
        text.parse().map_err(|_| CsvError::NoNumber {
            line: line(record),
            column: self.names[column].clone(),
            text: text.to_owned(),
        })
    }

    /// A measured value, NaN where missing.
    fn value(
        &self,
        map: &ColumnMap,
        record: &StringRecord,
        column: usize,
    ) -> Result<f64, CsvError> {
        let value = self.number(record, column)?;
        map.known(value).ok_or_else(|| CsvError::Fill {
            line: line(record),
            column: self.names[column].clone(),
            value,
        })
    }
}

fn line(record: &StringRecord) -> u64 {
    record.position().map_or(0, csv::Position::line)
}

/// Place and altitudes for comparison, an unknown one equal to an unknown one.
fn ground_bits(station: &Station) -> [Option<u64>; 4] {
    // Adding zero makes -0 and 0 the same.
    let bits = |x: f64| (!x.is_nan()).then_some((x + 0.0).to_bits());
    [
        bits(station.latitude),
        bits(station.longitude),
        station.altitude.and_then(bits),
        station.model_altitude.and_then(bits),
    ]
}

#[derive(Default)]
pub(crate) struct Rows {
    stations: Vec<Station>,
    known: HashMap<String, usize>,
    dates: Vec<i64>,
    leads: Vec<i64>,
    station: Vec<usize>,
    members: Vec<f64>,
    observations: Vec<f64>,
    covariates: Vec<f64>,
}

impl Rows {
    pub(crate) fn push(
        &mut self,
        map: &ColumnMap,
        places: &Places,
        record: &StringRecord,
    ) -> Result<(), CsvError> {
        let station = self.station(places, record)?;
        let date = Calendar::ProlepticGregorian
            .parse(record.get(places.date).unwrap_or(""))
            .map_err(|source| CsvError::Date {
                line: line(record),
                source,
            })?;
        let lead = places.lead(record)?;
        self.station.push(station);
        self.dates.push(date.0);
        self.leads.push(lead);
        for &column in &places.members {
            self.members.push(places.value(map, record, column)?);
        }
        self.observations
            .push(places.value(map, record, places.observation)?);
        for &column in &places.covariates {
            self.covariates.push(places.value(map, record, column)?);
        }
        Ok(())
    }

    fn station(&mut self, places: &Places, record: &StringRecord) -> Result<usize, CsvError> {
        let name = record.get(places.station).unwrap_or("").to_owned();
        let mut ground = [f64::NAN; 4];
        for (value, column) in ground.iter_mut().zip(places.ground) {
            if let Some(column) = column {
                *value = places.number(record, column)?;
            }
        }
        let ends = [("latitude", -90.0..=90.0), ("longitude", -180.0..=360.0)];
        for ((what, range), value) in ends.into_iter().zip(ground) {
            if !value.is_nan() && !range.contains(&value) {
                let (line, station) = (line(record), name);
                return Err(CsvError::Place {
                    line,
                    station,
                    what,
                    value,
                });
            }
        }
        let known = |x: f64| (!x.is_nan()).then_some(x);
        let station = Station {
            name: name.clone(),
            latitude: ground[0],
            longitude: ground[1],
            altitude: known(ground[2]),
            model_altitude: known(ground[3]),
        };
        if let Some(&index) = self.known.get(&name) {
            if ground_bits(&self.stations[index]) == ground_bits(&station) {
                return Ok(index);
            }
            return Err(CsvError::StationMoves {
                line: line(record),
                station: name,
            });
        }
        self.known.insert(name, self.stations.len());
        self.stations.push(station);
        Ok(self.stations.len() - 1)
    }

    pub(crate) fn columns(self, map: &ColumnMap, places: &Places) -> Columns {
        let rows = self.dates.len();
        let table = |values: &[f64], width: usize| {
            Array2::from_shape_fn((rows, width), |(i, j)| values[i * width + j])
        };
        Columns {
            units: map.units.clone(),
            observation_units: map.observation_units.clone(),
            calendar: Calendar::ProlepticGregorian,
            covariate_names: map.covariates.clone(),
            members: table(&self.members, places.members.len()),
            covariates: table(&self.covariates, places.covariates.len()),
            stations: self.stations,
            dates: self.dates,
            leads: self.leads,
            station: self.station,
            observations: self.observations,
        }
    }
}
