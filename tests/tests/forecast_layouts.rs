//! Every layout and format of a forecast, as xarray, `cf_xarray` and the IOOS compliance checker see it.
//!
//! Needs the interpreter named by `FOEHN_PYTHON`, with what `tests/requirements.txt` lists.
#![allow(clippy::unwrap_used)]

mod comparison;

use std::path::Path;

use comparison::python;
use foehn_archive::{Compression, ForecastPlan, Format, Layout, Mode, Writing, export_netcdf};
use foehn_field::{Attribute, Attributes, Calendar, Grid};
use ndarray::{ArrayD, IxDyn};
use serde_json::{Value, json};

/// Opens one store in every way, with every warning an error, and tells what the conventions make of it.
const LOOK: &str = r#"
import json, sys, tempfile, warnings
import cf_xarray, numpy as np, xarray as xr
from compliance_checker.runner import CheckSuite, ComplianceChecker
zarr, netcdf, init, lead, member, valid = sys.argv[1:]
with warnings.catch_warnings():
    warnings.simplefilter("error")
    opened = [xr.open_zarr(zarr, consolidated=True).load(), xr.open_zarr(zarr, consolidated=False).load(), xr.open_dataset(netcdf).load()]
for other in opened[1:]:
    xr.testing.assert_identical(opened[0], other)
ds = opened[0]
np.testing.assert_array_equal(ds[valid].values, (ds[init] + ds[lead]).transpose(init, lead).values)
CheckSuite.load_all_available_checkers()
report = tempfile.NamedTemporaryFile(suffix=".json")
ComplianceChecker.run_checker(netcdf, ["cf:1.11"], 0, "strict", output_filename=report.name, output_format="json")
found = json.load(open(report.name))["cf:1.11"]
json.dump({
    "dims": list(ds.slp.dims),
    "decoded": [ds[init].dtype.kind, ds[lead].dtype.kind, ds[valid].dtype.kind],
    "realization": ds.cf.standard_names["realization"], "axes": {k: sorted(v) for k, v in ds.cf.axes.items()},
    "places": [ds.cf["latitude"].name, ds.cf["longitude"].name],
    "values": [None if np.isnan(x) else float(x) for x in ds.slp.values.ravel()],
    "errors": [text for check in found["high_priorities"] for text in check["msgs"]],
}, sys.stdout)
"#;

fn plan(layout: Layout, leads_per_file: usize) -> ForecastPlan {
    let calendar = Calendar::Standard;
    let labels = [
        ("units", "Pa"),
        ("standard_name", "air_pressure_at_mean_sea_level"),
        ("long_name", "sea level pressure"),
    ];
    let attributes: Attributes = labels
        .iter()
        .map(|(k, v)| ((*k).to_owned(), Attribute::from(*v)))
        .collect();
    let step =
        |first: f64, step: f64, count: usize| (0..count).map(|k| first + step * k as f64).collect();
    ForecastPlan {
        title: "layouts".into(),
        calendar,
        inits: ["2001-02-27", "2001-02-28T12:00"]
            .map(|text| calendar.parse(text).unwrap())
            .to_vec(),
        lead_seconds: vec![21_600, 43_200, 86_400],
        members: 2,
        layout,
        leads_per_file,
        grid: Grid::Rectilinear {
            latitude: step(70.0, -2.5, 4),
            longitude: step(-80.0, 2.5, 5),
        },
        variables: vec![("slp".into(), attributes)],
        provenance: [
            ("source", "foehn"),
            ("history", "written by a test"),
            ("institution", "none"),
            ("references", "none"),
            ("comment", "none"),
        ]
        .map(|(key, text)| (key.to_owned(), Attribute::from(text)))
        .into_iter()
        .collect(),
    }
}

fn write(plan: &ForecastPlan, writing: Writing, path: &Path) -> ArrayD<f32> {
    let store = plan.create(path, writing).unwrap();
    let mut values = ArrayD::from_shape_fn(IxDyn(&[2, 3, 2, 4, 5]), |at| {
        let digits = [10_000.0, 1000.0, 100.0, 10.0, 1.0];
        at.slice()
            .iter()
            .zip(digits)
            .map(|(k, digit)| *k as f32 * digit)
            .sum::<f32>()
    });
    values[[1, 2, 0, 3, 1]] = f32::NAN;
    store.write_f32("slp", &[0; 5], values.view()).unwrap();
    store.finish().unwrap();
    values
}

trait AsSlice {
    fn slice(&self) -> &[usize];
}

impl AsSlice for IxDyn {
    fn slice(&self) -> &[usize] {
        ndarray::Dimension::slice(self)
    }
}

fn look(
    layout: Layout,
    format: Format,
    compression: Compression,
    leads_per_file: usize,
) -> Option<Value> {
    let folder = tempfile::tempdir().unwrap();
    let [zarr, netcdf] = ["forecast.zarr", "forecast.nc"].map(|name| folder.path().join(name));
    let writing = Writing {
        format,
        compression,
        ..Mode::Create.into()
    };
    let values = write(&plan(layout, leads_per_file), writing, &zarr);
    export_netcdf(&zarr, &netcdf, Mode::Create).unwrap();
    let names =
        ["time", "prediction_timedelta", "number", "valid_time"].map(|name| layout.name(name));
    let arguments = [
        &[zarr.to_str().unwrap(), netcdf.to_str().unwrap()][..],
        &names,
    ]
    .concat();
    let seen = python(LOOK, &arguments)?;
    let exact = values.iter().map(|x| {
        if x.is_nan() {
            Value::Null
        } else {
            json!(f64::from(*x))
        }
    });
    assert_eq!(seen["values"], exact.collect::<Value>());
    assert_eq!(seen["decoded"], json!(["M", "m", "M"]));
    assert_eq!(seen["realization"], json!([layout.name("number")]));
    assert_eq!(
        seen["places"],
        json!([layout.name("latitude"), layout.name("longitude")])
    );
    Some(seen)
}

#[test]
fn every_layout_is_decoded_and_passes_the_checker() {
    for (layout, dims) in [
        (
            Layout::WeatherBench,
            [
                "time",
                "prediction_timedelta",
                "number",
                "latitude",
                "longitude",
            ],
        ),
        (
            Layout::Earthkit,
            [
                "forecast_reference_time",
                "step",
                "number",
                "latitude",
                "longitude",
            ],
        ),
        (
            Layout::Iris,
            [
                "forecast_reference_time",
                "forecast_period",
                "realization",
                "latitude",
                "longitude",
            ],
        ),
        (
            Layout::Earth2Studio,
            ["time", "lead_time", "ensemble", "lat", "lon"],
        ),
    ] {
        let Some(seen) = look(layout, Format::V3, Compression::Zstd, 1) else {
            return;
        };
        assert_eq!(seen["dims"], json!(dims));
        // the checker goes by the name `time` alone, where these two layouts have the start of the forecast; the
        // conventions ask for no such name
        let by_name = json!([
            "Coordinate variable 'time' should have standard_name='time', found: 'forecast_reference_time'"
        ]);
        let expected = if dims[0] == "time" {
            by_name
        } else {
            json!([])
        };
        assert_eq!(seen["errors"], expected, "{layout:?}");
    }
}

#[test]
fn formats_compressions_and_shards_hold_the_same() {
    for (format, compression, leads_per_file) in [
        (Format::V2, Compression::Zstd, 1),
        (Format::V2, Compression::None, 1),
        (Format::V3, Compression::Lz4, 2),
        (Format::V3, Compression::None, 3),
    ] {
        if look(Layout::Earthkit, format, compression, leads_per_file).is_none() {
            return;
        }
    }
}
