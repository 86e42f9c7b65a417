//! Real files, where they are there.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use foehn_dataset::{
    CalendarFeatures, Centre, DataConfig, Loader, Missing, OneOrMany, Position, Series, Split,
    Statistics,
};

use ndarray::Axis;

/// A file of the shared data; `None`, said aloud, where it is not there.
fn shared(name: &str) -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var_os("FOEHN_SHARED_DATA").map_or(default, PathBuf::from);
    let path = root.join("gridded").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: no {name} under FOEHN_SHARED_DATA");
    None
}

fn dates(first: &str, last: &str) -> [String; 2] {
    [first.to_owned(), last.to_owned()]
}

#[test]
fn sea_level_pressure_has_the_statistics_that_numpy_finds() {
    let Some(path) = shared("ncep_slp_north_atlantic_2001_2008.nc") else {
        return;
    };
    let config = DataConfig {
        path: OneOrMany::One(path),
        variables: vec!["slp".into()],
        step: "1 day".into(),
        train: dates("2001-01-01", "2006-12-31"),
        validation: dates("2007-01-01", "2007-12-31"),
        test: dates("2008-01-01", "2008-12-31"),
        centre: Centre::Season,
        ..DataConfig::default()
    };
    let series = Series::open(&config, Path::new("")).unwrap();
    assert_eq!((series.shape(), series.times().len()), ((1, 17, 33), 2922));
    assert_eq!(
        Split::ALL.map(|split| series.range(split)),
        [0..2191, 2191..2556, 2556..2922]
    );
    assert_eq!(series.windows(Split::Test, 5).len(), 366 - 5);
    assert_eq!(series.variables()[0].units(), "Pa");
    assert!(!series.variables()[0].attributes.contains_key("_FillValue"));
    let statistics = Statistics::compute(&series).unwrap();
    // numpy.linalg.lstsq of cell (8, 16) and area-weighted deviations over 2001-2006, all in double precision
    let first = series.instant(0).unwrap();
    let coefficients = [
        1.012_498_09e5,
        -3.333_918_89e2,
        -1.062_119_70e2,
        2.123_543_31e1,
        -5.526_378_34,
    ];
    let at_new_year = coefficients[0] + coefficients[1] + coefficients[3];
    assert!((statistics.centre_at(first)[(0, 8, 16)] - at_new_year).abs() < 1e-2);
    assert!((statistics.scale()[(0, 0, 0)] / 900.738_070_995_822_8 - 1.0).abs() < 1e-12);
    let flat = Series::open(
        &DataConfig {
            centre: Centre::Variable,
            ..config
        },
        Path::new(""),
    )
    .unwrap();
    let statistics = Statistics::compute(&flat).unwrap();
    assert!((statistics.centre_at(first)[(0, 0, 0)] / 101_458.899_587_935_04 - 1.0).abs() < 1e-12);
    let off = statistics.scale()[(0, 0, 0)] / 1_046.619_997_598_614 - 1.0;
    assert!(off.abs() < 1e-12, "{off:e}");
}

/// Temperature and water input of the Ottawa basin; `None` where the files are not there.
fn ottawa() -> Option<DataConfig> {
    let [temperature, water] = ["temperature", "water_input"]
        .map(|name| shared(&format!("ottawa_basin_6h_2000_2007_{name}.nc")));
    Some(DataConfig {
        path: OneOrMany::Many(vec![temperature?, water?]),
        variables: vec!["Avg_temp".into(), "Streaminputs".into()],
        step: "6 hours".into(),
        train: dates("2000-01-01", "2005-12-31"),
        validation: dates("2006-01-01", "2006-12-31"),
        test: dates("2007-01-01", "2007-12-31"),
        position: Position::Normalised,
        calendar: CalendarFeatures::DayOfYearAndHour,
        centre: Centre::Season,
        missing: Missing::Mask,
        ..DataConfig::default()
    })
}

#[test]
fn ottawa_has_exact_times_from_single_precision_days() {
    let Some(config) = ottawa() else { return };
    let series = Series::open(&config, Path::new("")).unwrap();
    let instants = &series.times().instants;
    let first = series.calendar().date(instants[0]).to_string();
    assert_eq!(first, "2000-01-01T00:00:00");
    assert!(instants.windows(2).all(|t| t[1].since(t[0]) == 21_600));
    assert_eq!(series.windows(Split::Train, 8).len(), 2192 * 4 - 8);
    let refusing = DataConfig {
        missing: Missing::Refuse,
        ..config
    };
    let refusing = Series::open(&refusing, Path::new("")).unwrap();
    let error = refusing.frame(0).unwrap_err().to_string();
    // cells outside the basin were never written, and _FillValue is NaN
    let says = |word: &str| error.contains(word);
    assert!(
        says("Avg_temp") && says("data.missing = \"mask\""),
        "{error}"
    );
}

