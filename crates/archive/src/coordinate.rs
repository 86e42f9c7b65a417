//! Coordinate variables with their CF attributes.

use foehn_field::{Attribute, Attributes, Grid, TimeAxis, TimeError};
use ndarray::{ArrayD, arr1};

use crate::{ArrayPlan, Element, Store, WriteError};

/// A coordinate variable: how it is laid out, and its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Coordinate {
    /// The layout and attributes.
    pub plan: ArrayPlan,
    values: Values,
}

#[derive(Debug, Clone, PartialEq)]
enum Values {
    Int(ArrayD<i64>),
    Short(ArrayD<i32>),
    Float(ArrayD<f64>),
}

impl Coordinate {
    /// Times as whole hours, minutes or seconds since 1970, the largest unit that holds them all.
    ///
    /// `standard_name` is `time` or, for the start of forecasts, `forecast_reference_time`.
    ///
    /// # Errors
    /// [`TimeError`] where a time cannot be encoded.
    pub fn time(
        name: &str,
        standard_name: &str,
        long_name: &str,
        axis: &TimeAxis,
    ) -> Result<Self, TimeError> {
        let units = axis.units();
        let values = arr1(&axis.encode(&units)?).into_dyn();
        let labels = [
            ("standard_name", standard_name),
            ("long_name", long_name),
            ("axis", "T"),
        ];
        let mut attributes = attributes(&labels);
        attributes.extend(time_units(axis, &units));
        Ok(Self::ints(name, &[name], values, attributes))
    }

    /// Whole numbers.
    pub fn ints(name: &str, dims: &[&str], values: ArrayD<i64>, attributes: Attributes) -> Self {
        let plan = ArrayPlan::whole(name, dims, values.shape(), Element::I64, attributes);
        Self {
            plan,
            values: Values::Int(values),
        }
    }

    /// Short whole numbers, such as the numbers of members.
    pub fn shorts(name: &str, dims: &[&str], values: ArrayD<i32>, attributes: Attributes) -> Self {
        let plan = ArrayPlan::whole(name, dims, values.shape(), Element::I32, attributes);
        Self {
            plan,
            values: Values::Short(values),
        }
    }

    /// Real numbers.
    pub fn floats(name: &str, dims: &[&str], values: ArrayD<f64>, attributes: Attributes) -> Self {
        let plan = ArrayPlan::whole(name, dims, values.shape(), Element::F64, attributes);
        Self {
            plan,
            values: Values::Float(values),
        }
    }

    /// The coordinates of a horizontal grid: `latitude` and `longitude`, 1-D or on (y, x), or `y` and `x`.
    ///
    /// A periodic plane keeps its lengths in the attribute `period`, which [`Archive::grid`](crate::Archive::grid) reads.
    pub fn of_grid(grid: &Grid) -> Vec<Self> {
        let named = |name: &str, dims: &[&str], values: ArrayD<f64>| {
            let (units, letter) = if name == "latitude" {
                ("degrees_north", "Y")
            } else {
                ("degrees_east", "X")
            };
            let labels = geographic(name, units, (dims.len() == 1).then_some(letter));
            Self::floats(name, dims, values, labels)
        };
        let on_line = |name: &str, axis: &str, values: &[f64], period: Option<f64>| {
            Self::floats(
                name,
                &[name],
                arr1(values).into_dyn(),
                plane_attributes(axis, period),
            )
        };
        match grid {
            Grid::Rectilinear {
                latitude,
                longitude,
            } => vec![
                named("latitude", &["latitude"], arr1(latitude).into_dyn()),
                named("longitude", &["longitude"], arr1(longitude).into_dyn()),
            ],
            Grid::Curvilinear {
                latitude,
                longitude,
            } => vec![
                named("latitude", &["y", "x"], latitude.clone().into_dyn()),
                named("longitude", &["y", "x"], longitude.clone().into_dyn()),
            ],
            Grid::Cartesian { y, x, period } => vec![
                on_line("y", "Y", y, period.map(|p| p.0)),
                on_line("x", "X", x, period.map(|p| p.1)),
            ],
        }
    }

    /// The names of a grid's dimensions.
    pub const fn grid_dims(grid: &Grid) -> [&'static str; 2] {
        match grid {
            Grid::Rectilinear { .. } => ["latitude", "longitude"],
            Grid::Curvilinear { .. } | Grid::Cartesian { .. } => ["y", "x"],
        }
    }

    /// Writes the values into a store that was created with this coordinate's plan.
    ///
    /// # Errors
    /// [`WriteError`]: the plan or the disk.
    pub fn write(&self, store: &Store) -> Result<(), WriteError> {
        let start = vec![0; self.plan.shape.len()];
        match &self.values {
            Values::Int(values) => store.write_i64(&self.plan.name, &start, values.view()),
            Values::Short(values) => store.write_i32(&self.plan.name, &start, values.view()),
            Values::Float(values) => store.write_f64(&self.plan.name, &start, values.view()),
        }
    }
}

/// Text attributes.
pub(crate) fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    pairs
        .iter()
        .map(|(name, text)| ((*name).to_owned(), Attribute::from(*text)))
        .collect()
}

pub(crate) fn time_units(axis: &TimeAxis, units: &str) -> Attributes {
    attributes(&[("units", units), ("calendar", axis.calendar.name())])
}

/// Labels of a latitude or longitude; only a 1-D coordinate is an axis.
fn geographic(name: &str, units: &str, axis: Option<&str>) -> Attributes {
    let mut labels = attributes(&[
        ("standard_name", name),
        ("long_name", name),
        ("units", units),
    ]);
    labels.extend(axis.map(|letter| ("axis".to_owned(), Attribute::from(letter))));
    labels
}

fn plane_attributes(axis: &str, period: Option<f64>) -> Attributes {
    let long_name = if axis == "Y" {
        "distance along y"
    } else {
        "distance along x"
    };
    let mut attributes = attributes(&[("long_name", long_name), ("units", "1"), ("axis", axis)]);
    attributes.extend(period.map(|length| ("period".to_owned(), Attribute::Float(length))));
    attributes
}
