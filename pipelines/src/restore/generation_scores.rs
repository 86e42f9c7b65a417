//! How near a set of generated pictures is to the test pictures.

use super::config::RestoreConfig;
use super::contest::calls;
use super::drawing::Drawing;
use super::features::{FeatureNote, Features, as_written};
use super::folder::Folder;
use super::generation_samples::each_picture;
use super::pictures::Pictures;
use super::sampling::RestoreSampling;
use crate::generate::Comparison;
use crate::progress::{Progress, Talk};
use crate::text_file::write_text;
use anyhow::{Context, Result, bail};
use flate2::Crc;
use foehn_dynamics::Solver;
use foehn_restoration::{Moments, frechet_distance, kernel_distance};
use ndarray::{Array2, Array3};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

/// The scores of a model that generates, with how they were made.
#[derive(Clone, Debug, Serialize)]
pub struct GenerationScores {
    /// Name of the model.
    pub name: String,
    /// Whose features distances are made of.
    pub features: FeatureNote,
    /// Pictures of each set.
    pub pictures: usize,
    /// The first row is of pictures that were learnt from.
    pub rows: Vec<GenerationRow>,
    /// The file of scores.
    pub path: PathBuf,
    /// Of samplers, seed, weights, pictures and the network of features.
    pub made_with: String,
    /// What the numbers are.
    pub conventions: [&'static str; 4],
}

/// How far a set of pictures lies from the test pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenerationRow {
    /// How they were made.
    pub method: String,
    /// w, where classes are told.
    pub guidance: Option<f64>,
    /// Steps of the sampler.
    pub steps: Option<usize>,
    /// Its one-step method.
    pub solver: Option<Solver>,
    /// Passes through the network that a picture takes.
    pub calls: Option<usize>,
    /// The Fréchet distance.
    pub frechet: f64,
    /// The kernel distance; unbiased, so that it may be negative.
    pub kernel: f64,
    /// Share of the pictures in which the classifier finds the class that was asked for, where one was.
    pub recognised: Option<f64>,
}

const CONVENTIONS: [&str; 4] = [
    "frechet: |m - m'|^2 + tr(C + C' - 2 (C C')^(1/2)) of features, covariances with ddof 1, sets of equal size; larger \
     for fewer pictures: compare with the row of pictures that were learnt from, which are also those that a classifier of features learnt from",
    "kernel: unbiased squared maximum mean discrepancy, kernel (x . y / d + 1)^3",
    "classes: picture i is asked for in the class of test picture i; features are of values rounded to 8 bits and cut to [-1, 1]",
    "guidance: b + w (b_class - b); w = 0 is told no class",
];

/// Rows that are done, and what they were made with.
#[derive(Default, Serialize, Deserialize)]
struct Part {
    made_with: String,
    rows: Vec<GenerationRow>,
}

/// The table of a model, written into its folder; rows of an interrupted run are kept. `None` if the same table is there
/// and is not asked for again.
///
/// # Errors
/// If there are no test pictures, or fewer than asked for.
pub fn scores(
    config: &RestoreConfig,
    folder: &Folder,
    features: Features,
    drawing: &Drawing,
    table: Comparison,
    talk: Talk,
) -> Result<Option<GenerationScores>> {
    let sets = Sets::new(config, &features, drawing)?;
    features.warn(sets.count, talk);
    let rows = config.compared(drawing.model.law.classes().is_some());
    let made_with = made_with(&rows, folder, &sets)?;
    if table != Comparison::Sweep && is_done(folder, &made_with) {
        return Ok(None);
    }
    let mut part = begun(folder, &made_with);
    if part.rows.is_empty() {
        part.rows.push(sets.of_training(config)?);
    }
    let done = part.rows.len() - 1;
    let all = (rows.len() * sets.count) as u64;
    let begun = (done * sets.count) as u64;
    let progress = Progress::new(talk, "comparing", "pictures", all, begun);
    for (name, how) in rows.iter().skip(done) {
        part.rows.push(sets.row(name, how, &progress)?);
        write_text(&folder.rows(), &serde_json::to_string_pretty(&part)?)?;
    }
    progress.finish();
    let scores = GenerationScores {
        name: config.name.clone(),
        pictures: sets.count,
        rows: part.rows,
        path: folder.scores(),
        made_with,
        conventions: CONVENTIONS,
        features: features.note,
    };
    write_text(&scores.path, &serde_json::to_string_pretty(&scores)?)?;
    if folder.rows().exists() {
        fs::remove_file(folder.rows())
            .with_context(|| format!("cannot remove {}", folder.rows().display()))?;
    }
    Ok(Some(scores))
}

/// All that decides the rows: samplers, seed, weights, test pictures and networks of features.
fn made_with(rows: &[(String, RestoreSampling)], folder: &Folder, sets: &Sets) -> Result<String> {
    let mut crc = Crc::new();
    let path = folder.weights();
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    crc.update(&bytes);
    crc.update(serde_json::to_string(&sets.features.note)?.as_bytes());
    crc.update(serde_json::to_string(rows)?.as_bytes());
    crc.update(&sets.drawing.seed.to_le_bytes());
    crc.update(&sets.count.to_le_bytes());
    for feature in &sets.truth {
        crc.update(&feature.to_le_bytes());
    }
    for class in &sets.classes {
        crc.update(&class.map_or(-1, |class| class as i64).to_le_bytes());
    }
    Ok(format!("{:08x}", crc.sum()))
}

/// Whether the folder holds this very table.
fn is_done(folder: &Folder, made_with: &str) -> bool {
    #[derive(Deserialize)]
    struct Known {
        made_with: String,
    }
    let text = fs::read_to_string(folder.scores()).unwrap_or_default();
    serde_json::from_str::<Known>(&text).is_ok_and(|known| known.made_with == made_with)
}

