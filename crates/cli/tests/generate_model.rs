//! `foehn generate`: what a model's folder holds, how it is sampled again, and what is refused.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::Project;
use common::tables::{SMALL, read, write_lines};
use ndarray::Array2;
use ndarray_npy::WriteNpyExt;
use std::fs;
use std::fs::File;

#[test]
fn a_model_is_sampled_as_it_was_declared_and_its_folder_holds_nothing_else() {
    let project = Project::new();
    write_lines(&project, "lines.npy");
    fs::create_dir(project.path("m")).unwrap();
    fs::write(project.path("m/notes.txt"), "mine").unwrap();
    let words = [
        "generate",
        "--data",
        "lines.npy",
        "--model",
        "m",
        "--out",
        "one.npy",
        "--sampler",
        "sde",
        "--steps",
        "20",
    ];
    let more = ["--seed", "4", "--samples", "50", "--overwrite"];
    project.run(&[&words[..], &SMALL, &more].concat()).done();
    project.run(&[&words[..], &SMALL, &more].concat()).done();
    assert_eq!(
        fs::read_to_string(project.path("m/notes.txt")).unwrap(),
        "mine"
    );
    let again = [
        "generate",
        "--model",
        "m",
        "--out",
        "two.npy",
        "--samples",
        "50",
    ];
    project.run(&[&again[..], &["--seed", "4"]].concat()).done();
    assert_eq!(read(&project, "one.npy"), read(&project, "two.npy"));
    // what is of training has no meaning then, and samples are not replaced unasked
    let width = ["--set", "model.network.width=7", "--overwrite"];
    project
        .run(&[&again[..], &width].concat())
        .refused(&["model.network.width=7 is of training"]);
    project
        .run(&[&again[..], &["--resume"]].concat())
        .refused(&["two.npy", "exists"]);
    // checkpoints of a model that lost its declaration are not those of another
    fs::remove_file(project.path("m/config.toml")).unwrap();
    let other = [
        "generate",
        "--data",
        "lines.npy",
        "--model",
        "m",
        "--set",
        "train.steps=400",
    ];
    project
        .run(&other)
        .refused(&["m holds a part of a model", "--overwrite"]);
    fs::write(project.path("m/config.toml"), "seed = 1").unwrap();
    fs::remove_file(project.path("m/units.json")).unwrap();
    project
        .run(&[&other[..], &["--overwrite"]].concat())
        .refused(&["not of a model"]);
}

/// Conditions in the order of a file do not make a model look bad: samples are compared for the rows
/// that were set aside.
#[test]
fn samples_are_compared_under_the_conditions_of_the_rows_set_aside() {
    let project = Project::new();
    let mut z = vec![0f64; 3000];
    foehn_noise::Key::new(2, foehn_noise::Purpose::Simulate).normals_f64(&mut z);
    let label = |i: usize| if i < 1500 { -1.0 } else { 1.0 };
    let x = Array2::from_shape_fn((3000, 1), |(i, _)| 2.0 * label(i) + 0.5 * z[i]);
    let labels = Array2::from_shape_fn((3000, 1), |(i, _)| label(i));
    for (name, table) in [("x.npy", &x), ("labels.npy", &labels)] {
        table
            .write_npy(File::create(project.path(name)).unwrap())
            .unwrap();
    }
    let words = [
        "generate",
        "--data",
        "x.npy",
        "--condition",
        "labels.npy",
        "--out",
        "y.npy",
        "--json",
        "--sweep",
    ];
    let done = project.run(&[&words[..], &SMALL].concat()).done();
    let json: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    // of 300 rows set aside: equal laws scatter by some 0.01, the wrong class is 3.5 away
    let distance = json["samples"]["energy_distance"].as_f64().unwrap();
    assert!(distance.abs() < 0.1, "{distance}");
    assert_eq!(
        json["sweep"]["steps"],
        serde_json::json!([5, 10, 20, 50, 100])
    );
    let y = read(&project, "y.npy");
    let same = y
        .rows()
        .into_iter()
        .zip(labels.rows())
        .filter(|(y, label)| f64::from(y[0]) * label[0] > 0.0);
    assert!(same.count() > 2900);
    let one = Array2::from_elem((1, 1), 1.5);
    one.write_npy(File::create(project.path("one.npy")).unwrap())
        .unwrap();
    let given = ["--given", "one.npy", "--density", "one.npy"];
    let done = project.run(&[&["generate"][..], &given].concat()).done();
    assert!(
        !done.stdout.contains("NaN") && !done.stdout.contains("+-"),
        "{}",
        done.stdout
    );
}

