//! Names by which dimensions and coordinates go.

use crate::Role;

/// Names that dimensions and their coordinates go by, in lower case.
pub(crate) const NAMES: [(Role, &[&str]); 8] = [
    (
        Role::Member,
        &[
            "number",
            "realization",
            "realisation",
            "member",
            "members",
            "ensemble",
            "ens",
            "ensemble_member",
            "ens_member",
            "ensemblemember",
            "m",
            "sample",
            "samples",
            "perturbation",
            "perturbationnumber",
        ],
    ),
    (
        Role::Lead,
        &[
            "step",
            "lead",
            "leads",
            "lead_time",
            "leadtime",
            "prediction_timedelta",
            "l",
            "forecast_period",
            "forecast_lead_time",
            "forecast_hour",
            "fhour",
            "fcst_hour",
        ],
    ),
    (
        Role::Init,
        &[
            "s",
            "init",
            "init_time",
            "inittime",
            "initial_time",
            "initialization_time",
            "forecast_reference_time",
            "forecast_init_time",
            "reference_time",
            "reftime",
            "start_time",
            "analysis_time",
            "issue_time",
        ],
    ),
    (
        Role::Time,
        &[
            "time",
            "valid_time",
            "t",
            "times",
            "date",
            "dates",
            "datetime",
            "validtime",
        ],
    ),
    (
        Role::Level,
        &[
            "level",
            "levels",
            "lev",
            "plev",
            "pressure",
            "pressure_level",
            "isobaricinhpa",
            "height",
            "altitude",
            "depth",
            "z",
            "hybrid",
            "model_level",
        ],
    ),
    (
        Role::Y,
        &[
            "lat",
            "latitude",
            "latitudes",
            "y",
            "yc",
            "nav_lat",
            "rlat",
            "south_north",
        ],
    ),
    (
        Role::X,
        &[
            "lon",
            "longitude",
            "longitudes",
            "x",
            "xc",
            "nav_lon",
            "rlon",
            "west_east",
        ],
    ),
    (
        Role::Place,
        &[
            "station",
            "stations",
            "station_id",
            "site",
            "sites",
            "location",
            "point",
            "points",
            "cell",
            "cells",
            "ncells",
            "values",
        ],
    ),
];

/// Standard names of CF and what they stand for.
pub(crate) const STANDARD: [(Role, &[&str]); 7] = [
    (Role::Member, &["realization"]),
    (Role::Lead, &["forecast_period"]),
    (Role::Init, &["forecast_reference_time"]),
    (Role::Time, &["time"]),
    (
        Role::Level,
        &[
            "air_pressure",
            "height",
            "altitude",
            "depth",
            "model_level_number",
            "height_above_mean_sea_level",
            "geopotential_height",
        ],
    ),
    (
        Role::Y,
        &["latitude", "grid_latitude", "projection_y_coordinate"],
    ),
    (
        Role::X,
        &["longitude", "grid_longitude", "projection_x_coordinate"],
    ),
];

/// The role of a name in a table.
pub(crate) fn listed(table: &[(Role, &[&str])], name: &str) -> Option<Role> {
    let row = table.iter().find(|(_, names)| names.contains(&name));
    row.map(|(role, _)| *role)
}
