//! One picture to restore, with what is known of it.

use super::apply::{Damage, Projection};
use super::config::Task;
use super::folder::Model;
use super::law::Given;
use super::puzzle::{degraded, hidden};
use anyhow::{Context, Result, bail};
use foehn_noise::{Key, Purpose};
use foehn_restoration::{
    Collection, Degradation, Depth, Edges, Picture, Resampling, area_mean, enlarged, mask_of,
    projected,
};
use ndarray::Array3;
use std::path::Path;

/// A picture with what is known of it.
pub struct Case {
    /// What it is called.
    pub name: String,
    /// What its noise is named by: the picture itself, so that neither its place in a folder nor other pictures matter.
    pub noise: i64,
    /// Bits of what is written.
    pub depth: Depth,
    /// The input, where it is the truth.
    pub truth: Option<Picture>,
    /// What the sheet shows first.
    pub shown: Picture,
    /// The coarse picture and how many times larger it becomes, where resolution was lost.
    pub coarse: Option<(Array3<f32>, usize)>,
    /// What the model sees.
    pub given: Given,
    /// Values that are written back as they are.
    original: Option<Picture>,
}

impl Case {
    /// Picture `i` of the input, damaged as asked for.
    ///
    /// # Errors
    /// If it cannot be read, or picture, damage and model do not fit.
    pub fn new(
        model: &Model,
        (damage, seed): (&Damage, u64),
        collection: &Collection,
        i: usize,
    ) -> Result<Self> {
        let name = collection.name(i);
        let picture = collection.picture(i)?;
        let (found, needed) = (picture.channels(), model.law.channels());
        let picture = picture.in_channels(needed).with_context(|| {
            format!(
                "{name} has {found} channels and the model {needed}: make the picture grey, or take a model of colour pictures"
            )
        })?;
        let case = Self {
            name,
            noise: i64::from(picture.checksum()),
            depth: picture.depth(),
            truth: None,
            shown: picture.clone(),
            original: None,
            coarse: None,
            given: Given {
                condition: picture.unit(),
                known: None,
                features: None,
                class: None,
            },
        };
        match (model.law.task(), damage) {
            (Task::Generation, _) => bail!(
                "the model makes pictures of noise, and restores none: sample it with foehn generate"
            ),
            (Task::Inpainting { .. }, Damage::Done) => bail!(
                "the model fills what is hidden: give --mask FILE (white where to restore), or --degrade to hide what its \
                 own law hides"
            ),
            (Task::Inpainting { .. }, Damage::Mask(path)) => case.masked(picture, path),
            (task, Damage::ByLaw) => case.by_law(picture, task, seed),
            (Task::Degraded { .. }, Damage::Mask(path)) => bail!(
                "--mask {}: the model sharpens whole pictures; take a model of in-painting, or leave it out",
                path.display()
            ),
            (Task::Degraded { degradation, .. }, Damage::Done) => Ok(match degradation {
                Degradation::Reduce { factor, up } => case.enlarged(&picture, factor, up),
                Degradation::Blur { .. } | Degradation::Noise { .. } => case,
            }),
        }
    }

    /// The picture of a sample, known values as they were; or the nearest one that reduces to the input.
    ///
    /// # Errors
    /// Never of values of this case's shape.
    pub fn restored(&self, sample: &Array3<f32>, projection: Projection) -> Result<Picture> {
        if let (Projection::Exact, Some((coarse, factor))) = (projection, &self.coarse) {
            return projected(sample.view(), coarse.view(), *factor, self.depth)
                .context("blocks of a sample are not the pixels of the input");
        }
        let picture = Picture::from_unit(sample, self.depth)?;
        let (Some(original), Some(known)) = (&self.original, &self.given.known) else {
            return Ok(picture);
        };
        let mut values = picture.values().clone();
        for ((c, i, j), value) in values.indexed_iter_mut() {
            if known[[i, j]] {
                *value = original.values()[[c, i, j]];
            }
        }
        Ok(Picture::new(values, self.depth)?)
    }

    /// `mask` is an image, or a folder with one of the picture's name.
    fn masked(self, picture: Picture, mask: &Path) -> Result<Self> {
        let image = if mask.is_dir() {
            let masks = Collection::open(mask)?;
            let own = (0..masks.count()).find(|i| masks.name(*i) == self.name);
            let own = own.with_context(|| {
                format!(
                    "{} holds no mask for {}: give one of that name, such as {}.png",
                    mask.display(),
                    self.name,
                    self.name
                )
            })?;
            masks.picture(own)?
        } else {
            Picture::read(mask)?
        };
        let known = mask_of(&image, picture.size())
            .with_context(|| format!("{} for {}", mask.display(), self.name))?;
        let given = hidden(&picture.unit(), known);
        Ok(Self {
            shown: Picture::from_unit(&given.condition, self.depth)?,
            original: Some(picture),
            given,
            ..self
        })
    }

    fn by_law(self, picture: Picture, task: Task, seed: u64) -> Result<Self> {
        let key = Key::new(seed, Purpose::Degrade).init(self.noise);
        let given = degraded(task, &picture.unit(), &key)?;
        let coarse = match task {
            Task::Degraded {
                degradation: Degradation::Reduce { factor, .. },
                ..
            } => area_mean(picture.unit().view(), factor).map(|coarse| (coarse, factor)),
            _ => None,
        };
        Ok(Self {
            shown: Picture::from_unit(&given.condition, self.depth)?,
            original: given.known.is_some().then(|| picture.clone()),
            truth: Some(picture),
            coarse,
            given,
            ..self
        })
    }

    /// The input is the coarse picture.
    fn enlarged(self, picture: &Picture, factor: usize, up: Resampling) -> Self {
        let coarse = picture.unit();
        let blocks = enlarged(coarse.view(), factor, Resampling::Nearest, Edges::CLOSED);
        Self {
            given: Given {
                condition: enlarged(coarse.view(), factor, up, Edges::CLOSED),
                known: None,
                features: None,
                class: None,
            },
            shown: Picture::from_unit(&blocks, self.depth).unwrap_or(self.shown),
            coarse: Some((coarse, factor)),
            ..self
        }
    }
}
