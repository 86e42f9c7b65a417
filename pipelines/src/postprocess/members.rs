//! Calibrated members as a Zarr store.

use super::config::{Order, PostprocessConfig};
use super::method::Forecast;
use anyhow::{Context, Result, bail};
use foehn_archive::{ArrayPlan, Element, Mode, Store};
use foehn_calibration::{Case, Law, Station, Table, Template, shuffle, transformation};
use foehn_field::{Attribute, Attributes};
use foehn_noise::{Key, Purpose};
use ndarray::{Array1, Array2, Array4, ArrayD, ArrayView1, Axis};
use std::path::Path;

/// Dimensions of the members.
const DIMS: [&str; 4] = ["time", "prediction_timedelta", "number", "station"];

/// Writes the members of every case of a table, (time, lead, member, station), NaN where there is no forecast; how many
/// cases that leaves out.
///
/// # Errors
/// If the store is there already and may not be overwritten, or cannot be written.
pub fn write(
    config: &PostprocessConfig,
    predictions: &[Forecast],
    table: &Table,
    path: &Path,
    mode: Mode,
) -> Result<usize> {
    let (dates, leads) = (table.distinct_dates(), table.distinct_leads());
    let columns = table.columns();
    let (count, stations) = (columns.members.ncols(), columns.stations.len());
    let shape = [dates.len(), leads.len(), count, stations];
    let mut members = Array4::from_elem(shape, f32::NAN);
    let mut left_out = 0;
    for (t, &date) in dates.iter().enumerate() {
        for (l, &lead) in leads.iter().enumerate() {
            let at: Vec<usize> = (0..table.len())
                .filter(|&row| columns.dates[row] == date && columns.leads[row] == lead)
                .collect();
            let cases: Vec<Case<'_>> = at.iter().filter_map(|&row| table.case(row)).collect();
            let key = Key::new(config.seed, Purpose::Sample)
                .init(date)
                .lead(l as u32);
            let forecasts = at.iter().map(|&row| &predictions[row]);
            let (values, skipped) = joint(config.calibrated.order, forecasts, &cases, key)?;
            left_out += skipped;
            for (column, &row) in values.axis_iter(Axis(1)).zip(&at) {
                let mut place = members.slice_mut(ndarray::s![t, l, .., columns.station[row]]);
                place
                    .iter_mut()
                    .zip(column)
                    .for_each(|(to, from)| *to = *from as f32);
            }
        }
    }
    let name = &config.data.variables.members;
    let store = Store::create(
        path,
        &attributes(config, &columns.stations)?,
        plans(config, table, &shape),
        mode,
    )?;
    store.write_f32(name, &[0; 4], members.into_dyn().view())?;
    write_coordinates(&store, &dates, &leads, count, &columns.stations)?;
    store.finish()?;
    Ok(left_out)
}

/// Members (members, cases) of one date and lead, and the number of cases without.
fn joint<'a>(
    order: Order,
    forecasts: impl Iterator<Item = &'a Forecast>,
    cases: &[Case<'_>],
    key: Key,
) -> Result<(Array2<f64>, usize)> {
    let count = cases.first().map_or(0, |case| case.members.len());
    let mut values = Array2::from_elem((count, cases.len()), f64::NAN);
    let (mut laws, mut at): (Vec<Law>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut left_out = 0;
    for ((s, case), forecast) in cases.iter().enumerate().zip(forecasts) {
        let complete = case.members.iter().all(|x| x.is_finite());
        match forecast {
            Ok(prediction) => match &prediction.members {
                Some(members) => values.column_mut(s).assign(&ArrayView1::from(members)),
                None if complete || order == Order::Independent => {
                    laws.push(prediction.law.clone());
                    at.push(s);
                }
                // Without all raw members there is no order to take over.
                None => left_out += 1,
            },
            Err(_) => left_out += 1,
        }
    }
    let raw = Array2::from_shape_fn((count, at.len()), |(m, s)| cases[at[s]].members[m]);
    let ordered = in_order(order, &laws, &raw, key)?;
    for (column, &s) in ordered.axis_iter(Axis(1)).zip(&at) {
        values.column_mut(s).assign(&column);
    }
    Ok((values, left_out))
}

/// Members (members, laws) of laws in the order asked for.
fn in_order(order: Order, laws: &[Law], raw: &Array2<f64>, key: Key) -> Result<Array2<f64>> {
    let count = raw.nrows();
    let by_law = |make: &dyn Fn(usize, &Law) -> Vec<f64>| {
        let lists: Vec<Vec<f64>> = laws
            .iter()
            .enumerate()
            .map(|(s, law)| make(s, law))
            .collect();
        Array2::from_shape_fn((count, laws.len()), |(m, s)| lists[s][m])
    };
    Ok(match order {
        Order::Independent => by_law(&|s, law| law.draws(count, key.member(s as u32))),
        Order::EccT => transformation(laws, raw.view(), key)?,
        Order::EccQ => {
            let quantiles = by_law(&|_, law| law.members(count));
            shuffle(quantiles.view(), Template(raw.view()), key)?
        }
    })
}

fn text(pairs: &[(&str, &str)]) -> Attributes {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), Attribute::from(*value)))
        .collect()
}

