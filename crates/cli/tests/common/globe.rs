//! Two variables on a small globe, and a model that restores them.

use super::states::{Values, Variable, write_variables};
use super::{Outcome, Project};
use foehn_archive::Archive;
use foehn_field::Grid;
use ndarray::ArrayD;
use std::fs;

/// Latitudes.
pub const NY: usize = 8;
/// Longitudes.
pub const NX: usize = 12;
/// Times.
pub const STATES: usize = 60;
/// Rows that are hidden, the northern ones.
pub const HIDDEN: usize = NY / 2;

/// A small model that fills the north.
pub const CONFIG: &str = r#"
name = "globe"
output = "model"
[data]
path = "whole.zarr"
variables = ["u", "v"]
missing = "mask"
step = "12 hours"
train = ["2000-01-01", "2000-01-20"]
validation = ["2000-01-21", "2000-01-25"]
test = ["2000-01-26", "2000-01-30"]
[task.inpainting]
mask = { half = { side = "top" } }
[network.unet]
channels = [8]
blocks = 1
attention = []
padding = { y = "zero", x = "periodic" }
[train]
steps = 20
batch_size = 8
micro_batch = 4
warmup = 5
learning_rate = 5e-3
checkpoint_every = 10
validate_every = 10
[sampling]
steps = 3
"#;

/// Latitudes descend from 75 to 5, longitudes go around.
pub fn globe() -> Grid {
    Grid::Rectilinear {
        latitude: (0..NY).map(|i| 75.0 - 10.0 * i as f64).collect(),
        longitude: (0..NX).map(|i| 30.0 * i as f64).collect(),
    }
}

/// The area of a cell but for a factor: the sine of its upper edge less that of its lower one.
pub fn area(y: usize) -> f64 {
    let middle = 75.0 - 10.0 * y as f64;
    (middle + 5.0).to_radians().sin() - (middle - 5.0).to_radians().sin()
}

/// Never present.
pub fn is_land(y: usize, x: usize) -> bool {
    y == NY - 1 && x < 2
}

/// Digits beyond single precision.
pub fn u((t, y, _): (usize, usize, usize)) -> f64 {
    ((y + 1) * (y + 1)) as f64 + 0.1 * t as f64 + 1e-9
}

/// Packed.
pub fn v((t, y, _): (usize, usize, usize)) -> i32 {
    (300 * y + 20 * t) as i32 - 500
}

/// What a packed number means, in the precision that is kept.
pub fn unpacked(v: i32) -> f32 {
    (f64::from(v) * 0.01 + 5.0) as f32
}

/// Where `u` has gaps in `gaps.zarr`.
pub fn is_missing_in_u((t, y, x): (usize, usize, usize)) -> bool {
    is_land(y, x) || (t % 2 == 0 && (1..4).contains(&y) && (2..6).contains(&x))
}

/// And `v`.
pub fn is_missing_in_v((t, y, x): (usize, usize, usize)) -> bool {
    is_land(y, x) || (t % 3 == 0 && (2..6).contains(&y) && (4..9).contains(&x))
}

/// Time, row and column.
type At = (usize, usize, usize);

/// `whole.zarr`, but for land, `gaps.zarr` and `globe.toml`.
pub fn project() -> Project {
    let project = Project::new();
    let write = |name: &str, u_out: &dyn Fn(At) -> bool, v_out: &dyn Fn(At) -> bool| {
        let wide = |at| if u_out(at) { f64::NAN } else { u(at) };
        let packed = |at| (!v_out(at)).then(|| v(at));
        let variables = [("u", Values::Wide(&wide)), ("v", Values::Packed(&packed))];
        let variables = variables.map(|(name, values)| Variable { name, values });
        write_variables(&project.path(name), STATES, &globe(), &variables);
    };
    let land = |(_, y, x): At| is_land(y, x);
    write("whole.zarr", &land, &land);
    write("gaps.zarr", &is_missing_in_u, &is_missing_in_v);
    fs::write(project.path("globe.toml"), CONFIG).unwrap();
    project
}

/// With the model trained.
pub fn trained() -> Project {
    let project = project();
    project
        .run(&["restore", "train", "globe.toml", "--quiet"])
        .done();
    project
}

/// `foehn restore apply` with the model, three samples.
pub fn apply(project: &Project, arguments: &[&str]) -> Outcome {
    let words = "restore apply --model model --quiet --samples 3";
    let words: Vec<&str> = words.split(' ').collect();
    project.run(&[&words[..], arguments].concat())
}

/// All values of a variable.
pub fn whole(archive: &Archive, name: &str) -> ArrayD<f32> {
    let variable = archive.variable(name).unwrap();
    let ranges: Vec<_> = variable.shape.iter().map(|n| 0..*n).collect();
    archive.read(name, &ranges).unwrap().values
}
