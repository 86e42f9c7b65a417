//! `foehn restore`: pictures in, samples of what they may have been out.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::{Outcome, Project, assert_same};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, RgbImage, Rgba, RgbaImage};
use std::fs;
use std::path::Path;

const SIDE: u32 = 12;

const CONFIG: &str = r#"
name = "fill"
output = "model"
[data]
train = "train-idx3-ubyte"
test = "test-idx3-ubyte"
validation = 16
labels = { train = "train-labels", test = "test-labels", steps = 20 }
[task.inpainting]
mask = { tiles = { across = 4, hidden = 0.4 } }
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
steps = 4
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
            let value = 128.0 + slope * (f64::from(i % SIDE) - 5.5) / 2.0;
            images.push(value.clamp(0.0, 255.0) as u8);
        }
    }
    fs::write(project.path(&format!("{name}-idx3-ubyte")), images).unwrap();
    fs::write(project.path(&format!("{name}-labels")), labels).unwrap();
}

/// A project with ramps and `fill.toml`; `name` for a model of lost detail.
fn project() -> Project {
    let project = Project::new();
    write_ramps(&project, "train", 80);
    write_ramps(&project, "test", 12);
    fs::write(project.path("fill.toml"), CONFIG).unwrap();
    let mask = "[task.inpainting]\nmask = { tiles = { across = 4, hidden = 0.4 } }";
    let reduce = "[task.degraded]\nsigma = 0.3\ndegradation = { reduce = { factor = 4 } }";
    let sharpen = CONFIG
        .replace(mask, reduce)
        .replace("\"model\"", "\"sharp\"");
    fs::write(project.path("sharpen.toml"), sharpen).unwrap();
    project
}

fn trained() -> Project {
    let project = project();
    project
        .run(&["restore", "train", "fill.toml", "--quiet"])
        .done();
    project
}

fn save(project: &Project, name: &str, image: impl Into<DynamicImage>) {
    image
        .into()
        .save_with_format(project.path(name), ImageFormat::Png)
        .unwrap();
}

fn ramp() -> GrayImage {
    GrayImage::from_fn(SIDE, SIDE, |x, y| Luma([(60 + 10 * x + y) as u8]))
}

fn mask(w: u32, h: u32, hidden: impl Fn(u32, u32) -> bool) -> GrayImage {
    GrayImage::from_fn(w, h, |x, y| Luma([if hidden(x, y) { 255 } else { 0 }]))
}

fn apply(project: &Project, arguments: &[&str]) -> Outcome {
    let words = [
        "restore",
        "apply",
        "--model",
        "model",
        "--quiet",
        "--samples",
        "3",
    ];
    project.run(&[&words[..], arguments].concat())
}

fn read(path: &Path) -> DynamicImage {
    image::open(path).unwrap()
}

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
    assert_same(
        &none,
        &restored("zero", &["--class", "up", "--guidance", "0"]),
        "no class and none of its weight",
    );
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
