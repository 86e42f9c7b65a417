//! Odd files that numcodecs, zarr-python, xarray and netCDF4-python write: read value for value as they read them.
//!
//! Needs the interpreter named by `FOEHN_PYTHON`, with what `tests/requirements.txt` lists.
#![allow(clippy::unwrap_used)]

mod comparison;

use comparison::{dates, python};
use foehn_archive::open;
use serde_json::{Value, json};

/// Arrays of Zarr v2 behind each filter and compressor of numcodecs, in both orders, and of v3 by zarr-python.
const STORES: &str = r#"
import base64, itertools, json, os, sys
import numcodecs as n, numpy as np, zarr
from zarr.codecs import numcodecs as n3
folder, told = sys.argv[1], {}

def v2(name, values, filters=(), compressor=None, order="C", fill=None, lost=None):
    path, chunks = f"{folder}/{name}.zarr", (2, 3) if values.ndim == 2 else (2,)
    os.makedirs(path)
    meta = {"zarr_format": 2, "shape": values.shape, "chunks": chunks, "dtype": values.dtype.str, "fill_value": fill,
            "order": order, "filters": [f.get_config() for f in filters] or None,
            "compressor": compressor and compressor.get_config()}
    json.dump(meta, open(path + "/.zarray", "w"))
    for at in itertools.product(*[range(-(-m // c)) for m, c in zip(values.shape, chunks)]):
        part = values[tuple(slice(k * c, (k + 1) * c) for k, c in zip(at, chunks))]
        block = np.zeros(chunks, values.dtype, order=order)
        block[tuple(slice(0, m) for m in part.shape)] = part
        for f in filters:
            block = f.encode(block)
        block = compressor.encode(block) if compressor else np.asarray(block).tobytes(order="A")
        open(f"{path}/{'.'.join(map(str, at))}", "wb").write(bytes(block))
    if lost:
        os.remove(f"{path}/{lost}")
    told[name] = zarr.open_array(path, mode="r")[:]

def v3(name, values, **how):
    array = zarr.create_array(f"{folder}/{name}.zarr", shape=values.shape, dtype=values.dtype, chunks=(2, 3), zarr_format=3, **how)
    array[:] = values
    told[name] = array[:]

a = np.arange(35).reshape(5, 7) * 3 - 20
v2("delta", a.astype("<i4"), [n.Delta("<i4")])
v2("delta_short", a.astype("<i8"), [n.Delta("<i8", "<i2")])
v2("delta_columns", (a * 7 % 11).astype("<i8"), [n.Delta("<i8")], n.GZip(1), "F")
v2("delta_wraps", (a * 9).astype("<u1"), [n.Delta("<u1")])
v2("delta_real", (a / 8).astype("<f4"), [n.Delta("<f4")])
v2("delta_double", (a / 8).astype("<f8"), [n.Delta("<f8", "<f4")])
v2("delta_sparse", a.astype("<i4"), [n.Delta("<i4")], n.Zlib(1), "F", fill=7, lost="1.2")
v2("scale_sparse", (a * .5).astype("<f8"), [n.FixedScaleOffset(0, 2, "<f8", "<i2")], fill=.3, lost="2.0")
v2("delta_shuffle", a.astype("<i4"), [n.Delta("<i4"), n.Shuffle(4)], n.LZ4())
v2("delta_big", a.astype(">i4"), [n.Delta(">i4")], n.Zlib(1))
v2("scale", (a * .5 + 1000).astype("<f8"), [n.FixedScaleOffset(1000, 2, "<f8", "<i2")])
v2("scale_delta", (a * .1 + 273.15).astype("<f8"), [n.FixedScaleOffset(273.15, 10, "<f8", "<i4"), n.Delta("<i4")], n.Zstd(1))
v2("scale_large", (a * 1000003. + 2**27 + 1).astype("<f8"), [n.FixedScaleOffset(0, 1, "<f8", "<i4")])
v2("scale_big", (a * .5).astype("<f8"), [n.FixedScaleOffset(0, 2, "<f8", ">i4")])
v2("scale_single", (a * .25).astype("<f4"), [n.FixedScaleOffset(7, 4, "<f4", "<u2")])
v2("quantize", (a / 7).astype("<f4"), [n.Quantize(2, "<f4")])
v2("quantize_half", (a / 7).astype("<f8"), [n.Quantize(2, "<f8", "<f4")])
v2("astype", a.astype("<f8"), [n.AsType("<i2", "<f8")])
v2("bitround", (a / 7).astype("<f4"), [n.BitRound(9)], n.Blosc("lz4"))
v2("lz4", a.astype(">f8"), (), n.LZ4())
v2("stream", a.astype("<f4"), (), n.Zstd(3), "F")
v2("letters", np.array([b"ab", b"c", b"", b"defg"], "S4"), (), n.Blosc("zstd"))
s = np.array([b"ab", b"c", b"", b"defg"], "S4")
v2("letters_fill", s, fill=base64.b64encode(b"xy").decode(), lost="1")
v2("wide_fill", s.astype("<U4"), fill="xy", lost="0")
def texts(name, values, version):
    array = zarr.create_array(f"{folder}/{name}.zarr", shape=values.shape, dtype=values.dtype, chunks=(2,), zarr_format=version, fill_value=b"xyz")
    array[:2] = values[:2]
    told[name] = array[:]
texts("v2_texts", s, 2)
texts("v3_texts", s, 3)
v3("v3_delta", a.astype("i4"), filters=[n3.Delta(dtype="<i4")])
v3("v3_scale", (a * .5 + 1000).astype("f8"), filters=[n3.FixedScaleOffset(offset=1000, scale=2, dtype="<f8", astype="<i2")])
v3("v3_quantize", (a / 7).astype("f4"), filters=[n3.Quantize(digits=2, dtype="<f4")])
v3("v3_astype", a.astype("f8"), filters=[n3.AsType(encode_dtype="<i2", decode_dtype="<f8")])
v3("v3_bitround", (a / 7).astype("f4"), filters=[n3.BitRound(keepbits=9)])
v3("v3_lz4", a.astype("i4"), compressors=[n3.LZ4(acceleration=1)])
v3("v3_zlib", a.astype("i4"), compressors=[n3.Shuffle(elementsize=4), n3.Zlib(level=1)])
plain = lambda x: x.decode() if isinstance(x, bytes) else str(x) if isinstance(x, str) else float(x)
json.dump({name: [plain(x) for x in values.ravel()] for name, values in told.items()}, sys.stdout)
"#;

#[test]
fn filters_and_compressors_of_numcodecs_are_undone_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let Some(told) = python(STORES, &[folder.path().to_str().unwrap()]) else {
        return;
    };
    for (name, expected) in told.as_object().unwrap() {
        let archive = open(&folder.path().join(format!("{name}.zarr"))).unwrap();
        let variable = &archive.variables()[name.as_str()];
        let read = if variable.dtype == "string" {
            json!(
                archive
                    .read_texts(name)
                    .unwrap()
                    .into_raw_vec_and_offset()
                    .0
            )
        } else {
            let values = archive.read_f64(name);
            let values = values.unwrap_or_else(|error| panic!("{name}: {error}"));
            json!(values.into_iter().collect::<Vec<f64>>())
        };
        assert_eq!(read, *expected, "{name}");
    }
    assert_eq!(told.as_object().unwrap().len(), 33);
}

/// One field on axes in each order, (time, longitude, latitude) as many archives have it among them; also on a plane
/// and on a curvilinear grid.
const ORDERS: &str = r#"
import json, sys
import numpy as np, xarray as xr
folder = sys.argv[1]
values = np.arange(2 * 3 * 4.0).reshape(2, 3, 4).astype("f4")
times = ("time", [0, 1], {"units": "days since 2000-01-01"})
lat, lon = ("lat", [50.0, 40.0, 30.0], {"units": "degrees_north"}), ("lon", [0.0, 10.0, 20.0, 30.0], {"units": "degrees_east"})
y, x = np.meshgrid([50.0, 40.0, 30.0], [0.0, 10.0, 20.0, 30.0], indexing="ij")
regular = xr.Dataset({"v": (("time", "lat", "lon"), values)}, {"time": times, "lat": lat, "lon": lon})
rows = xr.Dataset({"v": (("time", "j", "i"), values)}, {"time": times, "lat": (("j", "i"), y, {"units": "degrees_north"}),
                                                      "lon": (("j", "i"), x, {"units": "degrees_east"})})
for name, data, order in [("regular", regular, ("lon", "lat")), ("rows", rows, ("i", "j"))]:
    for k, dims in enumerate([order[::-1] + ("time",), ("time",) + order, (order[0], "time", order[1])]):
        # positions stay in their own order
        turned = data.assign(v=data.v.transpose(*dims))
        turned.to_netcdf(f"{folder}/{name}{k}.nc", encoding={"v": {"_FillValue": None}})
        turned.to_zarr(f"{folder}/{name}{k}.zarr", zarr_format=2 + k % 2)
json.dump([], sys.stdout)
"#;

#[test]
fn rows_and_columns_may_come_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    if python(ORDERS, &[folder.path().to_str().unwrap()]).is_none() {
        return;
    }
    for kind in ["regular", "rows"] {
        for file in (0..3).flat_map(|k| [format!("{kind}{k}.nc"), format!("{kind}{k}.zarr")]) {
            let archive = open(&folder.path().join(&file)).unwrap();
            let (grid, [rows, columns]) = archive.placed_grid("v").unwrap();
            assert_eq!(grid.shape(), (3, 4), "{file}");
            let time = 3 - rows - columns;
            let values = archive.read_all("v").unwrap().values;
            let values = values.permuted_axes(vec![time, rows, columns]);
            let values: Vec<f32> = values.iter().copied().collect();
            assert_eq!(
                values,
                (0..24).map(|k| k as f32).collect::<Vec<_>>(),
                "{file}"
            );
        }
    }
}

/// Units and calendars as people write them; what cftime makes of them, or that it does not.
const TIMES: &str = r#"
import json, sys
import cftime, netCDF4, numpy as np
folder, told = sys.argv[1], []
cases = [("days since 2000-1-1 0:0:0 +01:00", "standard"), ("hours since 1900-01-01T00:00:00Z", None),
    ("seconds since 1970-01-01 00:00:00.0", "gregorian"), ("  days since 2000-02-27  ", "noleap"), ("days since 2000-02-30", "360_day"),
    ("days since 2000-02-29", "all_leap"), ("days since 1582-10-10", "julian"), ("days since 1-1-1", "proleptic_gregorian"),
    ("minutes since 2000-01-01 12:30", "365_day"), ("h since 2000-01-01", "366_day"), ("hr since 2000-01-01", "standard"),
    ("day since 2000-01-01", "STANDARD"), ("Days Since 2000-01-01", "Gregorian"), ("days since 2000-01-01 UTC", "standard"),
    ("days since 2000-01-01T00:00:00+0100", "standard"), ("days since 1582-10-04", "standard"), ("days since 0000-03-01", "noleap"),
    ("days since -0400-03-01", "proleptic_gregorian"), ("hours since 2000-01-01 06:00", "standard"), ("s since 2038-01-19 03:14:07", None),
    # refused: nobody knows what is meant, or it does not exist
    ("months since 2000-01-15", "standard"), ("years since 2000-01-01", "standard"), ("days since 2000-13-01", "standard"),
    ("days since 2001-02-29", "standard"), ("days since 2000-02-31", "360_day"), ("fortnights since 2000-01-01", "standard"),
    ("days since 2000-01-01", "maya")]
for k, (units, calendar) in enumerate(cases):
    with netCDF4.Dataset(f"{folder}/{k}.nc", "w", format=["NETCDF4", "NETCDF3_CLASSIC"][k % 2]) as d:
        d.createDimension("time", None)
        t = d.createVariable("time", "f8", ("time",))
        t.units = units
        if calendar:
            t.calendar = calendar
        t[:] = np.arange(4.0)
    try:
        dates = cftime.num2date(np.arange(4.0), units.strip(), (calendar or "standard").lower(), only_use_cftime_datetimes=True)
        told.append([units, [d.isoformat() for d in dates]])
    except Exception as refused:
        told.append([units, None])
# WRF's texts, a letter a byte
with netCDF4.Dataset(f"{folder}/{len(cases)}.nc", "w", format="NETCDF3_CLASSIC") as d:
    d.createDimension("time", None)
    d.createDimension("DateStrLen", 19)
    texts = ["2000-02-28_18:00:00", "2000-02-29_00:00:00"]
    d.createVariable("Times", "S1", ("time", "DateStrLen"))[:] = np.array([list(t) for t in texts], "S1")
told.append(["Times", [t.replace("_", "T") for t in texts]])
json.dump(told, sys.stdout)
"#;

#[test]
fn times_are_those_of_cftime_or_refused_as_there() {
    let folder = tempfile::tempdir().unwrap();
    let Some(told) = python(TIMES, &[folder.path().to_str().unwrap()]) else {
        return;
    };
    for (k, case) in told.as_array().unwrap().iter().enumerate() {
        let archive = open(&folder.path().join(format!("{k}.nc"))).unwrap();
        let read = archive.times("time");
        let units = &case[0];
        match (read, &case[1]) {
            (Ok(times), expected) => {
                assert_eq!(dates(times.calendar, times.instants), *expected, "{units}");
            }
            (Err(error), Value::Null) => {
                let said = error.to_string();
                assert!(said.contains("time variable"), "{units}: {said}");
            }
            (Err(error), expected) => panic!("{units}: {error}, but {expected}"),
        }
    }
}
