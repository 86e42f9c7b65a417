//! Climatological members and bootstrap intervals.

use foehn_noise::{Key, Purpose};
use foehn_verification::{
    Bootstrap, BootstrapError, CaseValue, ClimatologyError, Window, climatology_members, difference,
};

#[test]
fn climatology_is_in_season_distinct_and_spread_over_the_years() {
    let years = 6;
    let days: Vec<f64> = (0..years * 365).map(|i| f64::from(i % 365)).collect();
    let key = Key::new(4, Purpose::Choose);
    for day in [2.0, 180.25, 364.0] {
        let members = climatology_members(day, &days, Window::days(15.0), 24, key.init(day as i64));
        let members = members.unwrap();
        assert_eq!(members.len(), 24);
        assert!(members.windows(2).all(|pair| pair[0] < pair[1]));
        for &i in &members {
            let apart = (days[i] - day).abs();
            assert!(apart.min(365.2425 - apart) <= 15.0, "{} for {day}", days[i]);
        }
        for year in 0..years as usize {
            let drawn = members.iter().filter(|&&i| i / 365 == year).count();
            assert!(
                (2..=6).contains(&drawn),
                "year {year}: {drawn} of 24, about 4 expected"
            );
        }
    }
    let whole = climatology_members(0.0, &days, Window::whole(), days.len(), key).unwrap();
    assert_eq!(whole, (0..days.len()).collect::<Vec<_>>());
    let again = |key| climatology_members(9.0, &days, Window::days(9.0), 10, key).unwrap();
    assert_eq!(again(key), again(key));
    assert_ne!(again(key), again(key.init(1)));
    assert!(matches!(
        climatology_members(9.0, &days, Window::days(1.0), 50, key),
        Err(ClimatologyError::TooFew {
            found: 18,
            count: 50,
            ..
        })
    ));
}

fn series(values: &[f64]) -> Vec<CaseValue> {
    let case = |(init, &value)| CaseValue {
        init: init as i64,
        value,
        weight: 1.0,
    };
    values.iter().enumerate().map(case).collect()
}

/// Half the width of the 95 % interval over `1.96 / sqrt n`.
fn relative_width(values: &[f64], block: usize) -> f64 {
    let bootstrap = Bootstrap {
        block,
        resamples: 2000,
        level: 0.95,
    };
    let zero = series(&vec![0.0; values.len()]);
    let key = Key::new(8, Purpose::Resample);
    let interval = difference(&series(values), &zero, &bootstrap, key).expect("interval");
    assert!(interval.low < interval.estimate && interval.estimate < interval.high);
    (interval.high - interval.low) / 2.0 / (1.96 / (values.len() as f64).sqrt())
}

#[test]
fn intervals_are_normal_for_independent_cases_and_wider_for_dependent_ones() {
    let mut z = vec![0.0; 2000];
    Key::new(8, Purpose::Sample).normals_f64(&mut z);
    // about 100 blocks of 20 estimate the width to 7 %, resampling adds 2 %
    let width = relative_width(&z, 20);
    assert!((width - 1.0).abs() < 0.2, "{width}");
    // AR(1) with correlation .5 and unit variance: sqrt((1 + .5)/(1 - .5)) = 1.732 times as wide
    let mut x = z.clone();
    for i in 1..x.len() {
        x[i] = 0.5 * x[i - 1] + 0.75f64.sqrt() * z[i];
    }
    let (blocked, naive) = (relative_width(&x, 20), relative_width(&x, 1));
    println!(
        "width: independent {width:.3}, AR(1) in blocks {blocked:.3}, case by case {naive:.3}"
    );
    assert!((blocked / 1.732 - 1.0).abs() < 0.2, "{blocked}");
    assert!((naive - 1.0).abs() < 0.15, "{naive}");
}

#[test]
fn unpaired_cases_and_bad_settings_are_refused() {
    let key = Key::new(8, Purpose::Resample);
    let bootstrap = Bootstrap {
        block: 2,
        resamples: 10,
        level: 0.95,
    };
    let (long, short) = (series(&[1.0, 2.0, 3.0]), series(&[1.0, 2.0]));
    let unpaired = difference(&long, &short, &bootstrap, key).unwrap_err();
    assert!(
        unpaired
            .to_string()
            .contains("case 2: Some((2, 1.0)) against None"),
        "{unpaired}"
    );
    let block = Bootstrap {
        block: 4,
        ..bootstrap
    };
    assert!(matches!(
        difference(&long, &long, &block, key),
        Err(BootstrapError::Settings { .. })
    ));
}
