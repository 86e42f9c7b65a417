//! What foehn writes, xarray decodes; what other software wrote, foehn reads like it.
//!
//! Needs the interpreter named by `FOEHN_PYTHON`, with what `tests/requirements.txt` lists. The sets of
//! real data are looked for under `FOEHN_SHARED_DATA` (default `../shared/data` beside the workspace).

use std::path::{Path, PathBuf};
use std::process::Command;

use foehn_archive::{Archive, ForecastPlan, Mode, export_netcdf, open};
use foehn_field::{Attribute, Attributes, Calendar, Grid, Instant};
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

/// Reads a NetCDF variable with netCDF4-python: values and mask go to files, the rest to standard output.
const NETCDF4: &str = r#"
import json, sys
import netCDF4, numpy as np
source, name, out = sys.argv[1:]
ds = netCDF4.Dataset(source)
values = np.ma.asarray(ds[name][:])
# NetCDF's own fill value counts even where another one is declared: see foehn_archive::Archive::read
mask = np.ma.getmaskarray(values) | (values.filled(0) == np.float32(9.96921e36))
np.where(mask, np.nan, values.filled(0)).astype("<f4").tofile(out + ".values")
mask.astype("u1").tofile(out + ".mask")
time = ds["time"]
dates = netCDF4.num2date(np.ma.asarray(time[:]).filled().astype("f8"), time.units, time.calendar, only_use_cftime_datetimes=True)
lat, lon = ds["lat"][:].astype("f8"), ds["lon"][:].astype("f8")
json.dump({"dates": [d.isoformat() for d in dates], "lat": lat.ravel().tolist(), "lon": lon.ravel().tolist(),
           "shape": list(values.shape)}, sys.stdout)
"#;

/// Reads every numeric variable of every file with netCDF4-python: shape, number of missing values, sum of the rest.
const COLLECTION: &str = r#"
import json, math, sys, warnings
import netCDF4, numpy as np
warnings.simplefilter("ignore")
def walk(group, prefix=""):
    for name, variable in group.variables.items():
        if variable.dtype is not str and getattr(variable.dtype, "kind", "O") in "iuf":
            # it says that it ignores the default fill value of bytes, and masks by it all the same
            if variable.dtype.itemsize == 1 and "_FillValue" not in variable.ncattrs():
                continue
            values = np.ma.asarray(variable[...])
            rest = values.compressed().astype("f8")
            rest = rest[abs(rest) < 1e30]
            yield prefix + name, [list(values.shape), int(np.ma.getmaskarray(values).sum()), math.fsum(rest), math.fsum(abs(rest))]
    for name, child in group.groups.items():
        yield from walk(child, f"{prefix}{name}/")
json.dump({path: dict(walk(netCDF4.Dataset(path))) for path in sys.argv[1:]}, sys.stdout)
"#;

