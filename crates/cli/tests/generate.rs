//! `foehn generate`: tables in, samples out.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::{Project, assert_same};
use ndarray::Array2;
use ndarray_npy::{ReadNpyExt, WriteNpyExt};
use std::fs;
use std::fs::File;

/// Settings of a small training.
const SMALL: [&str; 8] = [
    "--quiet",
    "--set",
    "train.steps=300",
    "--set",
    "model.network.width=32",
    "--set",
    "train.batch_size=128",
    "--set=train.micro_batch=64",
];

/// Points of two lines, x = -1 and x = 1: 2 y of the one, y + 3 of the other.
fn write_lines(project: &Project, name: &str) -> Array2<f64> {
    let table = Array2::from_shape_fn((600, 2), |(i, j)| {
        let along = (i as f64 * 0.618_034).fract();
        match (i % 2, j) {
            (0, 0) => -1.0,
            (0, _) => 2.0 * along,
            (_, 0) => 1.0,
            _ => along + 3.0,
        }
    });
    let file = File::create(project.path(name)).unwrap();
    table.write_npy(file).unwrap();
    table
}

fn read(project: &Project, name: &str) -> Array2<f32> {
    Array2::read_npy(File::open(project.path(name)).unwrap()).unwrap()
}

#[test]
fn samples_are_of_the_tables_law_and_do_not_depend_on_threads() {
    let project = Project::new();
    write_lines(&project, "lines.npy");
    let words = [
        "generate",
        "--data",
        "lines.npy",
        "--out",
        "one.npy",
        "--samples",
        "400",
        "--threads",
        "1",
    ];
    let done = project.run(&[&words[..], &SMALL].concat()).done();
    assert!(
        done.stdout.contains("energy distance to held-out data"),
        "{}",
        done.stdout
    );
    let one = read(&project, "one.npy");
    assert_eq!(one.dim(), (400, 2));
    // the law has means 0 and 2.25; of 400 samples, and a small network: within 0.3
    let mean = one.mean_axis(ndarray::Axis(0)).unwrap();
    assert!(
        mean[0].abs() < 0.3 && (mean[1] - 2.25).abs() < 0.3,
        "{mean}"
    );
    let left: Vec<bool> = one
        .rows()
        .into_iter()
        .filter(|x| x[0] < 0.0)
        .map(|x| x[1] < 2.9)
        .collect();
    let right = left.iter().filter(|on_its_line| **on_its_line).count();
    assert!(right * 100 > left.len() * 95, "{right} of {}", left.len());
    // sampled again by more threads
    let again = [
        "generate",
        "--out",
        "two.npy",
        "--samples",
        "400",
        "--threads",
        "3",
    ];
    project.run(&again).done();
    assert_eq!(read(&project, "two.npy"), one);
    assert!(project.path("runs/generate/samples.png").exists());
}

#[test]
fn a_training_that_ended_early_is_continued_bit_for_bit() {
    let project = Project::new();
    write_lines(&project, "lines.npy");
    let train = |model: &str, more: &[&str]| {
        let words = ["generate", "--data", "lines.npy", "--model", model];
        let every = [
            "--set",
            "train.checkpoint_every=50",
            "--set",
            "train.validate_every=100",
        ];
        project.run(&[&words[..], &SMALL, &every, more].concat())
    };
    train("whole", &[]).done();
    train("parts", &[]).done();
    // as if ended after step 250
    for lost in [
        "weights.safetensors",
        "checkpoints/checkpoint-00000300.safetensors",
    ] {
        fs::remove_file(project.path("parts").join(lost)).unwrap();
    }
    let unfinished = project.run(&["generate", "--model", "parts", "--out", "x.npy"]);
    unfinished.refused(&["no trained model in parts", "--resume"]);
    train("parts", &["--resume"]).done();
    assert_same(
        &project.files("whole"),
        &project.files("parts"),
        "continued",
    );
    train("parts", &[]).refused(&["parts holds a model already", "--overwrite"]);
    let other = ["--resume", "--set", "model.network.depth=2"];
    train("parts", &other).refused(&["model.network.depth was 3 and is 2"]);
}

#[test]
fn given_pairs_and_conditions_are_kept() {
    let project = Project::new();
    let x1 = write_lines(&project, "x1.npy");
    let x0 = x1.mapv(|x| -x);
    x0.write_npy(File::create(project.path("x0.npy")).unwrap())
        .unwrap();
    let words = [
        "generate",
        "--data",
        "x1.npy",
        "--starts",
        "x0.npy",
        "--coupling",
        "given",
        "--interpolant",
        "follmer",
        "--out",
        "next.nc",
        "--set",
        "model.interpolant={ kind = \"follmer\", beta = \"linear\", epsilon = 0.3 }",
    ];
    project.run(&[&words[..], &SMALL].concat()).done();
    let inspected = project.run(&["inspect", "next.nc"]).done();
    assert!(inspected.stdout.contains("600"), "{}", inspected.stdout);
    let words = ["generate", "--from", "x0.npy", "--out", "next.npy"];
    let done = project.run(&[&words[..], &["--samples", "600"]].concat());
    done.done();
    let next = read(&project, "next.npy");
    // the partner of a start on one line lies on the other: nearly all signs of x are kept apart
    let kept = next
        .rows()
        .into_iter()
        .zip(x1.rows())
        .filter(|(a, b)| f64::from(a[0]) * b[0] > 0.0);
    assert!(kept.count() > 590);
}

