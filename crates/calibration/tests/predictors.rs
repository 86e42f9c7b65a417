//! Terms as standardised numbers.

mod synthetic;

use foehn_calibration::{FitError, Predictors, Table, Term};

/// Two stations of altitudes 0 and 100 m: one deviation below and above their mean.
#[test]
fn columns_are_in_deviations_and_what_is_missing_is_the_mean() {
    let table = synthetic::table(40, 2, 5, 3);
    let terms = [Term::Altitude, Term::Lead, Term::Season(1)];
    let predictors = Predictors::fit(&table, &terms).expect("fits");
    assert_eq!(predictors.names().len(), 4);
    let row = predictors.of(&table.case(0).expect("row"));
    assert!((row[0] + 1.0).abs() < 1e-12);
    assert_eq!(row[1], 0.0, "one lead does not vary");

    let mut columns = synthetic::columns(40, 2, 5, 3);
    columns.stations[0].altitude = None;
    columns.stations[1].altitude = Some(9000.0);
    let other = Table::new(columns).expect("a table");
    assert_eq!(predictors.of(&other.case(0).expect("row"))[0], 0.0);
    assert_eq!(
        predictors.of(&other.case(1).expect("row"))[0],
        4.0,
        "the edge"
    );
}

#[test]
fn what_no_case_has_is_refused() {
    let table = synthetic::table(40, 2, 5, 3);
    let cape = [Term::Covariate("cape".into())];
    let refused = Predictors::fit(&table, &cape);
    assert!(matches!(refused, Err(FitError::NoCovariate { .. })));
    let none = table.filter(|_| false);
    let refused = Predictors::fit(&none, &[Term::Mean]);
    assert!(matches!(refused, Err(FitError::NoObservation { .. })));
}
