//! `foehn generate`: tables in, samples out.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::tables::{SMALL, read, write_lines};
use common::{Project, assert_same};
use ndarray::Array2;
use ndarray_npy::WriteNpyExt;
use std::fs;
use std::fs::File;

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
