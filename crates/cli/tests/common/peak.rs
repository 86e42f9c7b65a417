//! How much memory a run takes.

use super::Project;
use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

/// The most memory that the program ever had resident with `arguments`, kB: `VmHWM`, which only rises, read to the end.
pub fn peak_of(project: &Project, arguments: &[&str]) -> u64 {
    let mut child = project
        .foehn(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let size = line.and_then(|line| line.split_whitespace().next());
        peak = peak.max(size.map_or(0, |size| size.parse().unwrap()));
        sleep(Duration::from_millis(1));
    }
    assert!(child.wait().unwrap().success());
    peak
}
