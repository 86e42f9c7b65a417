//! What other software wrote is read as that software reads it: real data, a collection of odd files, and
//! one dataset in every format that xarray writes.
//!
//! Needs the interpreter named by `FOEHN_PYTHON`, with what `tests/requirements.txt` lists. The data are
//! looked for under `FOEHN_SHARED_DATA` (default `../shared/data` beside the workspace).
#![allow(clippy::unwrap_used)]

mod comparison;

use std::path::PathBuf;

use comparison::{dates, python, shared_data};
use foehn_archive::{Archive, open};
use foehn_field::{Calendar, Grid};
use serde_json::{Value, json};

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
        let mask: Vec<bool> = bytes("mask").into_iter().map(|m| m == 1).collect();
        assert_eq!(
            mask.iter().filter(|m| **m).count(),
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
                if *masked {
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
    // three winds of -9.99 m/s are stored as -999, the fill value
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
