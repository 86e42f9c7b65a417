//! `foehn postprocess` on cases of which the truth is known, from the simulation to the written members.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use foehn_archive::open;
use foehn_calibration::{Cases, Variables};
use foehn_pipelines::{
    MemberScores, Mode, PostprocessConfig, PostprocessSummary, Talk, Workers, postprocess,
};
use std::path::Path;

fn run(folder: &Path, config: &str, overrides: &[&str]) -> PostprocessSummary {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../configs")
        .join(config);
    let mut all = vec![
        format!("output={}", folder.join("out").display()),
        format!("data.path={}", folder.join("cases.zarr").display()),
    ];
    all.extend(overrides.iter().map(|text| (*text).to_owned()));
    let config = PostprocessConfig::load(&path, &all).unwrap();
    let summary = postprocess(
        &config,
        Mode::Create,
        &Workers::new(2).unwrap(),
        Talk::Silent,
    )
    .unwrap();
    println!("{}", summary.text());
    summary
}

fn crps(summary: &PostprocessSummary, name: &str) -> f64 {
    summary
        .methods
        .iter()
        .find(|m| m.method == name)
        .unwrap()
        .crps
}

/// The bars: CRPS within 2 % of the exact law's, and zeros as often: 4 sigma of the mean of `n` draws of chance
/// 0.44, `4 sqrt(0.25/n)` at most.
#[test]
fn rain_is_as_good_as_its_exact_law() {
    let folder = tempfile::tempdir().unwrap();
    let summary = run(
        folder.path(),
        "rain.toml",
        &["data.simulated.rain.dates=3000"],
    );
    let exact = crps(&summary, "exact");
    assert!(crps(&summary, "interpolant") < 1.02 * exact);
    assert!(crps(&summary, "raw") > 1.05 * exact);
    let interpolant = summary
        .methods
        .iter()
        .find(|m| m.method == "interpolant")
        .unwrap();
    let [observed, forecast] = interpolant.zeros.unwrap();
    let bound = 4.0 * (0.25 / interpolant.cases as f64).sqrt();
    assert!(
        (observed - forecast).abs() < bound,
        "{observed} {forecast} {bound}"
    );
}

/// Cases that are there serve the settings and the seed that they were made by alone, and only what says so.
#[test]
fn a_store_of_other_cases_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/rain.toml");
    let again = |output: &str, more: &[&str]| {
        let mut all = vec![
            format!("output={}", folder.path().join(output).display()),
            format!("data.path={}", folder.path().join("cases.zarr").display()),
            "data.simulated.rain.members=5".to_owned(),
        ];
        let quick = "methods={raw={name=\"raw\"},emos={name=\"emos\"}}";
        let common = [
            quick,
            "calibrated.method=emos",
            "data.simulated.rain.dates=60",
        ];
        all.extend(common.iter().chain(more).map(|text| (*text).to_owned()));
        let config = PostprocessConfig::load(&path, &all).unwrap();
        let workers = Workers::new(1).unwrap();
        postprocess(&config, Mode::Create, &workers, Talk::Silent)
    };
    let (first, second) = (again("a", &[]).unwrap(), again("b", &[]).unwrap());
    assert_eq!(crps(&first, "exact"), crps(&second, "exact"));
    for other in ["seed=77", "data.simulated.rain.dates=61"] {
        let error = format!("{:#}", again("c", &[other]).unwrap_err());
        assert!(
            error.contains("cases.zarr") && error.contains("was made by"),
            "{error}"
        );
    }
    // A store of somebody else's.
    let members = format!(
        "data.path={}",
        folder.path().join("a/members.zarr").display()
    );
    let error = format!("{:#}", again("d", &[&members]).unwrap_err());
    assert!(error.contains("something else"), "{error}");
    assert!(!folder.path().join("c").exists());
}

/// A grid is read and written as one; spread, spectrum and CRPS come back, and what members share is kept.
#[test]
fn turbulence_is_calibrated_on_its_grid() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        "data.simulated.turbulence.dates=40",
        "data.simulated.turbulence.grid=16",
        "methods.interpolant.steps=20",
        "methods.transport.steps=200",
    ];
    let summary = run(folder.path(), "grid.toml", &settings);
    let members = |method: &str, order: &str| -> &MemberScores {
        let found = summary
            .member_scores
            .iter()
            .find(|m| m.method == method && m.order == order);
        found.unwrap()
    };
    let (raw, ecc) = (members("raw", "own"), members("emos", "ecc_q"));
    let transport = members("transport", "own");
    let fair = |row: &MemberScores| row.crps_fair.unwrap();
    assert!(raw.spread_skill < 0.6 && raw.spectrum > transport.spectrum);
    assert!(
        (transport.spread_skill - 1.0).abs() < 0.15,
        "{}",
        transport.spread_skill
    );
    assert!(fair(transport) < 0.7 * fair(raw) && fair(transport) < 1.01 * fair(ecc));
    assert!(transport.variogram.unwrap() <= ecc.variogram.unwrap());
    let members = open(&folder.path().join("out/members.zarr")).unwrap();
    let (cases, variables) = (
        open(&folder.path().join("cases.zarr")).unwrap(),
        Variables::default(),
    );
    let (before, after) = (
        cases.variable(&variables.members).unwrap(),
        members.variable(&variables.members).unwrap(),
    );
    assert_eq!(before.dims, after.dims);
    assert_eq!(before.shape[1..], after.shape[1..]);
    assert_eq!(cases.read_f64("y").unwrap(), members.read_f64("y").unwrap());
    let layout = Cases::read(&cases, &variables).unwrap().layout;
    assert!(layout.is_grid() && layout.shape == [16, 16]);
}
