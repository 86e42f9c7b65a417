//! `foehn restore apply` stays within the memory it is given, in tiles that do not depend on threads.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::peak::peak_of;
use common::pictures::{self, mask, save};
use common::states::{self, wave};
use common::{Project, assert_same, skip};
use image::{GrayImage, Luma};
use std::fs;

/// What a run is told to stay within, and that in kB.
const WITHIN: (&str, u64) = ("150MB", 150_000);
/// Wide enough for its tensors to be most of what a run takes.
const WIDE: &str = "network.unet.channels=[48, 48]";

/// The most memory of a run that sees everything whole, and of one within [`WITHIN`], kB.
fn peaks(project: &Project, arguments: &[&str]) -> [u64; 2] {
    let whole = ["--tile", "4096", "--out", "whole"];
    let bound = ["--memory", WITHIN.0, "--out", "bound"];
    let [whole, bound] = [whole, bound].map(|more| {
        peak_of(
            project,
            &[arguments, &more[..], &["--threads", "2"]].concat(),
        )
    });
    println!("whole {whole} kB, within {} {bound} kB", WITHIN.0);
    [whole, bound]
}

fn tiles_of(project: &Project, out: &str) -> String {
    let text = fs::read_to_string(project.path(out).join("restored.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&text).unwrap();
    record["tiles"].to_string()
}

#[test]
fn large_pictures_are_seen_in_tiles_that_fit() {
    if !cfg!(target_os = "linux") {
        return skip("peak memory is read from /proc, which only Linux has");
    }
    let project = pictures::project();
    let train = ["restore", "train", "fill.toml", "--quiet", "--set", WIDE];
    let steps = ["--set", "train.steps=1"];
    project.run(&[&train[..], &steps].concat()).done();
    let side = 450;
    let large = GrayImage::from_fn(side, side, |x, y| Luma([((x * y) % 251) as u8]));
    save(&project, "large.png", large);
    save(
        &project,
        "mask.png",
        mask(side, side, |x, y| x.abs_diff(y) < 9),
    );
    let apply =
        "restore apply --model model --input large.png --mask mask.png --samples 2 --steps 1";
    let apply: Vec<&str> = apply.split(' ').collect();
    let [whole, bound] = peaks(&project, &apply);
    assert!(
        whole > 200_000 && bound < WITHIN.1,
        "{whole} kB, {bound} kB"
    );
    // one thread or two, the tiles are the same and so are the samples
    let alone = ["--memory", WITHIN.0, "--out", "alone", "--threads", "1"];
    let said = project.run(&[&apply[..], &alone].concat()).done();
    assert_same(
        &project.files("bound"),
        &project.files("alone"),
        "2 and 1 threads",
    );
    let tiles = tiles_of(&project, "alone");
    let side = tiles.trim_start_matches('[').split(',').next().unwrap();
    assert!(side.parse::<u32>().unwrap() < 450, "{tiles}");
    assert!(
        said.stderr.contains(&format!("tiles of {side} cells")),
        "{said:?}"
    );
    assert!(
        said.stdout.contains(&format!("tiles of {side} cells")),
        "{said:?}"
    );
    // on its own a picture of this size is seen whole
    project
        .run(&[&apply[..], &["--out", "own"]].concat())
        .done();
    assert_eq!(tiles_of(&project, "own"), "null");
    let little = ["--memory", "60MB", "--out", "never"];
    let refused = project.run(&[&apply[..], &little, &["--quiet"]].concat());
    refused.refused(&["450 x 450", "do not fit 60 MB", "--memory"]);
    assert!(!project.path("never").exists());
}

#[test]
fn large_fields_are_seen_in_tiles_that_fit() {
    if !cfg!(target_os = "linux") {
        return skip("peak memory is read from /proc, which only Linux has");
    }
    let (project, side) = (Project::new(), 320);
    states::write(&project.path("whole.zarr"), 12, side, None, wave);
    let hidden =
        |(_, y, x): (usize, usize, usize)| (100..180).contains(&y) && (50..90).contains(&x);
    let holed = |at| if hidden(at) { f32::NAN } else { wave(at) };
    states::write(&project.path("gaps.zarr"), 12, side, Some(f64::NAN), holed);
    let text = r#"
name = "gaps"
output = "model"
[data]
path = "whole.zarr"
variables = ["vorticity"]
step = "12 hours"
train = ["2000-01-01", "2000-01-04"]
validation = ["2000-01-05", "2000-01-05"]
test = ["2000-01-06", "2000-01-06"]
[task.inpainting]
mask = { boxes = { count = 1, least = 0.2, most = 0.3 } }
[network.unet]
channels = [48, 48]
blocks = 1
attention = []
[train]
steps = 1
batch_size = 1
micro_batch = 1
"#;
    fs::write(project.path("gaps.toml"), text).unwrap();
    let train = ["restore", "train", "gaps.toml", "--quiet"];
    project.run(&train).done();
    let apply = "restore apply --model model --input gaps.zarr --samples 2 --steps 1 --form zarr --times 2000-01-01..2000-01-02";
    let apply: Vec<&str> = apply.split(' ').collect();
    let [whole, bound] = peaks(&project, &apply);
    assert!(
        whole > 200_000 && bound < WITHIN.1,
        "{whole} kB, {bound} kB"
    );
    let alone = ["--memory", WITHIN.0, "--out", "alone", "--threads", "1"];
    let said = project.run(&[&apply[..], &alone].concat()).done();
    assert!(said.stderr.contains("seen in tiles of"), "{said:?}");
    assert_same(
        &project.files("bound"),
        &project.files("alone"),
        "2 and 1 threads",
    );
    // other tiles are other samples, and are not put beside them
    let other = ["--tile", "64", "--out", "alone", "--resume", "--quiet"];
    project
        .run(&[&apply[..], &other].concat())
        .refused(&["foehn_restore"]);
}
