//! Where the places of a file lie: stations along a dimension, or the points of a grid.

use foehn_archive::{Archive, STORAGE_ATTRIBUTES};
use foehn_field::{Attribute, Attributes};
use ndarray::{Array1, ArrayD, IxDyn};

use crate::names::names;
use crate::read::ordered;
use crate::{CasesError, Oddity, Station, Variables};

/// The dimensions of places, and what is known along them: what calibrated members are written on.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Names of the dimensions: one for stations, two for a grid.
    pub dims: Vec<String>,
    /// Their lengths.
    pub shape: Vec<usize>,
    /// Variables along them, such as latitude and longitude.
    pub coordinates: Vec<PlaceVariable>,
}

/// A variable along dimensions of places.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceVariable {
    /// Its name.
    pub name: String,
    /// Its dimensions.
    pub dims: Vec<String>,
    /// Its values, NaN where missing.
    pub values: ArrayD<f64>,
    /// Its attributes.
    pub attributes: Attributes,
}

impl Layout {
    /// Stations along one dimension, with what is known of them.
    pub fn of_stations(stations: &[Station], variables: &Variables) -> Self {
        let along = |name: &str, labels: [&str; 3], take: &dyn Fn(&Station) -> f64| {
            let [standard_name, long_name, units] = labels;
            let pairs = [
                ("standard_name", standard_name),
                ("long_name", long_name),
                ("units", units),
            ];
            let said = pairs.iter().filter(|(_, text)| !text.is_empty());
            PlaceVariable {
                name: name.to_owned(),
                dims: vec![variables.station.clone()],
                values: stations
                    .iter()
                    .map(take)
                    .collect::<Array1<f64>>()
                    .into_dyn(),
                attributes: said
                    .map(|(key, text)| ((*key).to_owned(), Attribute::from(*text)))
                    .collect(),
            }
        };
        let unknown = |height: Option<f64>| height.unwrap_or(f64::NAN);
        let model = "height of the model's ground above the sea";
        let coordinates = vec![
            along(
                &variables.latitude,
                ["latitude", "", "degrees_north"],
                &|s| s.latitude,
            ),
            along(
                &variables.longitude,
                ["longitude", "", "degrees_east"],
                &|s| s.longitude,
            ),
            along(&variables.altitude, ["surface_altitude", "", "m"], &|s| {
                unknown(s.altitude)
            }),
            along(&variables.model_altitude, ["", model, "m"], &|s| {
                unknown(s.model_altitude)
            }),
        ];
        let known = |variable: &PlaceVariable| variable.values.iter().any(|x| x.is_finite());
        Self {
            dims: vec![variables.station.clone()],
            shape: vec![stations.len()],
            coordinates: coordinates.into_iter().filter(known).collect(),
        }
    }

    /// Whether the places are points of a grid.
    pub fn is_grid(&self) -> bool {
        self.dims.len() > 1
    }
}

pub(crate) struct Dimensions<'a> {
    pub(crate) names: &'a [String],
    pub(crate) shape: &'a [usize],
}

/// The dimensions of the members that are not time, lead or member.
pub(crate) fn dims(archive: &Archive, variables: &Variables) -> Result<Vec<String>, CasesError> {
    let found = &archive.variable(&variables.members)?.dims;
    if found.contains(&variables.station) {
        return Ok(vec![variables.station.clone()]);
    }
    let others = [&variables.time, &variables.lead, &variables.number];
    // A file that lacks one of these is told so where it is read.
    if others.iter().any(|dim| !found.contains(*dim)) {
        return Ok(vec![variables.station.clone()]);
    }
    let places: Vec<String> = found
        .iter()
        .filter(|dim| !others.contains(dim))
        .cloned()
        .collect();
    if places.is_empty() {
        return Err(CasesError::NoPlaces {
            variable: variables.members.clone(),
            found: found.clone(),
        });
    }
    Ok(places)
}