fn attributes(config: &PostprocessConfig, stations: &[Station]) -> Result<Attributes> {
    let names: Vec<&str> = stations
        .iter()
        .map(|station| station.name.as_str())
        .collect();
    let version = format!("foehn {}", env!("CARGO_PKG_VERSION"));
    Ok(text(&[
        ("Conventions", "CF-1.11"),
        (
            "title",
            &format!(
                "{}: members calibrated by {}",
                config.name, config.calibrated.method
            ),
        ),
        ("source", &version),
        ("stations", &names.join(", ")),
        ("configuration", &config.to_toml()?),
    ]))
}

fn plans(config: &PostprocessConfig, table: &Table, shape: &[usize; 4]) -> Vec<ArrayPlan> {
    let columns = table.columns();
    let mut members = ArrayPlan::whole(
        &config.data.variables.members,
        &DIMS,
        shape,
        Element::F32,
        text(&[("units", &columns.units)]),
    );
    members.fill = Some(f64::NAN);
    let calendar = columns.calendar.to_string();
    let time = text(&[
        ("standard_name", "forecast_reference_time"),
        ("units", "seconds since 1970-01-01"),
        ("calendar", &calendar),
    ]);
    let lead = text(&[
        ("standard_name", "forecast_period"),
        ("units", "hours"),
        ("dtype", "timedelta64[ns]"),
    ]);
    let number = text(&[("standard_name", "realization")]);
    let degrees = |name: &str, units: &str| text(&[("standard_name", name), ("units", units)]);
    let one = |name: &str, axis: usize, values: Element, attributes: Attributes| {
        ArrayPlan::whole(name, &[DIMS[axis]], &[shape[axis]], values, attributes)
    };
    vec![
        members,
        one(DIMS[0], 0, Element::I64, time),
        one(DIMS[1], 1, Element::I64, lead),
        one(DIMS[2], 2, Element::I64, number),
        one(
            "latitude",
            3,
            Element::F64,
            degrees("latitude", "degrees_north"),
        ),
        one(
            "longitude",
            3,
            Element::F64,
            degrees("longitude", "degrees_east"),
        ),
    ]
}

fn write_coordinates(
    store: &Store,
    dates: &[i64],
    leads: &[i64],
    count: usize,
    stations: &[Station],
) -> Result<()> {
    if let Some(lead) = leads.iter().find(|lead| *lead % 3600 != 0) {
        bail!("lead {lead} s is no whole number of hours, which the members' file counts in");
    }
    let whole = |name: &str, values: Vec<i64>| -> Result<()> {
        let values: ArrayD<i64> = Array1::from_vec(values).into_dyn();
        store
            .write_i64(name, &[0], values.view())
            .with_context(|| format!("writing {name}"))
    };
    whole(DIMS[0], dates.to_vec())?;
    whole(DIMS[1], leads.iter().map(|lead| lead / 3600).collect())?;
    whole(DIMS[2], (1..=count as i64).collect())?;
    let place = |name: &str, take: fn(&Station) -> f64| -> Result<()> {
        let values: ArrayD<f64> = stations
            .iter()
            .map(take)
            .collect::<Array1<f64>>()
            .into_dyn();
        store
            .write_f64(name, &[0], values.view())
            .with_context(|| format!("writing {name}"))
    };
    place("latitude", |station| station.latitude)?;
    place("longitude", |station| station.longitude)
}
