//! That no written member knows an observation that was made after its forecast.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use foehn_archive::open;
use foehn_noise::{Key, Purpose};
use foehn_pipelines::{Mode, PostprocessConfig, Talk, Workers, postprocess};
use std::fmt::Write;
use std::fs;
use std::path::Path;

const DATES: i64 = 80;
const DAY: i64 = 86_400;
const START: i64 = 1_072_915_200; // 2004-01-01

/// A base that knows nothing of the members: what networks learn of them is surely better, so that they are taken.
const BARE: &str = "{ location = [], scale = [] }";
const NET: &str = "networks = 2, blocks = 2, steps = 120, learning_rate = 0.02, width = 16";

/// One line for every method there is.
const METHODS: &str = r#"
raw = { name = "raw" }
climatology = { name = "climatology", half_window = 60.0 }
bias = { name = "bias", scope = "local" }
quantile_mapping = { name = "quantile_mapping" }
isotonic = { name = "isotonic" }
member_by_member = { name = "member_by_member" }
emos = { name = "emos", location = ["mean", { station_error = 5 }], scale = ["spread", { station_spread = 5 }] }
distributional = { name = "distributional", base = BARE, terms = ["mean", { station_error = 5 }, { hour = 1 }], embedding = 2, NET }
flow = { name = "interpolant", base = [BARE, { location = [], scale = ["spread"] }], terms = ["mean", { station_error = 5 }], NET }
members = { name = "interpolant", starts = "members", base = BARE, terms = ["mean"], NET }
sde = { name = "interpolant", dynamics = "sde", base = BARE, terms = ["mean"], draws = 8, NET }
follmer = { name = "interpolant", dynamics = "follmer", starts = "mean", base = BARE, terms = ["mean"], draws = 8, NET }
"#;

/// Cases of which the observations of some dates are nonsense.
fn cases(spoilt: impl Fn(i64) -> bool) -> String {
    let mut text = String::from("station,date,m1,m2,m3,obs\n");
    for row in 0..2 * DATES {
        let mut z = [0.0; 5];
        Key::new(3, Purpose::Simulate).init(row).normals_f64(&mut z);
        let date = foehn_field::Calendar::ProlepticGregorian
            .date(foehn_field::Instant(START + row / 2 * DAY));
        let members = [2, 3, 4].map(|m| 5.0 * z[0] + z[m]);
        let observation = if spoilt(row / 2) {
            1e3 + row as f64
        } else {
            5.0 * z[0] + z[1] * z[1]
        };
        let station = ["A", "B"][row as usize % 2];
        let [a, b, c] = members;
        writeln!(text, "{station},{date},{a},{b},{c},{observation}").unwrap();
    }
    text
}

/// That networks were taken in every fit: one that is stopped at step 0 says nothing of leaks.
fn assert_taken(folder: &Path, method: &str) {
    let fits: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.join("out/fitted.json")).unwrap()).unwrap();
    let name = method.split(' ').next().unwrap();
    for fit in fits[name].as_array().unwrap() {
        let learns = method.contains("steps = ");
        assert_eq!(
            fit["step"].as_u64().is_some_and(|step| step > 0),
            learns,
            "{method}"
        );
    }
}

/// The members (date, place) of one method, bit for bit.
fn members(folder: &Path, text: &str, method: &str, window: &str) -> Vec<Vec<u32>> {
    fs::write(folder.join("cases.csv"), text).unwrap();
    let config = format!(
        "name = \"leaks\"\noutput = \"{0}/out\"\n[data]\npath = \"{0}/cases.csv\"\ntrain = 0.7\n{window}\n[data.csv]\nstation = \"station\"\n\
         date = \"date\"\nmembers = [\"m*\"]\nobservation = \"obs\"\nunits = \"K\"\nobservation_units = \"K\"\n[methods]\n{method}\n\
         [calibrated]\nmethod = \"{1}\"\n",
        folder.display(),
        method.split(' ').next().unwrap()
    );
    fs::write(folder.join("run.toml"), config).unwrap();
    let config = PostprocessConfig::load(&folder.join("run.toml"), &[]).unwrap();
    let workers = Workers::new(2).unwrap();
    postprocess(&config, Mode::Overwrite, &workers, Talk::Silent).unwrap();
    let store = open(&folder.join("out/members.zarr")).unwrap();
    let values = store.read_f64("forecast").unwrap();
    let dates = values.axis_iter(ndarray::Axis(0));
    dates
        .map(|date| date.iter().map(|x| (*x as f32).to_bits()).collect())
        .collect()
}

/// The first `seen` dates of the output stay bit for bit what they were; the later ones do change where methods learn.
fn compare(window: &str, spoilt: impl Fn(i64) -> bool + Copy, seen: std::ops::Range<usize>) {
    let folder = tempfile::tempdir().unwrap();
    let methods = METHODS.replace("BARE", BARE).replace("NET", NET);
    for method in methods.lines().filter(|line| !line.is_empty()) {
        let clean = members(folder.path(), &cases(|_| false), method, window);
        assert_taken(folder.path(), method);
        let other = members(folder.path(), &cases(spoilt), method, window);
        assert_eq!(clean.len(), other.len());
        assert_eq!(
            clean[seen.clone()],
            other[seen.clone()],
            "{window}: {method}"
        );
        let learns = !method.starts_with("raw") && seen.len() < clean.len();
        assert_eq!(clean != other, learns, "{window}: {method}");
    }
}

/// Dates 56 to 79 are forecast from the first 56.
#[test]
fn a_split() {
    compare("", |date| date >= 56, 0..24);
}

/// Fits at the dates 56, 64 and 72: what is observed from date 64 on is unknown to the first sixteen.
#[test]
fn an_expanding_window() {
    compare(
        "window = \"expanding\"\nrefit = 8",
        |date| date >= 64,
        0..16,
    );
}

#[test]
fn a_sliding_window() {
    compare(
        "window = { sliding = 50 }\nrefit = 8",
        |date| date >= 64,
        0..16,
    );
}

/// Four blocks of twenty dates: the second is forecast from the others alone.
#[test]
fn blocks() {
    compare(
        "window = { blocks = 4 }",
        |date| (20..40).contains(&date),
        20..40,
    );
}
