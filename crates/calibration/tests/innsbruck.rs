//! Minimum temperature at Innsbruck: baselines trained on the first 80 % of the dates, scored on the rest.

mod real;

use foehn_calibration::Table;
use real::{Score, method, print_table, read, score};

fn split() -> Option<(Table, Table)> {
    let (table, oddities) = read("innsbruck_tmin_gefs11.nc", "air_temperature_minimum")?;
    assert!(oddities.is_empty(), "{oddities:?}");
    let dates = table.distinct_dates();
    assert_eq!(dates.len(), 1924);
    let first_test = dates[dates.len() * 4 / 5];
    Some((
        table.filter(|c| c.date < first_test),
        table.filter(|c| c.date >= first_test),
    ))
}

#[test]
fn baselines() {
    let Some((train, test)) = split() else { return };
    let mut rows: Vec<(&str, Score)> = Vec::new();
    for (name, line) in [
        ("raw", r#"name = "raw""#),
        ("climatology 15 d", r#"name = "climatology""#),
        ("bias", r#"name = "bias""#),
        (
            "bias seasonal",
            r#"name = "bias", terms = [{ season = 2 }]"#,
        ),
        ("quantile mapping", r#"name = "quantile_mapping""#),
        ("isotonic", r#"name = "isotonic""#),
        ("member by member", r#"name = "member_by_member""#),
        (
            "member by member seasonal",
            r#"name = "member_by_member", location = ["mean", { season = 2 }, { mean_season = 1 }]"#,
        ),
        ("emos square", r#"name = "emos", link = "square""#),
        ("emos log", r#"name = "emos""#),
        (
            "emos log likelihood",
            r#"name = "emos", objective = "likelihood""#,
        ),
        ("emos logistic", r#"name = "emos", family = "logistic""#),
        (
            "emos season 1",
            r#"name = "emos", location = ["mean", { season = 1 }], scale = ["spread", { season = 1 }]"#,
        ),
        (
            "emos season 2",
            r#"name = "emos", location = ["mean", { season = 2 }], scale = ["spread", { season = 2 }]"#,
        ),
        (
            "emos season 2, slope",
            r#"name = "emos", location = ["mean", { season = 2 }, { mean_season = 1 }], scale = ["spread", { season = 2 }]"#,
        ),
        (
            "the same, logistic",
            r#"name = "emos", family = "logistic", location = ["mean", { season = 2 }, { mean_season = 1 }], scale = ["spread", { season = 2 }]"#,
        ),
        (
            "the same, likelihood",
            r#"name = "emos", objective = "likelihood", location = ["mean", { season = 2 }, { mean_season = 1 }], scale = ["spread", { season = 2 }]"#,
        ),
    ] {
        let fitted = method(line).fit(&train).expect(name);
        rows.push((name, score(&fitted, &test)));
    }
    print_table("Innsbruck, degC", &rows);
    // numpy.quantile(members, [0.05, 0.95], axis=1) holds 3 of the 385 observations.
    let raw = rows[0].1;
    assert_eq!((raw.covered * raw.cases as f64).round(), 3.0);
    assert_eq!(raw.cases, 385);
}
