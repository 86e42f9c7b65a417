//! What the dimensions and coordinates of a forecast are called.

use crate::{ArrayPlan, Coordinate};
use foehn_field::Attribute;

/// Names as other software expects them; dimensions, order and values are the same in every layout.
///
/// | layout | start | lead | member | valid time | grid |
/// |---|---|---|---|---|---|
/// | `WeatherBench` | `time` | `prediction_timedelta` | `number` | `valid_time` | `latitude`, `longitude` |
/// | `Earthkit` | `forecast_reference_time` | `step` | `number` | `valid_time` | `latitude`, `longitude` |
/// | `Iris` | `forecast_reference_time` | `forecast_period` | `realization` | `time` | `latitude`, `longitude` |
/// | `Earth2Studio` | `time` | `lead_time` | `ensemble` | `valid_time` | `lat`, `lon` |
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Layout {
    /// As in `WeatherBench` 2 and WeatherBench-X.
    #[default]
    WeatherBench,
    /// As earthkit-data names them.
    Earthkit,
    /// As Iris names them, by the conventions' standard names.
    Iris,
    /// As `Earth2Studio` names them.
    Earth2Studio,
}

impl Layout {
    /// What a name of the default layout is in this one.
    pub fn name(self, name: &str) -> &str {
        match (self, name) {
            (Self::Earthkit | Self::Iris, "time") => "forecast_reference_time",
            (Self::Earthkit, "prediction_timedelta") => "step",
            (Self::Iris, "prediction_timedelta") => "forecast_period",
            (Self::Iris, "number") => "realization",
            (Self::Iris, "valid_time") => "time",
            (Self::Earth2Studio, "prediction_timedelta") => "lead_time",
            (Self::Earth2Studio, "number") => "ensemble",
            (Self::Earth2Studio, "latitude") => "lat",
            (Self::Earth2Studio, "longitude") => "lon",
            (_, other) => other,
        }
    }

    /// Renames an array's dimensions and the coordinates that it names.
    pub(crate) fn rename(self, array: &mut ArrayPlan) {
        for dim in &mut array.dims {
            *dim = self.name(dim).to_owned();
        }
        if let Some(Attribute::Text(text)) = array.attributes.get_mut("coordinates") {
            let names: Vec<&str> = text.split(' ').map(|name| self.name(name)).collect();
            *text = names.join(" ");
        }
    }

    /// Renames a coordinate.
    pub(crate) fn rename_coordinate(self, coordinate: &mut Coordinate) {
        self.rename(&mut coordinate.plan);
        coordinate.plan.name = self.name(&coordinate.plan.name).to_owned();
    }
}
