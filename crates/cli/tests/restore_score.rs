//! `foehn restore score` of pictures, and classes that guide.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::pictures::{CONFIG, SIDE, apply, mask, project, ramp, save, trained};
use common::{Outcome, Project, assert_same};
use image::{DynamicImage, GrayImage, Luma, RgbImage};
use std::fs;
use std::path::Path;

#[test]
fn scores_are_made_with_plain_ways_beside_them() {
    let project = trained();
    let words = [
        "restore",
        "score",
        "fill.toml",
        "--quiet",
        "--pictures",
        "12",
        "--steps",
        "2",
        "--noise",
        "0.5",
    ];
    let done = project
        .run(&[&words[..], &["--members", "4", "--of", "3"]].concat())
        .done();
    for text in [
        "harmonic",
        "flow",
        "sde",
        "fair CRPS",
        "known values unchanged",
    ] {
        assert!(done.stdout.contains(text), "no {text} in {}", done.stdout);
    }
    let text = fs::read_to_string(project.path("model/scores.json")).unwrap();
    let keys = [
        "euler_maruyama",
        "\"calls\": 4",
        "\"conventions\"",
        "\"seed\": 1",
    ];
    for key in keys {
        assert!(text.contains(key), "no {key} in {text}");
    }
    let score = |more: &[&str]| project.run(&[&words[..], more].concat());
    score(&["--of", "13"]).refused(&["--of 13", "12 pictures"]);
    score(&["--members", "1", "--of", "3"]).refused(&["--members 1", "--of 0"]);
    // what is there is not written over without a word, and is the same again
    let before = fs::read(project.path("model/scores.json")).unwrap();
    let small = ["--members", "4", "--of", "3"];
    score(&small).refused(&["scores.json exists", "--overwrite"]);
    score(&[&small[..], &["--overwrite"]].concat()).done();
    assert!(fs::read(project.path("model/scores.json")).unwrap() == before);
    // another seed is the scorer's own affair, and another law is not
    let seed = ["--of", "0", "--out", "seed.json", "--seed", "5"];
    score(&seed).done();
    score(&[&seed[..], &["--overwrite", "--set", "coupling=uncoupled"]].concat())
        .refused(&["coupling was", "another law"]);
    // a classifier of other data is not taken for one of these
    let of = ["--of", "0", "--out", "other.json"];
    let steps = ["--set", "data.labels.steps=21"];
    score(&[&of[..], &steps[..]].concat()).refused(&[
        "classifier.safetensors",
        "20 steps",
        "21 steps",
    ]);
    score(&[&of[..], &steps[..], &["--overwrite"]].concat()).done();
    // nor one of an older version, or no classifier at all
    let classifier = project.path("model/classifier.safetensors");
    fs::copy(project.path("model/weights.safetensors"), &classifier).unwrap();
    let remedy = "remove the file";
    score(&["--of", "0", "--out", "no.json"]).refused(&["older version", remedy]);
    fs::write(&classifier, "no weights").unwrap();
    score(&["--of", "0", "--out", "no.json"]).refused(&["classifier.safetensors", remedy]);
    // what another training leaves behind is not of its model
    project
        .run(&["restore", "train", "fill.toml", "--quiet", "--overwrite"])
        .done();
    assert!(!project.path("model/scores.json").exists());
    assert!(!project.path("model/classifier.safetensors").exists());
}

/// A project whose test pictures are `images`, in a folder, each with a label, and the arguments to score them.
fn scored_on(images: &[DynamicImage], crop: u32) -> Project {
    let project = project();
    let text = CONFIG.replace("test-idx3-ubyte", "pictures");
    let text = text.replace("[data]", &format!("[data]\ncrop = {crop}"));
    fs::write(project.path("fill.toml"), text).unwrap();
    fs::create_dir(project.path("pictures")).unwrap();
    for (k, image) in images.iter().enumerate() {
        save(&project, &format!("pictures/{k}.png"), image.clone());
    }
    let mut labels = [&[0, 0, 8, 1][..], &(images.len() as u32).to_be_bytes()].concat();
    labels.extend(images.iter().map(|_| 0));
    fs::write(project.path("test-labels"), labels).unwrap();
    project
        .run(&["restore", "train", "fill.toml", "--quiet"])
        .done();
    project
}

fn score_two(project: &Project, more: &[&str]) -> Outcome {
    let words = "restore score fill.toml --quiet --pictures 2 --steps 2 --members 2 --of 2";
    let words: Vec<&str> = words.split(' ').collect();
    project.run(&[&words[..], more].concat())
}

