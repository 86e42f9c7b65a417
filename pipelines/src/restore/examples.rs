//! What a model of restoration learns from: pictures or fields.

use super::config::RestoreConfig;
use super::fields::Fields;
use super::folder::Folder;
use super::law::{Lesson, Seen};
use super::pictures::Pictures;
use anyhow::Result;
use burn::tensor::Device;
use foehn_compute::Workers;

/// Pictures or fields.
pub enum Examples<'a> {
    /// Image files and IDX files.
    Pictures(Pictures<'a>),
    /// NetCDF files and Zarr stores.
    Fields(Box<Fields<'a>>),
}

impl<'a> Examples<'a> {
    /// Opens what `config` learns from.
    ///
    /// # Errors
    /// If it cannot be read, or leaves nothing to learn from.
    pub fn open(config: &'a RestoreConfig) -> Result<Self> {
        if let Some(data) = &config.fields {
            return Ok(Self::Fields(Box::new(Fields::open(config, data)?)));
        }
        let labels = config.data.labels.as_ref().map(|labels| &*labels.train);
        let pictures = Pictures::open(config, &config.data.train)?;
        Ok(Self::Pictures(pictures.told(labels, None)?))
    }

    /// Channels of a picture, or variables.
    pub fn channels(&self) -> usize {
        match self {
            Self::Pictures(pictures) => pictures.channels(),
            Self::Fields(fields) => fields.channels(),
        }
    }

    /// Channels that the network sees beside.
    pub fn features(&self) -> usize {
        match self {
            Self::Pictures(_) => 0,
            Self::Fields(fields) => fields.features(),
        }
    }

    /// Classes that the network is told.
    pub fn classes(&self) -> Option<usize> {
        match self {
            Self::Pictures(pictures) => pictures.classes(),
            Self::Fields(_) => None,
        }
    }

    /// What the network sees.
    pub fn seen(&self) -> Seen {
        Seen {
            channels: self.channels(),
            features: self.features(),
            classes: self.classes(),
        }
    }

    /// Reads everything once, so that nothing stops a long run in the middle.
    ///
    /// # Errors
    /// At the first that does not fit.
    pub fn check(&self, workers: &Workers) -> Result<()> {
        match self {
            Self::Pictures(pictures) => pictures.check(workers).map(|_| ()),
            Self::Fields(fields) => fields.check(workers),
        }
    }

    /// Refuses to go on with a model whose data have changed since it was begun.
    ///
    /// # Errors
    /// If that can be seen.
    pub fn refuse_changed(&self, folder: &Folder) -> Result<()> {
        match self {
            Self::Pictures(_) => Ok(()),
            Self::Fields(fields) => fields.refuse_changed(folder),
        }
    }

    /// Writes what a model needs to know of its data into its folder.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn save(&self, folder: &Folder) -> Result<()> {
        match self {
            Self::Pictures(_) => Ok(()),
            Self::Fields(fields) => fields.save(folder),
        }
    }

    /// The batch of step `step`.
    ///
    /// # Errors
    /// If one cannot be read or degraded.
    pub fn lesson(&self, step: usize, batch: usize, device: &Device) -> Result<Lesson> {
        match self {
            Self::Pictures(pictures) => pictures.lesson(step, batch, device),
            Self::Fields(fields) => fields.lesson(step, batch, device),
        }
    }

    /// How many are set aside for the validation loss.
    pub fn aside(&self) -> usize {
        match self {
            Self::Pictures(pictures) => pictures.aside(),
            Self::Fields(fields) => fields.aside().len(),
        }
    }

    /// Some of those set aside, with the same draws every time.
    ///
    /// # Errors
    /// If one cannot be read or degraded.
    pub fn validation(&self, from: usize, count: usize, device: &Device) -> Result<Lesson> {
        match self {
            Self::Pictures(pictures) => pictures.validation(from, count, device),
            Self::Fields(fields) => fields.validation(from, count, device),
        }
    }
}
