//! What fits recover, and the laws that forecasts obey.

mod real;
mod synthetic;

use foehn_calibration::{Law, Part, Scale, Table};
use real::{METHODS, method};
use synthetic::{columns, table};

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
    // the linear quantiles of nine members hold 0.9 (9 - 1)/(9 + 1) where they are calibrated; corrected ones spread a little more
    for (line, nominal, tolerance) in [
        (r#"name = "emos", link = "square""#, 0.9, 0.03),
        (r#"name = "member_by_member""#, 0.72, 0.06),
        (r#"name = "climatology", half_window = 400.0"#, 0.9, 0.03),
    ] {
        let score = real::score(&method(line).fit(&train).expect("fits"), &test);
        // four standard deviations of 3000 draws of 0.9: 0.022
        assert!(
            (score.covered - nominal).abs() < tolerance,
            "{line}: {score:?}"
        );
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
