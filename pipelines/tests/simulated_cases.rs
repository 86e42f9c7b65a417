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
            .joint
            .iter()
            .find(|m| m.method == method && m.order == order);
        found.unwrap()
    };
    let (raw, ecc) = (members("raw", "own"), members("emos", "ecc_q"));
    let transport = members("transport", "own");
    assert!(raw.spread_skill < 0.6 && raw.spectrum > transport.spectrum);
    assert!(
        (transport.spread_skill - 1.0).abs() < 0.15,
        "{}",
        transport.spread_skill
    );
    assert!(
        transport.crps_fair < 0.7 * raw.crps_fair && transport.crps_fair < 1.01 * ecc.crps_fair
    );
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
