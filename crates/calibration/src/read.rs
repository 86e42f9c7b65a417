//! Cases from NetCDF and Zarr.

use foehn_archive::{Archive, ReadError};
use foehn_field::Calendar;
use ndarray::{Array2, ArrayD};
use serde::{Deserialize, Serialize};

use crate::lead::leads;
use crate::places::{self, Layout};
use crate::{Columns, Station, Table, TableError};

/// Which variables hold what: dimensions (time, lead, member, station) of the members and (time, lead, station) of the
/// observations, in any order and found by name; the dimensions of a grid may stand for that of the stations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Variables {
    /// The members.
    pub members: String,
    /// The observations.
    pub observations: String,
    /// Dimension and coordinate of the initial times.
    pub time: String,
    /// Dimension and coordinate of the leads.
    pub lead: String,
    /// Dimension of the members.
    pub number: String,
    /// Dimension of the stations; a file without it is a grid.
    pub station: String,
    /// Names of the stations, texts or letters; not needed: otherwise the coordinate `station`, where it holds texts, or a
    /// variable with `cf_role = "timeseries_id"`.
    pub station_name: String,
    /// Latitude of the stations or points.
    pub latitude: String,
    /// Longitude of the stations or points.
    pub longitude: String,
    /// Altitude of the stations; not needed.
    pub altitude: String,
    /// Altitude of the model's ground there; not needed.
    pub model_altitude: String,
}

impl Default for Variables {
    fn default() -> Self {
        let name = str::to_owned;
        Self {
            members: name("forecast"),
            observations: name("observation"),
            time: name("time"),
            lead: name("prediction_timedelta"),
            number: name("number"),
            station: name("station"),
            station_name: name("station_name"),
            latitude: name("latitude"),
            longitude: name("longitude"),
            altitude: name("altitude"),
            model_altitude: name("model_altitude"),
        }
    }
}

/// Something odd that was read, and what was made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Oddity(pub String);

impl std::fmt::Display for Oddity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a file is no table of cases.
#[derive(Debug, thiserror::Error)]
pub enum CasesError {
    /// The archive cannot read it.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What it says makes no table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A variable on other dimensions.
    #[error("{variable} has the dimensions {found:?}; expected {expected:?} in any order")]
    Dimensions {
        /// The variable.
        variable: String,
        /// Its dimensions.
        found: Vec<String>,
        /// What is looked for.
        expected: Vec<String>,
    },
    /// Members without any dimension of places.
    #[error("{variable} has the dimensions {found:?} and none for places: stations or a grid")]
    NoPlaces {
        /// The variable.
        variable: String,
        /// Its dimensions.
        found: Vec<String>,
    },
    /// Values that do not fill all places.
    #[error("{found} values do not fill {places} places")]
    Places {
        /// Values.
        found: usize,
        /// Places.
        places: usize,
    },
    /// A variable without units.
    #[error("{0} has no units; give it the attribute `units`")]
    NoUnits(String),
    /// A lead that is missing, not finite, negative or beyond 1e6 hours.
    #[error(
        "{variable}[{index}] is {value} {units}; leads run from 0 to 1e6 hours and are never missing"
    )]
    NoLead {
        /// The coordinate.
        variable: String,
        /// Position in it, from 0.
        index: usize,
        /// The value.
        value: f64,
        /// Its units.
        units: String,
    },
    /// Leads in units that are no time.
    #[error("{variable} is in {units:?}; expected seconds, minutes, hours or days")]
    LeadUnits {
        /// The coordinate.
        variable: String,
        /// Its units.
        units: String,
    },
}

/// Cases of a file, and what was found beside them.
#[derive(Clone, Debug)]
pub struct Cases {
    /// The cases.
    pub table: Table,
    /// How the places lie in the file.
    pub layout: Layout,
    /// What was odd.
    pub oddities: Vec<Oddity>,
}