/// Writes one dataset in several formats with xarray, and tells what xarray reads back.
const WRITERS: &str = r#"
import json, sys
import cftime, numpy as np, xarray as xr
folder = sys.argv[1]
times = [cftime.DatetimeNoLeap(1999, 2, 27 + d // 2, 12 * (d % 2)) for d in range(4)] + [cftime.DatetimeNoLeap(1999, 3, 1)]
values = 273.25 + 0.25 * np.arange(5 * 4 * 6).reshape(5, 4, 6)
values[1, 2, 3] = np.nan
ds = xr.Dataset(
    {"t": (("time", "lat", "lon"), values, {"units": "K"})},
    {"time": times, "lat": ("lat", np.linspace(60, 30, 4), {"units": "degrees_north"}),
     "lon": ("lon", np.linspace(-10.0, 15.0, 6), {"units": "degrees_east"})})
packed = {"dtype": "i2", "scale_factor": 0.25, "add_offset": 270.0, "_FillValue": -32767}
plain = {"dtype": "f4"}
ds.to_netcdf(f"{folder}/packed.nc", encoding={"t": packed}, unlimited_dims=["time"])
ds.to_netcdf(f"{folder}/classic.nc", format="NETCDF3_CLASSIC", encoding={"t": plain})
ds.to_netcdf(f"{folder}/wide.nc", format="NETCDF3_64BIT_DATA", engine="netcdf4", encoding={"t": packed})
ds.to_zarr(f"{folder}/v2.zarr", zarr_format=2, encoding={"t": {**plain, "chunks": (2, 4, 3)}})
ds.to_zarr(f"{folder}/v2packed.zarr", zarr_format=2, encoding={"t": packed}, consolidated=False)
ds.to_zarr(f"{folder}/v3.zarr", zarr_format=3, encoding={"t": {**plain, "chunks": (1, 2, 3), "shards": (2, 4, 6)}})
ds.to_zarr(f"{folder}/v3packed.zarr", zarr_format=3, encoding={"t": packed}, consolidated=False)
json.dump([None if np.isnan(x) else float(x) for x in values.astype("f4").ravel()], sys.stdout)
"#;

/// Runs a script; `None`, with a line that says so, where no interpreter is named.
fn python(script: &str, arguments: &[&str]) -> Option<Value> {
    let Ok(interpreter) = std::env::var("FOEHN_PYTHON") else {
        println!(
            "SKIPPED: FOEHN_PYTHON names no interpreter with xarray, so nothing is compared with it"
        );
        return None;
    };
    let run = Command::new(interpreter)
        .arg("-c")
        .arg(script)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    Some(serde_json::from_slice(&run.stdout).unwrap())
}

fn shared_data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("FOEHN_SHARED_DATA").map_or(beside, PathBuf::from);
    if folder.join("gridded").is_dir() {
        return Some(folder);
    }
    println!(
        "SKIPPED: no real data in {} (set FOEHN_SHARED_DATA)",
        folder.display()
    );
    None
}

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

fn dates(calendar: Calendar, instants: impl IntoIterator<Item = Instant>) -> Value {
    instants
        .into_iter()
        .map(|t| calendar.date(t).to_string())
        .collect()
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

#[test]
fn what_xarray_wrote_is_read_as_xarray_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let Some(expected) = python(WRITERS, &[folder.path().to_str().unwrap()]) else {
        return;
    };
    let names = [
        "packed.nc",
        "classic.nc",
        "wide.nc",
        "v2.zarr",
        "v2packed.zarr",
        "v3.zarr",
        "v3packed.zarr",
    ];
    for name in names {
        let archive = open(&folder.path().join(name)).unwrap();
        let field = archive.read_all("t").unwrap();
        let value = |x: &f32| {
            if x.is_nan() {
                Value::Null
            } else {
                json!(f64::from(*x))
            }
        };
        assert_eq!(
            field.values.iter().map(value).collect::<Value>(),
            expected,
            "{name}"
        );
        assert_eq!(
            (field.missing_count(), field.undeclared_nan()),
            (1, None),
            "{name}"
        );
        assert_eq!(field.dims, ["time", "lat", "lon"], "{name}");
        let part = archive.read("t", &[1..2, 1..3, 2..5]).unwrap();
        assert_eq!(part.values[[0, 1, 0]], 273.25 + 0.25 * 38.0, "{name}");
        assert!(part.values[[0, 1, 1]].is_nan(), "{name}");
        let times = archive.times("t").unwrap();
        let last = times.calendar.date(times.instants[4]).to_string();
        assert_eq!(
            (times.calendar, last.as_str()),
            (Calendar::NoLeap, "1999-03-01T00:00:00"),
            "{name}"
        );
        let Grid::Rectilinear {
            latitude,
            longitude,
        } = archive.grid("t").unwrap()
        else {
            panic!("{name}")
        };
        assert_eq!(latitude, [60.0, 50.0, 40.0, 30.0], "{name}");
        assert_eq!(longitude, [-10.0, -5.0, 0.0, 5.0, 10.0, 15.0], "{name}");
    }
}

/// Every value, mask, date and position of a real set, against netCDF4-python.
fn equal_to_netcdf4(file: &str, variables: &[(&str, usize)]) {
    let Some(data) = shared_data() else { return };
    let source = data.join("gridded").join(file);
    let archive = open(&source).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, missing) in variables {
        let out = folder.path().join(name);
        let Some(read) = python(
            NETCDF4,
            &[source.to_str().unwrap(), name, out.to_str().unwrap()],
        ) else {
            return;
        };
        let bytes = |extension: &str| std::fs::read(out.with_extension(extension)).unwrap();
        let field = archive.read_all(name).unwrap();
        assert_eq!(json!(field.values.shape()), read["shape"], "{name}");
        let mask = bytes("mask");
        assert_eq!(
            mask.iter().filter(|m| **m == 1).count(),
            field.missing_count(),
            "{name}"
        );
        for ((value, four), (at, masked)) in field
            .values
            .iter()
            .zip(bytes("values").chunks_exact(4))
            .zip(mask.iter().enumerate())
        {
            let expected = f32::from_le_bytes(four.try_into().unwrap());
            assert!(
                if *masked == 1 {
                    value.is_nan()
                } else {
                    *value == expected
                },
                "{name}[{at}]: {value} {expected}"
            );
        }
        assert_eq!(field.undeclared_nan(), None, "{name}");
        assert_eq!(field.missing_count(), *missing, "{name}");
        let times = archive.times(name).unwrap();
        assert_eq!(
            dates(times.calendar, times.instants),
            read["dates"],
            "{name}"
        );
        let (latitude, longitude) = positions(&archive, name);
        assert_eq!(
            (json!(latitude), json!(longitude)),
            (read["lat"].clone(), read["lon"].clone()),
            "{name}"
        );
        assert!(
            archive
                .grid(name)
                .unwrap()
                .cell_areas()
                .unwrap()
                .iter()
                .all(|area| *area > 0.0)
        );
    }
}

