//! What fits recover, what they refuse, what they fall back to, and that nothing leaks.

mod real;
mod synthetic;

use foehn_calibration::{
    Basis, Emos, FitError, Law, Link, Method, Part, Period, PredictError, Scale, Scope, Table,
    TableError, Term, cross_validate, rolling,
};
use real::method;
use synthetic::{DAY, columns, table};

const METHODS: [&str; 9] = [
    r#"name = "climatology""#,
    r#"name = "bias""#,
    r#"name = "emos""#,
    r#"name = "emos", objective = "likelihood", family = "logistic""#,
    r#"name = "emos", location = ["members", { station_error = 3 }]"#,
    r#"name = "emos", scope = "local""#,
    r#"name = "member_by_member", scope = { neighbours = 1 }"#,
    r#"name = "quantile_mapping", scope = { clusters = 2 }"#,
    r#"name = "isotonic""#,
];

fn emos_part(part: &Part) -> &foehn_calibration::EmosFit {
    let Part::Emos(fit) = part else {
        panic!("{part:?}")
    };
    fit
}

#[test]
fn emos_finds_the_law_it_was_drawn_from() {
    // 8000 cases; the standard errors of a, b and of c^2, d^2 are near 0.02, 0.002, 0.06 and 0.015.
    let table = table(8000, 1, 9, 1);
    for objective in ["crps", "likelihood"] {
        let line = format!(r#"name = "emos", link = "square", objective = "{objective}""#);
        let fitted = method(&line).fit(&table).expect("fits");
        let fit = emos_part(fitted.leads()[0].global());
        assert!(fit.ending().converged, "{:?}", fit.ending());
        let Scale::Square { constant, factor } = *fit.scale() else {
            panic!()
        };
        let (a, b) = (fit.location().intercept(), fit.location().coefficients()[0]);
        assert!(
            (a - 2.0).abs() < 0.08 && (b - 0.8).abs() < 0.008,
            "{objective}: {a} {b}"
        );
        let (c, d) = (constant * constant, factor * factor);
        assert!(
            (c - 1.0).abs() < 0.25 && (d - 0.25).abs() < 0.06,
            "{objective}: {c} {d}"
        );
    }
}

#[test]
fn calibrated_forecasts_cover_what_they_say() {
    let (train, test) = (table(3000, 1, 9, 2), table(3000, 1, 9, 3));
    for line in [
        r#"name = "emos", link = "square""#,
        r#"name = "member_by_member""#,
        r#"name = "climatology", half_window = 400.0"#,
    ] {
        let score = real::score(&method(line).fit(&train).expect("fits"), &test);
        // Four standard deviations of 3000 draws of 0.9: 0.022.
        assert!((score.covered - 0.9).abs() < 0.03, "{line}: {score:?}");
    }
}

#[test]
fn corrected_members_keep_their_places() {
    let table = table(400, 3, 7, 4);
    for line in [
        r#"name = "bias""#,
        r#"name = "member_by_member", scope = "local""#,
    ] {
        let fitted = method(line).fit(&table).expect("fits");
        for case in table.cases().take(50) {
            let members = fitted
                .predict(&case)
                .expect("predicts")
                .members
                .expect("members");
            for i in 0..7 {
                for j in 0..7 {
                    assert_eq!(case.members[i] < case.members[j], members[i] < members[j]);
                }
            }
        }
    }
}

#[test]
fn fits_come_back_from_json() {
    let table = table(80, 4, 5, 5);
    for line in METHODS {
        let fitted = method(line).fit(&table).expect(line);
        let text = serde_json::to_string(&fitted).expect("json");
        let back: foehn_calibration::Fitted = serde_json::from_str(&text).expect("back");
        for case in table.cases().take(8) {
            let (a, b) = (
                fitted.predict(&case).expect("law"),
                back.predict(&case).expect("law"),
            );
            assert!(
                (a.law.crps(case.observation) - b.law.crps(case.observation)).abs() < 1e-12,
                "{line}"
            );
        }
    }
}

/// Observations from a date on are replaced by nonsense.
fn spoilt(from: i64, until: i64) -> Table {
    let mut columns = columns(90, 4, 5, 6);
    for row in 0..columns.dates.len() {
        let valid = columns.dates[row] + columns.leads[row];
        if valid > from && columns.dates[row] < until {
            columns.observations[row] = 1e4 + row as f64;
        }
    }
    Table::new(columns).expect("a table")
}

#[test]
fn no_forecast_sees_an_observation_after_its_date() {
    const SPOILT: i64 = 60 * DAY;
    let (clean, spoilt) = (table(90, 4, 5, 6), spoilt(SPOILT, i64::MAX));
    for line in METHODS {
        let method = method(line);
        for period in [Period::Sliding(45), Period::Expanding] {
            let a = rolling(&clean, &method, period, 7).expect(line);
            let b = rolling(&spoilt, &method, period, 7).expect(line);
            let mut compared = 0;
            for (case, (a, b)) in clean.cases().zip(a.iter().zip(&b)) {
                if case.date <= SPOILT {
                    assert_eq!(a, b, "{line} {period:?} {}", case.date / DAY);
                    compared += usize::from(a.is_some());
                }
            }
            assert!(compared >= 4, "{line} {period:?}");
            assert_ne!(a, b, "{line}: later forecasts do learn");
        }
    }
}

#[test]
fn a_block_does_not_see_its_own_observations() {
    // Blocks of 30 dates: the second holds the days 30 to 59.
    let (clean, spoilt) = (table(90, 4, 5, 6), spoilt(30 * DAY, 60 * DAY));
    for line in METHODS {
        let a = cross_validate(&clean, &method(line), 3, 0).expect(line);
        let b = cross_validate(&spoilt, &method(line), 3, 0).expect(line);
        assert!(a.iter().all(Option::is_some));
        let mut others = 0;
        for (case, (a, b)) in clean.cases().zip(a.iter().zip(&b)) {
            if (30..60).contains(&(case.date / DAY)) {
                assert_eq!(a, b, "{line} {}", case.date / DAY);
            } else {
                others += usize::from(a != b);
            }
        }
        assert!(others > 100, "{line}");
    }
}

#[test]
fn fitting_does_not_look_at_test_cases() {
    let (clean, spoilt) = (table(90, 4, 5, 6), spoilt(60 * DAY, i64::MAX));
    let train = |table: &Table| table.filter(|case| case.valid() <= 60 * DAY);
    for line in METHODS {
        let (a, b) = (
            method(line).fit(&train(&clean)),
            method(line).fit(&train(&spoilt)),
        );
        assert_eq!(a.expect(line), b.expect(line));
    }
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
        family: foehn_calibration::Family::CensoredShiftedGamma,
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

#[test]
fn units_of_the_variable_do_not_matter() {
    // Fahrenheit: every law follows the change of units.
    let kelvin = columns(200, 3, 5, 15);
    let mut fahrenheit = kelvin.clone();
    let change = |x: f64| 32.0 + 1.8 * x;
    fahrenheit.members.mapv_inplace(change);
    fahrenheit
        .observations
        .iter_mut()
        .for_each(|x| *x = change(*x));
    let (kelvin, fahrenheit) = (
        Table::new(kelvin).expect("table"),
        Table::new(fahrenheit).expect("table"),
    );
    for line in METHODS {
        let score = |table: &Table| real::score(&method(line).fit(table).expect(line), table).crps;
        let (k, f) = (score(&kelvin), score(&fahrenheit));
        assert!((f / k / 1.8 - 1.0).abs() < 1e-4, "{line}: {k} {f}");
    }
}

#[test]
fn isotonic_laws_are_ordered_and_fit_no_worse_than_their_own_members() {
    let table = table(300, 1, 5, 16);
    let fitted = method(r#"name = "isotonic""#).fit(&table).expect("fits");
    let mut cases: Vec<_> = table.cases().collect();
    cases.sort_by(|a, b| {
        a.mean_and_deviation()
            .expect("m")
            .0
            .total_cmp(&b.mean_and_deviation().expect("m").0)
    });
    let laws: Vec<Law> = cases
        .iter()
        .map(|case| fitted.predict(case).expect("law").law)
        .collect();
    for pair in laws.windows(2) {
        for x in [-10.0, 0.0, 3.0, 8.0] {
            assert!(pair[1].cdf(x) <= pair[0].cdf(x) + 1e-12);
        }
    }
    // In sample, no family with a rising location can have a lower CRPS.
    let crps = |line: &str| real::score(&method(line).fit(&table).expect(line), &table).crps;
    let constant_scale = crps(r#"name = "emos", scale = []"#);
    assert!(crps(r#"name = "isotonic""#) <= constant_scale + 1e-12);
}
