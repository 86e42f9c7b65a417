//! `foehn generate` of pictures: a configuration in; a model, pictures and their scores, out.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::{Outcome, Project, assert_same};
use ndarray::Array4;
use ndarray_npy::ReadNpyExt;
use std::fs;
use std::path::Path;

const SIDE: u32 = 8;

const CONFIG: &str = r#"
name = "ramps"
output = "model"
task = "generation"
[data]
train = "train-idx3-ubyte"
test = "test-idx3-ubyte"
validation = 16
labels = { train = "train-labels", test = "test-labels", steps = 20 }
[classes]
names = ["down", "up"]
[network.unet]
channels = [8]
blocks = 1
attention = []
[train]
steps = 30
batch_size = 16
micro_batch = 8
warmup = 5
learning_rate = 5e-3
checkpoint_every = 10
validate_every = 10
[sampling]
steps = 3
[scores]
pictures = 12
steps = [2, 3]
guidance = [0.0, 2.0]
noise = [0.5]
"#;

/// Ramps of random slope, whose class is the sign of the slope; labels beside them.
fn write_ramps(project: &Project, name: &str, count: u32) {
    let mut images = vec![0, 0, 8, 3];
    for n in [count, SIDE, SIDE] {
        images.extend(n.to_be_bytes());
    }
    let mut labels = [&[0, 0, 8, 1][..], &count.to_be_bytes()].concat();
    for k in 0..count {
        let slope = f64::from(k * 7919 % 41) - 20.0;
        labels.push(u8::from(slope > 0.0));
        for i in 0..SIDE * SIDE {
            let value = 128.0 + slope * (f64::from(i % SIDE) - 3.5);
            images.push(value.clamp(0.0, 255.0) as u8);
        }
    }
    fs::write(project.path(&format!("{name}-idx3-ubyte")), images).unwrap();
    fs::write(project.path(&format!("{name}-labels")), labels).unwrap();
}

fn project() -> Project {
    let project = Project::new();
    write_ramps(&project, "train", 80);
    write_ramps(&project, "test", 12);
    fs::write(project.path("ramps.toml"), CONFIG).unwrap();
    project
}

fn generate(project: &Project, arguments: &[&str]) -> Outcome {
    project.run(&[&["generate", "ramps.toml", "--quiet"], arguments].concat())
}

#[test]
fn one_command_trains_draws_and_scores_and_does_nothing_twice() {
    let project = project();
    let done = generate(&project, &[]).done();
    for text in [
        "pictures learnt from",
        "sde, e = 0.5 (1 - t)",
        "recognised",
        "100 pictures",
    ] {
        assert!(done.stdout.contains(text), "no {text} in {}", done.stdout);
    }
    let samples = project.files("model/samples");
    // 100 pictures, their sheet, their classes, and how they were drawn
    assert_eq!(samples.len(), 103);
    let classes = fs::read_to_string(project.path("model/samples/classes.csv")).unwrap();
    assert!(classes.starts_with("file,class\n00000.png,\"down\"\n00001.png,\"up\"\n"));
    let model = project.files("model");
    let scores = &model[Path::new("scores.json")];
    let rows = String::from_utf8(scores.clone()).unwrap();
    assert_eq!(rows.matches("\"frechet\":").count(), 1 + 2 * 2 + 2);
    let again = generate(&project, &[]).done();
    assert!(again.stdout.contains("already"), "{}", again.stdout);
    assert_same(&project.files("model"), &model, "the second time");
    // the table is the same again, also from what an interrupted run left
    generate(&project, &["--sweep"]).done();
    assert_same(&project.files("model"), &model, "the table made again");
    for (other, about) in [
        (["--samples", "3"], "samples was 100 and is 3"),
        (
            ["--guidance", "3"],
            "sampling.guidance was not set and is 3.0",
        ),
        (["--seed", "7"], "seed was 1 and is 7"),
    ] {
        generate(&project, &other).refused(&["drawn otherwise", about, "--out"]);
    }
    generate(&project, &["--set", "train.steps=40"]).refused(&["train.steps was 30"]);
    generate(&project, &["--overwrite", "--threads", "1"]).done();
    assert_same(&project.files("model"), &model, "on one thread");
    let other = generate(&project, &["--set", "scores.steps=[2]"]).done();
    assert!(
        other.stdout.contains("pictures learnt from"),
        "another table is made"
    );
    let drawn = generate(
        &project,
        &["--samples", "1", "--seed", "7", "--out", "one.npy"],
    )
    .done();
    assert!(
        !drawn.stdout.contains("pictures learnt from"),
        "pictures elsewhere leave it"
    );
}

