//! Names of stations in NetCDF files, which `names/make.py` wrote by netCDF4.

use foehn_calibration::{Cases, Variables};
use std::path::Path;

fn names(file: &str) -> (Vec<String>, Vec<String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/names");
    let archive = foehn_archive::open(&folder.join(file)).expect("opens");
    let cases = Cases::read(&archive, &Variables::default()).expect("reads");
    let stations = &cases.table.columns().stations;
    (
        stations.iter().map(|s| s.name.clone()).collect(),
        cases.oddities.iter().map(ToString::to_string).collect(),
    )
}

#[test]
fn stations_have_the_names_of_the_file() {
    for file in ["strings.nc", "letters.nc", "role.nc"] {
        let (found, oddities) = names(file);
        assert_eq!(found, ["Igls", "Bad Aussee", "Zürs"], "{file}");
        let high = oddities.iter().find(|said| said.contains("30000"));
        assert!(
            high.is_some_and(|said| said.contains("station Zürs")),
            "{oddities:?}"
        );
    }
}

#[test]
fn names_that_are_not_names_are_said() {
    let (found, oddities) = names("twice.nc");
    assert_eq!(found, ["0", "1", "2"]);
    let said = oddities
        .iter()
        .find(|said| said.contains("station_name: 1 of 3 names"));
    assert!(said.is_some(), "{oddities:?}");
}
