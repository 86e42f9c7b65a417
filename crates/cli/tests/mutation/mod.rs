//! Damage drawn from a seed, files to do it to, and how the program takes it.
#![allow(dead_code, clippy::unwrap_used)] // every test file uses a part of it; a failure here is a failed test

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Address space that the program may take, kB: 1 GB beside what its code and threads map.
const MEMORY: u64 = 1_500_000;
/// Time after which a file hangs it.
const LIMIT: Duration = Duration::from_secs(30);

/// `SplitMix64` (Steele, Lea and Flood, 2014).
pub struct Draws(pub u64);

impl Draws {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// One to eight changes: bits, extreme bytes, words, cuts, swapped digits.
pub fn damage(bytes: &mut Vec<u8>, draws: &mut Draws) {
    for _ in 0..=draws.below(8) {
        if bytes.is_empty() {
            return;
        }
        let reach = if draws.below(5) > 0 {
            bytes.len().min(4096)
        } else {
            bytes.len()
        };
        let at = draws.below(reach);
        match draws.below(10) {
            0..=3 => bytes[at] ^= 1 << draws.below(8),
            4 | 5 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][draws.below(5)],
            6 => {
                let word = [0, 0xff, 0x7f, 0x80][draws.below(4)];
                let end = (at + 4).min(bytes.len());
                bytes[at..end].fill(word);
            }
            7 => {
                // in text: another digit
                if let Some(digit) = bytes[at..].iter_mut().find(|b| b.is_ascii_digit()) {
                    *digit = b'0' + draws.below(10) as u8;
                }
            }
            8 => {
                let text: [&[u8]; 6] = [b"-1", b"1e99", b"null", b"[]", b"99999999999", b"\"\""];
                let text = text[draws.below(6)];
                let end = (at + 1).min(bytes.len());
                bytes.splice(at..end, text.iter().copied());
            }
            _ => {
                if draws.below(3) == 0 {
                    bytes.truncate(at.max(1));
                }
            }
        }
    }
}

/// Files by their path in a folder.
pub type Files = Vec<(PathBuf, Vec<u8>)>;

fn below(folder: &Path, root: &Path, all: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, root, all);
        } else {
            let name = path.strip_prefix(root).unwrap().to_path_buf();
            all.push((name, fs::read(&path).unwrap()));
        }
    }
    all.sort();
}

/// Files and stores of the shared data that are small enough, each as a set of files.
pub fn originals() -> Vec<Files> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let data = std::env::var_os("FOEHN_SHARED_DATA").map_or(beside, PathBuf::from);
    let readers = data.join("readers");
    let mut sets = vec![store_by_hand()];
    if !readers.is_dir() {
        println!("SKIPPED: no files to damage in {}", readers.display());
        return sets;
    }
    for folder in ["netcdf-c", "netcdf4-python", "pyfive"] {
        let mut files = Vec::new();
        below(&readers.join(folder), &readers.join(folder), &mut files);
        files.retain(|(_, bytes)| bytes.len() < 300_000);
        sets.extend(files.into_iter().map(|file| vec![file]));
    }
    let zarrita = readers.join("zarrita_fixtures");
    for version in ["v2", "v3"] {
        let zip = format!("{version}/data.zipped_from_within.zarr.zip");
        let bytes = fs::read(zarrita.join(zip)).unwrap();
        sets.push(vec![("x.zip".into(), bytes)]);
        for array in fs::read_dir(zarrita.join(version).join("data.zarr")).unwrap() {
            let array = array.unwrap().path();
            if array.is_dir() {
                let mut files = Vec::new();
                below(&array, array.parent().unwrap(), &mut files);
                sets.push(files);
            }
        }
    }
    sets
}

/// The format of a set, as `FOEHN_FUZZ_FORMAT` names it.
pub fn format(files: &Files) -> &'static str {
    match &files[0].1[..] {
        [b'C', b'D', b'F', ..] => "classic",
        [0x89, b'H', b'D', b'F', ..] => "hdf5",
        [b'P', b'K', ..] => "zip",
        _ if files.iter().any(|(name, _)| name.ends_with(".zarray")) => "zarr2",
        _ => "zarr3",
    }
}

/// A consolidated group of v3 and one of v2, by hand.
fn store_by_hand() -> Files {
    let array = r#"{"zarr_format":3,"node_type":"array","shape":[4,6],"data_type":"int16","chunk_grid":{"name":
        "regular","configuration":{"chunk_shape":[2,6]}},"chunk_key_encoding":{"name":"default"},"fill_value":0,
        "codecs":[{"name":"sharding_indexed","configuration":{"chunk_shape":[1,3],"codecs":[{"name":"bytes",
        "configuration":{"endian":"little"}}],"index_codecs":[{"name":"bytes","configuration":{"endian":"little"}},
        {"name":"crc32c"}]}}],"dimension_names":["time","x"],"attributes":{"scale_factor":0.5,"_FillValue":-1}}"#;
    let group = format!(
        r#"{{"zarr_format":3,"node_type":"group","consolidated_metadata":{{"metadata":{{"t":{array}}}}}}}"#
    );
    let plain = r#"{"zarr_format":2,"shape":[4],"chunks":[2],"dtype":"<M8[ns]","compressor":null,
        "fill_value":null,"order":"C","filters":null}"#;
    vec![
        ("zarr.json".into(), group.into_bytes()),
        ("t/zarr.json".into(), array.as_bytes().to_vec()),
        ("t/c/0/0".into(), vec![7; 60]),
        ("time/.zarray".into(), plain.as_bytes().to_vec()),
        ("time/0".into(), vec![0; 16]),
    ]
}

/// What is wrong with how the program took a file or address, if anything; and what it said of it, where it read it.
pub fn taken(target: &OsStr, environment: &[(&str, &str)]) -> Result<Option<String>, String> {
    let limited = format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\"");
    let program = std::env::var("FOEHN_FUZZ_PROGRAM");
    let program = program.as_deref().unwrap_or(env!("CARGO_BIN_EXE_foehn"));
    let mut said = tempfile::tempfile().unwrap();
    let mut child = Command::new("sh")
        .args(["-c", &limited, program, "inspect"])
        .arg(target)
        .args(["--statistics", "--json"])
        .env("RAYON_NUM_THREADS", "2")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(said.try_clone().unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            return Err(format!("it hangs after {LIMIT:?}"));
        }
        thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => {
            let mut text = String::new();
            said.rewind().unwrap();
            said.read_to_string(&mut text).unwrap();
            Ok(Some(text))
        }
        Some(2) if told.starts_with("error: ") && !told.contains("panicked") => Ok(None),
        code => Err(format!("exit {code:?}, {:?}: {told}", output.status)),
    }
}

/// A number that the environment may set.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}
