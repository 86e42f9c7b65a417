//! One dataset in every form that is read: a variable of packed shorts, its coordinates, names of stations.
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, thread};

use netcdf::{FileMut, NcTypeDescriptor, Options};
use serde_json::{Value, json};
use zarrs::array::{Array, ArrayMetadata, ArraySubset, Element};
use zarrs::filesystem::FilesystemStore;

/// `t(time, lat, lon)` as stored.
pub const STORED: [i16; 60] = {
    let mut values = [0; 60];
    let mut k = 0;
    while k < 60 {
        values[k] = k as i16;
        k += 1;
    }
    values[17] = -999;
    values
};
pub const SHAPE: [usize; 3] = [3, 4, 5];
/// Days since 2000-02-27 in a calendar without 29 February.
pub const TIMES: [i32; 3] = [0, 1, 2];
pub const LATITUDES: [f64; 4] = [60.0, 50.0, 40.0, 30.0];
pub const LONGITUDES: [f32; 5] = [-10.0, -5.0, 0.0, 5.0, 10.0];

/// Attributes of a variable, as JSON.
fn attributes(name: &str) -> Value {
    match name {
        "t" => json!({"units": "K", "scale_factor": 0.5, "add_offset": 270.0, "_FillValue": -999}),
        "time" => json!({"units": "days since 2000-02-27", "calendar": "noleap"}),
        "lat" => json!({"units": "degrees_north"}),
        _ => json!({"units": "degrees_east"}),
    }
}

/// Writes a NetCDF file.
pub fn netcdf(folder: &Path, options: Options) -> PathBuf {
    let path = folder.join("x.nc");
    let mut file = netcdf::create_with(&path, options).unwrap();
    for (name, length) in ["time", "lat", "lon"].iter().zip(SHAPE) {
        file.add_dimension(name, length).unwrap();
    }
    define::<i32>(&mut file, "time", &["time"]);
    define::<f64>(&mut file, "lat", &["lat"]);
    define::<f32>(&mut file, "lon", &["lon"]);
    define::<i16>(&mut file, "t", &["time", "lat", "lon"]);
    file.enddef().unwrap();
    put(&mut file, "time", &TIMES);
    put(&mut file, "lat", &LATITUDES);
    put(&mut file, "lon", &LONGITUDES);
    put(&mut file, "t", &STORED);
    file.close().unwrap();
    path
}

fn define<T: NcTypeDescriptor>(file: &mut FileMut, name: &str, dims: &[&str]) {
    let mut variable = file.add_variable::<T>(name, dims).unwrap();
    for (key, value) in attributes(name).as_object().unwrap() {
        if key == "_FillValue" {
            variable.put_attribute(key, -999_i16).unwrap();
        } else if let Some(text) = value.as_str() {
            variable.put_attribute(key, text).unwrap();
        } else {
            let number = value.as_f64().unwrap();
            variable.put_attribute(key, number).unwrap();
        }
    }
}

fn put<T: NcTypeDescriptor + Copy>(file: &mut FileMut, name: &str, values: &[T]) {
    let mut variable = file.variable_mut(name).unwrap();
    variable.put_values(values, ..).unwrap();
}

/// How a Zarr hierarchy is written.
#[derive(Clone)]
pub struct Form {
    pub version: u8,
    /// Of the variable `t`: keys of its metadata that replace those of the plain form.
    pub keys: Value,
    pub consolidated: bool,
}

fn array_metadata(form: &Form, name: &str, dims: &[&str], shape: &[usize], dtype: &str) -> Value {
    let mut metadata = if form.version == 2 {
        let numpy = match dtype {
            "int16" => "<i2",
            "int32" => "<i4",
            "float32" => "<f4",
            _ => "<f8",
        };
        json!({"zarr_format": 2, "shape": shape, "chunks": shape, "dtype": numpy, "compressor": null,
            "fill_value": 0, "order": "C", "filters": null})
    } else {
        json!({"zarr_format": 3, "node_type": "array", "shape": shape, "data_type": dtype,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": shape}},
            "chunk_key_encoding": {"name": "default"}, "fill_value": 0,
            "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
            "dimension_names": dims, "attributes": attributes(name)})
    };
    if name == "t" {
        let all = metadata.as_object_mut().unwrap();
        all.extend(form.keys.as_object().unwrap().clone());
    }
    metadata
}

