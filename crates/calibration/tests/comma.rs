//! Text tables: what is read, and what is refused by line and column.

use foehn_calibration::{ColumnMap, CsvError, Table};

const HEADER: &str = "id,init,lead,ens1,ens2,obs,z,cape\n";

fn read(rows: &str) -> Result<Table, CsvError> {
    let map = ColumnMap {
        station: "id".into(),
        date: "init".into(),
        lead_hours: Some("lead".into()),
        members: vec!["ens*".into()],
        observation: "obs".into(),
        units: "K".into(),
        observation_units: "K".into(),
        latitude: None,
        longitude: None,
        altitude: Some("z".into()),
        model_altitude: None,
        covariates: vec!["cape".into()],
        missing: None,
    };
    Table::read_csv(format!("{HEADER}{rows}").as_bytes(), &map)
}

#[test]
fn rows_become_cases() {
    let table =
        read("B,2004-01-31,30,1,2,NA,100,5\nA,2004-01-31T12:00:00,6, 3 ,NaN,4,,\n").expect("reads");
    let (first, second) = (table.case(0).expect("reads"), table.case(1).expect("reads"));
    assert_eq!(
        (first.station.name.as_str(), first.station.altitude),
        ("B", Some(100.0))
    );
    assert_eq!(
        (first.lead, first.members, first.covariates),
        (108_000, &[1.0, 2.0][..], &[5.0][..])
    );
    assert!(first.observation.is_nan() && second.covariates[0].is_nan());
    assert_eq!(
        (second.present(), second.station.altitude),
        (vec![3.0], None)
    );
    assert_eq!(second.date - first.date, 43_200);
}

#[test]
fn what_cannot_be_read_is_named() {
    let error = |rows: &str| read(rows).expect_err("refused").to_string();
    let wrong = error("A,2004-01-31,0,1,2,3,0,0\nA,2004-02-01,0,1,x,3,0,0\n");
    assert!(
        wrong.contains(r#"line 3, column "ens2": "x" is no number"#),
        "{wrong}"
    );
    assert!(error("A,2004-13-31,0,1,2,3,0,0\n").contains("line 2"));
    assert!(
        error("A,2004-01-31,0,1,2,3,0,0\nA,2004-01-31,0,1,2,3,9,0\n").contains("lies elsewhere")
    );
    assert!(error("A,2004-01-31,0,1,2\n").contains("record 1"));
    let map = ColumnMap {
        observation: "truth".into(),
        ..toml::from_str(MAP).expect("reads")
    };
    let absent = Table::read_csv(HEADER.as_bytes(), &map)
        .expect_err("refused")
        .to_string();
    assert!(
        absent.contains(r#"no column "truth"; there are: id, init"#),
        "{absent}"
    );
}

#[test]
fn a_column_has_one_role() {
    let error = |header: &str, members: &str, covariates: &[&str]| {
        let map = ColumnMap {
            members: vec![members.into()],
            observation: "ens_obs".into(),
            covariates: covariates.iter().map(|&name| name.to_owned()).collect(),
            ..toml::from_str(MAP).expect("reads")
        };
        Table::read_csv(header.as_bytes(), &map).map_err(|error| error.to_string())
    };
    let header = "id,init,ens1,ens2,ens_obs,z\n";
    let pattern = error(header, "ens*", &[]).expect_err("refused");
    assert!(
        pattern.contains(r#""ens_obs" is asked for as observation and as members"#),
        "{pattern}"
    );
    let covariate = error(header, "ens1", &["z", "ens1"]).expect_err("refused");
    assert!(
        covariate.contains(r#""ens1" is asked for as members and as covariates"#),
        "{covariate}"
    );
    let again = error(header, "ens1", &["z", "z"]).expect_err("refused");
    assert!(again.contains("as covariates and as covariates"), "{again}");
    let header = "id,init,ens1,ens2,ens_obs,z,z\n";
    let twice = error(header, "ens1", &["z"]).expect_err("refused");
    assert!(
        twice.contains(r#"has "z" twice, as columns 6 and 7"#),
        "{twice}"
    );
    // A name that nobody asks for may come twice.
    assert!(error(header, "ens1", &[]).expect("reads").is_empty());
}

#[test]
fn an_unknown_place_is_not_on_the_equator() {
    let table = read("A,2004-01-31,0,1,2,3,0,0\nA,2004-02-01,0,1,2,3,0,0\n").expect("reads");
    let station = table.case(1).expect("reads").station;
    assert!(station.latitude.is_nan() && station.longitude.is_nan() && !station.has_place());
    assert_eq!(table.columns().stations.len(), 1);
}

#[test]
fn a_lead_is_said() {
    for text in ["", "NA", "NaN", "inf", "-6", "1e300"] {
        let error = read(&format!(
            "A,2004-01-31,6,1,2,3,0,0\nA,2004-01-31,{text},1,2,3,0,0\n"
        ))
        .expect_err("refused")
        .to_string();
        let said = format!("line 3, column \"lead\": {text:?} is no lead");
        assert!(error.contains(&said), "{error}");
    }
}

const MAP: &str = r#"
    station = "id"
    date = "init"
    members = ["ens1", "ens2"]
    observation = "obs"
    units = "K"
    observation_units = "K"
"#;

#[test]
fn a_usual_fill_that_nothing_declares_is_refused() {
    let row = "A,2004-01-31,0,1,-9999,3,0,0\n";
    let error = read(row).expect_err("refused").to_string();
    assert!(
        error.contains(r#"line 2, column "ens2": -9999 looks like"#)
            && error.contains("missing = [-9999]"),
        "{error}"
    );
    let declared = |missing: &str| {
        let map: ColumnMap = toml::from_str(&format!("{MAP}missing = {missing}\n")).expect("reads");
        let text = row.replace(",0,0\n", ",0\n");
        Table::read_csv(
            format!("id,init,lead,ens1,ens2,obs,z\n{text}").as_bytes(),
            &map,
        )
    };
    let known = |missing: &str| {
        declared(missing)
            .expect("reads")
            .case(0)
            .expect("row")
            .present()
    };
    assert_eq!(known("[-9999.0]"), [1.0]);
    assert_eq!(known("[]"), [1.0, -9999.0]);
}