#[test]
fn test_pictures_of_another_size_are_cut_or_refused_before_a_classifier_is_trained() {
    let large = || {
        DynamicImage::from(GrayImage::from_fn(15, 17, |x, y| {
            Luma([(9 * x + 5 * y) as u8])
        }))
    };
    // the classifier sees what the model sees
    score_two(&scored_on(&[large(), ramp().into()], 8), &[]).done();
    let small = scored_on(&[ramp().into(), GrayImage::new(7, 12).into()], 8);
    score_two(&small, &[]).refused(&["12 x 7", "data.crop = 8"]);
    assert!(!small.path("model/classifier.safetensors").exists());
    let colour = RgbImage::from_pixel(SIDE, SIDE, image::Rgb([1, 2, 3]));
    let colour = scored_on(&[colour.into(), ramp().into()], 8);
    score_two(&colour, &[]).refused(&["3 channels where 1"]);
    let project = project();
    project
        .run(&["restore", "train", "fill.toml", "--quiet"])
        .done();
    let set = |folder: &str| format!("data.test={folder}");
    fs::create_dir(project.path("large")).unwrap();
    fs::create_dir(project.path("mixed")).unwrap();
    for k in 0..12 {
        save(&project, &format!("large/{k}.png"), large());
        let image = if k == 7 { large() } else { ramp().into() };
        save(&project, &format!("mixed/{k}.png"), image);
    }
    score_two(&project, &["--set", &set("large")]).refused(&["[1, 12, 12]", "[1, 17, 15]"]);
    score_two(&project, &["--set", &set("mixed")]).refused(&["several sizes", "data.crop"]);
    assert!(!project.path("model/classifier.safetensors").exists());
}

#[test]
fn masks_that_hide_nothing_or_everything_end_a_score_before_it_begins() {
    let project = project();
    for (hidden, about) in [("0.0", "hide nothing"), ("1.0", "hides every pixel")] {
        let text = CONFIG.replace("hidden = 0.4", &format!("hidden = {hidden}"));
        fs::write(project.path("fill.toml"), text).unwrap();
        project
            .run(&["restore", "train", "fill.toml", "--quiet", "--overwrite"])
            .done();
        score_two(&project, &[]).refused(&[about]);
        assert!(!project.path("model/classifier.safetensors").exists());
    }
}

/// The project with classes told.
fn told() -> Project {
    let project = project();
    let names = "[classes]\nnames = [\"down\", \"up\"]\ndropped = 0.2\n[network.unet]";
    fs::write(
        project.path("fill.toml"),
        CONFIG.replace("[network.unet]", names),
    )
    .unwrap();
    project
        .run(&["restore", "train", "fill.toml", "--quiet"])
        .done();
    save(&project, "ramp.png", ramp());
    save(&project, "mask.png", mask(SIDE, SIDE, |x, _| x > 3));
    project
}

#[test]
fn classes_are_told_by_name_or_number_and_guide() {
    let project = told();
    let input = ["--input", "ramp.png", "--mask", "mask.png", "--out"];
    let restored = |out: &str, more: &[&str]| {
        apply(&project, &[&input[..], &[out], more].concat()).done();
        project.files(out)
    };
    let none = restored("none", &[]);
    let up = restored("up", &["--class", "up"]);
    assert_same(&up, &restored("one", &["--class", "1"]), "name and number");
    // but for the record of what was asked for
    let mut zero = restored("zero", &["--class", "up", "--guidance", "0"]);
    let record = Path::new("restored.json");
    assert_ne!(zero.remove(record), none.get(record).cloned());
    let mut untold = none.clone();
    untold.remove(record);
    assert_same(&untold, &zero, "no class and none of its weight");
    let sample = Path::new("sample-1.png");
    assert_ne!(none[sample], up[sample]);
    let more = restored("more", &["--class", "up", "--guidance", "3"]);
    assert_ne!(more[sample], up[sample]);
    let refused = |more: &[&str], about: &[&str]| {
        apply(&project, &[&input[..], &["no"], more].concat()).refused(about);
    };
    refused(&["--class", "left"], &["left", "down, up"]);
    refused(&["--class", "2"], &["--class 2", "0 to 1"]);
    refused(&["--guidance", "2"], &["--guidance 2", "--class"]);
    refused(&["--class", "up", "--guidance=-1"], &["guidance"]);
    let score =
        "restore score fill.toml --quiet --pictures 4 --steps 2 --members 2 --of 2 --guidance 2";
    let done = project.run(&score.split(' ').collect::<Vec<_>>()).done();
    assert!(done.stdout.contains("fair CRPS"), "{}", done.stdout);
    let text = fs::read_to_string(project.path("model/scores.json")).unwrap();
    // Heun calls twice a step, and guidance doubles that
    for key in ["\"guidance\": 2.0", "\"calls\": 8"] {
        assert!(text.contains(key), "no {key} in {text}");
    }
}

#[test]
fn labels_that_do_not_fit_and_classes_of_a_model_without_are_refused() {
    let project = project();
    let train = |more: &[&str]| {
        project.run(&[&["restore", "train", "fill.toml", "--quiet"], more].concat())
    };
    train(&["--set", "classes.names=[\"one\"]"]).refused(&["label 1", "1 classes"]);
    let labels = "data.labels.train=test-labels";
    train(&["--set", "classes={}", "--set", labels]).refused(&["12 labels for 80 pictures"]);
    train(&["--set", "sampling.guidance=2.0"]).refused(&["section [classes]"]);
    train(&[]).done();
    save(&project, "ramp.png", ramp());
    let input = ["--input", "ramp.png", "--degrade", "--out", "no"];
    apply(&project, &[&input[..], &["--class", "1"]].concat()).refused(&["not told classes"]);
}

#[test]
fn features_of_another_network_are_refused_before_anything_is_drawn() {
    let project = trained();
    let score = "restore score fill.toml --quiet --pictures 2 --steps 2 --of 0 --features model/weights.safetensors";
    project
        .run(&score.split(' ').collect::<Vec<_>>())
        .refused(&["Conv2d_1a_3x3.conv.weight", "[32, 3, 3, 3]", "Inception v3"]);
    assert!(!project.path("model/scores.json").exists());
}
