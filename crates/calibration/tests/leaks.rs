//! That no forecast learns from what it is judged by.

mod real;
mod synthetic;

use std::collections::BTreeMap;

use foehn_calibration::{PredictError, Prediction, Scheme, Table, Window};
use real::{METHODS, method};
use synthetic::{DAY, columns, table};

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

type Forecasts = BTreeMap<(i64, i64, String), Result<Prediction, PredictError>>;

/// The forecasts of all cases that a scheme forecasts.
fn forecasts(table: &Table, line: &str, scheme: Scheme) -> Forecasts {
    let mut all = Forecasts::new();
    for split in scheme.splits(table).expect("splits") {
        let fitted = method(line).fit(&split.train).expect(line);
        for case in split.test.cases() {
            let name = (case.date, case.lead, case.station.name.clone());
            assert!(
                all.insert(name, fitted.predict(&case)).is_none(),
                "{line}: twice"
            );
        }
    }
    all
}

#[test]
fn no_forecast_sees_an_observation_after_its_date() {
    const SPOILT: i64 = 60 * DAY;
    let (clean, spoilt) = (table(90, 4, 5, 6), spoilt(SPOILT, i64::MAX));
    for line in METHODS {
        for window in [None, Some(Window::Sliding(45)), Some(Window::Expanding)] {
            let scheme = Scheme {
                window,
                share: 0.5,
                refit: 5,
                gap: 0,
            };
            let (a, b) = (
                forecasts(&clean, line, scheme),
                forecasts(&spoilt, line, scheme),
            );
            let mut compared = 0;
            for ((name, a), b) in a.iter().zip(b.values()) {
                if name.0 <= SPOILT || window.is_none() {
                    assert_eq!(a, b, "{line} {window:?} {}", name.0 / DAY);
                    compared += 1;
                }
            }
            assert!(compared >= 4, "{line} {window:?}");
            assert_eq!(a == b, window.is_none(), "{line}: later forecasts do learn");
        }
    }
}

#[test]
fn a_block_does_not_see_its_own_observations() {
    // Blocks of 30 dates: the second holds the days 30 to 59.
    let (clean, spoilt) = (table(90, 4, 5, 6), spoilt(30 * DAY, 60 * DAY));
    for gap in [0, 3] {
        let scheme = Scheme {
            window: Some(Window::Blocks(3)),
            share: 0.5,
            refit: 1,
            gap,
        };
        for line in METHODS {
            let (a, b) = (
                forecasts(&clean, line, scheme),
                forecasts(&spoilt, line, scheme),
            );
            assert_eq!(a.len(), clean.len());
            let mut others = 0;
            for ((name, a), b) in a.iter().zip(b.values()) {
                if (30..60).contains(&(name.0 / DAY)) {
                    assert_eq!(a, b, "{line} {}", name.0 / DAY);
                } else {
                    others += usize::from(a != b);
                }
            }
            // climatology sees 15 days around a date: at least eleven on either side of the block and the gap, at four places
            assert!(others >= 88, "{line}: {others}");
        }
    }
}

/// Forecasts of the block of the days 30 to 59, of a lead of one day, where observations valid within so many seconds of
/// it are nonsense: what begins at the last day, is valid a day later and three days of gap later still.
#[test]
fn a_gap_keeps_its_days_from_training() {
    let clean = table(90, 4, 5, 6);
    let scheme = |gap: u32| Scheme {
        window: Some(Window::Blocks(3)),
        share: 0.5,
        refit: 1,
        gap,
    };
    let inside = |all: Forecasts| -> Forecasts {
        all.into_iter()
            .filter(|((date, ..), _)| (30..60).contains(&(date / DAY)))
            .collect()
    };
    // The first spoils all that the gap keeps away, the others one day more on either side.
    let (first, last) = (27 * DAY, 63 * DAY);
    let all = spoilt(first, last);
    let more = [spoilt(first - DAY, last), spoilt(first, last + DAY)];
    let seen = |table: &Table, line: &str, gap: u32| inside(forecasts(table, line, scheme(gap)));
    for line in METHODS {
        let unspoilt = seen(&clean, line, 3);
        assert_eq!(unspoilt, seen(&all, line, 3), "{line}");
        for more in &more {
            assert_ne!(unspoilt, seen(more, line, 3), "{line}");
        }
        assert_ne!(seen(&clean, line, 0), seen(&all, line, 0), "{line}");
    }
}

#[test]
fn a_forecast_does_not_look_at_its_observation() {
    let (clean, spoilt) = (table(90, 4, 5, 6), spoilt(60 * DAY, i64::MAX));
    let train = clean.filter(|case| case.valid() <= 60 * DAY);
    for line in METHODS {
        let fitted = method(line).fit(&train).expect(line);
        let mut spoiled = 0;
        for (a, b) in clean.cases().zip(spoilt.cases()) {
            assert_eq!(fitted.predict(&a), fitted.predict(&b), "{line}");
            spoiled += usize::from(a.observation.to_bits() != b.observation.to_bits());
        }
        assert!(spoiled > 100, "{line}");
    }
}