impl Cases {
    /// Reads cases: one row for every time, lead and place with an observation or a member.
    ///
    /// Places lie along the dimension `station`; where the members lack it, along all dimensions but time, lead and
    /// member: the points of a grid, row by row. Stations have the names that the file gives them; others, and points, are
    /// named by their position, from 0.
    ///
    /// # Errors
    /// [`CasesError`], such as members and observations in different units.
    pub fn read(archive: &Archive, variables: &Variables) -> Result<Self, CasesError> {
        let dims = places::dims(archive, variables)?;
        let with = |named: &[&String]| -> Vec<String> {
            named.iter().copied().chain(&dims).cloned().collect()
        };
        let wide = with(&[&variables.time, &variables.lead, &variables.number]);
        let narrow = with(&[&variables.time, &variables.lead]);
        let members = ordered(archive, &variables.members, &wide)?;
        let observations = ordered(archive, &variables.observations, &narrow)?;
        let shape = members.shape()[3..].to_vec();
        let times = archive.times(&variables.time)?;
        let leads = leads(archive, &variables.lead)?;
        let mut oddities = Vec::new();
        let on = places::Dimensions {
            names: &dims,
            shape: &shape,
        };
        let stations = places::stations(archive, variables, &on, &mut oddities)?;
        let layout = places::layout(archive, variables, &on, &stations)?;
        let grid = Grid {
            members: flat(&members, 3, stations.len())?,
            observations: flat(&observations, 2, stations.len())?,
            times: times.instants.iter().map(|t| t.0).collect(),
            leads,
        };
        let columns = grid.columns(
            units(archive, &variables.members)?,
            units(archive, &variables.observations)?,
            times.calendar,
            stations,
        );
        let table = Table::new(columns)?;
        Ok(Self {
            table,
            layout,
            oddities,
        })
    }
}

/// All dimensions from one on as a single one.
fn flat(values: &ArrayD<f64>, from: usize, places: usize) -> Result<ArrayD<f64>, CasesError> {
    let mut shape = values.shape()[..from].to_vec();
    shape.push(places);
    let values: Vec<f64> = values.iter().copied().collect();
    let found = values.len();
    ArrayD::from_shape_vec(shape, values).map_err(|_| CasesError::Places { found, places })
}

struct Grid {
    /// (time, lead, member, place).
    members: ArrayD<f64>,
    /// (time, lead, place).
    observations: ArrayD<f64>,
    times: Vec<i64>,
    leads: Vec<i64>,
}

impl Grid {
    fn columns(
        &self,
        units: String,
        observation_units: String,
        calendar: Calendar,
        stations: Vec<Station>,
    ) -> Columns {
        let count = self.members.shape()[2];
        let (mut dates, mut leads, mut station) = (vec![], vec![], vec![]);
        let (mut values, mut observations) = (vec![], vec![]);
        for (t, &date) in self.times.iter().enumerate() {
            for (l, &lead) in self.leads.iter().enumerate() {
                for s in 0..stations.len() {
                    let observation = self.observations[[t, l, s]];
                    let row: Vec<f64> = (0..count).map(|m| self.members[[t, l, m, s]]).collect();
                    if observation.is_nan() && row.iter().all(|x| x.is_nan()) {
                        continue;
                    }
                    dates.push(date);
                    leads.push(lead);
                    station.push(s);
                    observations.push(observation);
                    values.extend(row);
                }
            }
        }
        let rows = dates.len();
        let members = Array2::from_shape_fn((rows, count), |(i, m)| values[i * count + m]);
        Columns {
            units,
            observation_units,
            calendar,
            stations,
            covariate_names: Vec::new(),
            dates,
            leads,
            station,
            members,
            observations,
            covariates: Array2::zeros((rows, 0)),
        }
    }
}

/// A variable with its dimensions in the order asked for.
pub(crate) fn ordered(
    archive: &Archive,
    name: &str,
    dims: &[String],
) -> Result<ArrayD<f64>, CasesError> {
    let variable = archive.variable(name)?;
    let axes: Option<Vec<usize>> = dims
        .iter()
        .map(|dim| variable.dims.iter().position(|found| found == dim))
        .collect();
    match axes {
        Some(axes) if axes.len() == variable.dims.len() => {
            Ok(archive.read_f64(name)?.permuted_axes(axes))
        }
        _ => Err(CasesError::Dimensions {
            variable: name.to_owned(),
            found: variable.dims.clone(),
            expected: dims.to_vec(),
        }),
    }
}

pub(crate) fn units(archive: &Archive, name: &str) -> Result<String, CasesError> {
    let units = archive.variable(name)?.units();
    units
        .map(str::to_owned)
        .ok_or_else(|| CasesError::NoUnits(name.to_owned()))
}
