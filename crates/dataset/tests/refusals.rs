//! Bad input gives one clear error.

mod common;

use common::{Sketch, config, open, refused, rough};
use foehn_dataset::{DataConfig, Missing, OneOrMany, Series, Split};
use tempfile::tempdir;

fn says(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "no {word:?} in: {message}");
    }
}

#[test]
fn nan_that_the_file_does_not_declare_names_variable_time_cell_file_and_remedy() {
    let folder = tempdir().unwrap();
    let law = |t, y, x| {
        if (t, y, x) == (30, 1, 2) {
            f32::NAN
        } else {
            rough(t, y, x)
        }
    };
    let mut sketch = Sketch::daily(100, law);
    sketch.fill = Some(-999.0);
    let mut config = config(&sketch.write(&folder, "a.nc"));
    let words = [
        "a.nc",
        "t is NaN",
        "2001-01-31T00:00:00",
        "row 1, column 2",
        "latitude 25, longitude 10",
        "_FillValue",
        "mask",
    ];
    says(&refused(&config), &words);
    config.missing = Missing::Mask;
    let frame = open(&config).frame(30).unwrap();
    assert!(frame.missing.as_ref().unwrap()[(0, 1, 2)] && frame.values[(0, 1, 2)].is_nan());
}

#[test]
fn what_is_declared_missing_is_refused_with_its_share() {
    let folder = tempdir().unwrap();
    let mut sketch = Sketch::daily(100, |t, y, x| if x == 3 { -999.0 } else { rough(t, y, x) });
    sketch.fill = Some(-999.0);
    let path = sketch.write(&folder, "a.nc");
    says(
        &refused(&config(&path)),
        &[
            "25.00 % of t",
            "a.nc",
            "data.missing = \"mask\"",
            "column 3",
        ],
    );
    let infinite = Sketch::daily(100, |t, _, _| if t == 9 { f32::INFINITY } else { 1.0 })
        .write(&folder, "b.nc");
    let mut config = config(&infinite);
    config.missing = Missing::Mask;
    says(&refused(&config), &["inf", "valid_range", "2001-01-10"]);
}

#[test]
fn unknown_variables_and_extra_dimensions_are_named() {
    let folder = tempdir().unwrap();
    let mut sketch = Sketch::daily(100, rough);
    sketch.variables.push(("pressure", Box::new(rough)));
    let path = sketch.write(&folder, "a.nc");
    let with = |name: &str| DataConfig {
        variables: vec![name.to_owned()],
        ..config(&path)
    };
    says(
        &refused(&with("presure")),
        &[
            "\"presure\"",
            "did you mean \"pressure\"",
            "it has t, pressure",
        ],
    );
    let twice = DataConfig {
        variables: vec!["t".into(), "t".into()],
        ..config(&path)
    };
    says(&refused(&twice), &["data.variables", "twice"]);
    sketch.levels = 2;
    let levels = sketch.write(&folder, "b.nc");
    says(
        &refused(&config(&levels)),
        &["dimension \"level\" of length 2", "b.nc"],
    );
    sketch.levels = 1;
    let squeezed = open(&config(&sketch.write(&folder, "c.nc")));
    assert_eq!(squeezed.frame(5).unwrap().values[(0, 2, 3)], rough(5, 2, 3));
    let moving = DataConfig {
        statics: vec!["pressure".into()],
        ..config(&path)
    };
    says(
        &refused(&moving),
        &["\"pressure\" changes along \"time\"", "data.variables"],
    );
}

#[test]
fn dates_beyond_the_data_or_shared_by_two_periods_are_refused() {
    let folder = tempdir().unwrap();
    let path = Sketch::daily(100, rough).write(&folder, "a.nc");
    let dates = |first: &str, last: &str| [first.to_owned(), last.to_owned()];
    let beyond = DataConfig {
        test: dates("2001-03-22", "2001-04-11"),
        ..config(&path)
    };
    says(
        &refused(&beyond),
        &[
            "data.test",
            "2001-04-11",
            "2001-01-01T00:00:00 to 2001-04-10T00:00:00",
        ],
    );
    let series = Series::open_splits(&beyond, std::path::Path::new(""), &[Split::Train]).unwrap();
    assert_eq!(series.range(Split::Test), 80..100);
    let shared = DataConfig {
        test: dates("2001-03-21", "2001-04-10"),
        ..config(&path)
    };
    says(
        &refused(&shared),
        &["data.validation and data.test overlap", "2001-03-21"],
    );
    let backwards = DataConfig {
        test: dates("2001-04-10", "2001-03-22"),
        ..config(&path)
    };
    says(&refused(&backwards), &["data.test", "comes after"]);
    let leap = DataConfig {
        train: dates("2001-01-01", "2001-02-29"),
        ..config(&path)
    };
    says(&refused(&leap), &["data.train", "2001-02-29", "28 days"]);
    let step = DataConfig {
        step: "36 hours".into(),
        ..config(&path)
    };
    says(&refused(&step), &["data.step", "36 hours", "1 day"]);
    let step = DataConfig {
        step: "daily".into(),
        ..config(&path)
    };
    says(&refused(&step), &["data.step", "\"daily\"", "1 day"]);
}

#[test]
fn files_that_do_not_fit_together_are_both_named() {
    let folder = tempdir().unwrap();
    let first = Sketch::daily(50, rough).write(&folder, "first.nc");
    let second = |name: &str, change: fn(&mut Sketch)| {
        let mut sketch = Sketch::daily(50, |t, y, x| rough(t + 50, y, x));
        sketch.times = (50..100).map(f64::from).collect();
        change(&mut sketch);
        let path = OneOrMany::Many(vec![sketch.write(&folder, name), first.clone()]);
        DataConfig {
            path,
            ..config(&first)
        }
    };
    let whole = open(&second("fits.nc", |_| {}));
    assert_eq!(whole.times().len(), 100);
    for k in [0, 49, 50, 99] {
        assert_eq!(whole.frame(k).unwrap().values[(0, 1, 1)], rough(k, 1, 1));
    }
    let grid = second("moved.nc", |s| s.first_latitude = 22.5);
    says(
        &refused(&grid),
        &["first.nc", "moved.nc", "latitude[0] is 22.5 and 20"],
    );
    let shape = second("larger.nc", |s| s.grid = (3, 5));
    says(
        &refused(&shape),
        &["first.nc", "larger.nc", "3 x 5 and 3 x 4"],
    );
    let overlap = second("overlap.nc", |s| {
        s.times = (49..99).map(f64::from).collect();
    });
    says(
        &refused(&overlap),
        &["first.nc", "overlap.nc", "2001-02-19"],
    );
    let calendar = second("calendar.nc", |s| s.calendar = "360_day");
    says(&refused(&calendar), &["calendars", "360_day", "noleap"]);
    let other = second("other.nc", |s| s.variables[0].0 = "u");
    says(&refused(&other), &["other.nc", "no variable \"t\""]);
    let stands = second("stands.nc", |s| s.times[7] = 56.0);
    says(&refused(&stands), &["stands.nc", "time[7]", "2001-02-26"]);
}
