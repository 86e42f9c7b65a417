//! What foehn writes, xarray decodes.
//!
//! Needs the interpreter named by `FOEHN_PYTHON`, with what `tests/requirements.txt` lists.
#![allow(clippy::unwrap_used)]

mod comparison;

use std::path::Path;

use comparison::{dates, python};
use foehn_archive::{ForecastPlan, Layout, Mode, export_netcdf, open};
use foehn_field::{Attribute, Attributes, Calendar, Grid};
use ndarray::{Array2, ArrayD, Axis, IxDyn};
use serde_json::{Value, json};

/// Opens a forecast with every warning an error, and tells what it decoded.
const FORECAST: &str = r#"
import json, sys, warnings
warnings.simplefilter("error")
import numpy as np, xarray as xr
opened = {"zarr": xr.open_zarr(sys.argv[1]), "netcdf": xr.open_dataset(sys.argv[2])}
loose = xr.open_zarr(sys.argv[1], consolidated=False)
xr.testing.assert_identical(loose.load(), opened["zarr"].load())
xr.testing.assert_identical(opened["zarr"], opened["netcdf"].load())
ds = opened["netcdf"]
iso = lambda a: [str(np.datetime_as_string(t, "s")) if ds.time.dtype.kind == "M" else t.isoformat() for t in a.values.ravel()]
name = sys.argv[3]
json.dump({
    "kinds": {key: ds[key].dtype.kind for key in ("time", "prediction_timedelta", "valid_time", name)},
    "time": iso(ds.time), "valid_time": iso(ds.valid_time),
    "leads": [int(t / np.timedelta64(1, "s")) for t in ds.prediction_timedelta.values],
    "number": ds.number.values.tolist(), "coords": sorted(ds.coords), "dims": list(ds[name].dims),
    "values": [None if np.isnan(x) else float(x) for x in ds[name].values.ravel()],
    "fill": {key: str(opened[key][name].encoding["_FillValue"]) for key in opened},
    "standard_names": {key: ds[key].attrs.get("standard_name") for key in sorted(ds.variables)},
    "attrs": ds.attrs, "units": ds[name].attrs["units"],
    "axes": {key: ds[key].attrs.get("axis") for key in sorted(ds.coords)},
}, sys.stdout)
"#;

fn plan(calendar: Calendar, grid: Grid, lead_seconds: Vec<i64>) -> ForecastPlan {
    let labels = [
        ("units", "Pa"),
        ("standard_name", "air_pressure_at_mean_sea_level"),
        ("cell_methods", "area: mean"),
    ];
    let attributes: Attributes = labels
        .iter()
        .map(|(k, v)| ((*k).to_owned(), Attribute::from(*v)))
        .collect();
    ForecastPlan {
        title: "test forecast".into(),
        calendar,
        inits: ["2001-02-27", "2001-02-28T12:00"]
            .map(|text| calendar.parse(text).unwrap())
            .to_vec(),
        lead_seconds,
        members: 3,
        layout: Layout::WeatherBench,
        leads_per_file: 1,
        grid,
        variables: vec![("slp".into(), attributes)],
        provenance: [("source".to_owned(), Attribute::from("foehn"))]
            .into_iter()
            .collect(),
    }
}

/// Writes a forecast item by item; one value is missing.
fn write(plan: &ForecastPlan, path: &Path) -> ArrayD<f32> {
    let store = plan.create(path, Mode::Create).unwrap();
    let (ny, nx) = plan.grid.shape();
    let shape = [
        plan.inits.len(),
        plan.lead_seconds.len(),
        plan.members,
        ny,
        nx,
    ];
    let mut values = ArrayD::from_shape_fn(IxDyn(&shape), |at| {
        100_000.0
            + 1000.0 * at[0] as f32
            + 100.0 * at[1] as f32
            + 10.0 * at[2] as f32
            + at[3] as f32
            + 0.125 * at[4] as f32
    });
    values[[0, 1, 2, 0, 1]] = f32::NAN;
    for (init, of_init) in values.axis_iter(Axis(0)).enumerate() {
        for (lead, of_lead) in of_init.axis_iter(Axis(0)).enumerate() {
            let item = of_lead.insert_axis(Axis(0)).insert_axis(Axis(0));
            store
                .write_f32("slp", &[init as u64, lead as u64, 0, 0, 0], item.view())
                .unwrap();
            store.mark_done(&format!("{init}/{lead}")).unwrap();
        }
    }
    store.finish().unwrap();
    values
}