#[test]
fn densities_are_printed_in_the_units_of_the_table() {
    let project = Project::new();
    let mut z = vec![0f64; 4000];
    foehn_noise::Key::new(1, foehn_noise::Purpose::Simulate).normals_f64(&mut z);
    let table = Array2::from_shape_fn((2000, 2), |(i, j)| [10.0, 0.1][j] * z[2 * i + j] + 5.0);
    table
        .write_npy(File::create(project.path("normal.npy")).unwrap())
        .unwrap();
    let words = [
        "generate",
        "--data",
        "normal.npy",
        "--density",
        "normal.npy",
        "--json",
    ];
    let done = project.run(&[&words[..], &SMALL].concat()).done();
    let json: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    let found = json["density"]["negative_log_likelihood"].as_f64().unwrap();
    // entropy of N(5, diag(100, .01)) is ln(2 pi e); 4 standard errors are .09, the network may lose .05
    let entropy = (std::f64::consts::TAU * std::f64::consts::E).ln();
    assert!(
        found > entropy - 0.09 && found < entropy + 0.14,
        "{found}, not {entropy}"
    );
}

#[test]
fn a_flow_may_be_trained_by_maximum_likelihood() {
    let project = Project::new();
    write_lines(&project, "lines.npy");
    let words = [
        "generate",
        "--data",
        "lines.npy",
        "--out",
        "x.npy",
        "--set",
        "objective=likelihood",
        "--set",
        "train.steps=20",
        "--set",
        "likelihood.steps=4",
        "--set",
        "train.batch_size=64",
        "--set",
        "train.micro_batch=64",
        "--quiet",
    ];
    project.run(&words).done();
    assert_eq!(read(&project, "x.npy").dim(), (1000, 2));
    let again = project
        .run(&["generate", "--density", "lines.npy", "--json"])
        .done();
    let json: serde_json::Value = serde_json::from_str(&again.stdout).unwrap();
    assert!(
        json["density"]["negative_log_likelihood"]
            .as_f64()
            .unwrap()
            .is_finite()
    );
    let no_score = project.run(&["generate", "--out", "y.npy", "--sampler", "sde"]);
    no_score.refused(&["trained by maximum likelihood has no score"]);
}

#[test]
fn the_path_itself_may_be_learnt_and_is_kept() {
    let project = Project::new();
    let x1 = write_lines(&project, "lines.npy");
    let x0 = x1.mapv(|x| 3.0 * x);
    x0.write_npy(File::create(project.path("x0.npy")).unwrap())
        .unwrap();
    let words = [
        "generate",
        "--data",
        "lines.npy",
        "--starts",
        "x0.npy",
        "--interpolant",
        "fourier",
    ];
    let more = ["--set", "path_steps=10", "--out", "one.npy"];
    project.run(&[&words[..], &SMALL, &more].concat()).done();
    let path = fs::read_to_string(project.path("runs/generate/path.toml")).unwrap();
    assert!(
        path.contains("fourier") && !path.contains("alpha = [0.0"),
        "{path}"
    );
    // the path that was found is that of later samples
    let again = ["generate", "--out", "two.npy", "--from", "x0.npy"];
    project.run(&again).done();
    assert_eq!(read(&project, "one.npy"), read(&project, "two.npy"));
    let linear = [
        "generate",
        "--data",
        "lines.npy",
        "--set",
        "path_steps=10",
        "--model",
        "m",
    ];
    project
        .run(&linear)
        .refused(&["path_steps = 10", "interpolant = fourier"]);
}

/// What a sampler cannot do is said before the training, and leaves nothing behind.
#[test]
fn samplers_are_refused_before_the_training() {
    let project = Project::new();
    write_lines(&project, "lines.npy");
    let train = ["generate", "--data", "lines.npy", "--out", "x.npy"];
    let cases: [(&[&str], &[&str]); 6] = [
        (&["--set", "sampling.steps=0"], &["at least one step"]),
        (&["--sampler", "sde", "--coupling", "transport"], &["Score"]),
        (
            &["--interpolant", "follmer", "--sampler", "flow"],
            &["does not converge"],
        ),
        (&["--samples", "0"], &["--samples 0"]),
        (&["--density", "none.npy"], &["none.npy"]),
        (
            &["--set", "sampling.epsilon=0.5"],
            &["sampling.epsilon", "sampling.method = sde"],
        ),
    ];
    for (words, about) in cases {
        project.run(&[&train[..], words].concat()).refused(about);
        assert!(
            !project.path("runs/generate").exists(),
            "{words:?} left a model"
        );
    }
}

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
