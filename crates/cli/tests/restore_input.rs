//! Pictures as they come, and those that `foehn restore` refuses.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::assert_same;
use common::pictures::{SIDE, apply, mask, project, ramp, read, save, trained};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GrayImage, Luma, RgbImage, Rgba, RgbaImage};
use std::fs;

#[test]
fn pictures_of_one_name_and_options_without_effect_are_refused() {
    let project = trained();
    fs::create_dir(project.path("folder")).unwrap();
    save(&project, "folder/a.png", ramp());
    ramp().save(project.path("folder/a.pgm")).unwrap();
    save(&project, "folder/b.png", ramp());
    let refused = |more: &[&str], about: &[&str]| {
        let words = ["--input", "folder", "--degrade", "--out", "never"];
        apply(&project, &[&words[..], more].concat()).refused(about);
        assert!(!project.path("never").exists());
    };
    refused(&[], &["results of a would lie"]);
    refused(&["--pictures", "0"], &["--pictures 0"]);
    refused(&["--steps", "0"], &["--steps 0"]);
    refused(&["--project"], &["--project", "leave it out"]);
    fs::remove_file(project.path("folder/a.pgm")).unwrap();
    apply(&project, &["--input", "folder", "--degrade", "--out", "o"]).done();
    for name in ["o/a/sample-1.png", "o/b/mean.png", "o/sheet.png"] {
        assert!(project.path(name).exists(), "no {name}");
    }
}

#[test]
fn input_that_does_not_fit_is_refused() {
    let project = trained();
    save(&project, "ramp.png", ramp());
    save(&project, "mask.png", mask(SIDE, SIDE, |x, _| x > 6));
    let refused = |input: &str, mask: &str, about: &[&str]| {
        let words = ["--input", input, "--mask", mask, "--out", "never"];
        apply(&project, &words).refused(about);
        assert!(!project.path("never").exists());
    };
    save(&project, "narrow.png", mask(SIDE - 1, SIDE, |x, _| x > 6));
    refused("ramp.png", "narrow.png", &["[12, 11]", "[12, 12]"]);
    save(&project, "none.png", mask(SIDE, SIDE, |_, _| false));
    refused("ramp.png", "none.png", &["hides nothing"]);
    save(&project, "all.png", mask(SIDE, SIDE, |_, _| true));
    refused("ramp.png", "all.png", &["hides every pixel"]);
    refused("ramp.png", "ramp.png", &["neither black"]);
    save(
        &project,
        "colour.png",
        RgbImage::from_pixel(SIDE, SIDE, image::Rgb([1, 2, 3])),
    );
    refused("colour.png", "mask.png", &["3 channels and the model 1"]);
    save(
        &project,
        "clear.png",
        RgbaImage::from_pixel(SIDE, SIDE, Rgba([1, 2, 3, 0])),
    );
    refused("clear.png", "mask.png", &["144 transparent pixels"]);
    fs::write(project.path("text.png"), "not a picture").unwrap();
    refused("text.png", "mask.png", &["text.png", "cannot be decoded"]);
    refused("nowhere.png", "mask.png", &["nowhere.png"]);
    apply(&project, &["--input", "ramp.png", "--out", "never"]).refused(&["--mask FILE"]);
    let other = [
        "restore", "apply", "--model", "nowhere", "--input", "ramp.png", "--out", "never",
    ];
    project
        .run(&other)
        .refused(&["no trained model in nowhere"]);
}

#[test]
fn pictures_of_one_pixel_and_very_long_ones_are_restored() {
    let project = trained();
    let long = GrayImage::from_fn(900, 1, |x, _| Luma([(x % 200) as u8]));
    save(&project, "long.png", long);
    save(&project, "mask.png", mask(900, 1, |x, _| x % 5 == 0));
    apply(
        &project,
        &["--input", "long.png", "--mask", "mask.png", "--out", "o"],
    )
    .done();
    let tiled = [
        "--input", "long.png", "--mask", "mask.png", "--out", "t", "--tile", "64",
    ];
    apply(&project, &tiled).done();
    save(&project, "dot.png", GrayImage::from_pixel(1, 1, Luma([9])));
    save(&project, "white.png", mask(1, 1, |_, _| true));
    apply(
        &project,
        &["--input", "dot.png", "--mask", "white.png", "--out", "d"],
    )
    .refused(&["hides every pixel"]);
}

