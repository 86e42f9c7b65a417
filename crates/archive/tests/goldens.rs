//! Every file of the shared data against what its own software reads, and the table that says so.
//!
//! The goldens are made by `tests/goldens/readers.py`. `FOEHN_WRITE_TABLE=1` writes the table anew.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use foehn_archive::{Archive, open};
use serde_json::{Map, Value, json};

fn shared_data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("FOEHN_SHARED_DATA").map_or(beside, PathBuf::from);
    if folder.join("readers").is_dir() {
        return Some(folder);
    }
    let folder = folder.display();
    println!("SKIPPED: no real data in {folder} (set FOEHN_SHARED_DATA)");
    None
}

fn goldens() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/goldens")
}

/// What came of one variable.
enum Outcome {
    Equal,
    /// Why foehn does not read it.
    Refused(String),
    /// Read, though the software of the golden does not.
    Further,
    /// In what it differs.
    Different(String),
}

fn variable(archive: &Archive, name: &str, golden: &Value) -> Outcome {
    let refused = |error: &dyn ToString| {
        let text = error.to_string();
        let short = text
            .split_once(": ")
            .map_or(text.as_str(), |(_, rest)| rest);
        Outcome::Refused(short.lines().collect::<Vec<_>>().join(" "))
    };
    if golden.get("texts").is_some() {
        return match archive.read_texts(name) {
            Err(error) => refused(&error),
            Ok(texts) => {
                let shown: Value = texts.iter().take(20).cloned().collect();
                same(
                    &json!([texts.shape(), shown]),
                    &json!([golden["shape"], golden["texts"]]),
                )
            }
        };
    }
    let field = match archive.read_all(name) {
        Err(error) => return refused(&error),
        Ok(field) => field,
    };
    if golden.get("refused").is_some() {
        return Outcome::Further;
    }
    let there: Vec<f32> = match &field.missing {
        None => field.values.iter().copied().collect(),
        Some(mask) => {
            let pairs = field.values.iter().zip(mask);
            pairs.filter(|(_, m)| !**m).map(|(x, _)| *x).collect()
        }
    };
    let sum: f64 = there
        .iter()
        .filter(|x| x.abs() < 1e30)
        .map(|x| f64::from(*x))
        .sum();
    let exact = golden["sum"].as_f64().unwrap();
    // values are kept as f32: half an ulp, 6e-8, each
    if (sum - exact).abs() > 6e-8 * golden["size"].as_f64().unwrap() {
        return Outcome::Different(format!("the sum {sum} and not {exact}"));
    }
    let shown = |x: &f32| match x {
        x if x.is_finite() => json!(f64::from(*x)),
        x if x.is_nan() => json!("nan"),
        x => json!(if *x > 0.0 { "inf" } else { "-inf" }),
    };
    let ends: Vec<Value> = there
        .first()
        .into_iter()
        .chain(there.last())
        .map(shown)
        .collect();
    let close = |(a, b): (&Value, &Value)| match (a.as_f64(), b.as_f64()) {
        // the peer unpacks in single precision where the scale is single: an ulp or two, 2.4e-7
        (Some(a), Some(b)) => (a - b).abs() <= 2.4e-7 * b.abs(),
        _ => a == b,
    };
    let expected = golden["ends"].as_array().unwrap();
    if ends.len() != expected.len() || !ends.iter().zip(expected).all(close) {
        return Outcome::Different(format!("the ends {ends:?} and not {expected:?}"));
    }
    same(
        &json!([field.values.shape(), field.missing_count()]),
        &json!([golden["shape"], golden["missing"]]),
    )
}

fn same(read: &Value, expected: &Value) -> Outcome {
    if read == expected {
        Outcome::Equal
    } else {
        Outcome::Different(format!("{read} and not {expected}"))
    }
}

fn row(
    path: &Path,
    name: &str,
    golden: &Map<String, Value>,
    different: &mut Vec<String>,
) -> String {
    let archive = match open(path) {
        Ok(archive) => archive,
        Err(error) => return format!("| {name} | refused | | {error} |\n"),
    };
    let (mut equal, mut further) = (0, 0);
    let mut refused: Vec<(String, String)> = Vec::new();
    for (variable_name, golden) in golden {
        match variable(&archive, variable_name, golden) {
            Outcome::Equal => equal += 1,
            Outcome::Further => further += 1,
            Outcome::Different(how) => different.push(format!("{name} {variable_name}: {how}")),
            Outcome::Refused(why) => refused.push((variable_name.clone(), why)),
        }
    }
    let why: Vec<String> = refused.into_iter().map(|(_, why)| why).collect();
    let further = if further > 0 {
        format!(" (+{further})")
    } else {
        String::new()
    };
    format!(
        "| {name} | {equal}{further} | {} | {} |\n",
        why.len(),
        why.join("; ").replace('|', "\\|")
    )
}

const HEAD: &str = "# Which files are read\n\n\
    Every file of the shared data, compared by `crates/archive/tests/goldens.rs` with what netCDF4-python and\n\
    zarr-python read in it (`goldens/readers.py`): the number of variables that come out equal (shape, missing\n\
    values, sums, ends, texts; in brackets those read beyond that), and those refused, with the reason. The test\n\
    fails where this table is not what it finds; `FOEHN_WRITE_TABLE=1` writes it.\n\n\
    | file | equal | refused | why |\n|---|---|---|---|\n";

#[test]
fn every_file_is_read_as_its_own_software_reads_it() {
    let Some(data) = shared_data() else { return };
    let text = fs::read_to_string(goldens().join("readers.json")).unwrap();
    let all: Map<String, Value> = serde_json::from_str(&text).unwrap();
    let mut table = HEAD.to_owned();
    let mut different = Vec::new();
    for (name, golden) in &all {
        let golden = golden.as_object().cloned().unwrap_or_default();
        let row = row(&data.join(name), name, &golden, &mut different);
        write!(table, "{}", row.replace(data.to_str().unwrap(), "")).unwrap();
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    let file = goldens().join("../READERS.md");
    if std::env::var_os("FOEHN_WRITE_TABLE").is_some() {
        fs::write(&file, &table).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(table, committed, "FOEHN_WRITE_TABLE=1 writes the table");
}
