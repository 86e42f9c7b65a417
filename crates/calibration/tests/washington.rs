//! Temperature of 938 stations over 36 dates: trained on the first 27, scored on the last 9.

mod real;

use foehn_calibration::{
    Case, Fitted, Method, PredictError, Table, Template, shuffle, transformation,
};
use foehn_noise::{Key, Purpose};
use foehn_verification::{Estimator, energy_score, variogram_score};
use ndarray::{Array1, Array2};
use real::{Score, method, print_table, read, score};

fn split() -> Option<(Table, Table)> {
    let (table, oddities) = read("uwme_t2m_48h.nc", "air_temperature")?;
    // 88 stations have the altitude -9999 m, which nothing declares missing.
    assert_eq!(oddities.len(), 88);
    let dates = table.distinct_dates();
    Some((
        table.filter(|c| c.date < dates[27]),
        table.filter(|c| c.date >= dates[27]),
    ))
}

fn fitted_scores(
    train: &Table,
    test: &Table,
    lines: &[(&'static str, &str)],
) -> Vec<(&'static str, Score)> {
    let one = |&(name, line): &(&'static str, &str)| {
        let fitted = method(line).fit(train).expect(name);
        (name, score(&fitted, test))
    };
    lines.iter().map(one).collect()
}

#[test]
fn baselines() {
    let Some((train, test)) = split() else { return };
    let rows = fitted_scores(
        &train,
        &test,
        &[
            ("raw", r#"name = "raw""#),
            (
                "climatology local",
                r#"name = "climatology", half_window = 60.0"#,
            ),
            ("bias global", r#"name = "bias""#),
            ("bias local", r#"name = "bias", scope = "local""#),
            (
                "bias station error",
                r#"name = "bias", terms = [{ station_error = 5 }]"#,
            ),
            ("quantile mapping", r#"name = "quantile_mapping""#),
            ("isotonic", r#"name = "isotonic""#),
            ("member by member", r#"name = "member_by_member""#),
            (
                "member by member local",
                r#"name = "member_by_member", scope = "local""#,
            ),
            (
                "member by member station error",
                r#"name = "member_by_member", location = ["mean", { station_error = 5 }]"#,
            ),
            ("emos square", r#"name = "emos", link = "square""#),
            ("emos log", r#"name = "emos""#),
            (
                "emos log likelihood",
                r#"name = "emos", objective = "likelihood""#,
            ),
            ("emos logistic", r#"name = "emos", family = "logistic""#),
            ("emos members", r#"name = "emos", location = ["members"]"#),
            (
                "emos 10 neighbours",
                r#"name = "emos", scope = { neighbours = 10 }"#,
            ),
            (
                "emos 20 clusters",
                r#"name = "emos", scope = { clusters = 20 }"#,
            ),
            ("emos local", r#"name = "emos", scope = "local""#),
            (
                "emos station error",
                r#"name = "emos", location = ["mean", { station_error = 5 }]"#,
            ),
            (
                "the same, logistic",
                r#"name = "emos", family = "logistic", location = ["mean", { station_error = 5 }]"#,
            ),
            (
                "the same, likelihood",
                r#"name = "emos", objective = "likelihood", location = ["mean", { station_error = 5 }]"#,
            ),
            (
                "emos station error 10 neighb.",
                r#"name = "emos", location = ["mean", { station_error = 5 }], scope = { neighbours = 10 }"#,
            ),
            (
                "emos station error 5 clusters",
                r#"name = "emos", location = ["mean", { station_error = 5 }], scope = { clusters = 5 }"#,
            ),
        ],
    );
    print_table("Washington, K", &rows);
    let crps = |name: &str| rows.iter().find(|row| row.0 == name).expect("row").1.crps;
    assert!(crps("emos log") < 0.85 * crps("raw"));
    assert!(crps("emos station error") < 0.9 * crps("emos log"));
    let fallback = rows
        .iter()
        .find(|row| row.0 == "emos local")
        .expect("row")
        .1
        .fallback;
    assert!(
        fallback > 71,
        "28 stations with 71 cases are unseen in training: {fallback}"
    );
}

#[test]
fn altitude_as_a_covariate() {
    let Some((train, test)) = split() else { return };
    let high = test.filter(|case| case.station.altitude.is_some());
    let rows = fitted_scores(
        &train,
        &high,
        &[
            ("emos", r#"name = "emos""#),
            (
                "emos altitude",
                r#"name = "emos", location = ["mean", "altitude"], scale = ["spread", "altitude"]"#,
            ),
            (
                "station error",
                r#"name = "emos", location = ["mean", { station_error = 5 }]"#,
            ),
            (
                "station error, altitude",
                r#"name = "emos", location = ["mean", "altitude", { station_error = 5 }], scale = ["spread", "altitude"]"#,
            ),
            ("bias altitude", r#"name = "bias", terms = ["altitude"]"#),
        ],
    );
    print_table("Washington, stations of known altitude, K", &rows);
    let fitted = method(r#"name = "emos", location = ["mean", "altitude"]"#)
        .fit(&train)
        .expect("fits");
    let without = test
        .cases()
        .find(|case| case.station.altitude.is_none())
        .expect("station");
    assert!(matches!(
        fitted.predict(&without),
        Err(PredictError::NoCovariate { .. })
    ));
}

/// Mean energy and variogram scores (order 1/2) of the dates of a table.
#[derive(Default)]
struct Joint {
    energy: f64,
    variogram: f64,
}

/// Cases of one date at stations that the training saw at every date.
fn joint_cases<'a>(test: &'a Table, date: i64, complete: &[String]) -> Vec<Case<'a>> {
    let wanted = |case: &Case<'_>| case.date == date && complete.contains(&case.station.name);
    test.cases()
        .filter(wanted)
        .filter(|case| case.observation.is_finite())
        .collect()
}

#[test]
fn order_of_members_across_stations() {
    let Some((train, test)) = split() else { return };
    let line = r#"name = "emos", location = ["mean", { station_error = 5 }]"#;
    let fitted = method(line).fit(&train).expect("fits");
    let past_dates = train.distinct_dates();
    let complete: Vec<String> = train
        .columns()
        .stations
        .iter()
        .map(|station| station.name.clone())
        .filter(|name| {
            train.cases().filter(|c| c.station.name == *name).count() == past_dates.len()
        })
        .collect();
    let names = [
        "raw",
        "independent draws",
        "quantiles, random order",
        "ECC-Q",
        "ECC-T",
        "Schaake",
    ];
    let mut sums: [Joint; 6] = Default::default();
    let dates = test.distinct_dates();
    for &date in &dates {
        let cases = joint_cases(&test, date, &complete);
        let truth: Array1<f64> = cases.iter().map(|case| case.observation).collect();
        for (sum, members) in sums
            .iter_mut()
            .zip(ensembles(&fitted, &train, &cases, date))
        {
            let estimator = Estimator::Fair;
            sum.energy += energy_score(members.view(), truth.view(), estimator).expect("scores");
            // Sums over so many pairs of stations are given as means.
            let pairs = (truth.len() * truth.len()) as f64;
            let variogram = variogram_score(members.view(), truth.view(), 0.5, None, estimator);
            sum.variogram += variogram.expect("scores") / pairs;
        }
    }
    println!(
        "{} stations, {} dates, 8 members, fair",
        complete.len(),
        dates.len()
    );
    let count = dates.len() as f64;
    for (name, sum) in names.iter().zip(&sums) {
        println!(
            "{name:24} energy {:8.3} variogram {:.5}",
            sum.energy / count,
            sum.variogram / count
        );
    }
    for ordered in &sums[3..] {
        assert!(ordered.energy < sums[0].energy && ordered.variogram < sums[1].variogram);
    }
}

/// Raw members, and calibrated ones in five orders, as (members, stations).
fn ensembles(fitted: &Fitted, train: &Table, cases: &[Case<'_>], date: i64) -> [Array2<f64>; 6] {
    let count = 8;
    let laws: Vec<_> = cases
        .iter()
        .map(|case| fitted.predict(case).expect("predicts").law)
        .collect();
    let raw = Array2::from_shape_fn((count, cases.len()), |(m, s)| cases[s].members[m]);
    let key = Key::new(11, Purpose::Sample).init(date);
    let by_margin =
        |values: Vec<Vec<f64>>| Array2::from_shape_fn((count, cases.len()), |(m, s)| values[s][m]);
    let draws = laws
        .iter()
        .enumerate()
        .map(|(s, law)| law.draws(count, key.member(s as u32)));
    let independent = by_margin(draws.collect());
    let quantiles = by_margin(laws.iter().map(|law| law.members(count)).collect());
    let ties = Key::new(11, Purpose::Ties).init(date);
    let past_dates = train.distinct_dates();
    let past = Array2::from_shape_fn((past_dates.len(), cases.len()), |(d, s)| {
        let name = &cases[s].station.name;
        let same = |case: &Case<'_>| case.date == past_dates[d] && case.station.name == *name;
        train
            .cases()
            .find(same)
            .map_or(f64::NAN, |case| case.observation)
    });
    let full: Vec<usize> = (0..past.nrows())
        .filter(|&d| past.row(d).iter().all(|x| x.is_finite()))
        .collect();
    let drawn = ties.permutation(full.len()).into_iter().take(count);
    let template = past.select(
        ndarray::Axis(0),
        &drawn.map(|i| full[i]).collect::<Vec<_>>(),
    );
    let ecc_q = shuffle(quantiles.view(), Template(raw.view()), ties).expect("orders");
    let ecc_t = transformation(&laws, raw.view(), ties).expect("orders");
    let schaake = shuffle(quantiles.view(), Template(template.view()), ties).expect("orders");
    let noise = draws_of_ranks(count, cases.len(), key);
    let random = shuffle(quantiles.view(), Template(noise.view()), ties).expect("orders");
    [raw, independent, random, ecc_q, ecc_t, schaake]
}

fn draws_of_ranks(members: usize, margins: usize, key: Key) -> Array2<f64> {
    let mut noise = vec![0.0; members * margins];
    key.step(1).uniforms(&mut noise);
    Array2::from_shape_vec((members, margins), noise).expect("shape")
}

#[test]
fn lines_of_configuration_come_back() {
    for line in [
        r#"name = "climatology", half_window = 10.0"#,
        r#"name = "bias", lapse = { rate = -0.0065 }"#,
        r#"name = "emos", family = "censored_shifted_gamma", scale = ["log_mean", "spread"], scope = { clusters = 3 }"#,
    ] {
        let method: Method = method(line);
        let text = serde_json::to_string(&method).expect("json");
        assert_eq!(serde_json::from_str::<Method>(&text).expect("back"), method);
    }
}