/// One station a place, row by row of a grid.
pub(crate) fn stations(
    archive: &Archive,
    variables: &Variables,
    on: &Dimensions<'_>,
    oddities: &mut Vec<Oddity>,
) -> Result<Vec<Station>, CasesError> {
    let count = on.shape.iter().product();
    let place = |name: &String, oddities: &mut Vec<Oddity>| {
        let found = everywhere(archive, name, on)?;
        if found.is_none() {
            oddities.push(Oddity(format!(
                "no variable {name:?}: it is unknown everywhere"
            )));
        }
        Ok::<_, CasesError>(found.unwrap_or_else(|| vec![f64::NAN; count]))
    };
    let latitude = place(&variables.latitude, oddities)?;
    let longitude = place(&variables.longitude, oddities)?;
    let named = match on.names {
        [dim] if *dim == variables.station => names(archive, variables, count, oddities)?,
        _ => None,
    };
    let name = |s: usize| match &named {
        Some(names) => names[s].clone(),
        None => s.to_string(),
    };
    let altitude = everywhere(archive, &variables.altitude, on)?;
    let model = everywhere(archive, &variables.model_altitude, on)?;
    let mut ground = |values: &Option<Vec<f64>>, s: usize| {
        let height = values.as_ref().map(|values| values[s])?;
        if Station::is_ground(height) {
            return Some(height);
        }
        if !height.is_nan() {
            let of = name(s);
            let said = format!("station {of}: altitude {height} m is no ground; taken as unknown");
            oddities.push(Oddity(said));
        }
        None
    };
    Ok((0..count)
        .map(|s| Station {
            name: name(s),
            latitude: latitude[s],
            longitude: longitude[s],
            altitude: ground(&altitude, s),
            model_altitude: ground(&model, s),
        })
        .collect())
}

/// A variable at every place, which may lie along some of the dimensions only; `None` where there is none.
fn everywhere(
    archive: &Archive,
    name: &String,
    on: &Dimensions<'_>,
) -> Result<Option<Vec<f64>>, CasesError> {
    if !archive.variables().contains_key(name) {
        return Ok(None);
    }
    let own = &archive.variable(name)?.dims;
    let along: Vec<String> = on
        .names
        .iter()
        .filter(|dim| own.contains(dim))
        .cloned()
        .collect();
    let along = if along.is_empty() {
        on.names.to_vec()
    } else {
        along
    };
    let mut values = ordered(archive, name, &along)?;
    for (axis, dim) in on.names.iter().enumerate() {
        if !along.contains(dim) {
            values = values.insert_axis(ndarray::Axis(axis));
        }
    }
    let whole = values.broadcast(IxDyn(on.shape));
    Ok(whole.map(|whole| whole.iter().copied().collect()))
}

/// Stations as they are known, or the coordinates of a grid as the file has them.
pub(crate) fn layout(
    archive: &Archive,
    variables: &Variables,
    on: &Dimensions<'_>,
    stations: &[Station],
) -> Result<Layout, CasesError> {
    if let [dim] = on.names
        && *dim == variables.station
    {
        return Ok(Layout::of_stations(stations, variables));
    }
    let mut coordinates = Vec::new();
    for (name, variable) in archive.variables() {
        let inside = variable.dims.iter().all(|dim| on.names.contains(dim));
        let number = variable.dtype.starts_with("float") || variable.dtype.starts_with("int");
        if variable.dims.is_empty() || !inside || !number {
            continue;
        }
        let mut attributes = variable.attributes.clone();
        attributes.retain(|key, _| !STORAGE_ATTRIBUTES.contains(&key.as_str()));
        coordinates.push(PlaceVariable {
            name: name.clone(),
            dims: variable.dims.clone(),
            values: archive.read_f64(name)?,
            attributes,
        });
    }
    Ok(Layout {
        dims: on.names.to_vec(),
        shape: on.shape.to_vec(),
        coordinates,
    })
}
