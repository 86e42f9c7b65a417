//! Tables whose law is known.
#![allow(dead_code, reason = "every test of the folder uses a part")]

use foehn_calibration::{Columns, Station, Table};
use foehn_field::Calendar;
use foehn_noise::{Key, Purpose};
use ndarray::Array2;

pub const DAY: i64 = 86_400;

pub fn station(index: usize) -> Station {
    Station {
        name: format!("S{index}"),
        latitude: 45.0 + index as f64,
        longitude: 10.0,
        altitude: Some(100.0 * index as f64),
        model_altitude: Some(50.0),
    }
}

/// Observations `2 + 0.8 mean + N(0, (0.5 spread)^2 + 1)` and members `N(signal, spread^2)`, the spread from 1 to 4;
/// station s is colder by s degrees than the forecast says.
pub fn columns(dates: usize, stations: usize, members: usize, seed: u64) -> Columns {
    let rows = dates * stations;
    let mut columns = Columns {
        units: "K".into(),
        observation_units: "K".into(),
        calendar: Calendar::ProlepticGregorian,
        stations: (0..stations).map(station).collect(),
        covariate_names: Vec::new(),
        dates: (0..rows).map(|i| (i / stations) as i64 * DAY).collect(),
        leads: vec![DAY; rows],
        station: (0..rows).map(|i| i % stations).collect(),
        members: Array2::zeros((rows, members)),
        observations: vec![0.0; rows],
        covariates: Array2::zeros((rows, 0)),
    };
    for row in 0..rows {
        let mut noise = vec![0.0; members + 3];
        Key::new(seed, Purpose::Simulate)
            .init(row as i64)
            .normals_f64(&mut noise);
        let spread = 2.5 + 1.5 * noise[0].clamp(-1.0, 1.0);
        let signal = 10.0 * noise[1];
        for m in 0..members {
            columns.members[[row, m]] = signal + spread * noise[3 + m];
        }
        let mean = columns.members.row(row).mean().expect("members");
        let deviation = columns.members.row(row).std(1.0);
        let s = (0.25 * deviation * deviation + 1.0).sqrt();
        columns.observations[row] = 2.0 + 0.8 * mean + s * noise[2] - columns.station[row] as f64;
    }
    columns
}

pub fn table(dates: usize, stations: usize, members: usize, seed: u64) -> Table {
    Table::new(columns(dates, stations, members, seed)).expect("a table")
}
