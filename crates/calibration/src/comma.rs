//! Cases from text tables.

use std::collections::HashMap;
use std::io::Read;

use csv::StringRecord;
use foehn_field::{Calendar, TimeError};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::{Columns, Station, Table, TableError};

/// Which columns of a text table hold what; one row a station, date and lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnMap {
    /// Name of the station.
    pub station: String,
    /// Initial time, such as `2004-01-31` or `2004-01-31T12:00:00`.
    pub date: String,
    /// Lead in hours; without, every lead is zero.
    #[serde(default)]
    pub lead_hours: Option<String>,
    /// The members, in order; a name that ends with `*` stands for all columns that begin so.
    pub members: Vec<String>,
    /// The observation.
    pub observation: String,
    /// Units of the members; a text table does not say.
    pub units: String,
    /// Units of the observation.
    pub observation_units: String,
    /// Degrees north.
    #[serde(default)]
    pub latitude: Option<String>,
    /// Degrees east.
    #[serde(default)]
    pub longitude: Option<String>,
    /// Metres above the sea.
    #[serde(default)]
    pub altitude: Option<String>,
    /// Metres above the sea of the model's ground.
    #[serde(default)]
    pub model_altitude: Option<String>,
    /// Further covariates, under their own names.
    #[serde(default)]
    pub covariates: Vec<String>,
}

/// Why a text is no table of cases.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// Not a table of rows of equal length, or not readable.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// A column that is not there.
    #[error("no column {name:?}; there are: {}", .known.join(", "))]
    NoColumn {
        /// The name.
        name: String,
        /// Names that there are.
        known: Vec<String>,
    },
    /// A cell that is no number; missing are empty cells, NA and NaN.
    #[error(
        "line {line}, column {column:?}: {text:?} is no number; leave missing cells empty, or write NA or NaN"
    )]
    NoNumber {
        /// Line of the file, from 1.
        line: u64,
        /// The column.
        column: String,
        /// What is there.
        text: String,
    },
    /// A date that cannot be read.
    #[error("line {line}: {source}")]
    Date {
        /// Line of the file, from 1.
        line: u64,
        /// Why.
        source: TimeError,
    },
    /// A station that lies at two places.
    #[error("line {line}: station {station:?} lies elsewhere than in an earlier line")]
    StationMoves {
        /// Line of the file, from 1.
        line: u64,
        /// The station.
        station: String,
    },
    /// What it says makes no table.
    #[error(transparent)]
    Table(#[from] TableError),
}

impl Table {
    /// Reads cases from comma-separated text with a header, dates in the Gregorian calendar.
    ///
    /// ```
    /// use foehn_calibration::{ColumnMap, Table};
    /// let map: ColumnMap = toml::from_str(
    ///     r#"
    ///     station = "place"
    ///     date = "day"
    ///     members = ["m*"]
    ///     observation = "obs"
    ///     units = "degC"
    ///     observation_units = "degC"
    ///     "#,
    /// )?;
    /// let text = "place,day,m1,m2,obs\nGraz,2004-01-31,1.5,,2.0\n";
    /// let table = Table::read_csv(text.as_bytes(), &map)?;
    /// assert_eq!(table.case(0).ok_or("row")?.present(), [1.5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CsvError`], with the line and column.
    pub fn read_csv(text: impl Read, map: &ColumnMap) -> Result<Self, CsvError> {
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(text);
        let places = Places::find(map, reader.headers()?)?;
        let mut rows = Rows::default();
        for record in reader.records() {
            rows.push(&places, &record?)?;
        }
        Ok(Self::new(rows.columns(map, &places))?)
    }
}

