//! Small pictures, and a model that restores them.

use super::{Outcome, Project};
use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use std::fs;
use std::path::Path;

/// Rows and columns of a ramp.
pub const SIDE: u32 = 12;

/// A small model that fills hidden tiles.
pub const CONFIG: &str = r#"
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
pub fn write_ramps(project: &Project, name: &str, count: u32) {
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
pub fn project() -> Project {
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

/// With the model trained.
pub fn trained() -> Project {
    let project = project();
    project
        .run(&["restore", "train", "fill.toml", "--quiet"])
        .done();
    project
}

/// Writes a PNG file.
pub fn save(project: &Project, name: &str, image: impl Into<DynamicImage>) {
    image
        .into()
        .save_with_format(project.path(name), ImageFormat::Png)
        .unwrap();
}

/// A grey picture of which no two pixels in a row are alike.
pub fn ramp() -> GrayImage {
    GrayImage::from_fn(SIDE, SIDE, |x, y| Luma([(60 + 10 * x + y) as u8]))
}

/// White where `hidden`.
pub fn mask(w: u32, h: u32, hidden: impl Fn(u32, u32) -> bool) -> GrayImage {
    GrayImage::from_fn(w, h, |x, y| Luma([if hidden(x, y) { 255 } else { 0 }]))
}

/// `foehn restore apply` with the model, three samples.
pub fn apply(project: &Project, arguments: &[&str]) -> Outcome {
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

/// An image file.
pub fn read(path: &Path) -> DynamicImage {
    image::open(path).unwrap()
}
