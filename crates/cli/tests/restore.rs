//! `foehn restore`: pictures in, samples of what they may have been out.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::pictures::{CONFIG, SIDE, apply, mask, project, ramp, read, save, trained};
use common::{Outcome, assert_same};
use image::{DynamicImage, GrayImage, Luma};
use std::fs;
use std::path::Path;

#[test]
fn known_pixels_are_written_back_and_samples_do_not_depend_on_threads_or_number() {
    let project = trained();
    save(&project, "ramp.png", ramp());
    let hidden = |x: u32, y: u32| (3..9).contains(&x) && (2..7).contains(&y);
    save(&project, "mask.png", mask(SIDE, SIDE, hidden));
    let input = ["--input", "ramp.png", "--mask", "mask.png"];
    let one = [&input[..], &["--out", "one", "--threads", "1"]].concat();
    apply(&project, &one).done();
    let two = [&input[..], &["--out", "two", "--threads", "2"]].concat();
    apply(&project, &two).done();
    assert_same(
        &project.files("one"),
        &project.files("two"),
        "1 and 2 threads",
    );
    let more = [&input[..], &["--out", "more", "--samples", "1"]].concat();
    let words = ["restore", "apply", "--model", "model", "--quiet"];
    project.run(&[&words[..], &more].concat()).done();
    assert_eq!(
        project.files("one")[Path::new("sample-1.png")],
        project.files("more")[Path::new("sample-1.png")]
    );
    let mut changed = 0;
    for name in ["sample-1.png", "sample-3.png", "mean.png"] {
        let restored = read(&project.path("one").join(name)).to_luma8();
        for (x, y, pixel) in restored.enumerate_pixels() {
            if hidden(x, y) {
                changed += u32::from(pixel != ramp().get_pixel(x, y));
            } else {
                assert_eq!(pixel, ramp().get_pixel(x, y), "{name} at {x}, {y}");
            }
        }
    }
    assert!(
        changed > 20,
        "{changed} hidden pixels differ from what was there"
    );
    assert!(project.path("one/sheet.png").exists() && project.path("one/spread.png").exists());
    // what is there is not written over
    apply(&project, &one).refused(&["one", "not empty"]);
}

#[test]
fn sixteen_bits_stay_sixteen_bits() {
    let project = trained();
    let deep = image::ImageBuffer::from_fn(SIDE, SIDE, |x, y| Luma([(5000 * x + 7 * y) as u16]));
    save(
        &project,
        "deep.png",
        DynamicImage::ImageLuma16(deep.clone()),
    );
    save(&project, "mask.png", mask(SIDE, SIDE, |x, _| x == 4));
    apply(
        &project,
        &["--input", "deep.png", "--mask", "mask.png", "--out", "o"],
    )
    .done();
    let DynamicImage::ImageLuma16(restored) = read(&project.path("o/sample-2.png")) else {
        panic!("not 16 bits");
    };
    let known = restored.enumerate_pixels().filter(|(x, ..)| *x != 4);
    assert!(
        known
            .into_iter()
            .all(|(x, y, pixel)| pixel == deep.get_pixel(x, y))
    );
}

#[test]
fn an_interrupted_training_and_one_that_was_not_give_the_same_model() {
    let project = project();
    let train = |more: &[&str]| {
        project.run(&[&["restore", "train", "fill.toml", "--quiet"], more].concat())
    };
    train(&[]).done();
    let weights =
        |folder: &str| fs::read(project.path(folder).join("weights.safetensors")).unwrap();
    let whole = weights("model");
    // as if it had stopped after its last checkpoint but one
    fs::remove_file(project.path("model/weights.safetensors")).unwrap();
    fs::remove_file(project.path("model/checkpoints/checkpoint-00000030.safetensors")).unwrap();
    train(&["--resume"]).done();
    assert!(weights("model") == whole, "another model after --resume");
    train(&[]).refused(&["holds a model already", "--resume"]);
    train(&["--resume", "--set", "coupling=uncoupled"]).refused(&["coupling was"]);
    train(&["--overwrite", "--threads", "1"]).done();
    assert!(
        weights("model") == whole,
        "another model on another number of threads"
    );
}

