//! Configurations beyond what a table or a season can hold.

mod real;
mod synthetic;

use foehn_calibration::{Emos, FitError, Method, Scope, Table};
use real::method;
use synthetic::{columns, table};

#[test]
fn neighbours_need_places() {
    let mut unknown = columns(60, 3, 5, 13);
    unknown.stations[1].longitude = f64::NAN;
    let unknown = Table::new(unknown).expect("a table");
    let line = r#"name = "emos", scope = { neighbours = 1 }"#;
    let error = method(line).fit(&unknown).expect_err("no place");
    assert_eq!(
        error,
        FitError::NoPlace {
            method: "emos",
            station: "S1".into()
        }
    );
    let placed = unknown.filter(|case| case.station.name != "S1");
    assert!(method(line).fit(&placed).is_ok());
    assert!(
        method(r#"name = "emos", scope = "local""#)
            .fit(&unknown)
            .is_ok()
    );
}

#[test]
fn more_groups_than_stations_are_one_a_station() {
    let table = table(60, 3, 5, 13);
    let fit = |scope: Scope| {
        let emos = Emos {
            scope,
            ..Emos::default()
        };
        Method::Emos(emos).fit(&table).expect("fits")
    };
    let (local, global) = (fit(Scope::Local), fit(Scope::Global));
    let (clusters, neighbours) = (
        fit(Scope::Clusters(usize::MAX)),
        fit(Scope::Neighbours(usize::MAX)),
    );
    for case in table.cases().take(3) {
        let law = |fitted: &foehn_calibration::Fitted| fitted.predict(&case).expect("law").law;
        assert_eq!(law(&clusters), law(&local));
        assert_eq!(law(&neighbours), law(&global));
    }
}

#[test]
fn harmonics_without_end_are_refused() {
    let table = table(60, 1, 5, 13);
    for line in [
        r#"name = "emos", location = [{ season = 9000000000000000000 }]"#,
        r#"name = "bias", terms = [{ season = 51 }]"#,
        r#"name = "member_by_member", location = ["mean", { mean_season = 51 }]"#,
    ] {
        let error = method(line).fit(&table).expect_err(line);
        assert!(
            matches!(error, FitError::Harmonics { most: 50, .. }),
            "{line}: {error}"
        );
        assert!(method(line).needed(5) > 500, "{line}");
    }
}

/// A fit that was written down and changed since: the harmonics of a season are checked when it is read.
#[test]
fn a_fit_from_a_file_is_checked() {
    let table = table(400, 1, 5, 13);
    let line = r#"name = "emos", location = ["mean", { season = 2 }]"#;
    let text = serde_json::to_string(&method(line).fit(&table).expect("fits")).expect("json");
    let back = serde_json::from_str::<foehn_calibration::Fitted>(&text).expect("back");
    assert_eq!(serde_json::to_string(&back).expect("json"), text);
    let wild = text.replace(r#""season":2"#, r#""season":9000000000"#);
    let error = serde_json::from_str::<foehn_calibration::Fitted>(&wild).expect_err("refused");
    assert!(error.to_string().contains("too many harmonics"), "{error}");
}