#[test]
fn ottawa_is_masked_outside_the_basin_and_has_the_moments_that_numpy_finds() {
    let Some(config) = ottawa() else { return };
    let series = Series::open(&config, Path::new("")).unwrap();
    let (mut sum, mut count, mut squares) = (0.0, 0, 0.0);
    for k in 0..series.times().len() {
        let frame = series.frame(k).unwrap();
        let temperature = frame.values.index_axis(Axis(0), 0);
        for x in temperature.iter().filter(|x| !x.is_nan()) {
            sum += f64::from(*x);
            squares += f64::from(*x).powi(2);
            count += 1;
        }
    }
    // 42 of 100 cells are missing
    assert_eq!(count, 58 * 11_688);
    let mean = sum / f64::from(count);
    assert!((mean - 3.534_630_881_392_524).abs() < 1e-10, "{mean}");
    let deviation = (squares / f64::from(count) - mean * mean).sqrt();
    assert!(
        (deviation - 12.493_369_845_507_518).abs() < 1e-9,
        "{deviation}"
    );
}

#[test]
fn ottawa_has_a_validity_channel_and_finite_batches() {
    let Some(config) = ottawa() else { return };
    let series = Arc::new(Series::open(&config, Path::new("")).unwrap());
    let statistics = Arc::new(Statistics::compute(&series).unwrap());
    let loader = Loader::new(Arc::clone(&series), statistics).unwrap();
    let names = loader.features().names();
    let dates = ["cos_year", "sin_year", "cos_day", "sin_day"];
    assert_eq!(names[..3], ["position_y", "position_x", "valid"]);
    assert_eq!(names[3..], dates);
    let batch = loader
        .load(&series.windows(Split::Train, 1)[1..9], 1)
        .unwrap();
    assert!(batch.states.iter().all(|z| z.is_finite()));
    let six_o_clock = batch.features.index_axis(Axis(0), 0);
    assert_eq!(six_o_clock.index_axis(Axis(0), 2).sum(), 58.0);
    assert_eq!(six_o_clock[(6, 0, 0)], 1.0);
    // eight windows, two variables, 58 cells of about the mean area
    let valid = loader.statistics().valid().unwrap();
    let cells = series.weights().iter().zip(&valid).filter(|(_, v)| **v);
    let sum: f64 = cells.map(|(weight, _)| weight).sum();
    assert!((sum - 58.0).abs() < 1.0, "{sum}");
    assert!((f64::from(batch.weights.sum()) / (16.0 * sum) - 1.0).abs() < 1e-5);
}

#[test]
fn packed_integers_come_out_in_physical_units() {
    let Some(path) = shared("incal_hourly_20120501T0000_20120930T2300.nc") else {
        return;
    };
    let config = DataConfig {
        path: OneOrMany::One(path),
        variables: vec!["T2M".into(), "UU".into()],
        step: "3 hours".into(),
        train: dates("2012-05-01", "2012-05-20"),
        validation: dates("2012-05-21", "2012-05-25"),
        test: dates("2012-05-26", "2012-05-31"),
        ..DataConfig::default()
    };
    let series = Series::open(&config, Path::new("")).unwrap();
    assert_eq!((series.stride(), series.shape()), (3, (2, 17, 20)));
    assert_eq!(series.windows(Split::Test, 4).len(), 6 * 24 - 12);
    let frames = (0..744).map(|k| series.frame(k).unwrap());
    let sum: f64 = frames
        .map(|f| {
            f.values
                .index_axis(Axis(0), 0)
                .iter()
                .map(|x| f64::from(*x))
                .sum::<f64>()
        })
        .sum();
    // numpy, of values rounded to single precision
    let mean = sum / (744.0 * 340.0);
    assert!((mean - 15.338_900_774_611_652).abs() < 1e-10, "{mean}");
    let late = DataConfig {
        test: dates("2012-05-26", "2012-09-30"),
        ..config
    };
    let error = Series::open(&late, Path::new("")).unwrap_err().to_string();
    assert!(error.contains("2012-05-31T23:00:00"), "{error}");
}
