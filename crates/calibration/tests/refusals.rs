//! Bad input: a clear error, or a fallback that is stated.

mod real;
mod synthetic;

use foehn_calibration::{
    Basis, Emos, Family, FitError, Link, Method, Part, PredictError, Scale, Scope, Table,
    TableError, Term,
};
use real::{METHODS, method};
use synthetic::{DAY, columns, table};

fn emos_part(part: &Part) -> &foehn_calibration::EmosFit {
    let Part::Emos(fit) = part else {
        panic!("{part:?}")
    };
    fit
}

#[test]
fn too_few_cases_are_counted() {
    let table = table(12, 1, 5, 7);
    let error = method(r#"name = "emos""#).fit(&table).expect_err("too few");
    assert_eq!(
        error,
        FitError::TooFewCases {
            method: "emos",
            needed: 20,
            found: 12,
            rows: 12
        }
    );
    assert!(
        error
            .to_string()
            .contains("needs 20 complete cases and has 12 of 12 rows"),
        "{error}"
    );
    let empty = table.filter(|_| false);
    assert!(method(r#"name = "raw""#).fit(&empty).is_err());
}

#[test]
fn members_that_vanish_are_left_out() {
    let mut columns = columns(300, 2, 6, 8);
    for row in 0..600 {
        for m in 0..(row / 120) {
            columns.members[[row, m]] = f64::NAN;
        }
    }
    columns.members.row_mut(599).fill(f64::NAN);
    let table = Table::new(columns).expect("a table");
    for line in METHODS {
        let fitted = method(line).fit(&table).expect(line);
        let last = table.case(598).expect("row");
        let prediction = fitted.predict(&last).expect("four members are gone");
        assert!(prediction.law.crps(last.observation) < 20.0, "{line}");
        if let Some(members) = prediction.members {
            assert_eq!(
                members.iter().filter(|x| x.is_finite()).count(),
                2,
                "{line}"
            );
        }
        let none = table.case(599).expect("row");
        match fitted.predict(&none) {
            Ok(_) => assert!(line.contains("climatology"), "{line}"),
            Err(error) => assert!(
                matches!(error, PredictError::NoMember { .. }),
                "{line}: {error}"
            ),
        }
    }
}

#[test]
fn constant_predictors_are_dropped_and_named() {
    let mut columns = columns(200, 1, 5, 9);
    // Every member the same at every date: no mean, no spread to learn from.
    columns.members.fill(3.0);
    let mean = columns.observations.iter().sum::<f64>() / 200.0;
    let table = Table::new(columns).expect("a table");
    let fitted = method(r#"name = "emos""#).fit(&table).expect("fits");
    let fit = emos_part(fitted.leads()[0].global());
    assert_eq!(fit.location().dropped(), ["mean"]);
    let Scale::Log(scale) = fit.scale() else {
        panic!()
    };
    assert_eq!(scale.dropped(), ["spread"]);
    let law = fitted
        .predict(&table.case(0).expect("row"))
        .expect("law")
        .law;
    assert!((law.mean() - mean).abs() < 2.0, "{law:?} {mean}");
    for line in METHODS {
        let fitted = method(line).fit(&table).expect(line);
        let prediction = fitted.predict(&table.case(0).expect("row")).expect(line);
        assert!(prediction.law.crps(0.0).is_finite(), "{line}");
    }
}

#[test]
fn an_unseen_station_has_the_fit_of_all_and_says_so() {
    let all = table(100, 4, 5, 10);
    let seen = all.filter(|case| case.station.name != "S3");
    let global = Method::Emos(Emos::default()).fit(&seen).expect("fits");
    for scope in [Scope::Local, Scope::Neighbours(1), Scope::Clusters(2)] {
        let local = Method::Emos(Emos {
            scope,
            ..Emos::default()
        })
        .fit(&seen)
        .expect("fits");
        for case in all.cases() {
            let prediction = local.predict(&case).expect("law");
            if case.station.name == "S3" {
                assert_eq!(prediction.basis, Basis::Fallback);
                assert_eq!(prediction.law, global.predict(&case).expect("law").law);
            } else {
                assert_eq!(prediction.basis, Basis::Own);
            }
        }
    }
}

/// A fit of all stations that knows their past errors serves an unseen one with those of a mean station.
#[test]
fn an_unseen_station_without_past_errors_is_said() {
    let all = table(100, 4, 5, 10);
    let seen = all.filter(|case| case.station.name != "S3");
    for (line, unseen) in [
        (
            r#"name = "emos", location = ["mean", { station_error = 10 }]"#,
            Basis::Fallback,
        ),
        (r#"name = "emos", location = ["mean"]"#, Basis::Global),
    ] {
        let fitted = method(line).fit(&seen).expect(line);
        for case in all.cases() {
            let basis = fitted.predict(&case).expect("law").basis;
            let known = case.station.name != "S3";
            assert_eq!(basis, if known { Basis::Global } else { unseen }, "{line}");
        }
    }
}

#[test]
fn a_station_with_few_cases_is_listed() {
    let all = table(100, 3, 5, 11);
    let thin = all.filter(|case| case.station.name != "S1" || case.date < 7 * DAY);
    let fitted = method(r#"name = "emos", scope = "local""#)
        .fit(&thin)
        .expect("fits");
    assert_eq!(fitted.leads()[0].too_few(), ["S1"]);
    // A local fit is that of a table of this station alone.
    let alone = method(r#"name = "emos""#)
        .fit(&thin.filter(|c| c.station.name == "S2"))
        .expect("fits");
    assert_eq!(
        fitted.leads()[0].of_station("S2"),
        Some(alone.leads()[0].global())
    );
}

#[test]
fn what_makes_no_table_is_refused() {
    let mut wrong = columns(20, 2, 5, 12);
    wrong.observation_units = "degC".into();
    let error = Table::new(wrong).expect_err("units");
    assert!(
        error
            .to_string()
            .contains(r#"members are in "K" and the observations in "degC""#),
        "{error}"
    );

    let mut wrong = columns(20, 2, 5, 12);
    wrong.stations[1].altitude = Some(-9999.0);
    assert!(matches!(
        Table::new(wrong),
        Err(TableError::Altitude { .. })
    ));

    let mut wrong = columns(20, 2, 5, 12);
    wrong.members[[3, 1]] = f64::INFINITY;
    assert_eq!(
        Table::new(wrong),
        Err(TableError::Infinite {
            what: "a member",
            row: 3
        })
    );

    let mut wrong = columns(20, 2, 5, 12);
    wrong.leads.pop();
    assert_eq!(
        Table::new(wrong),
        Err(TableError::Length {
            column: "leads",
            found: 39,
            rows: 40
        })
    );
}

#[test]
fn rows_that_come_twice_are_refused() {
    let mut wrong = columns(20, 2, 5, 12);
    wrong.dates[7] = wrong.dates[3];
    let error = Table::new(wrong.clone()).expect_err("twice");
    assert_eq!(
        error,
        TableError::Twice {
            first: 3,
            second: 7,
            station: "S1".into(),
            date: foehn_field::DateTime::midnight(1970, 1, 2),
            lead: DAY
        }
    );
    // Another lead of the same station and date is another case.
    wrong.leads[7] = 2 * DAY;
    assert!(Table::new(wrong).is_ok());
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let mut unseen = columns(60, 2, 5, 13);
    unseen.observations.fill(f64::NAN);
    let unseen = Table::new(unseen).expect("a table");
    for line in METHODS {
        let error = method(line).fit(&unseen).expect_err(line);
        assert!(
            matches!(error, FitError::NoObservation { rows: 120, .. }),
            "{line}: {error}"
        );
    }
    let table = table(60, 2, 5, 13);
    let emos = |location: Vec<Term>| {
        Method::Emos(Emos {
            location,
            ..Emos::default()
        })
    };
    let error = emos(vec![Term::Covariate("cape".into())])
        .fit(&table)
        .expect_err("no cape");
    assert!(
        error
            .to_string()
            .contains(r#"term "cape" needs a covariate of that name"#),
        "{error}"
    );
    let rain = Emos {
        family: Family::CensoredShiftedGamma,
        ..Emos::default()
    };
    assert!(matches!(
        Method::Emos(rain).fit(&table),
        Err(FitError::Negative { .. })
    ));
    let square = Emos {
        link: Link::Square,
        scale: vec![Term::Mean],
        ..Emos::default()
    };
    assert!(matches!(
        Method::Emos(square).fit(&table),
        Err(FitError::Configuration(_))
    ));
}

#[test]
fn a_lead_that_was_not_fitted_is_refused() {
    let fitted = method(r#"name = "emos""#)
        .fit(&table(60, 1, 5, 14))
        .expect("fits");
    let mut columns = columns(3, 1, 5, 14);
    columns.leads.fill(2 * DAY);
    let later = Table::new(columns).expect("a table");
    let error = fitted
        .predict(&later.case(0).expect("row"))
        .expect_err("lead");
    assert_eq!(
        error,
        PredictError::Lead {
            lead: 2 * DAY,
            fitted: vec![DAY]
        }
    );
}
