//! Flow, SDE and Föllmer process of a post-processing interpolant where the law is known: a linear one with normal errors.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use foehn_calibration::{Columns, Emos, Law, Station, Table, Term};
use foehn_compute::Workers;
use foehn_field::Calendar;
use foehn_noise::{Key, Purpose};
use foehn_pipelines::{Bases, FlowDynamics, FlowStarts, InterpolantConfig};
use foehn_verification::{Estimator, crps as crps_of};
use ndarray::Array2;

const DAY: i64 = 86_400;
const DATES: usize = 3500;
const TRAINED: usize = 2500;
const MEMBERS: usize = 10;
/// `y = SLOPE m + 1 + ERROR e`, m the mean of the members and e standard normal.
const SLOPE: f64 = 0.6;
const ERROR: f64 = 1.2;

fn table() -> Table {
    let draws: Vec<Vec<f64>> = (0..DATES)
        .map(|row| {
            let mut z = vec![0.0; MEMBERS + 2];
            Key::new(9, Purpose::Simulate)
                .init(row as i64)
                .normals_f64(&mut z);
            z
        })
        .collect();
    let members = Array2::from_shape_fn((DATES, MEMBERS), |(row, m)| {
        3.0 * draws[row][0] + draws[row][m + 2]
    });
    let observed =
        |row: usize| SLOPE * members.row(row).mean().unwrap() + 1.0 + ERROR * draws[row][1];
    Table::new(Columns {
        units: "K".into(),
        observation_units: "K".into(),
        calendar: Calendar::ProlepticGregorian,
        stations: vec![Station {
            name: "A".into(),
            latitude: 47.0,
            longitude: 11.0,
            altitude: None,
            model_altitude: None,
        }],
        covariate_names: vec![],
        dates: (0..DATES).map(|row| row as i64 * DAY).collect(),
        leads: vec![0; DATES],
        station: vec![0; DATES],
        observations: (0..DATES).map(observed).collect(),
        members,
        covariates: Array2::zeros((DATES, 0)),
    })
    .unwrap()
}

/// From a base that knows nothing of the members, the law of a thousand later dates. With 1000 dates and an error of the
/// learnt mean and variance of 2500 cases (2 and 3 % each), tolerances are 6 % of a standard deviation for the mean, also
/// along the signal, 12 % for the variance and 3 % for the CRPS, which members have by the fair estimator.
fn reproduces_the_law(dynamics: FlowDynamics, starts: FlowStarts) {
    let table = table();
    let first = table.filter(|case| case.date < TRAINED as i64 * DAY);
    let last = table.filter(|case| case.date >= TRAINED as i64 * DAY);
    let workers = Workers::new(2).unwrap();
    let base = Emos {
        location: vec![],
        scale: vec![],
        ..Emos::default()
    };
    let method = InterpolantConfig {
        base: Bases::from(base),
        dynamics,
        starts,
        terms: vec![Term::Mean],
        networks: 4,
        draws: 100,
        ..InterpolantConfig::default()
    };
    let fitted = method.fit(&first, 1, &workers).unwrap();
    let (mut moments, mut crps) = ([0.0; 3], [0.0; 2]);
    for (case, forecast) in last
        .cases()
        .zip(fitted.predictions(&last, &workers).unwrap())
    {
        let mean = case.mean_and_deviation().unwrap().0;
        let exact = Law::Normal {
            location: SLOPE * mean + 1.0,
            scale: ERROR,
        };
        let Law::Steps(steps) = forecast.unwrap().law else {
            panic!("nothing was learnt")
        };
        let values = steps.points();
        let count = values.len() as f64;
        let errors = || values.iter().map(|x| (x - exact.mean()) / ERROR);
        let error = errors().sum::<f64>() / count;
        // The signal of deviation 3.
        let sums = [
            error,
            error * mean / 3.0,
            errors().map(|e| e * e).sum::<f64>() / count,
        ];
        moments
            .iter_mut()
            .zip(sums)
            .for_each(|(sum, x)| *sum += x / last.len() as f64);
        let y = case.observation;
        // Carried members are ten draws; a hundred draws are taken as the law that they are, half a percent above it.
        let members = dynamics == FlowDynamics::Flow && starts == FlowStarts::Members;
        let own = if members {
            crps_of(values, y, Estimator::Fair).unwrap()
        } else {
            Law::of_members(values).unwrap().crps(y)
        };
        crps[0] += own;
        crps[1] += exact.crps(y);
    }
    let [mean, along, square] = moments;
    let (variance, ratio) = (square - mean * mean, crps[0] / crps[1]);
    println!(
        "{dynamics:?} {starts:?}: mean {mean:.3}, along {along:.3}, variance {variance:.3}, CRPS {ratio:.3}"
    );
    assert!(mean.abs() < 0.06 && along.abs() < 0.06, "{mean} {along}");
    assert!((variance - 1.0).abs() < 0.12, "{variance}");
    assert!(ratio < 1.03, "{ratio}");
}

#[test]
fn the_flow_from_the_base() {
    reproduces_the_law(FlowDynamics::Flow, FlowStarts::Base);
}

#[test]
fn the_flow_from_members() {
    reproduces_the_law(FlowDynamics::Flow, FlowStarts::Members);
}

#[test]
fn the_sde_from_the_base() {
    reproduces_the_law(FlowDynamics::Sde, FlowStarts::Base);
}

#[test]
fn the_sde_from_members() {
    reproduces_the_law(FlowDynamics::Sde, FlowStarts::Members);
}

#[test]
fn the_follmer_process_from_the_middle() {
    reproduces_the_law(FlowDynamics::Follmer, FlowStarts::Base);
}

#[test]
fn the_follmer_process_from_the_mean() {
    reproduces_the_law(FlowDynamics::Follmer, FlowStarts::Mean);
}

#[test]
fn the_follmer_process_from_members() {
    reproduces_the_law(FlowDynamics::Follmer, FlowStarts::Members);
}

#[test]
fn what_cannot_spread_is_refused() {
    for dynamics in [FlowDynamics::Flow, FlowDynamics::Sde] {
        let method = InterpolantConfig {
            dynamics,
            starts: FlowStarts::Mean,
            ..InterpolantConfig::default()
        };
        assert!(method.check().unwrap_err().contains("follmer"));
    }
}
