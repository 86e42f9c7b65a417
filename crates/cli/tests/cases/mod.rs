//! Two stations with cases as text, and a run on them.
#![allow(dead_code)] // every test binary uses a part of it

use std::fmt::Write;
use std::fs;

use foehn_noise::{Key, Purpose};

use crate::common::Project;

pub const CONFIG: &str = r#"
name = "try"
output = "out"

[data]
path = "cases.csv"

[data.csv]
station = "station"
date = "date"
lead_hours = "lead"
members = ["m*"]
observation = "obs"
units = "K"
observation_units = "K"
latitude = "lat"
longitude = "lon"

[methods]
raw = { name = "raw" }
emos = { name = "emos" }
local = { name = "bias", scope = "local" }
member = { name = "member_by_member" }

[calibrated]
method = "emos"
"#;

/// Two stations, 200 days, five members that are 3 K too cold and too sure; every seventh member is missing.
pub fn project() -> Project {
    let project = Project::new();
    let mut text = String::from("station,date,lead,m1,m2,m3,m4,m5,obs,lat,lon\n");
    for row in 0..400 {
        let mut z = [0.0; 7];
        Key::new(3, Purpose::Simulate).init(row).normals_f64(&mut z);
        let date = &crate::common::date(row / 2);
        write!(text, "{},{date},24", ["A", "B"][row as usize % 2]).unwrap();
        for m in 0..5 {
            let missing = m == 0 && row % 7 == 0;
            let member = if missing {
                String::new()
            } else {
                format!("{:.3}", 10.0 * z[0] - 3.0 + 0.5 * z[m + 2])
            };
            write!(text, ",{member}").unwrap();
        }
        writeln!(text, ",{:.3},{},10", 10.0 * z[0] + z[1], 46 + row % 2).unwrap();
    }
    fs::write(project.path("cases.csv"), text).unwrap();
    fs::write(project.path("post.toml"), CONFIG).unwrap();
    project
}

/// The cells of every line but the header changed, those of row 0 the first ones.
pub fn rewrite(project: &Project, change: impl Fn(usize, &mut Vec<String>)) {
    let text = fs::read_to_string(project.path("cases.csv")).unwrap();
    let lines = text.lines().enumerate().map(|(line, text)| {
        let mut cells: Vec<String> = text.split(',').map(str::to_owned).collect();
        if line > 0 {
            change(line - 1, &mut cells);
        }
        cells.join(",")
    });
    fs::write(
        project.path("cases.csv"),
        lines.collect::<Vec<_>>().join("\n"),
    )
    .unwrap();
}

/// What a run says of itself.
pub fn summary(project: &Project, settings: &[&str]) -> serde_json::Value {
    let mut arguments = vec![
        "postprocess",
        "post.toml",
        "--json",
        "--quiet",
        "--overwrite",
    ];
    for setting in settings {
        arguments.extend(["--set", setting]);
    }
    serde_json::from_str(&project.run(&arguments).done().stdout).unwrap()
}

/// A method's row of the table of laws.
pub fn row<'a>(summary: &'a serde_json::Value, method: &str) -> &'a serde_json::Value {
    let methods = summary["methods"].as_array().unwrap();
    methods.iter().find(|row| row["method"] == method).unwrap()
}