#[test]
fn bad_input_is_refused_in_one_line() {
    let project = Project::new();
    let table = write_lines(&project, "lines.npy");
    let write = |name: &str, table: &Array2<f64>| {
        table
            .write_npy(File::create(project.path(name)).unwrap())
            .unwrap();
    };
    let mut holed = table.clone();
    holed[[17, 1]] = f64::NAN;
    write("holed.npy", &holed);
    let mut flat = table.clone();
    flat.column_mut(0).fill(3.0);
    write("flat.npy", &flat);
    write("wide.npy", &Array2::zeros((600, 3)));
    write("empty.npy", &Array2::zeros((0, 2)));
    write("late.npy", &table.mapv(|x| x + 1e5));
    write("short.npy", &table.slice(ndarray::s![..100, ..]).to_owned());
    fs::write(project.path("text.npy"), "not an array").unwrap();
    let cases: [(&[&str], &[&str]); 21] = [
        (&["--data", "empty.npy"], &["0 rows"]),
        (
            &["--data", "lines.npy", "--starts", "empty.npy"],
            &["starts", "0 rows"],
        ),
        (
            &["--data", "lines.npy", "--starts", "holed.npy"],
            &["the starts", "row 17"],
        ),
        (&["--data", "late.npy"], &["column 0", "subtract an offset"]),
        (&["--sweep"], &["--sweep", "give --data"]),
        (
            &["--out", "x.npy"],
            &["no trained model in runs/generate", "--data"],
        ),
        (&["--data", "none.npy"], &["none.npy"]),
        (
            &["--data", "text.npy"],
            &["text.npy", "not an array of real numbers"],
        ),
        (&["--data", "holed.npy"], &["row 17, column 1 is NaN"]),
        (&["--data", "flat.npy"], &["column 0 is 3 in every row"]),
        (
            &["--data", "lines.npy", "--out", "x.csv"],
            &["x.csv", ".npy, .nc or .zarr"],
        ),
        (
            &["--data", "lines.npy", "--starts", "wide.npy"],
            &["3 columns", "2"],
        ),
        (
            &[
                "--data",
                "lines.npy",
                "--starts",
                "short.npy",
                "--coupling",
                "given",
            ],
            &["100 rows"],
        ),
        (
            &["--data", "lines.npy", "--condition", "short.npy"],
            &["condition has 100 rows", "600"],
        ),
        (
            &["--data", "lines.npy", "--coupling", "given"],
            &["needs the starts"],
        ),
        (
            &["--data", "lines.npy", "--interpolant", "linera"],
            &["linera", "linear"],
        ),
        (
            &["--data", "lines.npy", "--sampler", "magic"],
            &["sampling.method", "magic"],
        ),
        (
            &["--data", "lines.npy", "--set", "sampling.stepz=3"],
            &["sampling.stepz", "sampling.steps"],
        ),
        (
            &["--data", "lines.npy", "--set", "train.micro_batch=7"],
            &["train.micro_batch = 7"],
        ),
        (
            &["--data", "lines.npy", "--set", "validation=2"],
            &["validation = 2"],
        ),
        (&["--starts", "lines.npy"], &["--starts", "without --data"]),
    ];
    for (words, about) in cases {
        project.run(&[&["generate"], words].concat()).refused(about);
        assert!(
            !project.path("runs/generate").exists(),
            "{words:?} left a model"
        );
    }
}
