//! CF times against cftime, and what is refused.

use foehn_field::{Calendar, DateTime, Instant, TimeAxis, TimeError};

const CALENDARS: [Calendar; 6] = [
    Calendar::Standard,
    Calendar::ProlepticGregorian,
    Calendar::NoLeap,
    Calendar::AllLeap,
    Calendar::Day360,
    Calendar::Julian,
];

#[test]
fn dates_are_those_of_cftime() {
    let golden = include_str!("cftime_golden.csv");
    for line in golden.lines().skip(1) {
        let [calendar, units, value, date, day] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let axis = TimeAxis::decode(&[value.parse().unwrap()], units, calendar).unwrap();
        let instant = axis.instants[0];
        assert_eq!(axis.calendar.date(instant).to_string(), date, "{line}");
        assert_eq!(axis.calendar.parse(date), Ok(instant), "{line}");
        assert!(
            (axis.calendar.day_of_year(instant) - day.parse::<f64>().unwrap()).abs() < 1e-9,
            "{line}"
        );
    }
    assert_eq!(golden.lines().count(), 397);
}

#[test]
fn every_day_of_five_centuries_comes_back() {
    for calendar in CALENDARS {
        let mut before = calendar.date(Instant(-600 * 365 * 86_400));
        for day in -600 * 365..200 * 365 {
            let instant = Instant(day * 86_400 + 45_296);
            let date = calendar.date(instant);
            assert_eq!(calendar.instant(date), Ok(instant));
            assert!(date > before);
            before = date;
        }
    }
}

#[test]
fn years_have_their_lengths() {
    let days = |year: i32| CALENDARS.map(|calendar| calendar.days_in_year(year));
    assert_eq!(days(1582), [355, 365, 365, 366, 360, 365]);
    assert_eq!(days(1500), [366, 365, 365, 366, 360, 366]);
    assert_eq!(days(1900), [365, 365, 365, 366, 360, 366]);
    assert_eq!(days(2000), [366, 366, 365, 366, 360, 366]);
    assert_eq!(days(-1), [366, 365, 365, 366, 360, 366]);
}

#[test]
fn encoding_is_exact_or_refused() {
    let calendar = Calendar::Standard;
    let instants = ["2001-01-31", "2001-01-31T06:00", "2001-02-01T00:30:00"]
        .map(|t| calendar.parse(t).unwrap());
    let axis = TimeAxis {
        calendar,
        instants: instants.to_vec(),
    };
    assert_eq!(axis.units(), "minutes since 1970-01-01 00:00:00");
    let numbers = axis.encode(&axis.units()).unwrap();
    let back = TimeAxis::decode(
        &numbers.iter().map(|n| *n as f64).collect::<Vec<_>>(),
        &axis.units(),
        "standard",
    );
    assert_eq!(back, Ok(axis.clone()));
    assert_eq!(
        axis.encode("nanoseconds since 2001-01-31").unwrap()[1],
        21_600_000_000_000
    );
    let date = DateTime {
        hour: 6,
        ..DateTime::midnight(2001, 1, 31)
    };
    let units = "days since 1900-01-01".to_owned();
    assert_eq!(
        axis.encode(&units),
        Err(TimeError::NotWhole { date, units })
    );
}

#[test]
fn float32_axes_are_put_on_the_clock_step_that_they_were_meant_for() {
    // 8-hourly times as float32 days since 1900: off by up to 169 s
    let exact: Vec<f64> = (0..60).map(|k| 40_000.0 + f64::from(k) / 3.0).collect();
    let rounded: Vec<f64> = exact.iter().map(|t| f64::from(*t as f32)).collect();
    let axis = TimeAxis::decode(&rounded, "days since 1900-01-01", "standard").unwrap();
    let steps: Vec<i64> = axis.instants.windows(2).map(|t| t[1].since(t[0])).collect();
    assert_eq!(steps, vec![8 * 3600; 59]);
    // what is a whole second already is left alone, though an hour would be within rounding
    let axis = TimeAxis::decode(
        &[730_119.062_5],
        "days since 0001-01-01",
        "proleptic_gregorian",
    )
    .unwrap();
    assert_eq!(
        axis.calendar.date(axis.instants[0]).to_string(),
        "2000-01-01T01:30:00"
    );
    // a double is not excused
    let refused = TimeAxis::decode(&[0.1, 0.333_333], "days since 1900-01-01", "standard");
    assert!(
        matches!(refused, Err(TimeError::SubSecond { index: 1, .. })),
        "{refused:?}"
    );
}

#[test]
fn what_cannot_be_decoded_says_why() {
    let decode = |values: &[f64], units: &str, calendar: &str| {
        TimeAxis::decode(values, units, calendar).unwrap_err()
    };
    let message = decode(&[1.0], "months since 2000-01-01", "standard").to_string();
    assert!(
        message.contains("months") && message.contains("rewrite the time axis in days"),
        "{message}"
    );
    assert!(matches!(
        decode(&[1.0], "years since 2000-01-01", "noleap"),
        TimeError::VaryingUnit { .. }
    ));
    assert!(matches!(
        decode(&[1.0], "fortnights since 2000-01-01", ""),
        TimeError::UnknownUnit { .. }
    ));
    assert!(matches!(
        decode(&[1.0], "day as %Y%m%d.%f", ""),
        TimeError::NoSince { .. }
    ));
    assert!(matches!(
        decode(&[1.0], "days since yesterday", ""),
        TimeError::Epoch { .. }
    ));
    assert!(matches!(
        decode(&[1.0], "days since 2000-01-01", "lunar"),
        TimeError::UnknownCalendar { .. }
    ));
    assert!(matches!(
        decode(&[1.0], "days since 0000-01-01", "standard"),
        TimeError::NoSuchDate { .. }
    ));
    assert!(matches!(
        decode(&[0.0, f64::NAN], "days since 2000-01-01", ""),
        TimeError::NotFinite { index: 1, .. }
    ));
    assert!(matches!(
        decode(&[1e9], "days since 2000-01-01", ""),
        TimeError::TooFar { .. }
    ));
    for (calendar, text) in [
        (Calendar::Standard, "1582-10-10"),
        (Calendar::NoLeap, "2000-02-29"),
        (Calendar::Day360, "2000-01-31"),
        (Calendar::Julian, "1900-02-30"),
        (Calendar::ProlepticGregorian, "1900-02-29"),
        (Calendar::Standard, "0000-01-01"),
    ] {
        assert!(
            matches!(calendar.parse(text), Err(TimeError::NoSuchDate { .. })),
            "{calendar} {text}"
        );
    }
    for text in [
        "2001",
        "2001-13-01",
        "2001-01-01T24:00",
        "31.01.2001",
        "2001-01-01T12:00:00.5",
    ] {
        assert!(
            matches!(
                Calendar::Standard.parse(text),
                Err(TimeError::NotADate { .. })
            ),
            "{text}"
        );
    }
}