fn store<T: Element + Copy>(
    root: &Arc<FilesystemStore>,
    form: &Form,
    name: &str,
    dims: &[&str],
    dtype: &str,
    values: &[T],
) -> Vec<(String, Value)> {
    let shape: Vec<usize> = if name == "t" {
        SHAPE.to_vec()
    } else {
        vec![values.len()]
    };
    let written = array_metadata(form, name, dims, &shape, dtype);
    let metadata = if form.version == 2 {
        ArrayMetadata::V2(serde_json::from_value(written.clone()).unwrap())
    } else {
        ArrayMetadata::V3(serde_json::from_value(written.clone()).unwrap())
    };
    let array = Array::new_with_metadata(Arc::clone(root), &format!("/{name}"), metadata).unwrap();
    let ranges: Vec<_> = shape.iter().map(|n| 0..*n as u64).collect();
    let whole = ArraySubset::new_with_ranges(&ranges);
    array.store_array_subset(&whole, values.to_vec()).unwrap();
    if form.version == 3 {
        return vec![(name.to_owned(), written)];
    }
    let mut labels = attributes(name);
    labels["_ARRAY_DIMENSIONS"] = json!(dims);
    vec![
        (format!("{name}/.zarray"), written),
        (format!("{name}/.zattrs"), labels),
    ]
}

/// Writes a Zarr hierarchy.
pub fn zarr(folder: &Path, form: &Form) -> PathBuf {
    let path = folder.join("x.zarr");
    fs::create_dir_all(&path).unwrap();
    let root = Arc::new(FilesystemStore::new(&path).unwrap());
    let all = [
        store(&root, form, "time", &["time"], "int32", &TIMES),
        store(&root, form, "lat", &["lat"], "float64", &LATITUDES),
        store(&root, form, "lon", &["lon"], "float32", &LONGITUDES),
        store(&root, form, "t", &["time", "lat", "lon"], "int16", &STORED),
    ]
    .concat();
    let save = |key: &str, value: &Value| fs::write(path.join(key), value.to_string()).unwrap();
    for (key, value) in &all {
        let file = if form.version == 3 {
            format!("{key}/zarr.json")
        } else {
            key.clone()
        };
        save(&file, value);
    }
    let listed: Value = all.into_iter().collect::<serde_json::Map<_, _>>().into();
    if form.version == 2 {
        save(".zgroup", &json!({"zarr_format": 2}));
        if form.consolidated {
            let whole = json!({"zarr_consolidated_format": 1, "metadata": listed});
            save(".zmetadata", &whole);
        }
        return path;
    }
    let mut group = json!({"zarr_format": 3, "node_type": "group", "attributes": {}});
    if form.consolidated {
        group["consolidated_metadata"] =
            json!({"kind": "inline", "must_understand": false, "metadata": listed});
    }
    save("zarr.json", &group);
    path
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all.sort();
    all
}

/// Packs a folder into a zip file; `inside` is put before every name.
pub fn zipped(path: &Path, inside: &str, deflated: bool) -> PathBuf {
    let target = path.with_extension("zarr.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(&target).unwrap());
    let method = if deflated {
        zip::CompressionMethod::Deflated
    } else {
        zip::CompressionMethod::Stored
    };
    for file in files(path) {
        let name = file.strip_prefix(path).unwrap().to_str().unwrap();
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        zip.start_file(format!("{inside}{name}"), options).unwrap();
        zip.write_all(&fs::read(&file).unwrap()).unwrap();
    }
    zip.finish().unwrap();
    target
}

/// Whether a server answers requests for parts.
#[derive(Clone, Copy, PartialEq)]
pub enum Parts {
    Sent,
    Ignored,
}

/// Serves a file or folder on this machine; gives its address.
pub fn served(path: &Path, parts: Parts) -> PathBuf {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let root = path.parent().unwrap().to_path_buf();
    let name = path.file_name().unwrap().to_str().unwrap();
    let address = format!("http://{}/{name}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), &root, parts);
        }
    });
    PathBuf::from(address)
}

fn answer(mut stream: TcpStream, root: &Path, parts: Parts) {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 => request.extend_from_slice(&buffer[..count]),
            _ => return,
        }
    }
    let request = String::from_utf8(request).unwrap();
    let mut words = request.split_whitespace();
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let file = root.join(path.trim_start_matches('/'));
    let Ok(bytes) = fs::read(file) else {
        let gone = "HTTP/1.1 404 Gone\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let _ = stream.write_all(gone.as_bytes());
        return;
    };
    let range = request
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("range: bytes=")
                .map(str::to_owned)
        })
        .filter(|_| parts == Parts::Sent);
    let part = match range.as_deref().and_then(|text| text.split_once('-')) {
        None => &bytes[..],
        Some(("", last)) => &bytes[bytes.len() - last.parse::<usize>().unwrap()..],
        Some((first, "")) => &bytes[first.parse().unwrap()..],
        Some((first, last)) => {
            let end = last.parse::<usize>().unwrap() + 1;
            &bytes[first.parse().unwrap()..end.min(bytes.len())]
        }
    };
    let status = if range.is_some() {
        "206 Part"
    } else {
        "200 OK"
    };
    let length = part.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(head.as_bytes());
    if method == "GET" {
        let _ = stream.write_all(part);
    }
}
