//! Times 50 members for each of 100 000 station-cases by a fitted interpolant, on two threads.
//!
//! `cargo run --release -p foehn-pipelines --example apply_time`

use anyhow::Result;
use foehn_calibration::{Columns, Station, Table, Term};
use foehn_compute::Workers;
use foehn_field::Calendar;
use foehn_noise::{Key, Purpose};
use foehn_pipelines::InterpolantConfig;
use ndarray::Array2;
use std::time::Instant;

const DAY: i64 = 86_400;
const STATIONS: usize = 1000;
const DATES: usize = 100;
const MEMBERS: usize = 50;

fn table() -> Result<Table> {
    let rows = STATIONS * DATES;
    let mut members = Array2::zeros((rows, MEMBERS));
    let mut observations = Vec::with_capacity(rows);
    for row in 0..rows {
        let mut z = vec![0.0; MEMBERS + 3];
        Key::new(1, Purpose::Simulate)
            .init(row as i64)
            .normals_f64(&mut z);
        let signal = 5.0 * z[0];
        observations.push(signal + 0.4 * z[1] + 0.8 * (z[2] * z[2] - 1.0));
        members
            .row_mut(row)
            .iter_mut()
            .zip(&z[3..])
            .for_each(|(x, z)| *x = signal + 0.5 * z - 1.0);
    }
    Ok(Table::new(Columns {
        units: "K".into(),
        observation_units: "K".into(),
        calendar: Calendar::ProlepticGregorian,
        stations: (0..STATIONS)
            .map(|s| Station {
                name: s.to_string(),
                latitude: 45.0,
                longitude: s as f64 / 100.0,
                altitude: None,
                model_altitude: None,
            })
            .collect(),
        covariate_names: vec![],
        dates: (0..rows).map(|row| (row / STATIONS) as i64 * DAY).collect(),
        leads: vec![0; rows],
        station: (0..rows).map(|row| row % STATIONS).collect(),
        members,
        observations,
        covariates: Array2::zeros((rows, 0)),
    })?)
}

fn main() -> Result<()> {
    let table = table()?;
    let workers = Workers::new(2)?;
    let few = table.filter(|case| case.station.longitude < 0.4);
    let method = InterpolantConfig {
        terms: vec![Term::Mean, Term::Spread, Term::Season(1), Term::Longitude],
        steps: 400,
        ..InterpolantConfig::default()
    };
    let fitted = method.fit(&few, 1, &workers)?;
    for _ in 0..3 {
        let begun = Instant::now();
        let predictions = fitted.predictions(&table, &workers)?;
        let laws = begun.elapsed().as_secs_f64();
        let mut sum = 0.0;
        for prediction in predictions {
            sum += prediction?.law.members(MEMBERS).iter().sum::<f64>();
        }
        let all = begun.elapsed().as_secs_f64();
        println!(
            "step {}: laws {laws:.2} s, with members {all:.2} s (mean {:.3})",
            fitted.step(),
            sum / (table.len() * MEMBERS) as f64
        );
    }
    Ok(())
}