#[test]
fn a_picture_is_the_same_in_any_number_and_of_its_class() {
    let project = project();
    generate(&project, &["--samples", "2"]).done();
    let read = |name: &str| {
        let file = fs::File::open(project.path(name)).unwrap();
        Array4::<u8>::read_npy(file).unwrap()
    };
    let array = |out: &str, more: &[&str]| {
        generate(&project, &[&["--out", out], more].concat()).done();
        read(out)
    };
    let up = array("up.npy", &["--samples", "7", "--class", "up"]);
    assert_eq!(up.dim(), (7, 1, 8, 8));
    let two = array(
        "two.npy",
        &["--samples", "2", "--class", "1", "--threads", "1"],
    );
    assert_eq!(two, up.slice(ndarray::s![..2, .., .., ..]));
    // picture 1 is of class 1 in turn
    let png = image::open(project.path("model/samples/00001.png"))
        .unwrap()
        .to_luma8();
    assert_eq!(
        png.as_raw().as_slice(),
        up.slice(ndarray::s![1, .., .., ..])
            .to_owned()
            .as_slice()
            .unwrap()
    );
    let none = ["--samples", "2", "--guidance", "0"];
    let untold = array("none.npy", &[&none[..], &["--class", "up"]].concat());
    assert_eq!(
        untold,
        array("too.npy", &[&none[..], &["--class", "down"]].concat())
    );
    assert_ne!(untold, two);
    let seed = array(
        "seed.npy",
        &["--samples", "2", "--class", "up", "--seed", "9"],
    );
    assert_ne!(seed, two);
    assert!(project.path("up_sheet.png").exists() && project.path("up_classes.npy").exists());
    generate(&project, &["--out", "up.npy"]).refused(&["up.npy", "already"]);
}

#[test]
fn a_training_or_a_table_that_stopped_goes_on() {
    let project = project();
    generate(&project, &[]).done();
    let whole = project.files("model");
    for file in [
        "weights.safetensors",
        "checkpoints/checkpoint-00000030.safetensors",
        "scores.json",
        "samples/00003.png",
        "samples/drawn.toml",
    ] {
        fs::remove_file(project.path("model").join(file)).unwrap();
    }
    generate(&project, &[]).refused(&["--resume"]);
    generate(&project, &["--resume"]).done();
    assert_same(&project.files("model"), &whole, "after --resume");
    let mine = project.path("model/samples/mine.png");
    fs::write(&mine, "mine").unwrap();
    generate(&project, &["--overwrite", "--samples", "2"]).done();
    assert_eq!(fs::read_to_string(&mine).unwrap(), "mine");
    // two pictures, sheet, classes, how they were drawn, and what is somebody else's
    assert_eq!(project.files("model/samples").len(), 6);
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_trained() {
    let project = project();
    let refused = |arguments: &[&str], about: &[&str]| {
        generate(&project, arguments).refused(about);
        assert!(!project.path("model").exists());
    };
    refused(&["--class", "left"], &["left", "down, up"]);
    refused(&["--samples", "0"], &["--samples 0"]);
    refused(&["--guidance=-1"], &["guidance"]);
    refused(
        &["--set", "data.labels.train=test-labels"],
        &["12 labels for 80"],
    );
    refused(&["--set", "coupling=uncoupled"], &["coupling"]);
    refused(&["--data", "x.npy"], &["cannot be used with"]);
    let restore = ["restore", "train", "ramps.toml", "--quiet"];
    project.run(&restore).refused(&["foehn generate"]);
    let plain = CONFIG.replace("task = \"generation\"", "").replace(
        "[scores]",
        "[task.inpainting.mask]\ntiles = { across = 4, hidden = 0.4 }\n[scores]",
    );
    fs::write(project.path("ramps.toml"), plain).unwrap();
    refused(&[], &["scores"]);
}