/// Indices of the columns.
struct Places {
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
    fn find(map: &ColumnMap, header: &StringRecord) -> Result<Self, CsvError> {
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
        Ok(Self {
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
}

fn line(record: &StringRecord) -> u64 {
    record.position().map_or(0, csv::Position::line)
}

#[derive(Default)]
struct Rows {
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
    fn push(&mut self, places: &Places, record: &StringRecord) -> Result<(), CsvError> {
        let station = self.station(places, record)?;
        let date = Calendar::ProlepticGregorian
            .parse(record.get(places.date).unwrap_or(""))
            .map_err(|source| CsvError::Date {
                line: line(record),
                source,
            })?;
        let lead = places
            .lead
            .map_or(Ok(0.0), |column| places.number(record, column))?;
        self.station.push(station);
        self.dates.push(date.0);
        self.leads.push((lead * 3600.0).round() as i64);
        for &column in &places.members {
            self.members.push(places.number(record, column)?);
        }
        self.observations
            .push(places.number(record, places.observation)?);
        for &column in &places.covariates {
            self.covariates.push(places.number(record, column)?);
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
        let known = |x: f64| (!x.is_nan()).then_some(x);
        let station = Station {
            name: name.clone(),
            // Without a place every station is the others' nearest neighbour.
            latitude: known(ground[0]).unwrap_or(0.0),
            longitude: known(ground[1]).unwrap_or(0.0),
            altitude: known(ground[2]),
            model_altitude: known(ground[3]),
        };
        if let Some(&index) = self.known.get(&name) {
            if self.stations[index] == station {
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

    fn columns(self, map: &ColumnMap, places: &Places) -> Columns {
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

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "id,init,lead,ens1,ens2,obs,z,cape\n";

    fn read(rows: &str) -> Result<Table, CsvError> {
        let map = ColumnMap {
            station: "id".into(),
            date: "init".into(),
            lead_hours: Some("lead".into()),
            members: vec!["ens*".into()],
            observation: "obs".into(),
            units: "K".into(),
            observation_units: "K".into(),
            latitude: None,
            longitude: None,
            altitude: Some("z".into()),
            model_altitude: None,
            covariates: vec!["cape".into()],
        };
        Table::read_csv(format!("{HEADER}{rows}").as_bytes(), &map)
    }

    #[test]
    fn rows_become_cases() {
        let table =
            read("B,2004-01-31,30,1,2,NA,100,5\nA,2004-01-31T12:00:00,6, 3 ,NaN,4,,\n").unwrap();
        let (first, second) = (table.case(0).unwrap(), table.case(1).unwrap());
        assert_eq!(
            (first.station.name.as_str(), first.station.altitude),
            ("B", Some(100.0))
        );
        assert_eq!(
            (first.lead, first.members, first.covariates),
            (108_000, &[1.0, 2.0][..], &[5.0][..])
        );
        assert!(first.observation.is_nan() && second.covariates[0].is_nan());
        assert_eq!(
            (second.present(), second.station.altitude),
            (vec![3.0], None)
        );
        assert_eq!(second.date - first.date, 43_200);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let error = |rows: &str| read(rows).unwrap_err().to_string();
        let wrong = error("A,2004-01-31,0,1,2,3,0,0\nA,2004-02-01,0,1,x,3,0,0\n");
        assert!(
            wrong.contains(r#"line 3, column "ens2": "x" is no number"#),
            "{wrong}"
        );
        assert!(error("A,2004-13-31,0,1,2,3,0,0\n").contains("line 2"));
        assert!(
            error("A,2004-01-31,0,1,2,3,0,0\nA,2004-01-31,0,1,2,3,9,0\n")
                .contains("lies elsewhere")
        );
        assert!(error("A,2004-01-31,0,1,2\n").contains("record 1"));
        let map = ColumnMap {
            observation: "truth".into(),
            ..toml::from_str(MAP).unwrap()
        };
        let absent = Table::read_csv(HEADER.as_bytes(), &map)
            .unwrap_err()
            .to_string();
        assert!(
            absent.contains(r#"no column "truth"; there are: id, init"#),
            "{absent}"
        );
    }

    const MAP: &str = r#"
        station = "id"
        date = "init"
        members = ["ens1", "ens2"]
        observation = "obs"
        units = "K"
        observation_units = "K"
    "#;
}