fn positions(archive: &Archive, name: &str) -> (Vec<f64>, Vec<f64>) {
    match archive.grid(name).unwrap() {
        Grid::Rectilinear {
            latitude,
            longitude,
        } => (latitude, longitude),
        Grid::Curvilinear {
            latitude,
            longitude,
        } => (
            latitude.into_iter().collect(),
            longitude.into_iter().collect(),
        ),
        Grid::Cartesian { .. } => panic!("{name} has latitudes and longitudes"),
    }
}

#[test]
fn sea_level_pressure_equals_netcdf4() {
    equal_to_netcdf4("ncep_slp_north_atlantic_2001_2008.nc", &[("slp", 0)]);
}

#[test]
fn the_ottawa_basin_equals_netcdf4() {
    // 42 of the 100 cells lie outside the basin, at all 11688 times
    let outside = 42 * 11_688;
    equal_to_netcdf4(
        "ottawa_basin_6h_2000_2007_temperature.nc",
        &[("Avg_temp", outside)],
    );
    equal_to_netcdf4(
        "ottawa_basin_6h_2000_2007_water_input.nc",
        &[("Streaminputs", outside)],
    );
}

#[test]
fn packed_hourly_analyses_equal_netcdf4() {
    // three winds of -9.99 m/s are stored as -999, which is the fill value
    let missing = [
        ("GL", 0),
        ("P0", 0),
        ("RH2M", 0),
        ("T2M", 0),
        ("UU", 0),
        ("VV", 3),
    ];
    equal_to_netcdf4("incal_hourly_20120501T0000_20120930T2300.nc", &missing);
}

#[test]
fn the_collection_of_odd_files_equals_netcdf4() {
    let Some(data) = shared_data() else { return };
    let folders = ["readers/netcdf-c", "readers/netcdf4-python"].map(|folder| data.join(folder));
    let files = folders.iter().flat_map(|folder| {
        std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
    });
    let files: Vec<PathBuf> = files.collect();
    let arguments: Vec<&str> = files.iter().map(|path| path.to_str().unwrap()).collect();
    let Some(read) = python(COLLECTION, &arguments) else {
        return;
    };
    let mut compared = 0;
    for path in &files {
        let archive = open(path).unwrap();
        for (name, expected) in read[path.to_str().unwrap()].as_object().unwrap() {
            let field = archive.read_all(name).unwrap();
            assert_eq!(
                json!(field.values.shape()),
                expected[0],
                "{} {name}",
                path.display()
            );
            assert_eq!(
                json!(field.missing_count()),
                expected[1],
                "{} {name}",
                path.display()
            );
            let sum: f64 = field
                .values
                .iter()
                .filter(|x| x.abs() < 1e30)
                .map(|x| f64::from(*x))
                .sum();
            let (exact, scale) = (expected[2].as_f64().unwrap(), expected[3].as_f64().unwrap());
            // values are kept as f32: half an ulp, 6e-8, each
            assert!(
                (sum - exact).abs() <= 6e-8 * scale,
                "{} {name}: {sum} {exact}",
                path.display()
            );
            compared += 1;
        }
    }
    println!("{compared} variables compared");
    assert!(compared > 200, "{compared}");
}