fn check(plan: &ForecastPlan, kind: &str) -> Option<Value> {
    let folder = tempfile::tempdir().unwrap();
    let (zarr, netcdf) = (
        folder.path().join("forecast.zarr"),
        folder.path().join("forecast.nc"),
    );
    let values = write(plan, &zarr);
    export_netcdf(&zarr, &netcdf, Mode::Create).unwrap();
    let read = python(
        FORECAST,
        &[zarr.to_str().unwrap(), netcdf.to_str().unwrap(), "slp"],
    )?;
    assert_eq!(
        read["kinds"],
        json!({"time": kind, "prediction_timedelta": "m", "valid_time": kind, "slp": "f"})
    );
    assert_eq!(read["time"], dates(plan.calendar, plan.inits.clone()));
    let valid = plan
        .inits
        .iter()
        .flat_map(|init| plan.lead_seconds.iter().map(|lead| init.plus(*lead)));
    assert_eq!(read["valid_time"], dates(plan.calendar, valid));
    assert_eq!(read["leads"], json!(plan.lead_seconds));
    assert_eq!(read["number"], json!([0, 1, 2]));
    let exact: Value = values
        .iter()
        .map(|x| {
            if x.is_nan() {
                Value::Null
            } else {
                json!(f64::from(*x))
            }
        })
        .collect();
    assert_eq!(read["values"], exact);
    assert_eq!(read["fill"], json!({"zarr": "nan", "netcdf": "nan"}));
    assert_eq!(
        read["attrs"],
        json!({"Conventions": "CF-1.11", "title": "test forecast", "source": "foehn"})
    );
    assert_eq!(read["units"], "Pa");
    // and foehn itself reads both the same way
    for path in [&zarr, &netcdf] {
        let archive = open(path).unwrap();
        let field = archive.read_all("slp").unwrap();
        assert_eq!(field.values.mapv(f32::to_bits), values.mapv(f32::to_bits));
        assert_eq!((field.missing_count(), field.undeclared_nan()), (1, None));
        assert_eq!(archive.grid("slp").unwrap(), plan.grid);
        assert_eq!(archive.times("slp").unwrap().instants, plan.inits);
    }
    Some(read)
}

#[test]
fn a_forecast_on_latitudes_and_longitudes() {
    let grid = Grid::Rectilinear {
        latitude: vec![70.0, 67.5],
        longitude: vec![-80.0, -77.5, -75.0],
    };
    let Some(read) = check(
        &plan(Calendar::Standard, grid, vec![6 * 3600, 24 * 3600]),
        "M",
    ) else {
        return;
    };
    assert_eq!(
        read["dims"],
        json!([
            "time",
            "prediction_timedelta",
            "number",
            "latitude",
            "longitude"
        ])
    );
    assert_eq!(
        read["coords"],
        json!([
            "latitude",
            "longitude",
            "number",
            "prediction_timedelta",
            "time",
            "valid_time"
        ])
    );
    let names = json!({
        "latitude": "latitude", "longitude": "longitude", "number": "realization", "prediction_timedelta": "forecast_period",
        "slp": "air_pressure_at_mean_sea_level", "time": "forecast_reference_time", "valid_time": "time",
    });
    assert_eq!(read["standard_names"], names);
    assert_eq!(read["axes"]["latitude"], "Y");
    assert_eq!(read["axes"]["time"], "T");
}

#[test]
fn a_forecast_on_two_dimensional_coordinates_in_a_model_calendar() {
    let latitude = Array2::from_shape_fn((2, 3), |(j, i)| 45.0 + 0.5 * j as f64 + 0.1 * i as f64);
    let longitude = Array2::from_shape_fn((2, 3), |(j, i)| -75.0 + 0.1 * j as f64 + 0.5 * i as f64);
    let grid = Grid::Curvilinear {
        latitude,
        longitude,
    };
    // cftime objects, and leads of half an hour
    let Some(read) = check(&plan(Calendar::Day360, grid, vec![1800, 5400]), "O") else {
        return;
    };
    assert_eq!(
        read["dims"],
        json!(["time", "prediction_timedelta", "number", "y", "x"])
    );
    assert_eq!(
        read["coords"],
        json!([
            "latitude",
            "longitude",
            "number",
            "prediction_timedelta",
            "time",
            "valid_time"
        ])
    );
}

#[test]
fn a_forecast_on_a_periodic_plane() {
    let turn = 2.0 * std::f64::consts::PI;
    let grid = Grid::Cartesian {
        y: vec![0.0, turn / 2.0],
        x: vec![0.0, turn / 3.0, turn / 1.5],
        period: Some((turn, turn)),
    };
    check(
        &plan(Calendar::ProlepticGregorian, grid, vec![43_200, 86_400]),
        "M",
    );
}
