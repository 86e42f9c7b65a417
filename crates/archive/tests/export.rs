//! From Zarr to NetCDF: whole or absent, and a full disk.
#![allow(clippy::unwrap_used)]

mod small;

use std::fs;

use foehn_archive::{Mode, Store, WriteError, export_netcdf, open};
use ndarray::Axis;
use small::{coordinate, labels, plans, run, values};

#[cfg(target_os = "linux")]
#[test]
fn an_export_to_a_full_disk_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let zarr = folder.path().join("a.zarr");
    let store = Store::create(&zarr, &labels("none"), plans(None), Mode::Create).unwrap();
    run(&store, 9);
    coordinate(&store);
    store.finish().unwrap();
    // the file itself, and the one by which the disk is asked afterwards
    for name in [".a.nc.partial", "..a.nc.partial.partial"] {
        std::os::unix::fs::symlink("/dev/full", folder.path().join(name)).unwrap();
    }
    let full = export_netcdf(&zarr, &folder.path().join("a.nc"), Mode::Create);
    assert!(matches!(full, Err(WriteError::DiskFull { .. })), "{full:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_export_is_whole_or_absent() {
    let folder = tempfile::tempdir().unwrap();
    let (zarr, netcdf) = (folder.path().join("a.zarr"), folder.path().join("out/a.nc"));
    let store = Store::create(&zarr, &labels("none"), plans(None), Mode::Create).unwrap();
    run(&store, 4);
    coordinate(&store);
    store.finish().unwrap();
    export_netcdf(&zarr, &netcdf, Mode::Create).unwrap();
    let archive = open(&netcdf).unwrap();
    let field = archive.read_all("v").unwrap();
    assert_eq!(field.missing_count(), 12);
    assert_eq!(
        field.values.slice_axis(Axis(0), (0..4).into()),
        values().slice_axis(Axis(0), (0..4).into()).into_dyn()
    );
    assert_eq!(archive.attributes(), &labels("none"));
    assert_eq!(archive.variables()["v"].units(), Some("m"));
    assert!(matches!(
        export_netcdf(&zarr, &netcdf, Mode::Create),
        Err(WriteError::Exists { .. })
    ));
    let missing =
        export_netcdf(&folder.path().join("b.zarr"), &netcdf, Mode::Overwrite).unwrap_err();
    assert!(missing.to_string().contains("no such file"), "{missing}");
    assert!(netcdf.exists());
    assert_eq!(fs::read_dir(netcdf.parent().unwrap()).unwrap().count(), 1);
}
