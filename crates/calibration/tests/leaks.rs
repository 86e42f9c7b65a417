//! That no forecast learns from what it is judged by.

mod real;
mod synthetic;

use foehn_calibration::{Period, Table, cross_validate, rolling};
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
