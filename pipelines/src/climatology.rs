//! The climatological ensemble: what the model was trained on, around the same day of the year.

use crate::config::RunConfig;
use crate::model_folder::ModelFolder;
use anyhow::Result;
use foehn_dataset::{Series, Split};
use foehn_field::Instant;
use foehn_noise::{Key, Purpose};
use foehn_verification::{Window, climatology_members};
use ndarray::{Array3, Axis, stack};
use std::path::Path;

/// Past states as a forecast.
pub struct Climatology {
    past: Series,
    days: Vec<f64>,
    season: Window,
    window_days: Option<f64>,
    /// Members of the ensemble.
    pub members: usize,
    seed: u64,
}

impl Climatology {
    /// Over the data that the run's model was trained on, which may not be those that are forecast; as many
    /// members as the forecast has, unless the configuration says otherwise.
    ///
    /// # Errors
    /// If the data cannot be read.
    pub fn open(config: &RunConfig, forecast_members: usize) -> Result<Self> {
        let path = ModelFolder::of(config).config();
        let data = if path.exists() {
            RunConfig::load(&path, &[])?.data
        } else {
            config.data.clone()
        };
        let past = Series::open_splits(&data, Path::new(""), &[Split::Train])?;
        let window_days = config.verify.window_days;
        Ok(Self {
            days: past.days_of_year(Split::Train),
            past,
            season: window_days.map_or_else(Window::whole, Window::days),
            window_days,
            members: config
                .verify
                .climatology_members
                .unwrap_or(forecast_members),
            seed: config.seed,
        })
    }

    /// How members are chosen, in words.
    pub fn describe(&self) -> String {
        let window = match self.window_days {
            Some(days) => {
                format!("training states within {days} days of the valid day of the year")
            }
            None => "training states of any date".to_owned(),
        };
        format!("{window}, spread evenly over the training years")
    }

    /// The ensemble of one variable for a valid time.
    ///
    /// # Shapes
    /// (members, ny, nx).
    ///
    /// # Errors
    /// If there are fewer states than members, or they cannot be read.
    pub fn at(&self, channel: usize, valid: Instant) -> Result<Array3<f32>> {
        let day = self.past.calendar().day_of_year(valid);
        let key = Key::new(self.seed, Purpose::Choose).init(valid.seconds());
        let chosen = climatology_members(day, &self.days, self.season, self.members, key)?;
        let first = self.past.range(Split::Train).start;
        let frames = chosen
            .iter()
            .map(|i| self.past.frame(first + i))
            .collect::<Result<Vec<_>, _>>()?;
        let planes: Vec<_> = frames
            .iter()
            .map(|f| f.values.index_axis(Axis(0), channel))
            .collect();
        Ok(stack(Axis(0), &planes)?)
    }
}