#[test]
fn data_that_cannot_be_learnt_from_are_refused() {
    let project = project();
    let refused = |settings: &[&str], about: &[&str]| {
        let words = ["restore", "train", "fill.toml"];
        project.run(&[&words[..], settings].concat()).refused(about);
        assert!(!project.path("model").exists());
    };
    refused(
        &["--set", "data.validation=80"],
        &["sets all of them aside"],
    );
    refused(&["--set", "data.crop=13"], &["12 x 12", "data.crop = 13"]);
    refused(&["--set", "data.train=nowhere"], &["nowhere"]);
    refused(&["--set", "network.unet.channel=[8]"], &["channels"]);
    refused(
        &[
            "--set",
            "interpolant={ kind = \"linear\", gamma = \"quadratic\" }",
        ],
        &["gamma = \"zero\""],
    );
    let reduce = "task={ degraded = { degradation = { reduce = { factor = 5 } }, sigma = 0.3 } }";
    refused(&["--set", reduce], &["12 x 12", "multiple of 5"]);
    fs::create_dir(project.path("mixed")).unwrap();
    save(&project, "mixed/a.png", ramp());
    save(&project, "mixed/b.png", GrayImage::new(9, 9));
    refused(
        &["--set", "data.train=mixed", "--set", "data.validation=0"],
        &["several sizes", "data.crop"],
    );
    // a damaged picture is found before the first step, wherever it is
    fs::create_dir(project.path("damaged")).unwrap();
    for k in 0..40 {
        save(&project, &format!("damaged/{k:02}.png"), ramp());
    }
    let whole = fs::read(project.path("damaged/33.png")).unwrap();
    fs::write(project.path("damaged/33.png"), &whole[..whole.len() / 2]).unwrap();
    refused(
        &["--set", "data.train=damaged", "--set", "data.validation=4"],
        &["33.png", "cannot be decoded"],
    );
    refused(
        &["--set", "sampling.epsilon={ gamma = 1.0 }"],
        &["sampling.epsilon", "zero wherever"],
    );
}

#[test]
fn files_that_are_damaged_or_of_other_kinds_are_refused_by_name() {
    let project = trained();
    save(&project, "mask.png", mask(SIDE, SIDE, |x, _| x > 6));
    save(&project, "ramp.png", ramp());
    let png = fs::read(project.path("ramp.png")).unwrap();
    let mut jpeg = Vec::new();
    JpegEncoder::new(&mut jpeg).encode_image(&ramp()).unwrap();
    fs::write(project.path("whole.jpg"), &jpeg).unwrap();
    // the two files were written by Pillow: 12 x 12 pixels in four inks, and three frames of 12 x 12
    let files: [(&str, &[u8], &[&str]); 6] = [
        (
            "cut.jpg",
            &jpeg[..jpeg.len() / 2],
            &["cut.jpg", "truncated"],
        ),
        (
            "cut.png",
            &png[..png.len() / 2],
            &["cut.png", "cannot be decoded"],
        ),
        ("empty.png", &[], &["empty.png", "cannot be decoded"]),
        ("empty.jpg", &[], &["empty.jpg", "cannot be decoded"]),
        (
            "inks.jpg",
            include_bytes!("cases/cmyk.jpg"),
            &["inks.jpg", "CMYK", "RGB"],
        ),
        (
            "moving.gif",
            include_bytes!("cases/animated.gif"),
            &["moving.gif", "animated", "one frame"],
        ),
    ];
    let with_mask = |input: &str, mask: &str, out: &str| {
        apply(&project, &["--input", input, "--mask", mask, "--out", out])
    };
    for (name, bytes, about) in files {
        fs::write(project.path(name), bytes).unwrap();
        with_mask(name, "mask.png", "never").refused(about);
        // and as a mask
        with_mask("ramp.png", name, "never").refused(about);
        assert!(!project.path("never").exists());
    }
    with_mask("whole.jpg", "mask.png", "o").done();
}

