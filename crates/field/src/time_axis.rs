//! A list of instants in one calendar, and its CF encoding.

use crate::time_units::TimeUnits;
use crate::{Calendar, Instant, TimeError};

/// Rounding that double precision may leave, s.
const ROUNDING: f64 = 1e-3;
/// 200 000 years, s.
const FAR: f64 = 200_000.0 * 366.0 * 86_400.0;
/// Clock steps, coarsest first, at which a rounded float32 axis may have been meant, s.
const STEPS: [f64; 8] = [86_400.0, 43_200.0, 3600.0, 1800.0, 900.0, 300.0, 60.0, 1.0];

/// Instants of one calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeAxis {
    /// The calendar.
    pub calendar: Calendar,
    /// The instants, in the order of the axis.
    pub instants: Vec<Instant>,
}

impl TimeAxis {
    /// Reads CF times: `epoch + value * unit`, in whole seconds.
    ///
    /// Times that lie more than a millisecond off a whole second are refused, with one exception: where
    /// every value is a float32 and its rounding explains the distance, the axis is put on the coarsest
    /// clock step (day to second) that all of them fit unambiguously.
    ///
    /// # Units
    /// nanoseconds to weeks; months and years are refused.
    ///
    /// # Errors
    /// [`TimeError`] for an unknown calendar, units that cannot be read, or a time that cannot be kept.
    ///
    /// ```
    /// use foehn_field::TimeAxis;
    ///
    /// let axis = TimeAxis::decode(&[730_119.25], "days since 0001-01-01", "proleptic_gregorian")?;
    /// assert_eq!(axis.calendar.date(axis.instants[0]).to_string(), "2000-01-01T06:00:00");
    /// # Ok::<(), foehn_field::TimeError>(())
    /// ```
    pub fn decode(values: &[f64], units: &str, calendar: &str) -> Result<Self, TimeError> {
        let calendar: Calendar = calendar.parse()?;
        let from = TimeUnits::parse(units, calendar)?;
        let seconds = |value: f64| from.epoch + value * from.unit;
        for (index, &value) in values.iter().enumerate() {
            let units = units.to_owned();
            if !value.is_finite() {
                return Err(TimeError::NotFinite {
                    index,
                    value,
                    units,
                });
            }
            if seconds(value).abs() > FAR {
                return Err(TimeError::TooFar {
                    index,
                    value,
                    units,
                });
            }
        }
        let off = |s: f64, step: f64| (s - (s / step).round() * step).abs();
        let step = match values.iter().position(|v| off(seconds(*v), 1.0) > ROUNDING) {
            None => 1.0,
            Some(index) => coarsest_step(values, from).ok_or_else(|| {
                let (value, units) = (values[index], units.to_owned());
                TimeError::SubSecond {
                    index,
                    value,
                    units,
                    off: off(seconds(value), 1.0),
                }
            })?,
        };
        let instants = values
            .iter()
            .map(|v| Instant(((seconds(*v) / step).round() * step) as i64));
        Ok(Self {
            calendar,
            instants: instants.collect(),
        })
    }

    /// Whole numbers of `UNIT since EPOCH`.
    ///
    /// # Errors
    /// [`TimeError::NotWhole`] where an instant lies between two units, or units that cannot be read.
    pub fn encode(&self, units: &str) -> Result<Vec<i64>, TimeError> {
        let to = TimeUnits::parse(units, self.calendar)?;
        // whole nanoseconds, in which every unit and every epoch that can be written down is exact
        let nanoseconds = |seconds: f64| (seconds * 1e9).round() as i128;
        let (unit, epoch) = (nanoseconds(to.unit), nanoseconds(to.epoch));
        let whole = |instant: &Instant| {
            let apart = i128::from(instant.0) * 1_000_000_000 - epoch;
            let count = (apart % unit == 0)
                .then(|| i64::try_from(apart / unit).ok())
                .flatten();
            let date = self.calendar.date(*instant);
            count.ok_or_else(|| TimeError::NotWhole {
                date,
                units: units.to_owned(),
            })
        };
        self.instants.iter().map(whole).collect()
    }

    /// The largest of hours, minutes and seconds `since 1970-01-01 00:00:00` that holds every instant exactly.
    pub fn units(&self) -> String {
        let divides = |step: i64| self.instants.iter().all(|t| t.0 % step == 0);
        let unit = match (divides(3600), divides(60)) {
            (true, _) => "hours",
            (false, true) => "minutes",
            (false, false) => "seconds",
        };
        format!("{unit} since 1970-01-01 00:00:00")
    }

    /// The largest distance of the instants from the values they were decoded from, s: what rounding of float32 times moved.
    ///
    /// # Errors
    /// [`TimeError`] for units that cannot be read.
    pub fn moved(&self, values: &[f64], units: &str) -> Result<f64, TimeError> {
        let from = TimeUnits::parse(units, self.calendar)?;
        let pairs = self.instants.iter().zip(values);
        let apart = pairs.map(|(t, v)| (from.epoch + v * from.unit - t.0 as f64).abs());
        Ok(apart.fold(0.0, f64::max))
    }

    /// The number of instants.
    pub fn len(&self) -> usize {
        self.instants.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.instants.is_empty()
    }
}

/// The coarsest clock step that every value meets within its float32 rounding, where that leaves no choice.
fn coarsest_step(values: &[f64], from: TimeUnits) -> Option<f64> {
    let rounding = |v: f64| {
        let single = v as f32;
        let ulp = f64::from(single.abs().next_up()) - f64::from(single.abs());
        (f64::from(single) == v).then_some(ulp / 2.0 * from.unit + ROUNDING)
    };
    let meets = |&v: &f64, step: f64| {
        let s = from.epoch + v * from.unit;
        let off = (s - (s / step).round() * step).abs();
        rounding(v).is_some_and(|slack| off <= slack && slack < step / 2.0)
    };
    STEPS
        .into_iter()
        .find(|step| values.iter().all(|v| meets(v, *step)))
}