#[test]
fn coarse_pictures_become_large_and_reduce_to_what_they_were() {
    let project = project();
    project
        .run(&["restore", "train", "sharpen.toml", "--quiet"])
        .done();
    save(
        &project,
        "small.png",
        GrayImage::from_fn(5, 2, |x, y| Luma([(40 * x + 9 * y) as u8])),
    );
    let words = [
        "restore",
        "apply",
        "--model",
        "sharp",
        "--input",
        "small.png",
        "--quiet",
        "--json",
    ];
    let residual = |outcome: Outcome| {
        let text = outcome.done().stdout;
        let line = text
            .lines()
            .find(|line| line.contains("largest_residual"))
            .unwrap()
            .to_owned();
        line.split(':')
            .nth(1)
            .unwrap()
            .trim()
            .trim_end_matches(',')
            .parse::<f64>()
            .unwrap()
    };
    let free = residual(project.run(&[&words[..], &["--out", "free"]].concat()));
    let exact = residual(project.run(&[&words[..], &["--out", "exact", "--project"]].concat()));
    // in the integers of the files; the residual itself is of single precision
    assert!(exact < 1e-6 && exact < free, "{exact} {free}");
    for name in ["sample-1.png", "sample-8.png", "mean.png"] {
        let large = read(&project.path("exact").join(name)).to_luma8();
        assert_eq!(large.dimensions(), (20, 8));
        for (x, y) in (0..5).flat_map(|x| [(x, 0), (x, 1)]) {
            let block = (0..16).map(|k| (4 * x + k % 4, 4 * y + k / 4));
            let sum: u32 = block.map(|(x, y)| u32::from(large[(x, y)].0[0])).sum();
            assert_eq!(sum, 16 * (40 * x + 9 * y), "{name}, block {x}, {y}");
        }
    }
    // tiles see less at once, and the result is of the whole size all the same
    project
        .run(&[&words[..], &["--out", "tiled", "--tile", "12"]].concat())
        .done();
    assert_eq!(read(&project.path("tiled/mean.png")).width(), 20);
    project
        .run(&[&words[..], &["--out", "no", "--mask", "small.png"]].concat())
        .refused(&["sharpens whole pictures"]);
}

#[test]
fn the_transformer_trains_too() {
    let project = project();
    let text = CONFIG.replace(
        "[network.unet]\nchannels = [8]\nblocks = 1\nattention = []",
        "[network.transformer]\nwidth = 16\ndepth = 1\npatch = 3",
    );
    fs::write(project.path("fill.toml"), text).unwrap();
    project
        .run(&["restore", "train", "fill.toml", "--quiet"])
        .done();
    save(&project, "ramp.png", ramp());
    save(&project, "mask.png", mask(SIDE, SIDE, |x, _| x > 6));
    apply(
        &project,
        &["--input", "ramp.png", "--mask", "mask.png", "--out", "o"],
    )
    .done();
}

#[test]
fn each_picture_has_a_mask_of_its_name_and_noise_that_does_not_depend_on_its_place() {
    let project = trained();
    fs::create_dir(project.path("folder")).unwrap();
    fs::create_dir(project.path("masks")).unwrap();
    for (k, name) in ["a", "b"].into_iter().enumerate() {
        let image =
            GrayImage::from_fn(SIDE, SIDE, |x, y| Luma([(20 * k as u32 + 9 * x + y) as u8]));
        save(&project, &format!("folder/{name}.png"), image);
        let hidden = |x: u32, _: u32| x as usize == 3 + k;
        save(
            &project,
            &format!("masks/{name}.png"),
            mask(SIDE, SIDE, hidden),
        );
    }
    let both = ["--input", "folder", "--mask", "masks", "--out", "both"];
    apply(&project, &both).done();
    let alone = [
        "--input",
        "folder/b.png",
        "--mask",
        "masks/b.png",
        "--out",
        "alone",
    ];
    apply(&project, &alone).done();
    assert_same(
        &project.files("both/b"),
        &project.files("alone"),
        "in a folder and alone",
    );
    fs::remove_file(project.path("masks/a.png")).unwrap();
    let less = ["--input", "folder", "--mask", "masks", "--out", "less"];
    apply(&project, &less).refused(&["masks holds no mask for a", "a.png"]);
    // a seed changes what is taken, too
    let sheet = |seed: &str| {
        let words = [
            "--input",
            "folder/a.png",
            "--degrade",
            "--seed",
            seed,
            "--out",
            seed,
        ];
        apply(&project, &words).done();
        let sheet = read(&project.path(seed).join("sheet.png")).to_luma8();
        // the first picture of the sheet is what is known
        let width = sheet.width() / 7;
        image::imageops::crop_imm(&sheet, 0, 0, width, sheet.height()).to_image()
    };
    assert_eq!(sheet("1"), sheet("01"));
    assert_ne!(sheet("2"), sheet("3"));
}