#[test]
fn the_good_pictures_of_a_folder_are_restored_and_the_bad_one_is_named() {
    let project = trained();
    fs::create_dir(project.path("folder")).unwrap();
    for name in ["a", "b", "d"] {
        save(&project, &format!("folder/{name}.png"), ramp());
    }
    fs::write(project.path("folder/c.png"), "no picture").unwrap();
    let colour = RgbImage::from_pixel(SIDE, SIDE, image::Rgb([1, 2, 3]));
    save(&project, "folder/e.png", colour);
    let said = apply(&project, &["--input", "folder", "--degrade", "--out", "o"]);
    said.refused(&[
        "2 of 5 pictures",
        "the others are in o",
        "c.png",
        "e has 3 channels",
    ]);
    for name in ["a", "b", "d"] {
        assert!(
            project.path("o").join(name).join("mean.png").exists(),
            "{name}"
        );
    }
    assert!(project.path("o/sheet.png").exists() && !project.path("o/c").exists());
    // they are those of a folder without the bad ones
    fs::create_dir(project.path("good")).unwrap();
    for name in ["a", "b", "d"] {
        let name = format!("{name}.png");
        fs::rename(
            project.path("folder").join(&name),
            project.path("good").join(&name),
        )
        .unwrap();
    }
    apply(&project, &["--input", "good", "--degrade", "--out", "p"]).done();
    assert_same(
        &project.files("o"),
        &project.files("p"),
        "with bad ones and without",
    );
    // where none is good, nothing is written
    apply(&project, &["--input", "folder", "--degrade", "--out", "q"])
        .refused(&["e has 3 channels"]);
    assert!(!project.path("q").exists());
}

#[test]
fn grey_pictures_are_taken_by_a_model_of_colour_and_long_ones_by_any() {
    let project = project();
    fs::create_dir(project.path("colours")).unwrap();
    for k in 0..20u32 {
        let shade = |x: u32, y: u32| image::Rgb([(9 * x + k) as u8, (9 * y) as u8, (5 * k) as u8]);
        save(
            &project,
            &format!("colours/{k:02}.png"),
            RgbImage::from_fn(SIDE, SIDE, shade),
        );
    }
    let train = "restore train fill.toml --quiet --set data.train=colours --set data.validation=4 --set train.steps=2";
    project.run(&train.split(' ').collect::<Vec<_>>()).done();
    save(&project, "ramp.png", ramp());
    save(&project, "mask.png", mask(SIDE, SIDE, |x, _| x > 6));
    apply(
        &project,
        &["--input", "ramp.png", "--mask", "mask.png", "--out", "grey"],
    )
    .done();
    let restored = read(&project.path("grey/sample-1.png"));
    let DynamicImage::ImageRgb8(restored) = restored else {
        panic!("no colours: {restored:?}");
    };
    for (x, y, pixel) in restored.enumerate_pixels().filter(|(x, ..)| *x <= 6) {
        assert_eq!(pixel.0, [ramp().get_pixel(x, y).0[0]; 3]);
    }
    let long = RgbImage::from_fn(5000, 3, |x, y| {
        image::Rgb([(x % 256) as u8, (x / 256) as u8, y as u8])
    });
    save(&project, "long.png", long.clone());
    save(&project, "hidden.png", mask(5000, 3, |x, _| x % 7 == 0));
    let words = [
        "--input",
        "long.png",
        "--mask",
        "hidden.png",
        "--steps",
        "1",
    ];
    apply(&project, &[&words[..], &["--out", "long"]].concat()).done();
    apply(
        &project,
        &[&words[..], &["--out", "cut", "--tile", "64"]].concat(),
    )
    .done();
    for out in ["long", "cut"] {
        let restored = read(&project.path(out).join("mean.png")).to_rgb8();
        let mut known = restored.enumerate_pixels().filter(|(x, ..)| x % 7 != 0);
        assert!(known.all(|(x, y, pixel)| pixel == long.get_pixel(x, y)));
    }
}
