//! What `foehn merge` says of a configuration with prepared data and a forecast.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::Project;
use std::fs;

#[test]
fn merging_twice_says_the_same_and_asks_where_two_stores_wait() {
    let project = Project::trained();
    let text = fs::read_to_string(project.path("tiny.toml")).unwrap();
    let section = "[prepare]\nfrom = \"data.zarr\"\nto = \"prepared.zarr\"\nchunk = 40\n";
    fs::write(project.path("tiny.toml"), format!("{text}\n{section}")).unwrap();
    for command in ["prepare", "forecast"] {
        let share = [command, "tiny.toml", "--shard", "0/1"];
        project.run(&share).done();
    }
    let asked = project.run(&["merge", "tiny.toml"]);
    asked.refused(&["both wait", "--to prepared.zarr", "forecast.zarr"]);
    let prepared = ["merge", "tiny.toml", "--to", "prepared.zarr"];
    let first = project.run(&prepared).done().stdout;
    assert!(first.contains("prepared.zarr is whole"), "{first}");
    let again = project.run(&prepared).done().stdout;
    assert!(again.contains("prepared.zarr was whole already"), "{again}");
    let first = project.run(&["merge", "tiny.toml"]).done().stdout;
    assert!(
        first.contains("prepared.zarr was whole already")
            && first.contains("forecast.zarr is whole"),
        "{first}"
    );
    let whole = [
        project.files("prepared.zarr"),
        project.files("runs/tiny/forecast.zarr"),
    ];
    let second = project.run(&["merge", "tiny.toml"]).done().stdout;
    let third = project.run(&["merge", "tiny.toml"]).done().stdout;
    assert_eq!(second, third);
    assert_eq!(second.matches("was whole already").count(), 2, "{second}");
    assert!(
        whole
            == [
                project.files("prepared.zarr"),
                project.files("runs/tiny/forecast.zarr")
            ]
    );
}
