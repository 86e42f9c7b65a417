//! Channels beside the state: position, static fields, validity, season and hour.

use foehn_field::{Calendar, Instant};
use ndarray::{Array2, Array3, Axis};

use crate::{CalendarFeatures, DataConfig, DataError, Position, Series, Statistics, season};

/// What a network is shown beside past states: fixed planes, then cosines and sines of the date.
///
/// The planes are, where asked for: `position_y`, `position_x`, the static variables (standardised, zero where
/// missing), `valid` (1 where no variable was ever missing in training, else 0; only where something was),
/// `cos_year`, `sin_year`, `cos_day`, `sin_day`.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    names: Vec<String>,
    /// The planes that do not change.
    fixed: Array3<f32>,
    rule: CalendarFeatures,
    calendar: Calendar,
}

impl Features {
    /// The channels that the configuration of a series asks for; scales and mask are those of the training part.
    ///
    /// # Errors
    /// [`DataError::OtherStatistics`] where the statistics belong to other data.
    pub fn new(series: &Series, statistics: &Statistics) -> Result<Self, DataError> {
        statistics.check(series)?;
        let config = series.config();
        let (ny, nx) = series.grid().shape();
        let mut planes: Vec<(String, Array2<f32>)> = Vec::new();
        if config.position == Position::Normalised {
            planes.push((
                "position_y".into(),
                Array2::from_shape_fn((ny, nx), |(y, _)| normalised(y, ny)),
            ));
            planes.push((
                "position_x".into(),
                Array2::from_shape_fn((ny, nx), |(_, x)| normalised(x, nx)),
            ));
        }
        for ((name, plane), law) in series.statics().zip(&statistics.statics) {
            let z = plane.mapv(|x| ((f64::from(x) - law.mean) / law.scale) as f32);
            planes.push((
                name.to_owned(),
                z.mapv(|z| if z.is_nan() { 0.0 } else { z }),
            ));
        }
        if let Some(valid) = statistics.valid() {
            let plane = valid.mapv(|v| f32::from(u8::from(v)));
            planes.push(("valid".into(), plane));
        }
        let mut fixed = Array3::zeros((planes.len(), ny, nx));
        for (mut plane, (_, values)) in fixed.outer_iter_mut().zip(&planes) {
            plane.assign(values);
        }
        let mut names: Vec<String> = planes.into_iter().map(|(name, _)| name).collect();
        names.extend(dates(config.calendar).iter().map(|name| (*name).to_owned()));
        Ok(Self {
            names,
            fixed,
            rule: config.calendar,
            calendar: series.calendar(),
        })
    }

    /// Planes that do not change, named by number, and nothing else.
    ///
    /// # Shapes
    /// `planes`: (channels, ny, nx).
    pub fn fixed(planes: Array3<f32>) -> Self {
        let names = (0..planes.dim().0).map(|k| format!("plane_{k}"));
        Self {
            names: names.collect(),
            fixed: planes,
            rule: CalendarFeatures::None,
            calendar: Calendar::Standard,
        }
    }

    /// The number of channels that a configuration asks for; data with missing values have one more, `valid`.
    ///
    /// ```
    /// use foehn_dataset::{CalendarFeatures, DataConfig, Features, Position};
    /// let config = DataConfig {
    ///     position: Position::Normalised,
    ///     calendar: CalendarFeatures::DayOfYear,
    ///     ..DataConfig::default()
    /// };
    /// assert_eq!(Features::planned(&config), 4);
    /// ```
    pub fn planned(config: &DataConfig) -> usize {
        let position = match config.position {
            Position::Normalised => 2,
            Position::None => 0,
        };
        position + config.statics.len() + dates(config.calendar).len()
    }

    /// The number of channels.
    pub fn channels(&self) -> usize {
        self.names.len()
    }

    /// Their names, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The channels at a time.
    ///
    /// # Shapes
    /// (channels, ny, nx).
    pub fn at(&self, instant: Instant) -> Array3<f32> {
        let (fixed, ny, nx) = self.fixed.dim();
        let mut all = Array3::zeros((self.channels(), ny, nx));
        let (mut front, mut back) = all.view_mut().split_at(Axis(0), fixed);
        front.assign(&self.fixed);
        for (mut plane, value) in back.outer_iter_mut().zip(self.date(instant)) {
            plane.fill(value as f32);
        }
        all
    }

    fn date(&self, instant: Instant) -> Vec<f64> {
        let year = season::phase(self.calendar, instant);
        let angles = [year, season::hour_angle(instant)];
        let pairs = angles.iter().take(dates(self.rule).len() / 2);
        pairs.flat_map(|angle| [angle.cos(), angle.sin()]).collect()
    }
}

/// The names of the channels that tell the date.
fn dates(rule: CalendarFeatures) -> &'static [&'static str] {
    const NAMES: [&str; 4] = ["cos_year", "sin_year", "cos_day", "sin_day"];
    match rule {
        CalendarFeatures::None => &[],
        CalendarFeatures::DayOfYear => &NAMES[..2],
        CalendarFeatures::DayOfYearAndHour => &NAMES,
    }
}

/// -1 at the first of `n` cells, 1 at the last, 0 where there is one only.
fn normalised(k: usize, n: usize) -> f32 {
    if n < 2 {
        0.0
    } else {
        (2.0 * k as f64 / (n - 1) as f64 - 1.0) as f32
    }
}