/// What an interrupted run has left, if it made the same table.
fn begun(folder: &Folder, made_with: &str) -> Part {
    let text = fs::read_to_string(folder.rows()).unwrap_or_default();
    match serde_json::from_str::<Part>(&text) {
        Ok(part) if part.made_with == made_with => part,
        _ => Part {
            made_with: made_with.to_owned(),
            ..Part::default()
        },
    }
}

/// The test pictures' features, and what makes pictures to compare them with.
struct Sets<'a> {
    features: &'a Features,
    drawing: &'a Drawing<'a>,
    count: usize,
    /// Of the test pictures.
    classes: Vec<Option<usize>>,
    truth: Array2<f32>,
}

impl<'a> Sets<'a> {
    fn new(
        config: &RestoreConfig,
        features: &'a Features,
        drawing: &'a Drawing<'a>,
    ) -> Result<Self> {
        let test = config.data.test.as_ref();
        let test = test.context("give data.test: pictures that nothing was learnt from")?;
        let pictures = Pictures::seen_in(config, test, drawing.model.law.channels())?;
        let count = config.scores.clone().unwrap_or_default().pictures;
        if count > pictures.count() {
            bail!(
                "scores.pictures = {count}: {} has {}; give at most as many",
                test.display(),
                pictures.count()
            );
        }
        let labels = config.data.labels.as_ref().map(|labels| &*labels.test);
        let pictures = pictures.told(labels, drawing.model.law.classes())?;
        let truth = first(&pictures, count)?;
        Ok(Self {
            features,
            drawing,
            count,
            classes: (0..count).map(|i| pictures.class(i)).collect(),
            truth: features.of(&truth, drawing.device, drawing.workers)?,
        })
    }

    /// What pictures that were learnt from have: no model is nearer.
    fn of_training(&self, config: &RestoreConfig) -> Result<GenerationRow> {
        let channels = self.drawing.model.law.channels();
        let pictures = Pictures::seen_in(config, &config.data.train, channels)?;
        let labels = config.data.labels.as_ref().map(|labels| &*labels.train);
        let pictures = pictures.told(labels, self.drawing.model.law.classes())?;
        if pictures.count() < self.count {
            bail!(
                "scores.pictures = {}: {} has {}, and sets of another size have other distances; give at most as many",
                self.count,
                config.data.train.display(),
                pictures.count()
            );
        }
        let classes: Vec<_> = (0..self.count).map(|i| pictures.class(i)).collect();
        self.compared(
            "pictures learnt from",
            None,
            &first(&pictures, self.count)?,
            &classes,
        )
    }

    fn row(&self, name: &str, how: &RestoreSampling, progress: &Progress) -> Result<GenerationRow> {
        let told = how.guidance() > 0.0;
        let class = |i: usize| self.classes[i].filter(|_| told);
        let classes: Vec<_> = (0..self.count).map(class).collect();
        let drawing = Drawing {
            how,
            ..*self.drawing
        };
        let mut pictures = Vec::with_capacity(self.count);
        each_picture(&drawing, &self.classes, Some(progress), |picture| {
            pictures.push(as_written(&picture)?);
            Ok(())
        })?;
        self.compared(name, Some(how), &pictures, &classes)
    }

    fn compared(
        &self,
        name: &str,
        how: Option<&RestoreSampling>,
        pictures: &[Array3<f32>],
        classes: &[Option<usize>],
    ) -> Result<GenerationRow> {
        let (device, workers) = (self.drawing.device, self.drawing.workers);
        let features = self.features.of(pictures, device, workers)?;
        let truth = self.truth.view();
        let told = classes.iter().any(Option::is_some);
        let found = told.then(|| self.features.classes(pictures, device, workers));
        let recognised = found.transpose()?.flatten().map(|found| {
            let right = found.iter().zip(classes).filter(|(a, b)| Some(**a) == **b);
            right.count() as f64 / pictures.len() as f64
        });
        let has_classes = self.drawing.model.law.classes().is_some();
        Ok(GenerationRow {
            method: name.to_owned(),
            guidance: how.filter(|_| has_classes).map(RestoreSampling::guidance),
            steps: how.map(|how| how.steps),
            solver: how.map(RestoreSampling::solver),
            calls: how.map(calls),
            frechet: frechet_distance(&Moments::of(features.view()), &Moments::of(truth))?,
            kernel: kernel_distance(features.view(), truth)?,
            recognised,
        })
    }
}

fn first(pictures: &Pictures, count: usize) -> Result<Vec<Array3<f32>>> {
    (0..count)
        .map(|i| as_written(&pictures.middle(i)?))
        .collect()
}

impl GenerationScores {
    /// As a table to read.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} pictures a row, against as many test pictures; features of {}\n{:<24} {:>8} {:>5} {:>5} \
             {:>10} {:>12} {:>10}\n",
            self.pictures,
            self.features.text(),
            "made by",
            "guidance",
            "steps",
            "calls",
            "Frechet",
            "kernel",
            "recognised"
        );
        for row in &self.rows {
            let number = |n: Option<usize>| n.map_or(String::new(), |n| n.to_string());
            let guidance = row.guidance.map_or(String::new(), |w| w.to_string());
            let recognised = row
                .recognised
                .map_or(String::new(), |share| format!("{:.1} %", 100.0 * share));
            let _ = writeln!(
                text,
                "{:<24} {guidance:>8} {:>5} {:>5} {:>10.3} {:>12.3e} {recognised:>10}",
                row.method,
                number(row.steps),
                number(row.calls),
                row.frechet,
                row.kernel
            );
        }
        let _ = write!(text, "scores in {}", self.path.display());
        text
    }
}
